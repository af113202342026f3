//! Append-only, hash-chained events on SQLite or PostgreSQL; verify; as-of.
#![forbid(unsafe_code)]

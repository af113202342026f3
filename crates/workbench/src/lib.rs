//! Statistics on tables: CSV in, result rows out, and the recomputation of reference records.
#![forbid(unsafe_code)]

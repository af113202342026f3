//! Virtual participants and sites that send commands like real ones.
#![forbid(unsafe_code)]

//! The program `shirube`: commands, progress, exit codes.
#![forbid(unsafe_code)]

fn main() {}

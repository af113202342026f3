//! The program `shirube`: commands, progress, exit codes.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod failure;
mod ledger_file;
mod progress;
mod run;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let program = args::Program::parse();
    match run::run(program) {
        Ok(answer) => answer.code(),
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}

//! The program `shirube`: commands, progress, exit codes.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod expert_panel;
mod failure;
mod import;
mod ledger_file;
mod molecular_files;
mod progress;
mod report_file;
mod run;
mod told;
mod treatment_lines;

use args::{Command, Kind, Program};
use clap::Parser;
use failure::{Answer, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let program = Program::parse();
    match dispatch(program) {
        Ok(answer) => answer.code(),
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}

fn dispatch(program: Program) -> Result<Answer, Failure> {
    match program.command {
        Command::Demo { port, seed, ledger, no_serve } => demo::run(port, seed, ledger, !no_serve),
        Command::Check { study, lang } => run::check(&study, lang),
        Command::Schema => run::schema(),
        Command::Simulate { study, seed, ledger, participants } => {
            run::simulate(&study, seed, &ledger, participants)
        }
        Command::Import { study, file, map, ledger, dry_run, lang } => {
            import::run(&study, &file, &map, ledger.as_deref().filter(|_| !dry_run), lang)
        }
        Command::Analyse { study, at, format, lang } => run::analyse(&study, &at, format, lang),
        Command::Report { study, at, kind, lang, participant, replicates, out } => match kind {
            Kind::Final => report_file::results(&study, &at, lang, &out),
            Kind::Casebook => report_file::casebooks(&study, &at, lang, participant, &out),
            Kind::Listings => report_file::listings(&study, &at, lang, &out),
            Kind::Comparison => report_file::comparison(&study, &at, lang, replicates.as_deref(), &out),
        },
        Command::Read { study, since, lang, out } => {
            report_file::protocol(&study, since.as_deref(), lang, &out)
        }
        Command::Verify { ledger, lang } => run::verify(&ledger, lang),
        Command::Serve { ledger, port } => demo::serve(&ledger, Some(port)),
        Command::Stats(args) => run::stats(&args),
        Command::Panel(command) => expert_panel::run(command),
        Command::Knowledge(command) => expert_panel::knowledge(command),
    }
}

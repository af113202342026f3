//! The program `shirube`: commands, progress, exit codes.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod evidence;
mod expert_panel;
mod failure;
mod figure;
mod follow;
mod import;
mod knowledge_files;
mod ledger_file;
mod letter;
mod mail;
mod molecular_files;
mod opened;
mod options;
mod output;
mod progress;
mod registry_cases;
mod replicate;
mod report_file;
mod run;
mod serve;
mod told;
mod treatment_lines;
mod verify;

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
        Command::Replicate { study, seeds, hazard_ratio, participants, out, format, lang } => {
            let wanted = replicate::Wanted { seeds, hazard_ratio, participants };
            replicate::run(&study, wanted, out.as_deref(), format, lang)
        }
        Command::Import { study, file, map, ledger, dry_run, lang } => {
            import::run(&study, &file, &map, ledger.as_deref().filter(|_| !dry_run), lang)
        }
        Command::Follow { study, at, row, participant, value, visit, number, entry, lang } => {
            let (row, value, visit) = (row.as_deref(), value.as_deref(), visit.as_deref());
            follow::run(&study, &at, &follow::Wanted { row, participant, value, visit, number, entry }, lang)
        }
        Command::Analyse { study, at, format, lang } => run::analyse(&study, &at, format, lang),
        Command::Report { kind, key: Some(_), .. } if kind != Kind::Final => {
            Err(Failure::Usage("--key: a checkpoint is printed on a final report only".to_owned()))
        }
        Command::Report {
            study,
            at,
            kind,
            lang,
            participant,
            replicates,
            large_print,
            bereaved,
            out,
            key,
            figure,
        } => match kind {
            _ if figure.is_some() => {
                let id = figure.filter(|_| kind == Kind::Final);
                let id =
                    id.ok_or(Failure::Usage("--figure: figures are those of the final report".to_owned()))?;
                report_file::figure(&study, &at, lang, &id, &out)
            }
            Kind::Final => report_file::results(&study, &at, lang, &out, key.as_deref()),
            Kind::Casebook => report_file::casebooks(&study, &at, lang, participant, &out),
            Kind::Listings => report_file::listings(&study, &at, lang, &out),
            Kind::Comparison => report_file::comparison(&study, &at, lang, replicates.as_deref(), &out),
            Kind::Text(kind) => {
                letter::report(&study, &at, &letter::Which { kind, lang, bereaved }, large_print, &out)
            }
        },
        Command::Figure(args) => figure::run(&args),
        Command::Letter(command) => letter::run(command),
        Command::Read { study, since, lang, out } => {
            report_file::protocol(&study, since.as_deref(), lang, &out)
        }
        Command::Verify { ledger, study, checkpoint, key, head, seeds, lang } => {
            verify::run(&verify::Wanted { ledger, study, checkpoint, key, head, seeds }, lang)
        }
        Command::Ledger(command) => evidence::carry_out(command),
        Command::Serve { ledger, study, seeds, snapshots, texts, port } => {
            serve::run(&serve::Wanted { ledger, studies: study, seeds, port: Some(port), snapshots, texts })
        }
        Command::Stats(args) => run::stats(&args),
        Command::Panel(command) => expert_panel::run(command),
        Command::Knowledge(command) => expert_panel::knowledge(command),
    }
}

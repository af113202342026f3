//! The command `shirube stats` without the rest of the program:
//! `cargo run -p workbench --example stats -- km --data FILE.csv --time T --event E`.
use clap::Parser;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    stats: workbench::StatsArgs,
}

fn main() -> std::process::ExitCode {
    match workbench::run(&Program::parse().stats, &mut std::io::stdout().lock()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

//! Sets documents as PDF, and figures as PNG, with an embedded Typst: a program of its own that another one starts and
//! keeps alive.
//!
//! On standard input each line is a request in JSON, `{"set": {document}, "labels": {…}}` or `{"paint": "<svg…>", "scale": 2}`
//! or `{"hello": true}`; on standard output each answer is a line in JSON, `{"bytes": n, "warnings": […]}` or `{"error":
//! {…}}`, followed by so many bytes. It reads no file, opens no connection and asks no clock: the same request gives the
//! same bytes.

#![forbid(unsafe_code)]

mod faces;
mod painter;
mod press;
mod shape;
mod wire;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(word) = std::env::args().nth(1) {
        let known = word == "--version" || word == "-V";
        if known {
            println!("typeset {}", env!("CARGO_PKG_VERSION"));
        } else {
            eprintln!(
                "typeset takes no arguments; `shirube report … --out FILE.pdf` starts it. It reads requests on standard input."
            );
        }
        return if known { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("typeset: {e}");
            ExitCode::from(3)
        }
    }
}

/// Answers requests until the input ends.
fn serve(from: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<()> {
    let press = press::Press::new().map_err(|e| io::Error::other(e.to_string()))?;
    let mut line = String::new();
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        let (head, body) = wire::answer(&press, &line);
        writeln!(to, "{head}")?;
        to.write_all(&body)?;
        to.flush()?;
        typst::comemo::evict(2);
    }
}

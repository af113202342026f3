//! The words of the command line. What outside checks call stays as written in the book's page on commands.

use crate::evidence::LedgerCommand;
use crate::options::{At, Format, lang, place};
use clap::{Parser, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;
use words::Lang;

/// Runs multi-centre cancer trials from one protocol file, from registration to the report and the letter to the
/// participants. Not validated for trials with real participants.
#[derive(Parser)]
#[command(name = "shirube", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Program {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 the answer is no (mistakes in a protocol, findings in a ledger, a refusal); \
2 the command line is not understood; 3 a file, ledger or port cannot be used.";

#[derive(Subcommand)]
pub enum Command {
    /// Simulates JCOG1017 from its protocol file, analyses it and serves the pages on this computer
    Demo {
        /// Port on 127.0.0.1; another free one is taken when it is in use and was not asked for
        #[arg(long)]
        port: Option<u16>,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to keep the ledger; a temporary file if absent
        #[arg(long, value_name = "FILE")]
        ledger: Option<PathBuf>,
        /// Stop when the report is written; serve nothing
        #[arg(long)]
        no_serve: bool,
    },
    /// Checks a study folder; tells every mistake with its place
    Check {
        study: PathBuf,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Prints the JSON Schema of the protocol file, for editors
    Schema,
    /// Runs virtual participants through a study into a new ledger
    Simulate {
        study: PathBuf,
        #[arg(long)]
        seed: u64,
        #[arg(long, value_name = "FILE|URL")]
        ledger: String,
        /// So many participants, with the flow left free; without it the plan's own numbers are met
        #[arg(long)]
        participants: Option<u32>,
    },
    /// Simulates a study from many seeds and tells where each published number lies among the runs
    Replicate {
        study: PathBuf,
        /// How many runs, from seed 1 on
        #[arg(long, default_value_t = 1000)]
        seeds: u32,
        /// Another truth: each event that differs by arm happens in the other arms at this many times the reference arm's
        /// hazard (1: no effect)
        #[arg(long, value_name = "RATIO")]
        hazard_ratio: Option<f64>,
        /// So many participants a run, with the flow left free
        #[arg(long)]
        participants: Option<u32>,
        /// The runs one after the other, for `report --kind comparison --replicates`
        #[arg(long, value_name = "FILE.json")]
        out: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Takes a CSV file over into a new ledger by a map; all of it, or nothing and every mistake
    Import {
        study: PathBuf,
        file: PathBuf,
        /// What each column is; see the book's page on import
        #[arg(long, value_name = "MAP.yaml")]
        map: PathBuf,
        #[arg(long, value_name = "FILE|URL", required_unless_present = "dry_run")]
        ledger: Option<String>,
        /// Do everything but write
        #[arg(long)]
        dry_run: bool,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Follows a number home: its row, the participants behind it, their values and ledger entries; and back
    Follow {
        study: PathBuf,
        #[command(flatten)]
        at: At,
        /// A row's address as reports and `analyse --format json` give it; `*` for any statistic
        #[arg(long, value_name = "ADDRESS")]
        row: Option<String>,
        /// With --row: this participant's values behind it. With --value: whose value
        #[arg(long, value_name = "N")]
        participant: Option<u32>,
        /// Back: the rows that this value of the participant enters
        #[arg(long, value_name = "FORM.ITEM")]
        value: Option<String>,
        #[arg(long, requires = "value")]
        visit: Option<String>,
        #[arg(long, requires = "value", default_value_t = 1)]
        number: u32,
        /// Back: the rows that a ledger entry enters
        #[arg(long, value_name = "SEQ")]
        entry: Option<u64>,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Runs the planned analyses
    Analyse {
        study: PathBuf,
        #[command(flatten)]
        at: At,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Writes a report
    Report {
        study: PathBuf,
        #[command(flatten)]
        at: At,
        /// final: every planned analysis; casebook: all that is known of a participant; comparison: beside the
        /// published; listings: participants, deviations, events and side effects one by one
        #[arg(long, value_parser = kind, default_value = "final", value_name = "final|casebook|comparison|listings|letter|press|summary")]
        kind: Kind,
        #[arg(long, value_parser = lang)]
        lang: Lang,
        /// casebook: this participant only; without it all, one file each, and OUT is a folder
        #[arg(long, value_name = "N")]
        participant: Option<u32>,
        /// comparison: further runs, as `analyse --format json` gives them, one after the other in a file
        #[arg(long, value_name = "FILE")]
        replicates: Option<PathBuf>,
        /// letter: in large print
        #[arg(long)]
        large_print: bool,
        /// letter: the version for the family of a participant who has died
        #[arg(long)]
        bereaved: bool,
        /// What it ends in says what it is: .html, .pdf (by the program `typeset`), .xlsx, .csv, .json
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Print a signed checkpoint of the ledger on it, with the signing key in this file
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// final: this figure alone, as .svg or .png; a wrong name tells those that there are
        #[arg(long, value_name = "ID", conflicts_with = "key")]
        figure: Option<String>,
    },
    /// Draws one figure from the rows of a file or the participants of a study
    Figure(Box<crate::figure::FigureArgs>),
    /// Letters to the participants, press releases, summaries: look over, adopt, comment, sign off, hand over
    #[command(subcommand)]
    Letter(crate::letter::LetterCommand),
    /// Sets the protocol file as a document: prose, rules, forms, schedule, test patients and their verdicts
    Read {
        study: PathBuf,
        /// The folder of an earlier version: what has changed since
        #[arg(long, value_name = "STUDY")]
        since: Option<PathBuf>,
        #[arg(long, value_parser = lang)]
        lang: Lang,
        /// .html or .pdf
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Checks a ledger: the chain, every decision in it, and every draw whose seed is known
    Verify {
        #[arg(long, value_name = "FILE|URL")]
        ledger: String,
        /// One study only
        #[arg(long)]
        study: Option<String>,
        /// The ledger must fit this signed checkpoint: a note, or a page or mail that holds it
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// The signer's public key, or a file that holds it; without it the root is compared and no signature
        #[arg(long, value_name = "KEY|FILE", requires = "checkpoint")]
        key: Vec<String>,
        /// The ledger must hold the entry that a report or letter prints: position and hash
        #[arg(long, value_name = "SEQ/HASH")]
        head: Option<String>,
        /// The sealed seeds, where they do not lie beside the ledger
        #[arg(long, value_name = "FILE")]
        seeds: Option<PathBuf>,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Checkpoints, proofs, erasures, copies, and the state of the store
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Serves the pages of a ledger on 127.0.0.1. On PostgreSQL it stands by while another process serves a study
    Serve {
        #[arg(long, visible_alias = "database", value_name = "FILE|URL")]
        ledger: String,
        /// Serve these studies only; all of the ledger if absent
        #[arg(long)]
        study: Vec<String>,
        /// The sealed seeds, where they do not lie beside the ledger
        #[arg(long, value_name = "FILE")]
        seeds: Option<PathBuf>,
        /// Where snapshots for a quick start are kept; beside the ledger when it is a file, nowhere otherwise
        #[arg(long, value_name = "FOLDER")]
        snapshots: Option<PathBuf>,
        /// Folder of a study: its letters and what goes with them are shown with it
        #[arg(long, value_name = "STUDY")]
        texts: Vec<PathBuf>,
        #[arg(long, default_value_t = 8017)]
        port: u16,
    },
    /// Statistics on a CSV file, and their qualification against reference results
    Stats(Box<workbench::StatsArgs>),
    /// Treatment options of one case: a research tool, no medical advice
    #[command(subcommand)]
    Panel(PanelCommand),
    /// The dated facts on which treatment options rest
    #[command(subcommand)]
    Knowledge(KnowledgeCommand),
}

#[derive(Subcommand)]
pub enum PanelCommand {
    /// Reads a laboratory's files into a profile, and tells what could not be used
    Import(Box<crate::molecular_files::ImportArgs>),
    /// Writes a case of a registry as a profile
    Export {
        #[command(flatten)]
        case: CaseOf,
        #[arg(long, value_name = "PROFILE.json")]
        out: PathBuf,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Derives lines of therapy from the treatments of a profile, with the rule behind every step
    Lines(crate::treatment_lines::LinesArgs),
    /// Subtype, verdict on every regimen with what is missing, class of every finding
    Options {
        /// A profile as a file; or a case of a registry by --ledger and --participant
        #[arg(required_unless_present = "ledger", conflicts_with = "ledger")]
        profile: Option<PathBuf>,
        #[command(flatten)]
        case: CaseOf,
        /// The day of the question
        #[arg(long, value_name = "YYYY-MM-DD")]
        as_of: Date,
        #[arg(long, value_name = "JP|US|EU", value_parser = place)]
        jurisdiction: panel::Place,
        /// Only facts that could be known on this day; all that is on file if absent
        #[arg(long, value_name = "YYYY-MM-DD")]
        known_at: Option<Date>,
        /// Another knowledge folder than the built-in one for breast cancer
        #[arg(long, value_name = "DIR")]
        knowledge: Option<PathBuf>,
        /// Answer although the knowledge is out of date
        #[arg(long)]
        allow_stale: bool,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
}

/// A case in a registry's ledger.
#[derive(clap::Args)]
pub struct CaseOf {
    /// The ledger of a registry such as studies/panel-breast
    #[arg(long, value_name = "FILE|URL", requires = "participant")]
    pub ledger: Option<String>,
    #[arg(long, value_name = "N", requires = "ledger")]
    pub participant: Option<u32>,
    /// Its study, where the ledger holds several
    #[arg(long, requires = "ledger")]
    pub study: Option<String>,
}

#[derive(Subcommand)]
pub enum KnowledgeCommand {
    /// Brings CIViC's evidence items to normalised variants and Japanese levels, and counts them
    Civic(crate::molecular_files::CivicArgs),
    /// Checks a knowledge folder; tells every mistake with its place
    Check {
        folder: PathBuf,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// What changed between two releases, and which open cases it touches
    Diff {
        before: PathBuf,
        after: PathBuf,
        /// Profile of an open case; may be given several times
        #[arg(long = "case", value_name = "PROFILE.json")]
        cases: Vec<PathBuf>,
        /// All cases of a registry's ledger; may stand beside --case
        #[arg(long, value_name = "FILE|URL")]
        ledger: Option<String>,
        /// Its study, where the ledger holds several
        #[arg(long, requires = "ledger")]
        study: Option<String>,
        #[arg(long, value_name = "YYYY-MM-DD")]
        as_of: Option<Date>,
        #[arg(long, value_name = "JP|US|EU", value_parser = place)]
        jurisdiction: Option<panel::Place>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Signs a release; refused while rows lack their two reviews
    Release {
        folder: PathBuf,
        /// File with the secret key of the signer
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Sign although rows lack their reviews
        #[arg(long)]
        draft: bool,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Checks that a folder is what was signed
    Verify {
        folder: PathBuf,
        note: PathBuf,
        /// File with the public key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Final,
    Casebook,
    Comparison,
    Listings,
    /// A text of the study: letter, press release, summary for physicians.
    Text(report::letter::Kind),
}

fn kind(word: &str) -> Result<Kind, String> {
    const KNOWN: &str = "known: final, casebook, comparison, listings, letter, press, summary; `shirube read` sets the protocol";
    match word {
        "final" => Ok(Kind::Final),
        "casebook" => Ok(Kind::Casebook),
        "comparison" => Ok(Kind::Comparison),
        "listings" => Ok(Kind::Listings),
        "letter" | "press" | "summary" => {
            report::letter::Kind::named(word).map(Kind::Text).ok_or_else(|| KNOWN.to_owned())
        }
        "interim" | "monitoring" | "site" | "panel" => {
            Err(format!("a report of kind `{word}` does not exist yet; {KNOWN}"))
        }
        other => Err(format!("there is no report of kind `{other}`; {KNOWN}")),
    }
}

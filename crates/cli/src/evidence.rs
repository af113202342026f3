//! `shirube ledger …`: what leaves the system as evidence, erasures on record, studies moved between stores.

use crate::failure::{Answer, Failure};
use crate::{ledger_file, mail, output, told};
use clap::Subcommand;
use conduct::{Role, View, Viewer};
use jiff::Timestamp;
use ledger::{Checkpoint, Draft, Erase, Hash, Head, Mode, NoteError, Postgres, Signer, Store, Verifier};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use words::{Lang, Text};

#[derive(Subcommand)]
pub enum LedgerCommand {
    /// The settings on which durability rests, and the studies with their heads; exit 1 when a setting is not as it must be
    Status {
        #[arg(long, value_name = "FILE|URL")]
        ledger: String,
        #[arg(long, value_parser = crate::options::lang, default_value = "en")]
        lang: Lang,
    },
    /// Makes the tables in a PostgreSQL database, as their owner, and lets the role of the running program insert and read
    Admit {
        /// The role of the running program; it must be there, and must not own the database
        role: String,
        /// As the owner: postgres://owner@…
        #[arg(long, value_name = "URL")]
        ledger: String,
    },
    /// Makes a key that signs checkpoints; keep it away from the ledger. Prints the public key
    Key {
        /// Whose ledgers it signs, such as data-centre.example.org
        name: String,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Signs a checkpoint of a study: as a note, as a page to print and keep, or as mail to witnesses
    Checkpoint(Box<CheckpointArgs>),
    /// Shows some entries to be in the signed ledger without showing the others
    Prove {
        #[command(flatten)]
        of: Of,
        /// The file of the signing key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// All entries about this participant
        #[arg(long, value_name = "NUMBER", required_unless_present = "entries")]
        participant: Option<u32>,
        /// These entries
        #[arg(long, value_name = "SEQ,…", value_delimiter = ',')]
        entries: Vec<u64>,
        #[arg(long, value_name = "FILE.json")]
        out: PathBuf,
    },
    /// Erases payload and reason of entries, or attached files, for good; an event records who and why
    Redact {
        #[command(flatten)]
        of: Of,
        #[arg(long, value_name = "SEQ,…", value_delimiter = ',')]
        entries: Vec<u64>,
        /// SHA-256 of an attached file
        #[arg(long = "file", value_name = "DIGEST")]
        files: Vec<Hash>,
        /// The data manager who erases
        #[arg(long, value_name = "PERSON")]
        by: String,
        #[arg(long)]
        reason: String,
    },
    /// Writes one study as a ledger file of its own
    Export {
        #[command(flatten)]
        of: Of,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Takes a study in from an export, or from another ledger, entry by entry as it was sealed
    #[command(visible_alias = "copy")]
    Import {
        #[arg(value_name = "FILE|URL")]
        from: String,
        #[command(flatten)]
        of: Of,
    },
}

/// A study in a ledger.
#[derive(clap::Args)]
pub struct Of {
    #[arg(long, value_name = "FILE|URL")]
    pub ledger: String,
    /// Needed when there are several
    #[arg(long)]
    pub study: Option<String>,
}

#[derive(clap::Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    of: Of,
    /// The file of the signing key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// An earlier checkpoint, or a page with it: the ledger must fit it, or nothing is signed
    #[arg(long, value_name = "FILE")]
    previous: Vec<PathBuf>,
    /// Write the signed note here instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page to print or to mail, with the note on it
    #[arg(long, value_name = "FILE.txt")]
    page: Option<PathBuf>,
    /// Mail the page to these witnesses
    #[arg(long, value_name = "ADDRESS", requires = "smtp", requires = "mail_from")]
    mail_to: Vec<String>,
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// A mail server on this machine or a trusted network: the conversation is not encrypted
    #[arg(long, value_name = "HOST:PORT")]
    smtp: Option<String>,
    #[arg(long, value_parser = crate::options::lang, default_value = "en")]
    lang: Lang,
}

pub fn carry_out(command: LedgerCommand) -> Result<Answer, Failure> {
    match command {
        LedgerCommand::Status { ledger, lang } => status(&ledger, lang),
        LedgerCommand::Admit { role, ledger } => admit(&role, &ledger),
        LedgerCommand::Key { name, out } => key(&name, &out),
        LedgerCommand::Checkpoint(args) => checkpoint(&args),
        LedgerCommand::Prove { of, key, participant, entries, out } => {
            prove(&of, &key, participant, entries, &out)
        }
        LedgerCommand::Redact { of, entries, files, by, reason } => {
            redact(&of, Erase { seqs: entries, attachments: files }, &by, reason)
        }
        LedgerCommand::Export { of, out } => export(&of, &out),
        LedgerCommand::Import { from, of } => import(&from, &of),
    }
}

fn unusable(e: ledger::LedgerError) -> Failure {
    Failure::Unusable(e.told().en)
}

impl Of {
    fn open(&self, mode: Mode) -> Result<(Box<dyn Store>, String), Failure> {
        let store = ledger_file::store(&self.ledger, mode, Lang::En)?;
        let study = match &self.study {
            Some(study) => study.clone(),
            None => ledger_file::only_study(store.as_ref(), &self.ledger, Lang::En)?,
        };
        Ok((store, study))
    }
}

fn status(ledger: &str, lang: Lang) -> Result<Answer, Failure> {
    let store = ledger_file::store(ledger, Mode::Existing, lang)?;
    let settings = store.check_settings().map_err(unusable)?;
    let mut out = told::settings(&settings, lang);
    for study in store.studies().map_err(unusable)? {
        let head = store.head(&study).map_err(unusable)?;
        out += &format!("{study}  {}  {}\n", head.seq, head.hash);
    }
    output::print(&out)?;
    Ok(if settings.iter().all(|s| s.ok) { Answer::Done } else { Answer::No })
}

fn admit(role: &str, ledger: &str) -> Result<Answer, Failure> {
    if !ledger.contains("://") {
        return Err(Failure::Usage(format!(
            "{ledger}: roles are PostgreSQL's; who may write a ledger file is for the operating system to say"
        )));
    }
    let mut store = Postgres::open(ledger, Mode::Create).map_err(unusable)?;
    store.admit_role(role).map_err(unusable)?;
    output::print(&format!("{role} may insert, read, and erase on record; nothing else\n"))
}

fn key(name: &str, out: &Path) -> Result<Answer, Failure> {
    let seed: [u8; 32] = random()?;
    let signer = Signer::new(name, &seed).map_err(|e| Failure::Usage(format!("{name}: {e}")))?;
    ledger_file::write_private(out, &format!("{}\n", signer.secret_text())).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::unusable(
            out.display(),
            "is already there; a key is never overwritten. Give another name",
        ),
        _ => Failure::unusable(out.display(), e),
    })?;
    output::print(&format!("{}\n", signer.verifier()))
}

pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Failure::unusable("the system's random numbers", e))?;
    Ok(bytes)
}

pub fn signer(path: &Path) -> Result<Signer, Failure> {
    Signer::from_secret_text(&read(path)?).map_err(|e| {
        Failure::unusable(path.display(), format!("{e} Name the file that `shirube ledger key --out` wrote."))
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::unusable(path.display(), e))
}

/// A public key as it is written, or the file that holds it.
pub fn verifier(given: &str) -> Result<Verifier, Failure> {
    let text = if given.contains('+') { given.to_owned() } else { read(Path::new(given))? };
    text.parse().map_err(|e| Failure::unusable(given, e))
}

/// The checkpoints in files, each alone or within a page or mail. Without keys no signature is looked at.
pub fn checkpoints(paths: &[PathBuf], keys: &[Verifier]) -> Result<Vec<Checkpoint>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        let found = Checkpoint::find(&read(path)?, keys);
        all.extend(found.map_err(|e| match e {
            // Somebody altered it: that is an answer. Anything else could not be checked.
            NoteError::WrongSignature => Failure::Refused(format!("{}: {e}", path.display())),
            e => Failure::unusable(path.display(), e),
        })?);
    }
    Ok(all)
}

/// A signed checkpoint of a study whose chain holds and which continues `previous`.
pub fn sign(
    store: &dyn Store,
    study: &str,
    signer: &Signer,
    previous: &[Checkpoint],
) -> Result<(Checkpoint, String), Failure> {
    let broken = |f: ledger::Fault| Failure::Refused(format!("not signed: {}", f.told.en));
    if let Some(other) = previous.iter().find(|c| !c.is_of(study)) {
        return Err(Failure::Refused(format!("not signed: {} is not of the study {study}", other.origin)));
    }
    let found = ledger::verify_against(store, study, previous, &mut |_| ()).map_err(broken)?;
    let checkpoint = Checkpoint { origin: signer.origin(study), size: found.head.seq, root: found.root };
    let note = signer.sign(&checkpoint);
    Ok((checkpoint, note))
}

fn checkpoint(args: &CheckpointArgs) -> Result<Answer, Failure> {
    let signer = signer(&args.key)?;
    let (store, study) = args.of.open(Mode::ReadOnly)?;
    let key = signer.verifier();
    let previous = checkpoints(&args.previous, std::slice::from_ref(&key))?;
    let (checkpoint, note) = sign(store.as_ref(), &study, &signer, &previous)?;
    let on = Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let page = ledger::printed::page(&note, &checkpoint, &key, &on);
    let page = page.get(args.lang);
    if let Some(path) = &args.page {
        output::write_whole(path, page.as_bytes())?;
    }
    if let (Some(from), Some(smtp)) = (&args.mail_from, &args.smtp) {
        let subject = Text::new(
            format!("台帳チェックポイント {} {} 番まで", checkpoint.origin, checkpoint.size),
            format!("Ledger checkpoint {} up to entry {}", checkpoint.origin, checkpoint.size),
        );
        for to in &args.mail_to {
            mail::send(smtp, from, to, subject.get(args.lang), page)?;
            eprintln!("{to}");
        }
    }
    match &args.out {
        Some(path) => output::write_whole(path, note.as_bytes()).map(|()| Answer::Done),
        None => output::print(&note),
    }
}

fn prove(
    of: &Of,
    key: &Path,
    participant: Option<u32>,
    entries: Vec<u64>,
    out: &Path,
) -> Result<Answer, Failure> {
    let signer = signer(key)?;
    let (store, study) = of.open(Mode::ReadOnly)?;
    let mut wanted: BTreeSet<u64> = entries.into_iter().collect();
    if let Some(participant) = participant {
        let told = |e: conduct::TrialError| Failure::Unusable(e.told().en);
        let (state, adopted) = conduct::load(store.as_ref(), &study, u64::MAX).map_err(told)?;
        let viewer = Viewer::new("auditor", Role::Auditor);
        let view = View::new(&adopted, &state, None, &viewer)
            .map_err(|r| Failure::Refused(told::reasons(&r, Lang::En)))?;
        conduct::entries(store.as_ref(), &study, 1..=u64::MAX, &mut |entry, event| {
            let about = event.and_then(|e| view.participant_of(e));
            if about == Some(conduct::ParticipantId(participant)) {
                wanted.insert(entry.seq);
            }
        })
        .map_err(told)?;
        if wanted.is_empty() {
            return Err(Failure::Refused(format!("{study} has no participant {participant}")));
        }
    }
    let head = store.head(&study).map_err(unusable)?.seq;
    if wanted.is_empty() || wanted.iter().any(|n| *n == 0 || *n > head) {
        return Err(Failure::Refused(format!("{study} has no such entry; its entries are 1 to {head}")));
    }
    let proof = ledger::prove(store.as_ref(), &study, &wanted, &signer).map_err(unusable)?;
    let json = serde_json::to_string_pretty(&proof).map_err(|e| Failure::unusable("proof", e))?;
    output::write_whole(out, format!("{json}\n").as_bytes())?;
    eprintln!("{}: {} of {head} entries", out.display(), wanted.len());
    Ok(Answer::Done)
}

fn redact(of: &Of, erase: Erase, by: &str, reason: String) -> Result<Answer, Failure> {
    let (mut store, study) = of.open(Mode::Existing)?;
    let told = |e: conduct::TrialError| Failure::Unusable(e.told().en);
    let (state, _) = conduct::load(store.as_ref(), &study, u64::MAX).map_err(told)?;
    if !state.holds(by, Role::DataManager, None) {
        return Err(Failure::Refused(format!(
            "{by} is not a data manager of {study}; nobody else erases what was entered"
        )));
    }
    let draft = Draft {
        at: Timestamp::now(),
        actor: by.to_owned(),
        role: Role::DataManager.name().to_owned(),
        reason: Some(reason),
        salt: random()?,
        ..Draft::default()
    };
    let done = store.redact(&study, state.head.seq, &erase, draft).map_err(|e| match e {
        ledger::LedgerError::Redaction { .. } => Failure::Refused(e.told().en),
        e => unusable(e),
    })?;
    drop(store);
    // What was kept for a quick start still holds what was erased.
    ledger_file::forget_snapshot(&of.ledger, &study)?;
    output::print(&format!(
        "erased {} and {} on record as entry {} of {study}; back-ups and a server that runs still hold it: restart the server\n",
        told::counted(erase.seqs.len(), "entry", "entries"),
        told::counted(erase.attachments.len(), "file", "files"),
        done.head.seq
    ))
}

fn export(of: &Of, out: &Path) -> Result<Answer, Failure> {
    let (store, study) = of.open(Mode::ReadOnly)?;
    let head = ledger::export(store.as_ref(), &study, &out.display().to_string()).map_err(unusable)?;
    output::print(&format!("{study}  {}  {}  {}\n", head.seq, head.hash, out.display()))
}

fn import(from: &str, of: &Of) -> Result<Answer, Failure> {
    let source = ledger_file::store(from, Mode::ReadOnly, Lang::En)?;
    let study = match &of.study {
        Some(study) => study.clone(),
        None => ledger_file::only_study(source.as_ref(), from, Lang::En)?,
    };
    // No ledger is made for a study that is not there.
    if source.head(&study).map_err(unusable)? == Head::GENESIS {
        let there = source.studies().map_err(unusable)?.join(", ");
        return Err(Failure::Unusable(format!("{from} holds no study {study}; it holds: {there}")));
    }
    let mut target = ledger_file::store(&of.ledger, Mode::Create, Lang::En)?;
    let head = ledger::copy(source.as_ref(), target.as_mut(), &study).map_err(|e| match e {
        ledger::LedgerError::Occupied { .. } => Failure::Refused(e.told().en),
        e => unusable(e),
    })?;
    output::print(&format!("{study}  {}  {}\n", head.seq, head.hash))?;
    if ledger_file::seeds(from, None)?.is_some() && ledger_file::seeds(&of.ledger, None)?.is_none() {
        eprintln!(
            "the seed file {from}.seed stays where it is: without it no further participant is allocated"
        );
    }
    Ok(Answer::Done)
}

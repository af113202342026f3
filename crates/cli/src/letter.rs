//! Letters to the participants, press releases and summaries: drafts as files, and what is recorded about them.

use crate::failure::{Answer, Failure};
use crate::opened::Opened;
use crate::options::{At, lang};
use crate::output::print;
use crate::report_file::{Format, WORDS, format, write};
use crate::{ledger_file, told};
use clap::{Subcommand, ValueEnum};
use conduct::{
    Command as Act, Context, LetterAct, LetterKey, LetterReader, ParticipantId, Role, State, Trial, Vital,
};
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Blob, Hash, Mode};
use protocol::Diagnostic;
use report::letter::{Ask, Draft, Kind, Letters, Reader, Standing};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use words::Lang;

#[derive(Subcommand)]
pub enum LetterCommand {
    /// Looks over the texts of a study: rules, readings, every variant; with a ledger, as its results make them
    Check {
        study: PathBuf,
        /// Also the texts as the results of this ledger make them
        #[arg(long, value_name = "FILE|URL")]
        ledger: Option<String>,
        #[arg(long, value_name = "YYYY-MM-DD", requires = "ledger")]
        cutoff: Option<Date>,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
    /// Puts the words of a text before the reviewers: its hash goes into the ledger
    Adopt {
        study: PathBuf,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        which: Which,
        /// The person who does this, as the ledger calls them (a data manager)
        #[arg(long = "as", value_name = "PERSON")]
        person: String,
    },
    /// Records what the patient representatives say of a text
    Comment {
        #[command(flatten)]
        act: OnText,
        #[arg(long)]
        comment: String,
    },
    /// Signs a text off (the study chair)
    Sign {
        #[command(flatten)]
        act: OnText,
    },
    /// Issues a press release or summary that was signed off as final; refused before the embargo's day (a data manager)
    Issue {
        #[command(flatten)]
        act: OnText,
        /// How, and to whom: to the press club, on the group's pages
        #[arg(long)]
        how: String,
    },
    /// Records whether a participant lives, and whether she or her family wishes to know
    Ask {
        #[command(flatten)]
        of: OfParticipant,
        #[arg(long, value_enum)]
        vital: VitalWord,
        #[arg(long, value_enum)]
        wishes: YesNo,
    },
    /// Records that a text that was signed off was handed over
    HandOver {
        #[command(flatten)]
        of: OfParticipant,
        /// The text's hash, or its first eight characters or more
        #[arg(long, value_name = "HASH")]
        text: String,
        /// How: by hand at a visit, by post
        #[arg(long)]
        how: String,
    },
    /// Texts with versions, comments and sign-off; per site, who was asked and who has a letter
    Status {
        #[arg(long, value_name = "FILE|URL")]
        ledger: String,
        #[arg(long, value_parser = lang, default_value = "en")]
        lang: Lang,
    },
}

/// Which text.
#[derive(clap::Args)]
pub struct Which {
    #[arg(long, value_parser = kind, default_value = "letter", value_name = "letter|press|summary")]
    pub kind: Kind,
    #[arg(long, value_parser = lang)]
    pub lang: Lang,
    /// letter: the version for the family of a participant who has died
    #[arg(long)]
    pub bereaved: bool,
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::named(word)
        .ok_or_else(|| format!("there is no text of kind `{word}`; known: letter, press, summary"))
}

#[derive(clap::Args)]
pub struct OnText {
    #[arg(long, value_name = "FILE|URL")]
    pub ledger: String,
    /// The text's hash, or its first eight characters or more
    #[arg(long, value_name = "HASH")]
    pub text: String,
    #[arg(long = "as", value_name = "PERSON")]
    pub person: String,
    #[arg(long, value_parser = lang, default_value = "en")]
    pub lang: Lang,
}

#[derive(clap::Args)]
pub struct OfParticipant {
    #[arg(long, value_name = "FILE|URL")]
    pub ledger: String,
    #[arg(long, value_name = "N")]
    pub participant: u32,
    /// The day; today if absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub on: Option<Date>,
    #[arg(long = "as", value_name = "PERSON")]
    pub person: String,
    #[arg(long, value_parser = lang, default_value = "en")]
    pub lang: Lang,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum VitalWord {
    Alive,
    Dead,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    Yes,
    No,
}

pub fn run(command: LetterCommand) -> Result<Answer, Failure> {
    match command {
        LetterCommand::Check { study, ledger, cutoff, lang } => check(&study, ledger, cutoff, lang),
        LetterCommand::Adopt { study, at, which, person } => adopt(&study, &at, &which, &person),
        LetterCommand::Comment { act, comment } => {
            on_text(&act, Role::DataManager, |text| LetterAct::Comment { text, comment })
        }
        LetterCommand::Sign { act } => on_text(&act, Role::StudyChair, |text| LetterAct::SignOff { text }),
        LetterCommand::Issue { act, how } => {
            on_text(&act, Role::DataManager, |text| LetterAct::Issue { text, how })
        }
        LetterCommand::Ask { of, vital, wishes } => {
            let vital = match vital {
                VitalWord::Alive => Vital::Alive,
                VitalWord::Dead => Vital::Dead,
                VitalWord::Unknown => Vital::Unknown,
            };
            let wishes = wishes == YesNo::Yes;
            of_participant(&of, |participant, on, _| Ok(LetterAct::Ask { participant, vital, wishes, on }))
        }
        LetterCommand::HandOver { of, text, how } => of_participant(&of, |participant, on, state| {
            Ok(LetterAct::HandOver { participant, text: find(state, &text, of.lang)?, on, how: how.clone() })
        }),
        LetterCommand::Status { ledger, lang } => status(&ledger, lang),
    }
}

/// The texts of a study, in order or with all that is wrong with them.
pub fn texts(study: &Path, lang: Lang) -> Result<Option<Letters>, Failure> {
    Letters::load(study).map_err(|found| refused(&found, lang))
}

fn refused(found: &[Diagnostic], lang: Lang) -> Failure {
    Failure::Refused(protocol::render(found, lang, std::io::stderr().is_terminal()))
}

fn needed(study: &Path, lang: Lang) -> Result<Letters, Failure> {
    texts(study, lang)?.ok_or_else(|| {
        Failure::Refused(match lang {
            Lang::Ja => format!("{}: お知らせの文面(letter.ja.yaml など)がありません。", study.display()),
            Lang::En => format!("{}: holds no texts (letter.ja.yaml and the like)", study.display()),
        })
    })
}

/// What `check STUDY` tells of its texts; nothing where it has none.
pub fn findings(study: &Path) -> Vec<Diagnostic> {
    match Letters::load(study) {
        Ok(Some(letters)) => letters.check(),
        Ok(None) => Vec::new(),
        Err(found) => found,
    }
}

/// A text as a page or PDF. A text of which these very words were signed off in the ledger is no draft any more.
pub fn report(study: &Path, at: &At, which: &Which, large: bool, out: &Path) -> Result<Answer, Failure> {
    let lang = which.lang;
    let format = format(out, lang, &WORDS)?;
    if which.bereaved && which.kind != Kind::Letter {
        return Err(Failure::Usage(match lang {
            Lang::Ja => "--bereaved は letter だけに使えます。".to_owned(),
            Lang::En => "--bereaved goes with --kind letter only".to_owned(),
        }));
    }
    let letters = needed(study, lang)?;
    let opened = Opened::new(study, at, lang)?;
    let results = opened.results()?;
    let mut ask = Ask { reader: reader(which), large, ..Ask::new(which.kind, lang) };
    let made = |ask: Ask| letters.draft(ask, &results, opened.compiled()).map_err(|f| refused(&f, lang));
    let mut draft = made(ask)?;
    let known = opened.state.letters.text(&Hash(draft.hash));
    let signed = known.is_some_and(|t| t.signed.is_some());
    if signed {
        let issued = known.is_some_and(|t| t.issued.is_some());
        ask.standing = if issued { Standing::Issued } else { Standing::SignedOff };
        draft = made(ask)?;
    }
    let answer = write(&draft.document, format == Format::Pdf, out)?;
    eprint!("{}", standing(&draft, signed, lang));
    Ok(answer)
}

fn reader(which: &Which) -> Reader {
    if which.bereaved { Reader::Bereaved } else { Reader::Participant }
}

/// What stands between a draft and its sign-off.
fn standing(draft: &Draft, signed: bool, lang: Lang) -> String {
    let hash = Hash(draft.hash).to_string();
    let short: String = hash.chars().take(16).collect();
    let (findings, readings) = (draft.findings.len(), draft.unreviewed.len());
    match (lang, signed) {
        (Lang::Ja, true) => format!("承認済み 文面 {short}\n"),
        (Lang::En, true) => format!("signed off, text {short}\n"),
        (Lang::Ja, false) => {
            format!("草案 文面 {short}: 直すところ {findings} 件、人が確認していない読み仮名 {readings} 語\n")
        }
        (Lang::En, false) => {
            format!("draft, text {short}: {findings} to mend, {readings} readings not reviewed by a person\n")
        }
    }
}

fn check(study: &Path, ledger: Option<String>, cutoff: Option<Date>, lang: Lang) -> Result<Answer, Failure> {
    let letters = needed(study, lang)?;
    let mut found = letters.check();
    let mut told = String::new();
    if let Some(ledger) = ledger {
        let opened = Opened::new(study, &At { ledger, cutoff, as_of: None }, lang)?;
        let results = opened.results()?;
        for (kind, of) in letters.texts().collect::<Vec<_>>() {
            for reader in [Reader::Participant, Reader::Bereaved] {
                if reader == Reader::Bereaved && kind != Kind::Letter {
                    continue;
                }
                let ask = Ask { reader, ..Ask::new(kind, of) };
                let draft = letters.draft(ask, &results, opened.compiled()).map_err(|f| refused(&f, lang))?;
                let name = report::letter::file_name(kind, of);
                let _ = write!(told, "{name} ({reader:?}): {}", standing(&draft, false, lang));
                for finding in draft.findings {
                    if !found.contains(&finding) {
                        found.push(finding);
                    }
                }
                if reader == Reader::Participant && !draft.unreviewed.is_empty() {
                    let _ = writeln!(told, "  {}", draft.unreviewed.join(" "));
                }
            }
        }
    }
    let color = std::io::stdout().is_terminal();
    print(&format!("{}{told}", protocol::render(&found, lang, color)))?;
    Ok(if found.iter().any(Diagnostic::is_error) { Answer::No } else { Answer::Done })
}

fn adopt(study: &Path, at: &At, which: &Which, person: &str) -> Result<Answer, Failure> {
    let lang = which.lang;
    let letters = needed(study, lang)?;
    let (draft, position, cutoff) = {
        let opened = Opened::new(study, at, lang)?;
        let results = opened.results()?;
        let ask = Ask { reader: reader(which), ..Ask::new(which.kind, lang) };
        let draft = letters.draft(ask, &results, opened.compiled()).map_err(|f| refused(&f, lang))?;
        (draft, results.seq, results.cutoff)
    };
    let trial = only_trial(&at.ledger, Mode::Existing, lang)?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (findings, unreviewed) = (count(draft.findings.len()), count(draft.unreviewed.len()));
    let told = standing(&draft, false, lang);
    let words = Blob::new(draft.reviewed);
    let text = words.hash();
    let reader = if which.bereaved { LetterReader::Bereaved } else { LetterReader::Participant };
    let letter = LetterKey { kind: which.kind.name().to_owned(), lang: lang.tag().to_owned(), reader };
    let embargo = letters.embargo(which.kind);
    let act = LetterAct::Adopt { letter, text, cutoff, position, findings, unreviewed, embargo };
    execute(&trial, act, &context(person, Role::DataManager, None)?, vec![words], lang)?;
    print(&format!("{text}\n{told}"))
}

/// The one study of a ledger.
fn only_trial(name: &str, mode: Mode, lang: Lang) -> Result<Trial, Failure> {
    let study = {
        let store = ledger_file::store(name, Mode::ReadOnly, lang)?;
        ledger_file::only_study(store.as_ref(), name, lang)?
    };
    ledger_file::trial(name, &study, mode, lang)
}

fn on_text(act: &OnText, role: Role, make: impl FnOnce(Hash) -> LetterAct) -> Result<Answer, Failure> {
    let trial = only_trial(&act.ledger, Mode::Existing, act.lang)?;
    let text = find(&trial.state(), &act.text, act.lang)?;
    execute(&trial, make(text), &context(&act.person, role, None)?, Vec::new(), act.lang)
}

fn of_participant(
    of: &OfParticipant,
    make: impl FnOnce(ParticipantId, Date, &State) -> Result<LetterAct, Failure>,
) -> Result<Answer, Failure> {
    let trial = only_trial(&of.ledger, Mode::Existing, of.lang)?;
    let state = trial.state();
    let id = ParticipantId(of.participant);
    let now = Timestamp::now();
    let on = of.on.unwrap_or_else(|| state.day(now));
    // The person acts in the role of a site that they hold; the ledger decides whether it is the participant's.
    let held = state.people.get(of.person.as_str()).and_then(|p| {
        let mut roles = p.roles.iter().filter(|(r, _)| r.of_a_site());
        let own = |site: &Option<conduct::SiteId>| {
            state.participant(id).is_some_and(|p| site.as_ref() == Some(&p.site))
        };
        roles.clone().find(|(_, s)| own(s)).or_else(|| roles.next()).cloned()
    });
    let (role, site) = held.unwrap_or((Role::Investigator, None));
    let act = make(id, on, &state)?;
    execute(&trial, act, &context(&of.person, role, site)?, Vec::new(), of.lang)
}

fn context(person: &str, role: Role, site: Option<conduct::SiteId>) -> Result<Context, Failure> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|e| Failure::unusable("random numbers", e))?;
    let context = Context::new(Timestamp::now(), person, role, salt);
    Ok(match site {
        Some(site) => context.at_site(site.as_str()),
        None => context,
    })
}

fn execute(
    trial: &Trial,
    letter: LetterAct,
    context: &Context,
    files: Vec<Blob>,
    lang: Lang,
) -> Result<Answer, Failure> {
    let done = trial.execute_with(&Act::Letter { letter }, context, files);
    let receipt = done.map_err(|e| match e {
        conduct::TrialError::Refused(r) => Failure::Refused(told::reasons(&r, lang)),
        other => Failure::Unusable(other.told().get(lang).to_owned()),
    })?;
    eprintln!("{}", receipt.seqs.map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
    Ok(Answer::Done)
}

/// The one adopted text whose hash begins so.
fn find(state: &State, prefix: &str, lang: Lang) -> Result<Hash, Failure> {
    let hashes = state.letters.texts.iter().map(|t| t.adopted.text);
    let mut found: Vec<Hash> =
        hashes.filter(|h| prefix.len() >= 8 && h.to_string().starts_with(prefix)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(hash), true) => Ok(hash),
        _ => Err(Failure::Refused(match lang {
            Lang::Ja => format!("「{prefix}」で始まる文面(8文字以上)が1つに決まりません。"),
            Lang::En => format!("`{prefix}`: no one adopted text begins so (give eight characters or more)"),
        })),
    }
}

fn status(ledger: &str, lang: Lang) -> Result<Answer, Failure> {
    let trial = only_trial(ledger, Mode::ReadOnly, lang)?;
    let state = trial.state();
    let ja = lang == Lang::Ja;
    let mut out = String::new();
    for t in &state.letters.texts {
        let a = &t.adopted;
        let short: String = a.text.to_string().chars().take(16).collect();
        let reader = match (a.letter.reader, ja) {
            (LetterReader::Participant, true) => "ご本人",
            (LetterReader::Bereaved, true) => "ご遺族",
            (LetterReader::Participant, false) => "participant",
            (LetterReader::Bereaved, false) => "bereaved",
        };
        let issued = match (&t.issued, a.embargo, ja) {
            (Some((day, _)), _, true) => format!("  公表 {day}"),
            (Some((day, _)), _, false) => format!("  issued {day}"),
            (None, Some(day), true) => format!("  報道解禁 {day}"),
            (None, Some(day), false) => format!("  embargo {day}"),
            (None, None, _) => String::new(),
        };
        let signed = match (&t.signed, ja) {
            (Some((day, _)), true) => format!("承認 {day}"),
            (Some((day, _)), false) => format!("signed off {day}"),
            (None, true) => format!("草案(指摘 {}、未確認の読み {})", a.findings, a.unreviewed),
            (None, false) => format!("draft ({} findings, {} readings unreviewed)", a.findings, a.unreviewed),
        };
        let _ = writeln!(
            out,
            "{short}  {} {} {reader} v{}  {} {}  {signed}{issued}",
            a.letter.kind,
            a.letter.lang,
            a.version,
            if ja { "カットオフ" } else { "cut-off" },
            a.cutoff
        );
        for (comment, at, _) in &t.comments {
            let flat: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(out, "  {}  {flat}", state.day(*at));
        }
    }
    if state.letters.texts.is_empty() {
        out += if ja { "採用された文面はありません。\n" } else { "no text was adopted\n" };
    }
    for (id, site) in state.sites.iter() {
        let of = |p: &ParticipantId| state.participant(*p).is_some_and(|x| x.site == *id);
        let asked = state.letters.asked.keys().filter(|p| of(p)).count();
        let wish = state.letters.asked.iter().filter(|(p, a)| of(p) && a.wishes).count();
        let handed = state.letters.handed.iter().filter(|h| of(&h.participant)).count();
        if asked + handed > 0 {
            let name = site.name.get(lang);
            let _ = if ja {
                writeln!(out, "{name}: 確認 {asked}、希望 {wish}、お渡し {handed}")
            } else {
                writeln!(out, "{name}: asked {asked}, wish to know {wish}, handed over {handed}")
            };
        }
    }
    print(&out)
}

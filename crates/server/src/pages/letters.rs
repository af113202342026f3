//! Letters to the participants, press releases and summaries: drafts, versions with comments and sign-off, and, hospital by
//! hospital, who was asked and who has a letter.

use super::links::back;
use super::report::{kept, not_set, policy};
use crate::ask::{Ask, blocking};
use crate::error::Trouble;
use crate::fields::Choice;
use crate::figures;
use crate::shell::{Shell, page as render};
use crate::study::Picture;
use crate::told::Mark;
use askama::Template;
use axum::extract::Form;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use conduct::{
    Action, AdoptedLetter, Command, LetterAct, LetterKey, LetterReader, ParticipantId, Role, View, Viewer,
    Vital,
};
use jiff::civil::Date;
use ledger::{Blob, Hash};
use report::letter::{Ask as Wanted, Draft, Kind, Letters, Reader, Standing};
use report::{Document, Typesetter};
use std::collections::BTreeMap;
use words::Lang;

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    s: Shell,
    action: String,
    day: String,
    token: String,
    back: String,
    /// Texts of the study that are not before the reviewers yet; none where no folder with texts is served.
    drafts: Vec<DraftTold>,
    no_texts: bool,
    closed: Option<String>,
    texts: Vec<TextTold>,
    sites: Vec<SiteTold>,
    people: Vec<PersonTold>,
    one: Option<OneTold>,
    handed: Vec<HandedTold>,
}

struct DraftTold {
    name: String,
    short: String,
    findings: u32,
    unreviewed: u32,
    files: Vec<(String, String)>,
    kind: &'static str,
    lang: &'static str,
    reader: &'static str,
    adopted: bool,
    may_adopt: bool,
}

struct TextTold {
    id: String,
    name: String,
    short: String,
    state: Mark,
    facts: String,
    comments: Vec<(String, String)>,
    files: Vec<(String, String)>,
    action: String,
    may_comment: bool,
    may_sign: bool,
    may_issue: bool,
}

struct SiteTold {
    name: String,
    asked: usize,
    wish: usize,
    handed: usize,
}

struct PersonTold {
    id: String,
    href: String,
    asked: String,
    handed: String,
}

/// The participant for whom something is entered.
struct OneTold {
    id: String,
    today: String,
    vital: Vec<Choice>,
    wishes: Vec<Choice>,
    texts: Vec<Choice>,
}

struct HandedTold {
    id: String,
    on: String,
    text: String,
    how: String,
    entry: Option<String>,
}

/// Whose texts hold results by arm, and how far these have come: drafts are for those who make them and see results, a
/// text before the reviewers for the chair too, a letter that was signed off for the hospitals, and what was issued for all.
fn may_read(ask: &Ask, text: Option<&AdoptedLetter>) -> bool {
    let made_here = ask.may(Action::AdoptLetter) || ask.may(Action::SeeResultsByArm);
    let Some(text) = text else { return made_here };
    let letter = text.adopted.letter.kind == Kind::Letter.name();
    made_here
        || ask.may(Action::SignLetter)
        || letter && text.signed.is_some() && ask.may(Action::HandOverLetter)
        || text.issued.is_some()
}

fn key(kind: Kind, lang: Lang, reader: Reader) -> LetterKey {
    let reader = match reader {
        Reader::Participant => LetterReader::Participant,
        Reader::Bereaved => LetterReader::Bereaved,
    };
    LetterKey { kind: kind.name().to_owned(), lang: lang.tag().to_owned(), reader }
}

fn reader_name(reader: Reader) -> &'static str {
    match reader {
        Reader::Participant => "participant",
        Reader::Bereaved => "bereaved",
    }
}

/// What a key of the ledger asks the texts for.
fn wanted(key: &LetterKey) -> Option<Wanted> {
    let lang = Lang::ALL.into_iter().find(|l| l.tag() == key.lang)?;
    let reader = match key.reader {
        LetterReader::Participant => Reader::Participant,
        LetterReader::Bereaved => Reader::Bereaved,
    };
    Some(Wanted { reader, ..Wanted::new(Kind::named(&key.kind)?, lang) })
}

/// Every text of the folder, each for its readers.
fn all(letters: &Letters) -> Vec<Wanted> {
    let mut out = Vec::new();
    for (kind, lang) in letters.texts() {
        out.push(Wanted::new(kind, lang));
        if kind == Kind::Letter {
            out.push(Wanted { reader: Reader::Bereaved, ..Wanted::new(kind, lang) });
        }
    }
    out
}

fn name(ask: &Ask, key: &LetterKey) -> String {
    let kind = match Kind::named(&key.kind) {
        Some(Kind::Press) => "letter-kind-press",
        Some(Kind::Summary) => "letter-kind-summary",
        Some(Kind::Letter) | None => "letter-kind-letter",
    };
    let lang = if key.lang == Lang::Ja.tag() { "letter-lang-ja" } else { "letter-lang-en" };
    let mut out = format!("{} · {}", ask.t.say(kind), ask.t.say(lang));
    if key.reader == LetterReader::Bereaved {
        out += &format!(" · {}", ask.t.say("letter-reader-bereaved"));
    }
    out
}

fn versioned(ask: &Ask, text: &AdoptedLetter) -> String {
    let version = text.adopted.version.to_string();
    ask.t.with2("letter-version", &name(ask, &text.adopted.letter), &version).into_owned()
}

fn short(hash: &Hash) -> String {
    hash.to_string().chars().take(12).collect()
}

/// Results as the centre sees them: the text is made for everybody who may read it, whoever asks.
fn results(picture: &Picture, day: Date) -> Result<analysis::Results, Trouble> {
    let centre = Viewer::new("data", Role::DataManager);
    let view = View::new(&picture.adopted, &picture.state, Some(day), &centre)
        .map_err(|refusal| Trouble::Refused(refusal.reasons))?;
    view.results_by_arm().map_err(|refusal| Trouble::Refused(refusal.reasons))?;
    Ok(analysis::analyse(&view))
}

fn made(
    letters: &Letters,
    wanted: Wanted,
    results: &analysis::Results,
    picture: &Picture,
) -> Result<Draft, Trouble> {
    let compiled = picture.adopted.current(&picture.state).ok_or(Trouble::Missing)?;
    letters.draft(wanted, results, compiled).map_err(|found| {
        Trouble::Refused(
            found
                .into_iter()
                .map(|d| conduct::Reason { code: d.code, text: d.message, about: Vec::new() })
                .collect(),
        )
    })
}

/// Where the cut-off of drafts stands: as asked, or that of the last look, or the last day.
fn draft_day(ask: &Ask) -> Date {
    let look = ask.picture.state.looks.last().map(|l| l.cutoff);
    ask.cutoff.filter(|_| ask.cutoff_asked).or(look).unwrap_or_else(|| ask.day())
}

pub(crate) async fn page(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        if !ask.may_open("letters") {
            return Err(Trouble::Missing);
        }
        // The cut-off of the address is that of the drafts; who was asked and has a letter is told as it is now.
        let view = ask.view_at(None)?;
        let letters = view.letters();
        let day = draft_day(&ask);
        let texts: Vec<TextTold> = letters
            .texts
            .iter()
            .rev()
            .filter(|t| may_read(&ask, Some(t)))
            .map(|t| text_told(&ask, t))
            .collect();
        let (drafts, closed) = drafts(&ask, &letters.texts, day)?;
        let sites = view.sites().into_iter().map(|site| {
            let of = |p: &ParticipantId| view.participant(*p).is_some_and(|x| x.site() == site.id);
            SiteTold {
                name: ask.t.of(&site.site.name).to_owned(),
                asked: letters.asked.keys().filter(|p| of(p)).count(),
                wish: letters.asked.iter().filter(|(p, a)| of(p) && a.wishes).count(),
                handed: letters.handed.iter().filter(|h| of(&h.participant)).count(),
            }
        });
        let sites = sites.filter(|s| s.asked + s.handed > 0).collect();
        let may_ask = ask.may_now(Action::AskForLetter);
        let vital_word = |v: Vital| ask.t.say(vital_key(v)).into_owned();
        let people = view.participants().iter().filter(|_| may_ask).map(|p| PersonTold {
            id: p.id().to_string(),
            href: format!("{}#one", ask.to_with("letters", &[("participant", &p.id().to_string())])),
            asked: letters.asked.get(&p.id()).map_or_else(String::new, |a| {
                let wishes = ask.t.say(if a.wishes { "letter-wishes-yes" } else { "letter-wishes-no" });
                format!("{} {} · {wishes}", a.on, vital_word(a.vital))
            }),
            handed: letters
                .handed
                .iter()
                .filter(|h| h.participant == p.id())
                .map(|h| h.on.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        });
        let people: Vec<PersonTold> = people.collect();
        let chosen = ask.asked("participant").parse::<u32>().ok().map(ParticipantId);
        let chosen = chosen.filter(|id| may_ask && view.participant(*id).is_some());
        let one = chosen.map(|id| one_told(&ask, id, &letters.texts));
        let handed = letters.handed.iter().rev().map(|h| HandedTold {
            id: h.participant.to_string(),
            on: h.on.to_string(),
            text: letters
                .text(&h.text)
                .map_or_else(|| short(&h.text), |t| format!("{} ({})", versioned(&ask, t), short(&h.text))),
            how: h.how.clone(),
            entry: ask.may(Action::SeeLedger).then(|| ask.to(&format!("ledger/{}", h.seq))),
        });
        render(&LettersPage {
            s: Shell::of(&ask, "letters").at_day(day),
            action: ask.to_bare("letters"),
            day: day.to_string(),
            token: ask.new_token()?,
            back: ask.to("letters"),
            no_texts: ask.study.texts().is_none(),
            drafts,
            closed,
            texts,
            sites,
            people,
            one,
            handed: handed.collect(),
        })
    })
    .await
}

fn vital_key(v: Vital) -> &'static str {
    match v {
        Vital::Alive => "letter-vital-alive",
        Vital::Dead => "letter-vital-dead",
        Vital::Unknown => "letter-vital-unknown",
    }
}

fn one_told(ask: &Ask, id: ParticipantId, texts: &[AdoptedLetter]) -> OneTold {
    let choice = |value: &str, key: &str| Choice::new(value, &ask.t.say(key), "");
    let signed = texts.iter().rev().filter(|t| t.signed.is_some() && t.adopted.letter.kind == "letter");
    let told = |t: &AdoptedLetter| Choice::new(&t.adopted.text.to_string(), &versioned(ask, t), "");
    OneTold {
        id: id.to_string(),
        today: ask.today().to_string(),
        vital: vec![
            choice("", "letter-choose"),
            choice("alive", "letter-vital-alive"),
            choice("dead", "letter-vital-dead"),
            choice("unknown", "letter-vital-unknown"),
        ],
        wishes: vec![
            choice("", "letter-choose"),
            choice("yes", "letter-wishes-yes"),
            choice("no", "letter-wishes-no"),
        ],
        texts: signed.map(told).collect(),
    }
}

fn text_told(ask: &Ask, t: &AdoptedLetter) -> TextTold {
    let a = &t.adopted;
    let embargo = a.embargo.filter(|_| t.issued.is_none());
    let state = match (&t.issued, &t.signed) {
        (Some((day, _)), _) => Mark::new("yes", ask.t.with("letter-state-issued", &day.to_string())),
        (None, Some((day, _))) => Mark::new("yes", ask.t.with("letter-state-signed", &day.to_string())),
        (None, None) => Mark::new("open", ask.t.say("letter-state-draft")),
    };
    let mut facts = vec![
        ask.t.with("letter-cutoff", &a.cutoff.to_string()).into_owned(),
        ask.t.count("letter-findings", &a.findings).into_owned(),
        ask.t.count("letter-unreviewed", &a.unreviewed).into_owned(),
    ];
    facts.extend(embargo.map(|day| ask.t.with("letter-embargo", &day.to_string()).into_owned()));
    let public = a.letter.kind != "letter";
    TextTold {
        id: short(&a.text),
        name: versioned(ask, t),
        short: short(&a.text),
        state,
        facts: facts.join(" · "),
        comments: t.comments.iter().map(|(text, at, _)| (ask.moment(at), text.clone())).collect(),
        files: text_files(ask, &a.text.to_string(), a.letter.kind == "letter"),
        action: ask.to_bare(&format!("letters/{}", a.text)),
        may_comment: ask.may_now(Action::CommentLetter) && t.signed.is_none(),
        may_sign: ask.may_now(Action::SignLetter) && t.signed.is_none(),
        may_issue: public && ask.may_now(Action::IssueLetter) && t.signed.is_some() && t.issued.is_none(),
    }
}

/// The ways to read a text: page, large print, PDF where there is a typesetter.
fn text_files(ask: &Ask, id: &str, letter: bool) -> Vec<(String, String)> {
    let mut out = vec![(ask.t.say("letter-read").into_owned(), ask.to(&format!("letters/{id}/document")))];
    let pdf = Typesetter::available();
    let file = |name: &str| ask.to(&format!("letters/{id}/files/{name}"));
    if pdf {
        out.push(("PDF".to_owned(), file("text.pdf")));
    }
    if letter {
        let href = ask.to_with(&format!("letters/{id}/document"), &[("large", "1")]);
        out.push((ask.t.say("letter-large").into_owned(), href));
        if pdf {
            out.push((ask.t.say("letter-large-pdf").into_owned(), file("large.pdf")));
        }
    }
    out
}

/// The texts of the folder with the results in them, and why there are none. Made once for each position and cut-off.
fn drafts(
    ask: &Ask,
    adopted: &[AdoptedLetter],
    day: Date,
) -> Result<(Vec<DraftTold>, Option<String>), Trouble> {
    let Some(letters) = ask.study.texts().filter(|_| may_read(ask, None)) else {
        return Ok((Vec::new(), None));
    };
    let lines = ask.study.cached(&ask.picture, day, &ask.viewer, ("drafts", 1), || {
        let results = results(&ask.picture, day)?;
        let mut out = String::new();
        for wanted in all(letters) {
            let draft = made(letters, wanted, &results, &ask.picture)?;
            out += &format!("{}\t{}\t{}\n", Hash(draft.hash), draft.findings.len(), draft.unreviewed.len());
        }
        Ok::<_, Trouble>(out)
    });
    let lines = match lines {
        Ok(lines) => lines,
        // Results that are closed, or a text that cannot be told, are said here; the rest of the page stands.
        Err(Trouble::Refused(reasons)) => {
            let why: Vec<&str> = reasons.iter().map(|r| ask.t.of(&r.text)).collect();
            return Ok((Vec::new(), Some(why.join(" "))));
        }
        Err(other) => return Err(other),
    };
    let told = all(letters).into_iter().zip(lines.lines()).filter_map(|(wanted, line)| {
        let mut cells = line.split('\t');
        let hash: String = cells.next()?.to_owned();
        let adopted = adopted.iter().any(|t| t.adopted.text.to_string() == hash);
        let (kind, lang, reader) = (wanted.kind.name(), wanted.lang.tag(), reader_name(wanted.reader));
        let id = format!("draft-{kind}-{lang}-{reader}");
        Some(DraftTold {
            name: name(ask, &key(wanted.kind, wanted.lang, wanted.reader)),
            short: hash.chars().take(12).collect(),
            findings: cells.next()?.parse().ok()?,
            unreviewed: cells.next()?.parse().ok()?,
            files: text_files(ask, &id, wanted.kind == Kind::Letter),
            kind,
            lang,
            reader,
            adopted,
            may_adopt: !adopted && ask.may_now(Action::AdoptLetter),
        })
    });
    Ok((told.collect(), None))
}

/// What an address names: a draft of the folder, or a text of the ledger.
enum Named<'a> {
    Draft(Wanted),
    Adopted(&'a AdoptedLetter),
}

fn named<'a>(ask: &'a Ask, id: &str) -> Result<Named<'a>, Trouble> {
    if let Some(rest) = id.strip_prefix("draft-") {
        let mut parts = rest.split('-');
        let (kind, lang, reader) = (parts.next(), parts.next(), parts.next());
        let texts = ask.study.texts().ok_or(Trouble::Missing)?;
        let found = all(texts).into_iter().find(|w| {
            Some(w.kind.name()) == kind && Some(w.lang.tag()) == lang && Some(reader_name(w.reader)) == reader
        });
        return found.filter(|_| may_read(ask, None)).map(Named::Draft).ok_or(Trouble::Missing);
    }
    let text = ask.picture.state.letters.texts.iter().find(|t| t.adopted.text.to_string() == id);
    text.filter(|t| ask.may_open("letters") && may_read(ask, Some(t)))
        .map(Named::Adopted)
        .ok_or(Trouble::Missing)
}

/// A text as a document. Of the ledger only if the folder still makes these very words; otherwise none.
fn document(ask: &Ask, id: &str, large: bool) -> Result<Option<Document>, Trouble> {
    let named = named(ask, id)?;
    let Some(letters) = ask.study.texts() else { return Ok(None) };
    Ok(match named {
        Named::Draft(wanted) => {
            let results = results(&ask.picture, draft_day(ask))?;
            let draft = made(letters, Wanted { large, ..wanted }, &results, &ask.picture)?;
            let known = ask.picture.state.letters.text(&Hash(draft.hash));
            let standing = standing(known);
            Some(made(letters, Wanted { large, standing, ..wanted }, &results, &ask.picture)?.document)
        }
        Named::Adopted(text) => {
            let Some(wanted) = wanted(&text.adopted.letter) else { return Ok(None) };
            let picture = ask.study.at(Some(text.adopted.position))?;
            let results = results(&picture, text.adopted.cutoff)?;
            let wanted = Wanted { large, standing: standing(Some(text)), ..wanted };
            let draft = made(letters, wanted, &results, &picture);
            draft.ok().filter(|d| Hash(d.hash) == text.adopted.text).map(|d| d.document)
        }
    })
}

fn standing(text: Option<&AdoptedLetter>) -> Standing {
    match text {
        Some(t) if t.issued.is_some() => Standing::Issued,
        Some(t) if t.signed.is_some() => Standing::SignedOff,
        _ => Standing::Draft,
    }
}

/// The recorded words, where nothing here makes them any more.
fn words(ask: &Ask, id: &str) -> Result<Response, Trouble> {
    let Named::Adopted(text) = named(ask, id)? else { return Err(Trouble::Missing) };
    let bytes = ask.study.attachment(&text.adopted.text)?.ok_or(Trouble::Missing)?;
    kept("application/json", &format!("{}-{}.json", ask.study.name, short(&text.adopted.text)), bytes)
}

pub(crate) async fn read(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        let id = ask.part("text")?;
        let Some(document) = document(&ask, id, ask.asked("large") == "1")? else { return words(&ask, id) };
        let html = report::page(&document);
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy(&html)),
        ];
        Ok((headers, html).into_response())
    })
    .await
}

pub(crate) async fn file(ask: Ask) -> Result<Response, Trouble> {
    blocking(move || {
        let (id, name) = (ask.part("text")?, ask.part("file")?);
        let large = match name {
            "text.pdf" => false,
            "large.pdf" => true,
            "words.json" => return words(&ask, id),
            _ => return Err(Trouble::Missing),
        };
        let Some(document) = document(&ask, id, large)? else { return words(&ask, id) };
        let made = figures::typeset(|t| t.pdf(&document)).map_err(not_set)?;
        let id: String = id.chars().take(24).collect();
        kept("application/pdf", &format!("{}-{id}-{name}", ask.study.name), made.bytes)
    })
    .await
}

type Typed = BTreeMap<String, String>;

fn typed<'a>(typed: &'a Typed, name: &'static str) -> Result<&'a str, Trouble> {
    typed.get(name).map(|t| t.trim()).filter(|t| !t.is_empty()).ok_or(Trouble::Bad(name))
}

async fn carry_out(ask: Ask, form: Typed, act: LetterAct, files: Vec<Blob>) -> Result<Response, Trouble> {
    blocking(move || {
        ask.must_be_now()?;
        let context = ask.context(form.get("token").map_or("", String::as_str), None)?;
        ask.study.execute_with(&Command::Letter { letter: act }, &context, files)?;
        Ok(Redirect::to(back(&ask, form.get("back"))).into_response())
    })
    .await
}

/// Puts a draft before the reviewers: its words go into the ledger.
pub(crate) async fn adopt(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    ask.must(Action::AdoptLetter)?;
    let day = typed(&form, "cutoff")?.parse::<Date>().map_err(|_| Trouble::Bad("cutoff"))?;
    let id = format!("draft-{}-{}-{}", typed(&form, "kind")?, typed(&form, "lang")?, typed(&form, "reader")?);
    let (ask, act, words) = blocking(move || {
        let Named::Draft(wanted) = named(&ask, &id)? else { return Err(Trouble::Missing) };
        let letters = ask.study.texts().ok_or(Trouble::Missing)?;
        let results = results(&ask.picture, day)?;
        let draft = made(letters, wanted, &results, &ask.picture)?;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let words = Blob::new(draft.reviewed);
        let act = LetterAct::Adopt {
            letter: key(wanted.kind, wanted.lang, wanted.reader),
            text: words.hash(),
            cutoff: results.cutoff,
            position: results.seq,
            findings: count(draft.findings.len()),
            unreviewed: count(draft.unreviewed.len()),
            embargo: letters.embargo(wanted.kind),
        };
        Ok((ask, act, words))
    })
    .await?;
    carry_out(ask, form, act, vec![words]).await
}

/// The adopted text that the address names.
fn text(ask: &Ask) -> Result<Hash, Trouble> {
    match named(ask, ask.part("text")?)? {
        Named::Adopted(text) => Ok(text.adopted.text),
        Named::Draft(_) => Err(Trouble::Missing),
    }
}

pub(crate) async fn comment(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    let act = LetterAct::Comment { text: text(&ask)?, comment: typed(&form, "text")?.to_owned() };
    carry_out(ask, form, act, Vec::new()).await
}

pub(crate) async fn sign(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    let act = LetterAct::SignOff { text: text(&ask)? };
    carry_out(ask, form, act, Vec::new()).await
}

pub(crate) async fn issue(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    let act = LetterAct::Issue { text: text(&ask)?, how: typed(&form, "how")?.to_owned() };
    carry_out(ask, form, act, Vec::new()).await
}

/// The participant of a form: one that this person may see.
fn participant(ask: &Ask, form: &Typed) -> Result<ParticipantId, Trouble> {
    let id = ParticipantId(typed(form, "participant")?.parse().map_err(|_| Trouble::Missing)?);
    ask.view_at(None)?.participant(id).map(|p| p.id()).ok_or(Trouble::Missing)
}

fn on(form: &Typed) -> Result<Date, Trouble> {
    typed(form, "on")?.parse().map_err(|_| Trouble::Bad("on"))
}

pub(crate) async fn asked(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    let vital = match typed(&form, "vital")? {
        "alive" => Vital::Alive,
        "dead" => Vital::Dead,
        "unknown" => Vital::Unknown,
        _ => return Err(Trouble::Bad("vital")),
    };
    let wishes = match typed(&form, "wishes")? {
        "yes" => true,
        "no" => false,
        _ => return Err(Trouble::Bad("wishes")),
    };
    let act = LetterAct::Ask { participant: participant(&ask, &form)?, vital, wishes, on: on(&form)? };
    carry_out(ask, form, act, Vec::new()).await
}

pub(crate) async fn hand_over(ask: Ask, Form(form): Form<Typed>) -> Result<Response, Trouble> {
    let text = match named(&ask, typed(&form, "text")?)? {
        Named::Adopted(text) => text.adopted.text,
        Named::Draft(_) => return Err(Trouble::Missing),
    };
    let participant = participant(&ask, &form)?;
    let act = LetterAct::HandOver { participant, text, on: on(&form)?, how: typed(&form, "how")?.to_owned() };
    carry_out(ask, form, act, Vec::new()).await
}

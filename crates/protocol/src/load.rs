//! From a study folder to a protocol that runs, or to all that is wrong with it.

use crate::check::{Finding, check};
use crate::compile::{Compiled, compile};
use crate::diagnostic::{Diagnostic, MOST, Place, Severity, enough, nearest};
use crate::shape::{self, Broken};
use crate::tree::{self, Files, Key, Kind, Node, Part, Span};
use crate::{Protocol, schema};
use rules::Functions;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use words::Text;

/// A protocol that runs.
#[derive(Debug)]
pub struct Loaded {
    pub compiled: Arc<Compiled>,
    /// What a ledger adopts: JSON without white space, parts in the order of the model, what equals a default left out.
    pub canonical: Vec<u8>,
    /// SHA-256 of `canonical`.
    pub hash: [u8; 32],
    pub warnings: Vec<Diagnostic>,
}

const PROTOCOL: &str = "protocol.yaml";
/// The files beside `forms/`.
const FILES: [&str; 3] = [PROTOCOL, "test-patients.yaml", "published.yaml"];
/// No file of a study folder is larger, in bytes.
const LARGEST: u64 = 8 << 20;

/// Reads a study folder: `protocol.yaml`, `forms/*.yaml`, and if they are there `test-patients.yaml` and
/// `published.yaml`. Checks everything and runs the test patients. On failure all errors and warnings, by place.
pub fn load(folder: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(folder, &Functions::standard())
}

/// As [`load`], with more functions that rules may call.
pub fn load_with(folder: &Path, functions: &Functions) -> Result<Loaded, Vec<Diagnostic>> {
    let mut found = vec![];
    let files = read_folder(folder, &mut found);
    load_files(files, functions, found)
}

/// As [`load`], from texts by name (`protocol.yaml`, `forms/death.yaml`): for tests, editors and uploads.
pub fn load_texts<'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let texts: BTreeMap<String, Vec<u8>> =
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    load_files(texts, &Functions::standard(), vec![])
}

fn load_files(
    texts: BTreeMap<String, Vec<u8>>,
    functions: &Functions,
    mut found: Vec<Diagnostic>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut files = Files::default();
    let joined = join(&texts, &mut files, &mut found);
    let outcome = joined.and_then(|joined| build(joined, &files, functions, &mut found));
    if enough(&found) {
        let message = Text::new(
            format!("誤りが多すぎるため、最初の {MOST} 件ほどで止めました。"),
            format!("Too many errors: it stopped after about {MOST}."),
        );
        let hint = Text::new("直してからもう一度確かめてください。", "Mend them and check again.");
        found.push(Diagnostic::error("P0199", message).hint(hint));
    }
    found.sort_by(|a, b| a.place.cmp(&b.place).then(a.severity.cmp(&b.severity)));
    found.dedup();
    match outcome {
        Some((compiled, canonical)) if !found.iter().any(Diagnostic::is_error) => {
            Ok(Loaded { hash: compiled.hash, compiled: Arc::new(compiled), canonical, warnings: found })
        }
        _ => Err(found),
    }
}

/// A finding about a file as a whole.
fn about(file: &str) -> Place {
    Place { file: file.to_owned(), line: 1, column: 1, excerpt: String::new(), from: 1, width: 1 }
}

/// Files of the folder by name; those that cannot be read are told.
fn read_folder(folder: &Path, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Vec<u8>> {
    let mut names = form_names(folder, found);
    let listed = |name: &str, names: &[String]| names.iter().any(|n| n == name);
    for name in FILES {
        // A link that leads nowhere is there, and must not pass for a file that was left out.
        if std::fs::symlink_metadata(folder.join(name)).is_ok() && !listed(name, &names) {
            names.push(name.to_owned());
        }
    }
    misnamed(folder, found);
    let mut texts = BTreeMap::new();
    for name in names {
        let path = folder.join(&name);
        match std::fs::metadata(&path) {
            Ok(m) if m.is_file() && m.len() > LARGEST => {
                let message = Text::new("ファイルが 8 MB を超えています。", "The file is larger than 8 MB.");
                found.push(Diagnostic::error("P0108", message).at(about(&name)));
            }
            Ok(m) if m.is_file() => match std::fs::read(&path) {
                Ok(bytes) => {
                    texts.insert(name, bytes);
                }
                Err(_) => found.push(unreadable(&name)),
            },
            _ => found.push(unreadable(&name)),
        }
    }
    texts
}

/// `forms/*.yaml`; other spellings of the ending are told, so that no form is left out in silence.
fn form_names(folder: &Path, found: &mut Vec<Diagnostic>) -> Vec<String> {
    let entries = match std::fs::read_dir(folder.join("forms")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return vec![],
        Err(_) => {
            found.push(unreadable("forms"));
            return vec![];
        }
    };
    let mut names = vec![];
    for entry in entries {
        let Ok(entry) = entry else {
            found.push(unreadable("forms"));
            continue;
        };
        let file = entry.file_name();
        let Some(name) = file.to_str() else {
            found.push(unreadable(&format!("forms/{}", file.to_string_lossy())));
            continue;
        };
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        match ending {
            _ if name.starts_with('.') => {}
            "yaml" => names.push(format!("forms/{name}")),
            other if ["yaml", "yml"].iter().any(|e| other.eq_ignore_ascii_case(e)) => {
                let message = Text::new(
                    format!("「forms/{name}」は読まれません。"),
                    format!("\"forms/{name}\" is not read."),
                );
                let hint = Text::new(
                    format!("「{stem}.yaml」という名前にしてください。"),
                    format!("Call it \"{stem}.yaml\"."),
                );
                found
                    .push(Diagnostic::error("P0107", message).at(about(&format!("forms/{name}"))).hint(hint));
            }
            _ => {}
        }
    }
    names
}

/// Files beside the protocol whose name is nearly that of one that would be read.
fn misnamed(folder: &Path, found: &mut Vec<Diagnostic>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let Some(name) = file.to_str().filter(|n| !FILES.contains(n)) else { continue };
        if let Some(near) = nearest(name, FILES) {
            let message =
                Text::new(format!("「{name}」は読まれません。"), format!("\"{name}\" is not read."));
            let hint = Text::new(format!("「{near}」のことですか。"), format!("Did you mean \"{near}\"?"));
            found.push(Diagnostic::warning("P0906", message).at(about(name)).hint(hint));
        }
    }
}

fn unreadable(name: &str) -> Diagnostic {
    let message = Text::new(format!("「{name}」を読めません。"), format!("\"{name}\" cannot be read."));
    Diagnostic::error("P0106", message).at(about(name)).hint(Text::new(
        "ファイルであること、読む権限があることを確かめてください。",
        "Check that it is a file and that you may read it.",
    ))
}

/// All files of the folder as one tree, as the model has it.
struct Joined {
    root: Node,
    /// Every form is there, so that references to them can be checked.
    whole: bool,
}

fn join(texts: &BTreeMap<String, Vec<u8>>, files: &mut Files, found: &mut Vec<Diagnostic>) -> Option<Joined> {
    let Some(protocol) = texts.get(PROTOCOL) else {
        if found.is_empty() {
            let message =
                Text::new("プロトコルのファイル protocol.yaml がありません。", "There is no protocol.yaml.");
            found.push(Diagnostic::error("P0102", message).hint(Text::new(
                "試験のフォルダー（protocol.yaml と forms/ があるところ）を指定してください。",
                "Name the folder of a study: the one that holds protocol.yaml and forms/.",
            )));
        }
        return None;
    };
    let mut root = tree::read(files, PROTOCOL, protocol, found);
    let whole = |files: &mut Files, name: &str, text: &[u8], found: &mut Vec<Diagnostic>| {
        let node = tree::read(files, name, text, found)?;
        let start = Span { end: node.span.start, ..node.span };
        Some((start, node))
    };
    let mut forms = vec![];
    let mut whole_forms = true;
    for (name, text) in texts {
        let Some(id) = name.strip_prefix("forms/").and_then(|n| n.strip_suffix(".yaml")) else { continue };
        match whole(files, name, text, found) {
            Some((span, node)) => forms.push((Key { text: id.to_owned(), span }, node)),
            None => whole_forms = false,
        }
    }
    let mut parts = vec![];
    for (key, name) in [("test_patients", "test-patients.yaml"), ("published", "published.yaml")] {
        if let Some((span, node)) = texts.get(name).and_then(|text| whole(files, name, text, found)) {
            parts.push((Key { text: key.to_owned(), span }, node));
        }
    }
    if let Some(Node { kind: Kind::Map(entries), .. }) = &mut root {
        for (key, file) in [
            ("forms", "forms/*.yaml"),
            ("test_patients", "test-patients.yaml"),
            ("published", "published.yaml"),
        ] {
            if let Some(at) = entries.iter().position(|(k, _)| k.text == key) {
                let (key, _) = entries.remove(at);
                let message = Text::new(
                    format!("「{}」は protocol.yaml には書きません。", key.text),
                    format!("\"{}\" is not written in protocol.yaml.", key.text),
                );
                let hint = Text::new(format!("{file} に書いてください。"), format!("Write it in {file}."));
                found.push(Diagnostic::error("P0109", message).at(files.place(key.span)).hint(hint));
            }
        }
        if forms.is_empty() && whole_forms {
            let message = Text::new(
                "症例報告書（forms/*.yaml）が 1 つもありません。",
                "There is no form (forms/*.yaml).",
            );
            found.push(Diagnostic::error("P0105", message).hint(Text::new(
                "forms フォルダーに、用紙ごとに 1 つのファイルを置いてください。ファイル名が用紙の id になります。",
                "Put one file per form into the folder `forms`; its name is the form's id.",
            )));
            whole_forms = false;
        }
        let span = Span { file: 0, start: 0, end: 0 };
        entries.push((Key { text: "forms".into(), span }, Node { span, kind: Kind::Map(forms) }));
        entries.extend(parts);
    }
    root.map(|root| Joined { root, whole: whole_forms })
}

fn build(
    joined: Joined,
    files: &Files,
    functions: &Functions,
    found: &mut Vec<Diagnostic>,
) -> Option<(Compiled, Vec<u8>)> {
    let Joined { root, whole } = joined;
    let schema = &*schema::MODEL;
    let mut broken = Broken::default();
    let value = shape::json(schema, &root, files, found, &mut broken);
    if !whole {
        return None;
    }
    let protocol: Protocol = match serde_json::from_value(value) {
        Ok(protocol) => protocol,
        Err(error) => {
            // The schema let something pass that the model does not take: say so rather than go on.
            if !found.iter().any(Diagnostic::is_error) {
                let message = Text::new(
                    format!("プロトコルを読めません: {error}"),
                    format!("The protocol cannot be read: {error}"),
                );
                found.push(Diagnostic::error("P0299", message).at(about(PROTOCOL)));
            }
            return None;
        }
    };
    let canonical = canonical(&protocol);
    let mut findings = check(&protocol);
    findings.extend(crate::concepts::check(&protocol));
    let doubtful = doubtful(&protocol, &broken);
    let compiled = compile(protocol, Sha256::digest(&canonical).into(), functions, doubtful, &mut findings);
    let sound = !found.iter().any(Diagnostic::is_error)
        && !findings.iter().any(|f| f.diagnostic.severity == Severity::Error);
    if let (true, Some(compiled)) = (sound, &compiled) {
        crate::patients::run(compiled, &mut findings);
    }
    found.extend(findings.into_iter().filter(|f| !broken.covers(&f.path)).map(|f| place(&root, files, f)));
    compiled.map(|compiled| (compiled, canonical))
}

/// Ids of items of which something is broken, other than their words.
fn doubtful(protocol: &Protocol, broken: &Broken) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for path in broken.paths() {
        let (Some(Part::Key(forms)), Some(Part::Key(form))) = (path.first(), path.get(1)) else { continue };
        let words =
            matches!(path.last(), Some(Part::Key(key)) if matches!(key.as_str(), "ja" | "en" | "note"));
        let Some(found) = protocol.forms.get(form).filter(|_| forms == "forms" && !words) else { continue };
        let item = match path {
            [_, _, _, Part::Index(s), _, Part::Index(i), ..] => {
                found.sections.get(*s).and_then(|section| section.items.get(*i))
            }
            _ => None,
        };
        match item {
            Some(item) if !item.id.is_empty() => out.extend([item.id.clone()]),
            _ => out.extend(found.items().map(|item| item.id.clone())),
        }
    }
    out
}

fn place(root: &Node, files: &Files, finding: Finding) -> Diagnostic {
    let span = match (&finding.inside, root.get(&finding.path)) {
        (Some(range), Some(node)) => node.inner(files, range.start, range.end),
        _ if finding.on_key => root.key_span(&finding.path),
        _ => root.span_of(&finding.path),
    };
    finding.diagnostic.at(files.place(span))
}

/// The bytes that a ledger adopts.
pub fn canonical(protocol: &Protocol) -> Vec<u8> {
    let mut value = serde_json::to_value(protocol).unwrap_or_default();
    shape::without_defaults(&schema::MODEL, &mut value);
    value.to_string().into_bytes()
}

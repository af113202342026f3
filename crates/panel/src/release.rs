//! Releases: what a release holds by hash, who signed it, what changed between two and which cases that touches.

use crate::knowledge::{Files, Knowledge, Query};
use crate::options::Options;
use crate::{Patient, Problem};
use ledger::{Checkpoint, Hash, NoteError, Signer, Verifier};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

impl Files {
    /// SHA-256 over the names and contents of all files.
    pub fn hash(&self) -> Hash {
        // Each part with its length, so that no text can be moved from one part to the next.
        let mut bytes = b"shirube.knowledge.1".to_vec();
        for part in self.0.iter().flat_map(|(name, text)| [name, text]) {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        Hash::of(&bytes)
    }

    fn size(&self) -> u64 {
        self.0.values().map(|text| text.lines().count() as u64).sum()
    }

    fn checkpoint(&self, signer: &Signer) -> Checkpoint {
        Checkpoint { origin: signer.origin(ORIGIN), size: self.size(), root: self.hash() }
    }

    /// A signed note over the hash of all files (Ed25519).
    pub fn sign(&self, signer: &Signer) -> String {
        signer.sign(&self.checkpoint(signer))
    }

    /// Whether a note is a true signature by one of the keys over exactly these files.
    pub fn verify(&self, note: &str, keys: &[Verifier]) -> Result<bool, NoteError> {
        let checkpoint = Checkpoint::open(note, keys)?;
        Ok(checkpoint.study(keys) == Some(ORIGIN)
            && checkpoint.root == self.hash()
            && checkpoint.size == self.size())
    }
}

const ORIGIN: &str = "knowledge";

impl Knowledge {
    /// Whether two people, neither of whom entered it, have reviewed a row.
    pub fn reviewed_by_two(&self, row: &str) -> bool {
        let own = || self.reviews.iter().filter(|r| r.row == row);
        let curators: BTreeSet<&str> = own().map(|r| r.curator.as_str()).collect();
        own().map(|r| r.reviewer.as_str()).filter(|r| !curators.contains(r)).collect::<BTreeSet<_>>().len()
            >= 2
    }

    /// What keeps this from being released: facts, labels, routes and checks of specimens that two people have not reviewed.
    pub fn not_releasable(&self) -> Vec<Problem> {
        let facts = self.approvals.iter().map(|a| ("approvals.csv", a.line, &a.id));
        let labels = self.labels.iter().map(|l| ("labels.csv", l.line, &l.id));
        let routes = self.routes.iter().map(|r| ("routes.csv", r.line, &r.id));
        let checks = self.adequacy.iter().map(|c| ("adequacy.csv", c.line, &c.id));
        facts
            .chain(labels)
            .chain(routes)
            .chain(checks)
            .filter(|(_, _, id)| !self.reviewed_by_two(id))
            .map(|(file, line, id)| {
                Problem::new(
                    format!("{file}:{line}"),
                    "review",
                    format!("`{id}` は入力者以外の2名の査読を受けていません"),
                    format!("`{id}` has not been reviewed by two people other than its curator"),
                )
            })
            .collect()
    }
}

/// What happened to one row between two releases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    pub file: String,
    pub id: String,
    /// `added`, `removed` or `changed`.
    pub what: &'static str,
    /// Column, before, after.
    pub cells: Vec<(String, String, String)>,
}

type Rows = BTreeMap<String, Vec<(String, String)>>;

fn rows(files: &Files, name: &str) -> Rows {
    let mut out = Rows::new();
    let Some(text) = files.0.get(name) else { return out };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().map(|h| h.iter().map(str::to_owned).collect()).unwrap_or_default();
    for record in reader.records().flatten() {
        // Results and reviews have no id: the row itself is one.
        let keyed = !matches!(name, "results.csv" | "reviews.csv");
        let key = if keyed {
            record.get(0).unwrap_or("").to_owned()
        } else {
            record.iter().collect::<Vec<_>>().join(",")
        };
        out.insert(key, header.iter().cloned().zip(record.iter().map(str::to_owned)).collect());
    }
    out
}

/// All rows that differ, by file and id.
pub fn changes(before: &Files, after: &Files) -> Vec<Change> {
    let mut out = Vec::new();
    let names: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
    for name in names {
        let (old, new) = (rows(before, name), rows(after, name));
        let ids: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for id in ids {
            let change = |what, cells| Change { file: name.clone(), id: id.clone(), what, cells };
            match (old.get(id), new.get(id)) {
                (None, Some(_)) => out.push(change("added", Vec::new())),
                (Some(_), None) => out.push(change("removed", Vec::new())),
                (Some(a), Some(b)) if a != b => {
                    let columns: BTreeSet<&String> = a.iter().chain(b).map(|(c, _)| c).collect();
                    let get = |row: &[(String, String)], column: &String| {
                        row.iter().find(|(c, _)| c == column).map_or(String::new(), |(_, v)| v.clone())
                    };
                    let cells = columns
                        .into_iter()
                        .map(|c| (c.clone(), get(a, c), get(b, c)))
                        .filter(|(_, x, y)| x != y)
                        .collect();
                    out.push(change("changed", cells));
                }
                _ => {}
            }
        }
    }
    out
}

/// What is different for one open case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Touched {
    pub case: String,
    /// Regimen, before, after: `not_eligible (positive_opinion)`.
    pub regimens: Vec<(String, String, String)>,
    /// Finding, before, after: `2 approved_elsewhere`.
    pub findings: Vec<(String, String, String)>,
}

/// What differs between two answers for one case; `None` when nothing does.
pub fn touched(case: &str, before: &Options, after: &Options) -> Option<Touched> {
    let regimen = |o: &Options| -> BTreeMap<String, String> {
        let told = |r: &crate::RegimenOption| {
            let missing =
                if r.missing.is_empty() { String::new() } else { format!(": {}", r.missing.join(", ")) };
            format!("{} ({}){missing}", r.verdict.code(), r.status.code())
        };
        o.regimens.iter().map(|r| (r.id.clone(), told(r))).collect()
    };
    let finding = |o: &Options| -> BTreeMap<String, String> {
        let told = |f: &crate::FindingClass| {
            format!("{} {}", f.class.map_or("open".to_owned(), |c| c.to_string()), f.reason)
        };
        o.findings.iter().map(|f| (f.finding.clone(), told(f))).collect()
    };
    let (regimens, findings) =
        (differ(&regimen(before), &regimen(after)), differ(&finding(before), &finding(after)));
    (!regimens.is_empty() || !findings.is_empty()).then(|| Touched {
        case: case.to_owned(),
        regimens,
        findings,
    })
}

fn differ(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<(String, String, String)> {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let get =
        |map: &BTreeMap<String, String>, id: &String| map.get(id).cloned().unwrap_or_else(|| "-".to_owned());
    ids.into_iter()
        .map(|id| (id.clone(), get(before, id), get(after, id)))
        .filter(|(_, a, b)| a != b)
        .collect()
}

/// The answers of two releases (or of one at two days) for one patient.
pub fn compare(
    case: &str,
    (before, first, then): (&Knowledge, &Patient, Query),
    (after, second, now): (&Knowledge, &Patient, Query),
) -> Option<Touched> {
    touched(case, &before.view(then).options(first), &after.view(now).options(second))
}

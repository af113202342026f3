//! Reads and checks the files of a release: every row has its source, every label compiles.

mod beside;
mod files;

pub use files::Files;

use super::*;
use crate::Problem;
use biomarkers::{Vocabulary, field};
use rules::{Diagnostic, Item, Scope, Type};
use std::collections::BTreeSet;
use std::sync::Arc;
use words::Text;

/// One row with its place.
struct Row<'t> {
    table: &'t Table,
    record: csv::StringRecord,
    line: u64,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        let at = self.table.columns.iter().position(|c| c == column);
        at.and_then(|at| self.record.get(at)).unwrap_or("").trim()
    }

    fn list(&self, column: &str) -> Vec<String> {
        self.get(column).split(';').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    fn place(&self, column: &str) -> String {
        format!("{}:{} {column}", self.table.name, self.line)
    }
}

struct Table {
    name: &'static str,
    columns: Vec<String>,
}

struct Loader {
    problems: Vec<Problem>,
}

impl Loader {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Calls `each` with every row of a file that has the columns it needs.
    fn rows(
        &mut self,
        files: &Files,
        name: &'static str,
        needs: &[&str],
        mut each: impl FnMut(&mut Loader, &Row<'_>),
    ) {
        let Some(text) = files.0.get(name) else {
            if Files::LATER.contains(&name) {
                return;
            }
            return self.problem(Problem::new(name, "file", "ファイルがありません", "the file is missing"));
        };
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let columns: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(e) => {
                let told = e.to_string();
                return self.problem(Problem::new(name, "csv", told.clone(), told));
            }
        };
        for need in needs.iter().filter(|need| !columns.iter().any(|c| c == **need)) {
            self.problem(Problem::new(
                format!("{name}:1"),
                "column",
                format!("列 `{need}` がありません"),
                format!("the column `{need}` is missing"),
            ));
        }
        let table = Table { name, columns };
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    each(self, &Row { table: &table, record, line });
                }
                Err(e) => {
                    let line = e.position().map_or(0, csv::Position::line);
                    let told = e.to_string();
                    self.problem(Problem::new(format!("{name}:{line}"), "csv", told.clone(), told));
                }
            }
        }
    }

    fn certainty(&mut self, row: &Row<'_>) -> Certainty {
        match row.get("certainty") {
            "H" => Certainty::High,
            "M" => Certainty::Moderate,
            "L" => Certainty::Low,
            other => {
                let (ja, en) = (
                    format!("確実性は H、M、L のいずれかです（`{other}`）"),
                    format!("certainty is H, M or L, not `{other}`"),
                );
                self.problem(Problem::new(row.place("certainty"), "code", ja, en));
                Certainty::Low
            }
        }
    }

    /// A row that states a fact must say where it is from.
    fn source(&mut self, row: &Row<'_>) {
        if row.get("source").is_empty() {
            self.problem(
                Problem::new(row.place("source"), "source", "出典がありません", "the row has no source")
                    .hint("この事実を読んだ資料を記入してください", "state where this fact was read"),
            );
        }
    }

    fn unknown(&mut self, row: &Row<'_>, column: &str, found: &str) {
        self.problem(Problem::new(
            row.place(column),
            "unknown",
            format!("`{found}` は知られていません"),
            format!("`{found}` is not known"),
        ));
    }

    fn day(&mut self, row: &Row<'_>, column: &str) -> Date {
        row.get(column).parse().unwrap_or_else(|_| {
            let found = row.get(column);
            let (ja, en) = (format!("`{found}` は日付ではありません"), format!("`{found}` is not a date"));
            self.problem(Problem::new(row.place(column), "date", ja, en));
            Date::MAX
        })
    }

    fn partial(&mut self, row: &Row<'_>) -> PartialDate {
        let (text, precision) = (row.get("date"), row.get("date_precision"));
        let date: Option<PartialDate> = text.parse().ok();
        match (date, precision) {
            (Some(date @ PartialDate::Day(_)), "day")
            | (Some(date @ PartialDate::Month(..)), "month")
            | (Some(date @ PartialDate::Year(_)), "year") => date,
            _ => {
                let (ja, en) = (
                    format!("`{text}` は精度 `{precision}` の日付ではありません"),
                    format!("`{text}` is not a date of precision `{precision}`"),
                );
                self.problem(Problem::new(row.place("date"), "date", ja, en));
                PartialDate::Day(Date::MAX)
            }
        }
    }

    fn twice(&mut self, seen: &mut BTreeSet<String>, row: &Row<'_>, column: &str) {
        let id = row.get(column);
        if id.is_empty() || !seen.insert(id.to_owned()) {
            let (ja, en) =
                (format!("`{id}` は空か、重複しています"), format!("`{id}` is empty or there already"));
            self.problem(Problem::new(row.place(column), "twice", ja, en));
        }
    }

    fn jurisdiction(&mut self, row: &Row<'_>) -> Option<Place> {
        let place = Place::from_code(row.get("jurisdiction"));
        if place.is_none() {
            self.unknown(row, "jurisdiction", row.get("jurisdiction"));
        }
        place
    }
}

/// The item that holds the results of all genes.
pub(crate) const VARIANT: &str = "variant";

impl Knowledge {
    /// Checks and compiles a release. All problems are told, not only the first.
    pub fn load(files: &Files) -> Result<Knowledge, Vec<Problem>> {
        let mut l = Loader { problems: Vec::new() };

        let mut drugs = BTreeMap::new();
        let mut seen = BTreeSet::new();
        l.rows(files, "drugs.csv", &["drug_id", "name_en", "name_ja", "classes"], |l, row| {
            l.twice(&mut seen, row, "drug_id");
            let id = row.get("drug_id").to_owned();
            let name = Text::new(row.get("name_ja"), row.get("name_en"));
            drugs.insert(id.clone(), Drug { id, name, classes: row.list("classes") });
        });

        let mut assays = BTreeMap::new();
        seen.clear();
        l.rows(files, "assays.csv", &["assay_id", "label", "measures", "role", "source"], |l, row| {
            l.twice(&mut seen, row, "assay_id");
            l.source(row);
            let certainty = l.certainty(row);
            let id = row.get("assay_id").to_owned();
            let (label, measures, role) = (row.get("label"), row.get("measures"), row.get("role"));
            let assay = Assay {
                id: id.clone(),
                label: label.to_owned(),
                measures: measures.to_owned(),
                role: role.to_owned(),
                certainty,
            };
            assays.insert(id, assay);
        });

        let mut dictionary = Dictionary::new();
        let mut concepts = BTreeMap::new();
        l.rows(files, "concepts.csv", &["concept", "type", "codes_or_range", "qualifiers"], |l, row| {
            concept(l, row, &mut dictionary, &mut concepts);
        });

        let mut regimens: Vec<Regimen> = Vec::new();
        seen.clear();
        let classes: BTreeSet<&str> =
            drugs.values().flat_map(|d| d.classes.iter().map(String::as_str)).collect();
        l.rows(
            files,
            "regimens.csv",
            &["regimen_id", "label", "drugs", "indication", "indication_ja"],
            |l, row| {
                l.twice(&mut seen, row, "regimen_id");
                let own = row.list("drugs");
                for drug in own.iter().filter(|d| !drugs.contains_key(*d) && !classes.contains(d.as_str())) {
                    l.unknown(row, "drugs", drug);
                }
                regimens.push(Regimen {
                    id: row.get("regimen_id").to_owned(),
                    label: row.get("label").to_owned(),
                    drugs: own,
                    indication: row.get("indication").to_owned(),
                    indication_ja: row.get("indication_ja").to_owned(),
                    prior_requirement: row.get("prior_requirement").to_owned(),
                    certainty: l.certainty(row),
                    note: row.get("note").to_owned(),
                });
            },
        );
        let number = |id: &str| regimens.iter().position(|r| r.id == id);

        let mut approvals: Vec<Approval> = Vec::new();
        seen.clear();
        let needs = ["approval_id", "regimen_id", "event", "date", "date_precision", "known_from", "source"];
        l.rows(files, "approvals.csv", &needs, |l, row| {
            l.twice(&mut seen, row, "approval_id");
            l.source(row);
            let place = l.jurisdiction(row);
            let event = Event::from_code(row.get("event"));
            if event.is_none() {
                l.unknown(row, "event", row.get("event"));
            }
            let regimen = number(row.get("regimen_id"));
            if regimen.is_none() {
                l.unknown(row, "regimen_id", row.get("regimen_id"));
            }
            let assay = Some(row.get("assay_id")).filter(|a| !a.is_empty()).map(str::to_owned);
            if let Some(assay) = assay.as_ref().filter(|a| !assays.contains_key(*a)) {
                l.unknown(row, "assay_id", assay);
            }
            let (date, known_from, certainty) = (l.partial(row), l.day(row, "known_from"), l.certainty(row));
            let (Some(place), Some(event), Some(regimen)) = (place, event, regimen) else { return };
            approvals.push(Approval {
                id: row.get("approval_id").to_owned(),
                regimen,
                place,
                event,
                date,
                known_from,
                population: row.get("population").to_owned(),
                assay,
                certainty,
                source: row.get("source").to_owned(),
                source_kind: row.get("source_kind").to_owned(),
                note: row.get("note").to_owned(),
                line: row.line,
            });
        });

        let mut functions = Functions::standard();
        let mut treatments: BTreeSet<String> = drugs.keys().cloned().collect();
        treatments.extend(classes.iter().map(|c| (*c).to_owned()));
        let words = Vocabulary {
            treatments: treatments.into_iter().collect(),
            assays: assays.keys().cloned().collect(),
        };
        if let Err(e) = biomarkers::register(&mut functions, &words) {
            l.problem(Problem::new("drugs.csv", "functions", e.to_string(), e.to_string()));
        }

        let mut labels: Vec<Label> = Vec::new();
        seen.clear();
        l.rows(files, "labels.csv", &["label_id", "regimen_id", "since", "rule"], |l, row| {
            l.twice(&mut seen, row, "label_id");
            let place = l.jurisdiction(row);
            let regimen = number(row.get("regimen_id"));
            if regimen.is_none() {
                l.unknown(row, "regimen_id", row.get("regimen_id"));
            }
            let certainty = l.certainty(row);
            let since = row.list("since");
            for id in &since {
                let fits = approvals.iter().any(|a| {
                    a.id == *id && a.event.starts() && Some(a.regimen) == regimen && Some(a.place) == place
                });
                if !fits {
                    l.unknown(row, "since", id);
                }
            }
            let rule = match Rule::compile(row.get("rule"), &Scope::new(&dictionary), &functions) {
                Ok(rule) => rule,
                Err(mistakes) => {
                    mistakes.iter().for_each(|m| l.problem(mistake(row, "rule", m)));
                    return;
                }
            };
            let (Some(place), Some(regimen)) = (place, regimen) else { return };
            labels.push(Label {
                id: row.get("label_id").to_owned(),
                regimen,
                place,
                since,
                certainty,
                rule,
                note: row.get("note").to_owned(),
                line: row.line,
            });
        });
        for approval in approvals.iter().filter(|a| a.event.starts()) {
            if !labels.iter().any(|label| label.since.contains(&approval.id)) {
                let (ja, en) = (
                    format!("`{}` の適応の規則が labels.csv にありません", approval.id),
                    format!("labels.csv has no rule for the population of `{}`", approval.id),
                );
                l.problem(Problem::new(format!("approvals.csv:{}", approval.line), "label", ja, en));
            }
        }

        let mut findings = Vec::new();
        l.rows(files, "findings.csv", &["finding", "regimens"], |l, row| {
            let mut own = Vec::new();
            for id in row.list("regimens") {
                match number(&id) {
                    Some(at) => own.push(at),
                    None => l.unknown(row, "regimens", &id),
                }
            }
            findings.push(Named { finding: row.get("finding").to_owned(), regimens: own });
        });

        let mut results = Vec::new();
        l.rows(files, "results.csv", &["trial", "regimen_id", "endpoint", "source"], |l, row| {
            l.source(row);
            let certainty = l.certainty(row);
            let Some(regimen) = number(row.get("regimen_id")) else {
                return l.unknown(row, "regimen_id", row.get("regimen_id"));
            };
            let own = |column: &str| row.get(column).to_owned();
            results.push(TrialResult {
                regimen,
                trial: own("trial"),
                nct: own("nct"),
                population: own("population"),
                endpoint: own("endpoint"),
                unit: own("unit"),
                experimental: own("value_exp"),
                control: own("value_ctl"),
                hr: own("hr"),
                interval: (own("ci_low"), own("ci_high")),
                certainty,
                source: own("source"),
            });
        });

        let mut considerations = Vec::new();
        seen.clear();
        let needs = ["consideration_id", "kind", "regimens", "when", "ja", "en", "source"];
        l.rows(files, "considerations.csv", &needs, |l, row| {
            l.twice(&mut seen, row, "consideration_id");
            l.source(row);
            let certainty = l.certainty(row);
            let dated = !row.get("known_from").is_empty();
            let known_from = dated.then(|| l.day(row, "known_from"));
            let mut regimens = Vec::new();
            for id in row.list("regimens") {
                match number(&id) {
                    Some(at) => regimens.push(at),
                    None => l.unknown(row, "regimens", &id),
                }
            }
            match Rule::compile(row.get("when"), &Scope::new(&dictionary), &functions) {
                Ok(when) => considerations.push(Consideration {
                    id: row.get("consideration_id").to_owned(),
                    kind: row.get("kind").to_owned(),
                    regimens,
                    known_from,
                    when,
                    text: Text::new(row.get("ja"), row.get("en")),
                    certainty,
                    source: row.get("source").to_owned(),
                }),
                Err(mistakes) => mistakes.iter().for_each(|m| l.problem(mistake(row, "when", m))),
            }
        });

        let known = beside::Known {
            dictionary: &dictionary,
            functions: &functions,
            drugs: &drugs,
            assays: &assays,
            concepts: &concepts,
        };
        let routes = beside::routes(&mut l, files, &known);
        let adequacy = beside::checks(&mut l, files, &known);

        let mut evidence = Vec::new();
        l.rows(files, "civic.csv", &["evidence_id", "gene", "variant", "level", "source"], |l, row| {
            l.source(row);
            evidence.push(Evidence {
                id: row.get("evidence_id").to_owned(),
                gene: row.get("gene").to_owned(),
                variant: row.get("variant").to_owned(),
                disease: row.get("disease").to_owned(),
                drugs: row.list("drugs"),
                supports: row.get("direction") == "Supports",
                level: row.get("level").to_owned(),
                resistance: row.get("significance") == "Resistance",
                known_from: l.day(row, "known_from"),
                source: row.get("source").to_owned(),
            });
        });

        let mut levels = Vec::new();
        l.rows(files, "levels.csv", &["basis", "jp", "escat", "amp", "source"], |l, row| {
            l.source(row);
            levels.push(Levels {
                basis: row.get("basis").to_owned(),
                jp: row.get("jp").to_owned(),
                escat: row.get("escat").to_owned(),
                amp: row.get("amp").to_owned(),
                unverified: l.certainty(row) != Certainty::High,
            });
        });

        let mut reviews = Vec::new();
        l.rows(files, "reviews.csv", &["row_id", "curator", "reviewer", "date"], |l, row| {
            let id = row.get("row_id").to_owned();
            let there = approvals.iter().any(|a| a.id == id)
                || labels.iter().any(|label| label.id == id)
                || routes.iter().any(|route| route.id == id)
                || adequacy.iter().any(|check| check.id == id);
            if !there {
                l.unknown(row, "row_id", &id);
            }
            for column in ["curator", "reviewer"] {
                if row.get(column).is_empty() {
                    l.unknown(row, column, "");
                }
            }
            let date = l.day(row, "date");
            let (curator, reviewer) = (row.get("curator").to_owned(), row.get("reviewer").to_owned());
            reviews.push(Review { row: id, curator, reviewer, date });
        });

        let (mut complete_to, mut stale_after_days, mut version) = (None, 180, String::new());
        l.rows(files, "release.csv", &["key", "value"], |l, row| match row.get("key") {
            "complete_to" => complete_to = Some(l.day(row, "value")),
            "stale_after_days" => match row.get("value").parse() {
                Ok(days @ 0..=3660) => stale_after_days = days,
                _ => l.unknown(row, "value", row.get("value")),
            },
            "version" => version = row.get("value").to_owned(),
            "name" => {}
            other => l.unknown(row, "key", other),
        });
        let Some(complete_to) = complete_to else {
            let (ja, en) = (
                "`complete_to` がありません",
                "`complete_to` is missing: the day up to which the files are complete",
            );
            l.problem(Problem::new("release.csv", "column", ja, en));
            return Err(l.problems);
        };

        if !l.problems.is_empty() {
            return Err(l.problems);
        }
        Ok(Knowledge {
            regimens,
            approvals,
            labels,
            drugs,
            assays,
            concepts,
            findings,
            results,
            considerations,
            evidence,
            levels,
            routes,
            adequacy,
            reviews,
            dictionary,
            functions,
            complete_to,
            stale_after_days,
            version,
        })
    }
}

fn mistake(row: &Row<'_>, column: &str, mistake: &Diagnostic) -> Problem {
    let excerpt = row.get(column).get(mistake.span.clone()).unwrap_or("");
    let place = format!("{} ({}..{} `{excerpt}`)", row.place(column), mistake.span.start, mistake.span.end);
    let mut problem = Problem::new(place, "rule", mistake.message.ja.clone(), mistake.message.en.clone());
    problem.hint = mistake.hint.clone().or_else(|| mistake.expected.clone());
    problem
}

/// Adds a concept and its item. Concepts whose results carry an assay become lists of observations, all genes one list.
fn concept(
    l: &mut Loader,
    row: &Row<'_>,
    dictionary: &mut Dictionary,
    concepts: &mut BTreeMap<String, Concept>,
) {
    let name = row.get("concept").to_owned();
    let range = row.get("codes_or_range");
    let by_assay = row.list("qualifiers").iter().any(|q| q == "assay_id");
    let list = |record| Type::List(Arc::new(record));
    let codes: Vec<String> = range.split('|').map(str::to_owned).collect();
    let bounds = || {
        let (low, high) = range.split_once("..").unwrap_or((range.trim_start_matches(">="), ""));
        (low.parse::<i64>().unwrap_or(0), high.parse::<i64>().ok())
    };
    let (domain, own) = match (name.as_str(), row.get("type")) {
        ("prior", "list") => (Domain::List, list(biomarkers::treatment_record())),
        ("ctdna.samples", "list") => (Domain::List, list(biomarkers::sample_record())),
        ("cgp.history", "list") => (Domain::List, list(rules::RecordType::default())),
        (_, "boolean") => (Domain::Boolean, Type::Boolean),
        (_, "integer") => {
            let (low, high) = bounds();
            (Domain::Integer { low, high: high.unwrap_or(i64::MAX) }, Type::Integer)
        }
        (_, "decimal") => {
            let (low, high) = bounds();
            (Domain::Decimal { low, high }, Type::Decimal { unit: None })
        }
        (_, "code" | "code list") => (Domain::Code(codes.clone()), Type::codes(codes.clone())),
        (_, other) => return l.unknown(row, "type", other),
    };
    let is_gene = name.starts_with("variant.");
    let (path, kind) = if is_gene {
        (VARIANT.to_owned(), list(biomarkers::observation_record(own)))
    } else if by_assay && domain != Domain::List {
        (name.clone(), list(biomarkers::observation_record(own)))
    } else {
        (name.clone(), own)
    };
    let slot = match dictionary.slot(&path).filter(|_| is_gene) {
        Some(slot) => Ok(slot),
        None => {
            let label = protocol::concept(&path).cloned().unwrap_or_else(|| Text::same(path.clone()));
            let mut item = Item::new(&path, kind, label);
            // `code:日本語:English`, for explanations.
            for words in row.get("words").split('|').filter(|w| !w.is_empty()) {
                match words.split(':').collect::<Vec<_>>().as_slice() {
                    [code, ja, en] if codes.iter().any(|c| c == code) => {
                        item.code_labels.insert((*code).to_owned(), Text::new(*ja, *en));
                    }
                    _ => l.unknown(row, "words", words),
                }
            }
            dictionary.add(item)
        }
    };
    match slot {
        Ok(slot) => {
            let (unit, note) = (row.get("unit").to_owned(), row.get("note").to_owned());
            concepts.insert(name.clone(), Concept { name, domain, unit, by_assay, note, slot });
        }
        Err(e) => l.problem(Problem::new(row.place("concept"), "concept", e.to_string(), e.to_string())),
    }
}

/// How many fields an observation has in the dictionary.
pub(crate) const OBSERVATION_FIELDS: usize = field::GENE + 1;

//! The class of each finding: 1 standard now, 2 trial or off-label or not yet, 3 interpretive only.

use crate::Patient;
use crate::knowledge::{Certainty, Event, Evidence, Knowledge, Levels, Place, Query, Status, VARIANT, View};
use crate::options::{Disease, Population};
use crate::routes::RouteKind;
use biomarkers::{Call, Category, field};
use rules::Value;
use serde::Serialize;
use std::sync::Arc;
use words::Decimal;

/// The class of one finding, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingClass {
    pub finding: String,
    /// None: undetermined until the missing inputs are there.
    pub class: Option<u8>,
    pub reason: &'static str,
    pub missing: Vec<String>,
    /// The regimens on which the class rests.
    pub regimens: Vec<String>,
    /// The rule that gave the class.
    pub rule: String,
    /// Ids of the facts on which it rests.
    pub rows: Vec<String>,
    /// When the class would change.
    pub changes: words::Text,
    /// The best evidence on other scales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Levels>,
    /// What class the facts that nobody has verified would give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified_view: Option<UnverifiedClass>,
}

/// The class that rests on facts of certainty M or L; never the class itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnverifiedClass {
    pub class: u8,
    pub reason: &'static str,
    pub missing: Vec<String>,
    pub rows: Vec<String>,
}

/// A finding as the profile has it.
struct Found {
    name: String,
    /// The finding under which regimens name it.
    named: String,
    /// Why it does not qualify, if it does not.
    unqualified: Option<&'static str>,
}

fn records(knowledge: &Knowledge, patient: &Patient, path: &str) -> Vec<Arc<[Value]>> {
    match knowledge.dictionary.slot(path).map(|slot| patient.values.get(slot)) {
        Some(Value::List(list)) => list.records.clone(),
        _ => Vec::new(),
    }
}

fn text(record: &[Value], at: usize) -> Option<&str> {
    match record.get(at) {
        Some(Value::Code(s) | Value::Text(s)) => Some(s),
        _ => None,
    }
}

fn number(record: &[Value]) -> Option<Decimal> {
    match record.first() {
        Some(Value::Decimal(n)) => Some(*n),
        Some(Value::Integer(n)) => Some(Decimal::from(*n)),
        _ => None,
    }
}

/// Whether a panel reports the gene as amplified.
pub(crate) fn is_amplified(knowledge: &Knowledge, patient: &Patient, gene: &str) -> bool {
    records(knowledge, patient, VARIANT).iter().any(|r| {
        text(r, field::GENE) == Some(gene)
            && text(r, field::VALUE).and_then(Call::from_code).is_some_and(Call::qualifies)
            && text(r, field::KIND).is_some_and(biomarkers::is_gain)
    })
}

/// What the profile shows, each finding once.
fn found(view: &View<'_>, patient: &Patient, disease: &Disease) -> Vec<Found> {
    let knowledge = view.knowledge;
    let mut out: Vec<Found> = Vec::new();
    let mut add = |name: &str, unqualified: Option<&'static str>| {
        out.push(Found { name: name.to_owned(), named: name.to_owned(), unqualified });
    };
    match disease.her2.category {
        Category::Positive => add("HER2_positive", None),
        Category::Low => add("HER2_low", None),
        Category::Ultralow => add("HER2_ultralow", None),
        _ => {}
    }
    // Below the threshold counts only by the assay to which the threshold belongs; by another the label's rule says open.
    for (path, name, least, assay) in [
        ("pdl1.cps", "PD-L1_CPS", 10, Some("22C3_PHARMDX")),
        ("pdl1.ic", "PD-L1_IC", 1, Some("SP142")),
        ("tmb.per_mb", "TMB", 10, None),
    ] {
        let all = records(knowledge, patient, path);
        let known = || all.iter().filter_map(|r| Some((number(r)?, text(r, field::ASSAY))));
        let best = known().filter(|(_, by)| assay.is_none_or(|a| *by == Some(a))).map(|(n, _)| n).max();
        match best {
            Some(best) => add(name, (best < Decimal::from(least)).then_some("not_qualifying")),
            None if known().next().is_some() => add(name, None),
            None => {}
        }
    }
    let msi = records(knowledge, patient, "msi.status");
    if msi.iter().any(|r| text(r, 0) == Some("high")) {
        add("MSI", None);
    } else if msi.iter().any(|r| text(r, 0).is_some()) {
        add("MSI", Some("not_qualifying"));
    }
    let germline: Vec<Call> = records(knowledge, patient, "gbrca.status")
        .iter()
        .filter_map(|r| Call::from_code(text(r, 0)?))
        .collect();
    let germline_name = match patient.germline_gene.as_deref() {
        Some("BRCA1" | "gBRCA1") => "gBRCA1",
        Some("BRCA2" | "gBRCA2") => "gBRCA2",
        _ => "gBRCA",
    };
    if germline.iter().any(|c| c.qualifies()) {
        out.push(Found {
            name: germline_name.to_owned(),
            // Which of the two genes makes no difference to the labels.
            named: if germline_name == "gBRCA" { "gBRCA1".to_owned() } else { germline_name.to_owned() },
            unqualified: None,
        });
    } else if germline.contains(&Call::Vus) {
        out.push(Found {
            name: germline_name.to_owned(),
            named: germline_name.to_owned(),
            unqualified: Some("vus"),
        });
    }
    let variants = records(knowledge, patient, VARIANT);
    let mut genes = patient.genes.clone();
    genes.dedup();
    for gene in genes {
        let own: Vec<Call> = variants
            .iter()
            .filter(|r| text(r, field::GENE) == Some(&gene))
            .filter_map(|r| Call::from_code(text(r, field::VALUE)?))
            .collect();
        // A tumour result of BRCA1/2 asks the germline question, while that is open.
        let tumour_brca = gene == "BRCA1" || gene == "BRCA2";
        let named = if tumour_brca && germline.is_empty() { format!("g{gene}") } else { gene.clone() };
        let unqualified = match own.iter().min() {
            Some(best) if best.qualifies() => None,
            Some(Call::Vus) => Some("vus"),
            _ => continue,
        };
        out.push(Found { name: gene.clone(), named: if tumour_brca { named } else { gene }, unqualified });
    }
    out
}

pub(crate) fn classify(view: &View<'_>, patient: &Patient, disease: &Disease) -> Vec<FindingClass> {
    found(view, patient, disease).into_iter().map(|f| class(view, patient, f)).collect()
}

fn class(view: &View<'_>, patient: &Patient, found: Found) -> FindingClass {
    let knowledge = view.knowledge;
    let named: &[usize] =
        knowledge.findings.iter().find(|n| n.finding == found.named).map_or(&[], |n| n.regimens.as_slice());
    let evidence = evidence(view, patient, &found);
    let answer = |class: Option<u8>, reason: &'static str, regimens: &[usize], missing: Vec<String>| {
        let mut rows: Vec<String> = match reason {
            "approved_elsewhere" => elsewhere_rows(view, regimens),
            "evidence_B" => evidence.iter().map(|e| e.id.clone()).collect(),
            _ => regimens
                .iter()
                .flat_map(|r| &view.firm[*r].rows)
                .map(|at| knowledge.approvals[*at].id.clone())
                .collect(),
        };
        rows.dedup();
        FindingClass {
            finding: found.name.clone(),
            class,
            reason,
            changes: changes(view, reason, regimens, &missing),
            missing,
            regimens: regimens.iter().map(|r| knowledge.regimens[*r].id.clone()).collect(),
            rule: format!("class.{reason}"),
            rows,
            levels: if found.unqualified.is_some() { None } else { levels(view, named, &evidence) },
            unverified_view: None,
        }
    };
    if let Some(reason) = found.unqualified {
        return answer(Some(3), reason, &[], Vec::new());
    }
    let populations: Vec<(usize, Status, Population)> = named
        .iter()
        .map(|r| {
            let standing = &view.firm[*r];
            // Without a label in force the wording says nothing; use is asked all the same.
            let population = if standing.label.is_some() {
                view.population(patient, *r, standing.label)
            } else if knowledge.used_up(patient, *r) == Ok(true) {
                Population::UsedUp
            } else {
                Population::Fails
            };
            (*r, standing.status, population)
        })
        .collect();
    let those = |wanted: &dyn Fn(&(usize, Status, Population)) -> bool| -> Vec<usize> {
        populations.iter().filter(|p| wanted(p)).map(|p| p.0).collect()
    };
    let eligible = those(&|(_, status, p)| *status == Status::InForce && *p == Population::Holds);
    if !eligible.is_empty() {
        return answer(Some(1), "standard_now", &eligible, Vec::new());
    }
    let open =
        those(&|(_, s, p)| *s == Status::InForce && matches!(p, Population::Open(_) | Population::Fault(_)));
    if !open.is_empty() {
        let mut missing: Vec<String> = populations
            .iter()
            .filter(|(r, ..)| open.contains(r))
            .filter_map(|(_, _, p)| if let Population::Open(m) = p { Some(m) } else { None })
            .flatten()
            .cloned()
            .collect();
        missing.sort();
        missing.dedup();
        return answer(None, "undetermined", &open, missing);
    }
    let unused = |p: &Population| *p != Population::UsedUp;
    let not_listed = those(&|(_, s, p)| unused(p) && *s == Status::InForceNotReimbursed);
    let line = those(&|(_, s, p)| unused(p) && *s == Status::InForce && *p == Population::Fails);
    let elsewhere = those(&|(r, _, p)| {
        unused(p)
            && Place::ALL.into_iter().filter(|place| *place != view.query.place).any(|place| {
                let query = Query { place, ..view.query };
                knowledge.standing(*r, &query, Certainty::High).status.is_in_force()
            })
    });
    let pending = those(&|(_, s, p)| unused(p) && matches!(s, Status::PositiveOpinion | Status::UnderReview));
    for (regimens, reason) in [
        (not_listed, "approved_not_listed"),
        (line, "line_not_reached"),
        (elsewhere, "approved_elsewhere"),
        (pending, "pending_decision"),
    ] {
        if !regimens.is_empty() {
            return answer(Some(2), reason, &regimens, Vec::new());
        }
    }
    if !named.is_empty() && populations.iter().all(|(_, _, p)| *p == Population::UsedUp) {
        return answer(Some(3), "used_up", named, Vec::new());
    }
    if evidence.iter().any(|e| japanese_level(e) <= "B") {
        return answer(Some(2), "evidence_B", &[], Vec::new());
    }
    let (firm, weak) = ways(view, patient, &found, &evidence);
    if let Some(reason) = firm.reason() {
        let mut out = answer(Some(2), reason, &[], firm.missing);
        out.rows = firm.rows;
        return out;
    }
    let mut out = answer(Some(3), "no_route", &[], Vec::new());
    out.unverified_view = weak.reason().map(|reason| UnverifiedClass {
        class: 2,
        reason,
        missing: weak.missing,
        rows: weak.rows,
    });
    out
}

/// Routes that are open to a finding.
#[derive(Default)]
struct Ways {
    kinds: Vec<RouteKind>,
    rows: Vec<String>,
    missing: Vec<String>,
}

impl Ways {
    fn reason(&self) -> Option<&'static str> {
        let trial = self.kinds.iter().find(|k| **k == RouteKind::Trial);
        trial.or(self.kinds.first()).map(|k| k.reason())
    }
}

/// The level of evidence in Japan, by the map from CIViC: A and B of another tumour are C.
fn japanese_level(e: &Evidence) -> &'static str {
    match (e.level.as_str(), e.disease.contains("Breast")) {
        ("A", true) => "A",
        ("B", true) => "B",
        ("A" | "B", false) => "C",
        ("C", _) => "D",
        _ => "E",
    }
}

/// The routes for a finding whose evidence is B, C or D: those that rest on verified facts, and all others.
fn ways(view: &View<'_>, patient: &Patient, found: &Found, evidence: &[&Evidence]) -> (Ways, Ways) {
    let knowledge = view.knowledge;
    let published = evidence.iter().map(|e| japanese_level(e)).min().unwrap_or("");
    let (mut firm, mut weak) = (Ways::default(), Ways::default());
    for route in &knowledge.routes {
        let level = if route.level.is_empty() { published } else { &route.level };
        let used = |drug: &String| knowledge.used_up_drug(patient, drug) == Ok(true);
        let used_up = !route.drugs.is_empty() && route.drugs.iter().all(used);
        if used_up
            || !["B", "C", "D"].contains(&level)
            || !route.is_for(&found.named) && !route.is_for(&found.name)
        {
            continue;
        }
        let Some(certainty) = route.open(&view.query) else { continue };
        let Some(missing) = view.route_missing(patient, route) else { continue };
        let own = if certainty == Certainty::High { &mut firm } else { &mut weak };
        own.kinds.push(route.kind);
        own.rows.push(route.id.clone());
        own.missing.extend(missing);
    }
    for own in [&mut firm, &mut weak] {
        own.missing.sort();
        own.missing.dedup();
    }
    (firm, weak)
}

/// Published evidence that the finding makes a drug work, for drugs that are not used up; strongest first.
fn evidence<'k>(view: &View<'k>, patient: &Patient, found: &Found) -> Vec<&'k Evidence> {
    let knowledge = view.knowledge;
    let variants = records(knowledge, patient, VARIANT);
    let mut out: Vec<&Evidence> = knowledge
        .evidence
        .iter()
        .filter(|e| {
            e.gene == found.name
                && e.supports
                && !e.resistance
                && e.known_from <= view.query.known_at.unwrap_or(view.query.as_of)
        })
        .filter(|e| {
            variants.iter().filter(|r| text(r, field::GENE) == Some(&e.gene)).any(|r| {
                let qualifies = text(r, field::VALUE).and_then(Call::from_code).is_some_and(Call::qualifies);
                let small = !text(r, field::KIND).is_some_and(biomarkers::is_gain);
                let same = e.variant == "MUTATION"
                    || text(r, field::HGVS)
                        .is_some_and(|h| biomarkers::short(h).eq_ignore_ascii_case(&e.variant));
                qualifies && small && same
            })
        })
        .filter(|e| {
            let used = |drug: &String| {
                let id = drug.to_lowercase().replace(' ', "_");
                knowledge.drugs.contains_key(&id) && knowledge.used_up_drug(patient, &id) == Ok(true)
            };
            e.drugs.is_empty() || !e.drugs.iter().all(used)
        })
        .collect();
    out.sort_by(|a, b| (&a.level, &a.id).cmp(&(&b.level, &b.id)));
    out
}

fn elsewhere_rows(view: &View<'_>, regimens: &[usize]) -> Vec<String> {
    let knowledge = view.knowledge;
    let mut out = Vec::new();
    for place in Place::ALL.into_iter().filter(|place| *place != view.query.place) {
        for regimen in regimens {
            let standing = knowledge.standing(*regimen, &Query { place, ..view.query }, Certainty::High);
            if standing.status.is_in_force() {
                out.extend(standing.rows.iter().map(|at| knowledge.approvals[*at].id.clone()));
            }
        }
    }
    out
}

/// The basis of the finding on the scales of the map.
fn levels(view: &View<'_>, named: &[usize], evidence: &[&Evidence]) -> Option<Levels> {
    let knowledge = view.knowledge;
    let in_force = |place: Place| {
        named.iter().any(|r| {
            knowledge.standing(*r, &Query { place, ..view.query }, Certainty::High).status.is_in_force()
        })
    };
    let basis = if in_force(Place::Jp) || in_force(Place::Us) {
        "approved_jp_or_us".to_owned()
    } else if in_force(Place::Eu) {
        "approved_elsewhere".to_owned()
    } else {
        match evidence.first().map(|e| (e.level.as_str(), e.disease.contains("Breast"))) {
            Some(("B", true)) => "civic_B_breast".to_owned(),
            Some(("B", false)) => "civic_B_other".to_owned(),
            Some((level, _)) => format!("civic_{level}"),
            None => "none".to_owned(),
        }
    };
    knowledge.levels.iter().find(|l| l.basis == basis).cloned()
}

/// When the class would change.
fn changes(view: &View<'_>, reason: &str, regimens: &[usize], missing: &[String]) -> words::Text {
    let knowledge = view.knowledge;
    let place = view.query.place.code();
    let names = regimens.iter().map(|r| knowledge.regimens[*r].label.as_str()).collect::<Vec<_>>().join(", ");
    let plans: Vec<String> = knowledge
        .approvals
        .iter()
        .filter(|a| {
            regimens.contains(&a.regimen)
                && a.place == view.query.place
                && a.event.is_plan()
                && a.known_from <= view.query.known_at.unwrap_or(view.query.as_of)
                && a.date.latest() > view.query.as_of
        })
        .map(|a| {
            let mark = if a.certainty == Certainty::High { "" } else { ", unverified" };
            let what = if a.event == Event::TargetDate { "target date" } else { "expected listing" };
            format!("{what} {}{mark}", a.date)
        })
        .collect();
    let plans = if plans.is_empty() { String::new() } else { format!(" ({})", plans.join("; ")) };
    let missing = missing.join(", ");
    let (ja, en) = match reason {
        "standard_now" => (
            format!("使用して増悪したとき、または承認が変わったとき: {names}"),
            format!("when it is used up or the approval changes: {names}"),
        ),
        "undetermined" => (
            format!("不足する情報がそろったとき: {missing}"),
            format!("when the missing inputs are there: {missing}"),
        ),
        "approved_not_listed" => {
            (format!("薬価収載されたとき{plans}: {names}"), format!("when it is listed{plans}: {names}"))
        }
        "line_not_reached" => (
            format!("適応の条件を満たしたとき: {names}"),
            format!("when the label's condition is met: {names}"),
        ),
        "approved_elsewhere" => (
            format!("{place} で承認されたとき{plans}: {names}"),
            format!("when it is approved in {place}{plans}: {names}"),
        ),
        "pending_decision" => (
            format!("{place} の審査結果が出たとき{plans}: {names}"),
            format!("when {place} decides{plans}: {names}"),
        ),
        "evidence_B" => (
            "適応となる薬剤が承認されたとき、または治験が開かれたとき".to_owned(),
            "when a drug is approved for it or a trial opens".to_owned(),
        ),
        "trial_open" | "route" => (
            "治験・制度の受け入れが終わったとき、または適応となる薬剤が承認されたとき".to_owned(),
            "when the trial or scheme closes to new patients, or a drug is approved for it".to_owned(),
        ),
        "used_up" => (
            format!("別の薬剤が承認されたとき（使用済み: {names}）"),
            format!("when another drug is approved (used up: {names})"),
        ),
        "vus" => ("病的と再分類されたとき".to_owned(), "when it is classified as pathogenic".to_owned()),
        "not_qualifying" => (
            "別の検体で基準に達したとき".to_owned(),
            "when another specimen reaches the threshold".to_owned(),
        ),
        _ => ("根拠または治験が現れたとき".to_owned(), "when evidence or a trial appears".to_owned()),
    };
    words::Text::new(ja, en)
}

impl Knowledge {
    /// Whether the leading drug of a regimen was given and disease progressed on it.
    pub(crate) fn used_up(&self, patient: &Patient, regimen: usize) -> biomarkers::Told {
        self.used_up_drug(patient, self.regimens[regimen].leading_drug())
    }

    /// Whether disease progressed on a drug. What nobody mentions does not count as given.
    fn used_up_drug(&self, patient: &Patient, drug: &str) -> biomarkers::Told {
        match self.dictionary.slot("prior").map(|slot| patient.values.get(slot)) {
            Some(list @ Value::List(_)) => biomarkers::used_up(list, drug),
            _ => Ok(false),
        }
    }
}

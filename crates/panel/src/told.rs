//! Options for people and for programs.

use crate::knowledge::{Certainty, Knowledge, Status, View};
use crate::options::{Options, RegimenOption, Verdict};
use crate::{OpenRoute, Patient, Profile, adequacy, lines};
use rules::Explanation;
use serde_json::{Map, Value as Json, json as object};
use words::{Lang, Text};

/// What this is, before anything else.
pub fn banner() -> Text {
    Text::new(
        "研究用の道具です。医療機器としての承認は受けておらず、診断や治療の推奨ではありません。並び順に優劣の意味はありません。外に出す文書には医師の署名が必要です。",
        "Research tool. Not approved as a medical device; no diagnosis and no recommendation. The order of entries means nothing. Whatever leaves needs a physician's signature.",
    )
}

/// What stands at the end of anything printed: a copy without a physician's name, signature and day is a working paper.
pub fn signature() -> Text {
    Text::new(
        "医師氏名 ______________________  署名 ______________________  日付 ______________（署名のない写しは作業用で、施設の外に出せません）",
        "Physician ______________________  Signature ______________________  Date ______________ (a copy without signature is a working paper and stays in the institution)",
    )
}

fn both(text: &Text) -> Json {
    object!({ "ja": text.ja, "en": text.en })
}

impl View<'_> {
    /// Why the label in force holds, fails or is open: one entry for each of its conditions.
    pub fn because(&self, patient: &Patient, option: &RegimenOption) -> Vec<Explanation> {
        let knowledge = self.knowledge;
        let Some(label) = option.rule.as_ref().and_then(|id| knowledge.labels.iter().find(|l| l.id == *id))
        else {
            return Vec::new();
        };
        let whole = label.rule.explain(&patient.values, &knowledge.dictionary);
        if whole.children.is_empty() { vec![whole] } else { whole.children }
    }
}

/// The options as a document; see the book's page on the panel's case.
pub fn json(view: &View<'_>, profile: &Profile, patient: &Patient, options: &Options) -> Json {
    let mut out = serde_json::to_value(options).unwrap_or(Json::Null);
    let Json::Object(map) = &mut out else { return out };
    if let Some(Json::Array(regimens)) = map.get_mut("regimens") {
        for (json, option) in regimens.iter_mut().zip(&options.regimens) {
            let because: Vec<Json> = view
                .because(patient, option)
                .iter()
                .map(|e| object!({ "verdict": e.verdict, "text": both(&e.text) }))
                .collect();
            if let Json::Object(own) = json {
                own.insert("because".into(), because.into());
            }
        }
    }
    let considered = serde_json::to_value(view.considerations(patient, options)).unwrap_or(Json::Null);
    map.insert("considerations".into(), considered);
    let routes = serde_json::to_value(view.routes(patient, &options.findings)).unwrap_or(Json::Null);
    map.insert("routes".into(), routes);
    map.insert("specimens".into(), serde_json::to_value(&patient.specimens).unwrap_or(Json::Null));
    let lines = derived(view, profile);
    map.insert("lines".into(), serde_json::to_value(lines).unwrap_or(Json::Null));
    map.insert("question".into(), question(view));
    map.insert("banner".into(), both(&banner()));
    map.insert("signature".into(), Json::Null);
    out
}

fn derived(view: &View<'_>, profile: &Profile) -> lines::Lines {
    let items = profile.prior.as_ref().map_or(&[][..], |p| p.items.as_slice());
    lines::derive(items, &view.knowledge.drugs, &lines::decided(items))
}

fn question(view: &View<'_>) -> Json {
    let mut out = Map::new();
    out.insert("as_of".into(), view.query.as_of.to_string().into());
    out.insert("jurisdiction".into(), view.query.place.code().into());
    out.insert("known_at".into(), view.query.known_at.map_or(Json::Null, |d| d.to_string().into()));
    out.insert("knowledge".into(), view.knowledge.version.clone().into());
    out.insert("complete_to".into(), view.knowledge.complete_to.to_string().into());
    Json::Object(out)
}

/// A status in words.
pub fn status_text(status: Status) -> Text {
    match status {
        Status::InForce => Text::new("承認あり", "in force"),
        Status::InForceNotReimbursed => Text::new("承認あり・薬価未収載", "in force, not on the price list"),
        Status::Withdrawn => Text::new("承認取り下げ", "withdrawn"),
        Status::PositiveOpinion => {
            Text::new("審議会・委員会で了承、承認前", "positive opinion, not approved")
        }
        Status::UnderReview => Text::new("審査中", "under review"),
        Status::NoneOnFile => Text::new("承認の記録なし", "no approval on file"),
    }
}

/// Why a regimen has its verdict, in words.
pub fn reason_text(option: &RegimenOption) -> Text {
    match option.reason {
        "population_met" => Text::new("適応の条件を満たす", "the label's population fits"),
        "population_not_met" => Text::new("適応の条件を満たさない", "the label's population does not fit"),
        "used_up" => Text::new("主たる薬剤で増悪した（使用済み）", "disease progressed on its leading drug"),
        "missing_inputs" => Text::new("情報が不足", "inputs are missing"),
        "rule_error" => {
            Text::new("規則の誤り（不具合として報告してください）", "the rule failed: report it as a bug")
        }
        _ => status_text(option.status),
    }
}

struct Page<'v> {
    view: &'v View<'v>,
    lang: Lang,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        let width: usize = 110;
        let pad = " ".repeat(indent);
        // Japanese has no spaces to break at: it is left to the terminal.
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty()
                && self.lang == Lang::En
                && line.chars().count() + 1 + word.chars().count() > width - indent
            {
                self.out += &format!("{pad}{line}\n");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += word;
        }
        self.out += &format!("{pad}{line}\n");
    }

    fn head(&mut self, ja: &str, en: &str) {
        let text = Text::new(ja, en);
        self.out += &format!("\n{}\n", text.get(self.lang));
    }

    fn say<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        if self.lang == Lang::Ja { ja } else { en }
    }

    fn unverified(&self, certainty: Certainty) -> &'static str {
        match (certainty, self.lang) {
            (Certainty::High, _) => "",
            (_, Lang::Ja) => "［未確認］",
            (_, Lang::En) => " [unverified]",
        }
    }

    /// Specimens that fail a check or of which too little is known.
    fn specimens(&mut self, patient: &Patient) {
        if patient.specimens.is_empty() {
            return;
        }
        self.head("検体の適否", "Specimens");
        for one in &patient.specimens {
            let by = one.assay_id.as_deref().unwrap_or("-");
            let date = one.date.as_deref().unwrap_or("-");
            let judged = adequacy::judgement_text(one.judgement);
            let effect = adequacy::effect_text(one.effect);
            let effect = effect.map_or(String::new(), |e| format!(": {}", e.get(self.lang)));
            self.line(2, &format!("{}  {by}  {date}  {}{effect}", one.concept, judged.get(self.lang)));
            for check in one.checks.iter().filter(|c| c.outcome == adequacy::Outcome::Fail) {
                let mark = if check.unverified { self.unverified(Certainty::Low) } else { "" };
                let found = check.found.as_deref().unwrap_or("-");
                let text = check.text.get(self.lang).to_owned();
                self.line(6, &format!("{text} ({} {found}){mark}: {}", check.property.code(), check.source));
            }
            let unstated: Vec<&str> = one
                .checks
                .iter()
                .filter(|c| c.outcome == adequacy::Outcome::NotStated)
                .map(|c| c.property.code())
                .collect();
            if !unstated.is_empty() {
                let label = self.say("記載なし", "not stated").to_owned();
                self.line(6, &format!("{label}: {}", unstated.join(", ")));
            }
            for action in &one.action {
                self.line(6, action.get(self.lang));
            }
        }
    }

    /// Ways outside of the labels.
    fn routes(&mut self, routes: Vec<OpenRoute>) {
        if routes.is_empty() {
            return;
        }
        self.head(
            "治験・適応外使用などの経路（受け入れの有無は必ず確認する）",
            "Trials and other routes (ask whether they take patients)",
        );
        for route in routes {
            let mark = if route.unverified { self.unverified(Certainty::Low) } else { "" };
            let of = if route.findings.is_empty() {
                String::new()
            } else {
                format!("{}: ", route.findings.join(", "))
            };
            self.line(2, &format!("{}  {of}{}{mark}", route.id, route.text.get(self.lang)));
            if !route.missing.is_empty() {
                let missing = route.missing.join(", ");
                self.line(6, &format!("{}: {missing}", self.say("不足", "missing")));
            }
            let seen = self.say("確認できた最後の日", "last seen open").to_owned();
            self.line(6, &format!("{seen} {}: {}", route.seen_open, route.source));
        }
    }

    /// The regimen with its label's conditions, its facts and its evidence.
    fn regimen(&mut self, patient: &Patient, option: &RegimenOption) {
        let knowledge = self.view.knowledge;
        let Some(at) = knowledge.regimen(&option.id) else { return };
        let status = status_text(option.status);
        let mark = if option.unverified { self.unverified(Certainty::Low) } else { "" };
        let label = knowledge.regimens[at].label.clone();
        self.line(2, &format!("{}  {label}: {}{mark}", option.id, status.get(self.lang)));
        if !option.missing.is_empty() {
            let missing = option.missing.join(", ");
            self.line(6, &format!("{}: {missing}", self.say("不足", "missing")));
        }
        for because in self.view.because(patient, option) {
            self.line(6, because.text.get(self.lang));
        }
        for row in &option.rows {
            let Some(fact) = knowledge.approval(row) else { continue };
            let (event, date, source) = (fact.event.code(), fact.date, &fact.source);
            self.line(6, &format!("{event} {date} ({row}): {source}"));
        }
        let results: Vec<String> = knowledge
            .results
            .iter()
            .filter(|r| r.regimen == at)
            .map(|r| {
                let values = match (r.experimental.is_empty(), r.control.is_empty()) {
                    (true, _) if r.hr.is_empty() => " -".to_owned(),
                    (true, _) => String::new(),
                    (_, true) => format!(" {} {}", r.experimental, r.unit),
                    _ => format!(" {} v {} {}", r.experimental, r.control, r.unit),
                };
                let hr = if r.hr.is_empty() { String::new() } else { format!(" HR {}", r.hr) };
                format!(
                    "{} {} {}:{values}{hr}{}",
                    r.trial,
                    r.endpoint,
                    r.population,
                    self.unverified(r.certainty)
                )
            })
            .collect();
        for result in results {
            self.line(6, &result);
        }
        if let Some(other) = &option.unverified_view {
            let told = match self.lang {
                Lang::Ja => format!(
                    "未確認の事実も含めると {}、{}（{}）",
                    status_text(other.status).ja,
                    other.verdict.code(),
                    other.rows.join(", ")
                ),
                Lang::En => format!(
                    "with unverified facts: {}, {} ({})",
                    status_text(other.status).en,
                    other.verdict.code(),
                    other.rows.join(", ")
                ),
            };
            self.line(6, &told);
        }
    }
}

/// The options in lines.
pub fn text(view: &View<'_>, profile: &Profile, patient: &Patient, options: &Options, lang: Lang) -> String {
    let mut page = Page { view, lang, out: String::new() };
    page.line(0, banner().get(lang));
    let (query, knowledge) = (view.query, view.knowledge);
    let (place, to) = (query.place.code(), knowledge.complete_to);
    let head = match lang {
        Lang::Ja => format!("基準日 {}、{place}。知識 {}（{to} まで確認）", query.as_of, knowledge.version),
        Lang::En => {
            format!("As of {}, {place}. Knowledge {}, complete to {to}.", query.as_of, knowledge.version)
        }
    };
    page.out += &format!("\n{head}\n\n");
    let missing =
        |of: &[String]| if of.is_empty() { String::new() } else { format!("  ({})", of.join(", ")) };
    let subtype = page.say("サブタイプ  ", "subtype        ").to_owned();
    page.out += &format!("{subtype}{}{}\n", options.subtype, missing(&options.missing.subtype));
    let category = page.say("HER2分類    ", "HER2 category  ").to_owned();
    page.out += &format!("{category}{}{}\n", options.her2_category, missing(&options.missing.her2_category));
    for flag in &options.flags {
        let text = flag_text(flag);
        let label = page.say("注意        ", "flag           ").to_owned();
        page.line(0, &format!("{label}{} ({flag})", text.get(lang)));
    }
    let lines = derived(view, profile);
    if !lines.steps.is_empty() {
        page.head("治療歴（治療ラインは規則で導いたもの）", "Earlier treatment (lines are derived)");
        let items = profile.prior.as_ref().map_or(&[][..], |p| p.items.as_slice());
        for step in &lines.steps {
            let drugs = items.get(step.treatment).map_or(String::new(), |t| t.drugs.join(" + "));
            let number = step.line.map_or("-".to_owned(), |n| n.to_string());
            let sure = if step.certain { "" } else { "?" };
            let by = step.by.as_ref().map_or(String::new(), |by| format!("; {by}"));
            page.line(2, &format!("{number}{sure}  {drugs}  ({}{by})", step.why.get(lang)));
        }
    }
    for (verdict, ja, en) in [
        (Verdict::Eligible, "適応に合うもの（順序に意味はない）", "Labels that fit (in no order)"),
        (Verdict::Open, "情報がそろえば決まるもの", "Open: settled by what is missing"),
    ] {
        page.head(ja, en);
        let own: Vec<&RegimenOption> = options.regimens.iter().filter(|o| o.verdict == verdict).collect();
        if own.is_empty() {
            page.line(2, page.say("なし", "none"));
        }
        for option in own {
            page.regimen(patient, option);
        }
    }
    page.head("検査所見の分類", "Findings");
    for finding in &options.findings {
        let class = finding.class.map_or_else(|| page.say("未定", "open").to_owned(), |c| c.to_string());
        let levels = finding.levels.as_ref().map_or(String::new(), |l| {
            let mark = if l.unverified { page.unverified(Certainty::Low) } else { "" };
            format!("; JP {} ESCAT {} AMP {}{mark}", l.jp, l.escat, l.amp)
        });
        page.line(2, &format!("{}  {class}  {}{levels}", finding.finding, finding.reason));
        page.line(6, finding.changes.get(lang));
        if let Some(other) = &finding.unverified_view {
            let (class, reason, rows) = (other.class, other.reason, other.rows.join(", "));
            page.line(
                6,
                &match lang {
                    Lang::Ja => format!("未確認の事実も含めるとクラス {class}（{reason}: {rows}）"),
                    Lang::En => format!("with unverified facts: class {class}, {reason} ({rows})"),
                },
            );
        }
    }
    page.specimens(patient);
    page.routes(view.routes(patient, &options.findings));
    let considered = view.considerations(patient, options);
    page.head("あわせて考えること（点数ではない）", "To weigh beside it (never a score)");
    for one in considered.iter().filter(|c| c.applies) {
        let mark = if one.unverified { page.unverified(Certainty::Low) } else { "" };
        page.line(2, &format!("{}  {}{mark}", one.kind, one.text.get(lang)));
    }
    let open: Vec<String> = considered
        .iter()
        .filter(|c| !c.applies)
        .map(|c| format!("{} ({})", c.id, c.missing.join(", ")))
        .collect();
    if !open.is_empty() {
        page.line(2, &format!("{}: {}", page.say("未定", "open"), open.join("; ")));
    }
    page.head("該当しないもの", "Not fitting");
    for option in options.regimens.iter().filter(|o| o.verdict == Verdict::NotEligible) {
        let failed: Vec<String> = if option.reason == "population_not_met" {
            let all = view.because(patient, option);
            all.iter()
                .filter(|e| e.verdict == rules::Outcome::False)
                .map(|e| e.text.get(lang).to_owned())
                .collect()
        } else {
            Vec::new()
        };
        let reason =
            if failed.is_empty() { reason_text(option).get(lang).to_owned() } else { failed.join("; ") };
        let other = option.unverified_view.as_ref().filter(|o| o.verdict != option.verdict).map_or(
            String::new(),
            |o| match lang {
                Lang::Ja => format!("（未確認の事実を含めると {}）", o.verdict.code()),
                Lang::En => format!(" (with unverified facts: {})", o.verdict.code()),
            },
        );
        page.line(2, &format!("{}  {reason}{other}", option.id));
    }
    let place = match (query.place, lang) {
        (crate::Place::Jp, Lang::Ja) => {
            "「記録なし」は未承認を意味しません。国内の保険適用は薬価収載の記録による判定です。"
        }
        (crate::Place::Jp, Lang::En) => {
            "\"No approval on file\" does not mean not approved. Coverage in Japan is read from listing records."
        }
        (_, Lang::Ja) => "「記録なし」は未承認を意味しません。米国・欧州の償還は扱っていません。",
        (_, Lang::En) => {
            "\"No approval on file\" does not mean not approved. Reimbursement in the US and EU is not modelled."
        }
    };
    page.out += &format!("\n{place}\n\n{}\n", signature().get(lang));
    page.out
}

/// A flag in words.
pub fn flag_text(flag: &str) -> Text {
    match flag {
        "ihc_ish_discordant" => {
            Text::new("IHCとISHの結果が一致しない（再検を検討）", "IHC and ISH disagree; consider repeating")
        }
        "negative_with_comment" => {
            Text::new("陰性（ASCO/CAPのコメントを付す）", "negative, with the guideline's comment")
        }
        "ihc_ngs_discordant" => Text::new(
            "遺伝子パネルのERBB2増幅とIHC/ISHが一致しない（ISHを提案）",
            "panel amplification against IHC/ISH; propose ISH",
        ),
        other => match other.split_once(':') {
            Some(("inadequate_specimen", concept)) => Text::new(
                format!("{concept}：検体が検査の基準を満たさない（陰性は判定不能として扱う）"),
                format!("{concept}: the specimen fails a check (a negative is read as indeterminate)"),
            ),
            Some(("unreadable_name", concept)) => Text::new(
                format!(
                    "{concept}：HGVS の書き方を読めない（どの変化かを問う適応は判定しない）。検査会社に確認する"
                ),
                format!(
                    "{concept}: the HGVS name cannot be read (labels that ask for a change stay open); ask the laboratory"
                ),
            ),
            Some(("specimen_contradicts_assay", concept)) => Text::new(
                format!("{concept}：検査法と検体（組織・血液）の記載が合わない。どちらかを訂正する"),
                format!(
                    "{concept}: assay and specimen (tissue, blood) do not fit together; correct one of them"
                ),
            ),
            Some((_, concept)) => Text::new(
                format!("{concept} の結果が矛盾している。どれを採るか決めて日付を記録する"),
                format!(
                    "results of {concept} differ and none is surely the latest; decide and record the dates"
                ),
            ),
            None => Text::same(other),
        },
    }
}

/// A release in one line.
pub fn summary(knowledge: &Knowledge, lang: Lang) -> String {
    let (regimens, approvals, labels) =
        (knowledge.regimens.len(), knowledge.approvals.len(), knowledge.labels.len());
    let (version, to) = (&knowledge.version, knowledge.complete_to);
    let weak = knowledge.approvals.iter().filter(|a| a.certainty != Certainty::High).count();
    let reviewed = knowledge.approvals.iter().filter(|a| knowledge.reviewed_by_two(&a.id)).count();
    let (results, evidence) = (knowledge.results.len(), knowledge.evidence.len());
    match lang {
        Lang::Ja => format!(
            "知識 {version}: レジメン {regimens}、承認の事実 {approvals}（未確認 {weak}、2名の査読済み {reviewed}）、適応の規則 {labels}、試験結果 {results}、CIViC {evidence}、{to} まで確認\n"
        ),
        Lang::En => format!(
            "knowledge {version}: {regimens} regimens, {approvals} facts about approval ({weak} unverified, {reviewed} reviewed by two), {labels} label rules, {results} results, {evidence} CIViC items, complete to {to}\n"
        ),
    }
}

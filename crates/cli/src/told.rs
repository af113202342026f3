//! What commands say, in a person's words.

use conduct::Refusal;
use words::{Lang, Text};

pub fn counted(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// The settings of a store, one a line, each with what it must be where it is not.
pub fn settings(settings: &[ledger::Setting], lang: Lang) -> String {
    let width = settings.iter().map(|s| s.name.chars().count()).max().unwrap_or(0);
    let line = |s: &ledger::Setting| {
        let not = match (s.ok, lang) {
            (true, _) => String::new(),
            (false, Lang::Ja) => format!("  ← 必要な設定: {}", s.wanted),
            (false, Lang::En) => format!("  <- wanted: {}", s.wanted),
        };
        format!("{:width$}  {}{not}\n", s.name, s.value)
    };
    settings.iter().map(line).collect()
}

/// What a folder in order holds, in one line.
pub fn in_order(p: &protocol::Protocol, hash: &[u8; 32], lang: Lang) -> String {
    let criteria: usize = p.steps.values().map(|s| s.criteria.len()).sum();
    let (forms, steps, patients) = (p.forms.len(), p.steps.len(), p.test_patients.len());
    let hash = ledger::Hash(*hash);
    match lang {
        Lang::Ja => format!(
            "{} 第{}版: 登録段階 {steps}、適格規準 {criteria}、症例報告書 {forms}、解析 {}、テスト患者 {patients} 名はすべて期待どおり。SHA-256 {hash}\n",
            p.study,
            p.version,
            p.analyses.len()
        ),
        Lang::En => format!(
            "{} version {}: {steps} steps, {criteria} criteria, {forms} forms, {} analyses; all {patients} test patients as expected. SHA-256 {hash}\n",
            p.study,
            p.version,
            p.analyses.len()
        ),
    }
}

fn listed(seqs: &[u64]) -> String {
    if seqs.is_empty() {
        "—".to_owned()
    } else {
        seqs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn labelled(label_ja: &str, label_en: &str, text: &str, lang: Lang) -> String {
    let label = if lang == Lang::Ja { format!("{label_ja:　<6}") } else { format!("{label_en:<12}") };
    format!("{label}  {text}\n")
}

/// Something that is not as it must be, in one line.
pub fn finding(text: &str, lang: Lang) -> String {
    labelled("指摘", "finding", text, lang)
}

/// A verdict in one line.
pub fn conclusion(text: &str, lang: Lang) -> String {
    labelled("結果", "verdict", text, lang)
}

/// A verification in aligned lines. `signed`: the checkpoints that the study was held against, with their signatures
/// where `keyed`.
/// `beside`: something was found that is no study's, and is told at the end.
pub fn verified(
    report: &conduct::Report,
    signed: &[ledger::Checkpoint],
    keyed: bool,
    beside: bool,
    lang: Lang,
) -> String {
    let head = report.head.map_or("-".to_owned(), |h| format!("{} {}", h.seq, h.hash));
    let ja = lang == Lang::Ja;
    let line = |label_ja: &str, label_en: &str, text: String| labelled(label_ja, label_en, &text, lang);
    let mut out = line("試験", "study", report.study.clone());
    out += &line("末尾", "head", head);
    out += &line("記録数", "entries", report.entries.to_string());
    let (judged, not) = (report.re_decided, report.cannot_recheck);
    let (drawn, sealed) = (report.draws_checked, report.draws_sealed);
    let [judged, drawn] = if ja {
        [format!("{judged}（再判定できないもの {not}）"), format!("{drawn} 件を再現（封印中 {sealed} 件）")]
    } else {
        [format!("{judged} ({not} cannot be re-checked)"), format!("{drawn} repeated, {sealed} still sealed")]
    };
    out += &line("再判定", "re-decided", judged);
    out += &line("抽選", "draws", drawn);
    if report.arms_imported > 0 {
        let n = report.arms_imported;
        let text = if ja {
            format!("取り込まれた群 {n} 件（当システムの割付ではないため、再現の対象外）")
        } else {
            format!("{n} told by an imported file: not drawn here, so not drawn again")
        };
        out += &line("取込の群", "arms", text);
    }
    for r in &report.erasures {
        let (seqs, by, why) = (listed(&r.seqs), &r.by, r.reason.as_deref().unwrap_or("—"));
        let files = r.files;
        let text = match (ja, files) {
            (true, 0) => format!("{seqs} 番({} 番の記録、{by}: {why})", r.seq),
            (true, _) => format!("{seqs} 番、ファイル {files} 件({} 番の記録、{by}: {why})", r.seq),
            (false, 0) => format!("{seqs} (on record as {} by {by}: {why})", r.seq),
            (false, _) => format!(
                "{seqs} and {} (on record as {} by {by}: {why})",
                counted(files, "file", "files"),
                r.seq
            ),
        };
        out += &line("消去", "erased", text);
    }
    if let Some(root) = report.root {
        out += &line("木の根", "root", root.to_string());
        for c in signed {
            let (size, origin) = (c.size, &c.origin);
            let text = match (ja, keyed) {
                (true, true) => format!("{size} 番まで、{origin} の署名付きチェックポイントと一致"),
                (true, false) => format!(
                    "{size} 番まで、{origin} のチェックポイントと一致(署名は未検証。--key で公開鍵を指定)"
                ),
                (false, true) => format!("fits the signed checkpoint of {origin} up to entry {size}"),
                (false, false) => format!(
                    "fits the checkpoint of {origin} up to entry {size}; its signature was NOT checked: give --key"
                ),
            };
            out += &line("署名", "checkpoint", text);
        }
    }
    for (hash, why) in &report.unreadable {
        out += &line("読めない版", "unreadable", format!("{hash}: {}", why.get(lang)));
    }
    for finding in &report.findings {
        out += &line("指摘", "finding", format!("{}: {}", finding.seq, finding.told.get(lang)));
    }
    let verdict = match (report.holds(), beside) {
        (true, false) => Text::new("台帳に問題はありません", "the ledger holds"),
        (true, true) => Text::new("この試験にほかの指摘はありません", "nothing else was found in this study"),
        (false, _) => Text::new("台帳に問題があります", "the ledger does NOT hold"),
    };
    out += &line("結果", "verdict", verdict.get(lang).to_owned());
    out
}

/// A run's numbers in one line.
pub fn summary(s: &simulation::Summary) -> String {
    let registered: Vec<String> = s.registered.iter().map(|(step, n)| format!("{step} {n}")).collect();
    format!(
        "{}; refused {}; forms {}; queries {}; events {}",
        registered.join(", "),
        s.refused,
        s.forms,
        s.queries,
        s.events
    )
}

/// A refusal, a reason a line.
pub fn reasons(refusal: &Refusal, lang: Lang) -> String {
    refusal.reasons.iter().map(|r| format!("{}  {}", r.code, r.text.get(lang))).collect::<Vec<_>>().join("\n")
}

/// The primary analysis in lines: survival by arm, and the comparison.
pub fn primary(results: &analysis::Results, p: &protocol::Protocol) -> Vec<String> {
    use words::number::{fixed, interval, p_value};
    let mut lines = Vec::new();
    for (id, _) in p.analyses.iter().filter(|(_, a)| a.primary) {
        let rows = results.of(id);
        for group in rows.groups().into_iter().flatten() {
            let arm = rows.group(Some(group));
            let (Some(n), Some(events)) = (arm.count("n"), arm.count("events")) else { continue };
            lines.push(format!("{id}  arm {group}: {n} participants, {events} events"));
        }
        let cox = rows.method("cox");
        let row = |stat| cox.filter(|r| r.group.is_none() && r.stat == stat).first();
        let (Some(hr), lower, upper) = (row("hazard_ratio"), row("lower"), row("upper")) else { continue };
        let (Some(contrast), Some(value)) = (&hr.level, hr.value) else { continue };
        let limit = |row: Option<&analysis::Row>| row.and_then(|r| r.value).map(|v| fixed(v, 3));
        let level = hr.options.iter().find(|(k, _)| k == "level").map_or("", |(_, v)| v.as_str());
        let within = format!("{level} interval {}", interval(limit(lower), limit(upper), Lang::En));
        let test = rows
            .method("log-rank")
            .value("p")
            .map_or(String::new(), |p| format!(", log-rank p {}", p_value(p)));
        lines.push(format!("{id}  hazard ratio {contrast} {} ({within}){test}", fixed(value, 3)));
    }
    lines
}

/// Words in lines of at most `width` characters.
pub fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

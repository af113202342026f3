//! Options for people and for programs.

use crate::Patient;
use crate::knowledge::{Knowledge, View};
use crate::options::{Options, RegimenOption, Verdict};
use serde_json::{Value as Json, json as object};
use words::{Lang, Text};

/// What this is, before anything else.
pub fn banner() -> Text {
    Text::new(
        "研究用の道具です。医療機器としての承認は受けておらず、診断・治療の推奨ではありません。並び順に優劣の意味はありません。外に出す文書には医師の署名が必要です。",
        "Research tool. Not approved as a medical device; no diagnosis and no recommendation. The order of entries means nothing. Whatever leaves needs a physician's signature.",
    )
}

/// The options as a document; see the book's page on the panel's case.
pub fn json(view: &View<'_>, options: &Options) -> Json {
    let mut out = serde_json::to_value(options).unwrap_or(Json::Null);
    if let Json::Object(map) = &mut out {
        let banner = banner();
        map.insert("banner".into(), object!({ "ja": banner.ja, "en": banner.en }));
        map.insert("as_of".into(), view.query.as_of.to_string().into());
        map.insert("jurisdiction".into(), view.query.place.code().into());
        map.insert("known_at".into(), view.query.known_at.map_or(Json::Null, |d| d.to_string().into()));
        map.insert(
            "knowledge".into(),
            object!({ "version": view.knowledge.version, "complete_to": view.knowledge.complete_to.to_string() }),
        );
    }
    out
}

/// The options in lines.
pub fn text(view: &View<'_>, _patient: &Patient, options: &Options, lang: Lang) -> String {
    let knowledge = view.knowledge;
    let mut out = format!("{}\n\n", banner().get(lang));
    let ja = lang == Lang::Ja;
    out += &format!("{}  {}\n", if ja { "サブタイプ" } else { "subtype" }, options.subtype);
    out += &format!("HER2  {}\n", options.her2_category);
    for (verdict, head) in [
        (Verdict::Eligible, Text::new("適応に合う", "label fits")),
        (Verdict::Open, Text::new("不足する情報がある", "open")),
        (Verdict::NotEligible, Text::new("該当しない", "does not fit")),
    ] {
        out += &format!("\n{}\n", head.get(lang));
        for option in options.regimens.iter().filter(|o| o.verdict == verdict) {
            out += &line(knowledge, option);
        }
    }
    out
}

fn line(knowledge: &Knowledge, option: &RegimenOption) -> String {
    let label = knowledge.regimen(&option.id).map_or("", |at| &knowledge.regimens[at].label);
    format!(
        "  {}  {label}  [{}] {} {}\n",
        option.id,
        option.status.code(),
        option.reason,
        option.missing.join(", ")
    )
}

/// A release in one line.
pub fn summary(knowledge: &Knowledge, lang: Lang) -> String {
    let (regimens, approvals, labels) =
        (knowledge.regimens.len(), knowledge.approvals.len(), knowledge.labels.len());
    let (version, to) = (&knowledge.version, knowledge.complete_to);
    match lang {
        Lang::Ja => format!(
            "知識 {version}: レジメン {regimens}、承認の事実 {approvals}、適応の規則 {labels}、{to} まで確認\n"
        ),
        Lang::En => format!(
            "knowledge {version}: {regimens} regimens, {approvals} facts about approval, {labels} label rules, complete to {to}\n"
        ),
    }
}

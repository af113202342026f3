//! What each function asks, in words.

use super::read::{assay, integer, word};
use rules::Arguments;
use words::Text;

fn by(a: &Arguments<'_>, at: usize) -> Text {
    match assay(a, at) {
        Some(assay) => Text::new(format!("（{assay} による）"), format!(" by {assay}")),
        None => Text::default(),
    }
}

fn with_assay(a: &Arguments<'_>, at: usize, ja: &str, en: &str) -> Text {
    let by = by(a, at);
    Text::new(format!("{ja}{}", by.ja), format!("{en}{}", by.en))
}

fn setting(a: &Arguments<'_>, at: usize) -> Text {
    match word(a, at) {
        "metastatic" => Text::new("転移・再発に対して", "for metastatic disease"),
        "adjuvant" => Text::new("術後補助療法として", "as adjuvant treatment"),
        _ => Text::new("術前療法として", "as neoadjuvant treatment"),
    }
}

/// A drug or a class of drugs as people say it.
fn what(a: &Arguments<'_>, at: usize) -> Text {
    let word = word(a, at);
    let (ja, en) = match word {
        "any" => ("全身療法", "systemic treatment"),
        "ET" => ("内分泌療法", "endocrine treatment"),
        "AI" => ("アロマターゼ阻害薬", "an aromatase inhibitor"),
        "NSAI" => ("非ステロイド性アロマターゼ阻害薬", "a non-steroidal aromatase inhibitor"),
        "CDK46i" => ("CDK4/6阻害薬", "a CDK4/6 inhibitor"),
        "chemo" => ("化学療法", "chemotherapy"),
        "taxane" => ("タキサン", "a taxane"),
        "anthracycline" => ("アントラサイクリン", "an anthracycline"),
        "antiHER2" => ("抗HER2療法", "anti-HER2 treatment"),
        "trastuzumab" => ("トラスツズマブ", "trastuzumab"),
        other => (other, other),
    };
    Text::new(ja, en)
}

pub fn hr_positive(_: &Arguments<'_>) -> Text {
    Text::new("ホルモン受容体陽性（ERまたはPgR 1%以上）", "hormone receptor positive (ER or PgR 1% or more)")
}
pub fn hr_negative(_: &Arguments<'_>) -> Text {
    Text::new("ホルモン受容体陰性（ER・PgRとも1%未満）", "hormone receptor negative (ER and PgR below 1%)")
}
pub fn er_positive(_: &Arguments<'_>) -> Text {
    Text::new("ER陽性（1%以上）", "ER positive (1% or more)")
}
pub fn her2_positive(_: &Arguments<'_>) -> Text {
    Text::new("HER2陽性", "HER2 positive")
}
pub fn her2_negative(_: &Arguments<'_>) -> Text {
    Text::new("HER2陰性", "HER2 negative")
}
pub fn her2_low(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "HER2低発現", "HER2-low")
}
pub fn her2_ultralow(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "HER2超低発現", "HER2-ultralow")
}
pub fn her2_ihc_3(_: &Arguments<'_>) -> Text {
    Text::new("HER2 IHC 3+", "HER2 IHC 3+")
}
pub fn cps(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "PD-L1 CPS", "PD-L1 CPS")
}
pub fn ic(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "PD-L1 IC", "PD-L1 IC")
}
pub fn tmb(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "TMB", "TMB")
}
pub fn msi(_: &Arguments<'_>) -> Text {
    Text::new("MSI-High", "MSI-high")
}
pub fn gbrca(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "生殖細胞系列BRCA1/2の病的バリアント", "germline BRCA1/2 pathogenic")
}
pub fn altered(a: &Arguments<'_>) -> Text {
    let gene = word(a, 0);
    with_assay(a, 1, &format!("{gene}の病的異常"), &format!("{gene} alteration"))
}
pub fn wild_type(a: &Arguments<'_>) -> Text {
    let gene = word(a, 0);
    Text::new(format!("{gene}は検査済みで野生型"), format!("{gene} tested and wild type"))
}
pub fn fused(a: &Arguments<'_>) -> Text {
    let gene = word(a, 0);
    Text::new(format!("{gene}融合遺伝子"), format!("{gene} fusion"))
}
pub fn changed(a: &Arguments<'_>) -> Text {
    Text::same(format!("{} {}", word(a, 0), word(a, 1)))
}
pub fn esr1(a: &Arguments<'_>) -> Text {
    with_assay(a, 0, "ESR1変異", "ESR1 mutation")
}
pub fn emerged(a: &Arguments<'_>) -> Text {
    let gene = word(a, 0);
    Text::new(
        format!("血液検体の間で{gene}変異が新たに出現"),
        format!("{gene} mutation appeared between two blood samples"),
    )
}
pub fn had(a: &Arguments<'_>) -> Text {
    let w = what(a, 0);
    Text::new(format!("{}の治療歴", w.ja), format!("earlier {}", w.en))
}
pub fn had_in(a: &Arguments<'_>) -> Text {
    let (w, s) = (what(a, 0), setting(a, 1));
    Text::new(format!("{}{}を受けた", s.ja, w.ja), format!("earlier {} {}", w.en, s.en))
}
pub fn regimens(a: &Arguments<'_>) -> Text {
    let (n, w) = (integer(a, 0), what(a, 1));
    Text::new(format!("{}の{n}レジメン以上の治療歴", w.ja), format!("{n} or more regimens of {}", w.en))
}
pub fn regimens_in(a: &Arguments<'_>) -> Text {
    let (n, w, s) = (integer(a, 0), what(a, 1), setting(a, 2));
    Text::new(
        format!("{}{}を{n}レジメン以上受けた", s.ja, w.ja),
        format!("{n} or more regimens of {} {}", w.en, s.en),
    )
}
pub fn progressed_on(a: &Arguments<'_>) -> Text {
    let w = what(a, 0);
    Text::new(
        format!("{}で増悪（術後では終了後12か月以内の再発を含む）", w.ja),
        format!("progression on {} (recurrence within 12 months of adjuvant treatment included)", w.en),
    )
}
pub fn progressed_in(a: &Arguments<'_>) -> Text {
    let (w, s) = (what(a, 0), setting(a, 1));
    Text::new(format!("{}行った{}で増悪", s.ja, w.ja), format!("progression on {} {}", w.en, s.en))
}
pub fn progressed_on_alone(a: &Arguments<'_>) -> Text {
    let w = what(a, 0);
    Text::new(format!("{}単独で増悪", w.ja), format!("progression on {} alone", w.en))
}
pub fn progressed_on_both(a: &Arguments<'_>) -> Text {
    let (w, o) = (what(a, 0), what(a, 1));
    Text::new(format!("{}と{}の併用で増悪", w.ja, o.ja), format!("progression on {} with {}", w.en, o.en))
}
pub fn on_now(a: &Arguments<'_>) -> Text {
    let (w, o) = (what(a, 0), what(a, 1));
    Text::new(
        format!("{}と{}の併用を継続中", w.ja, o.ja),
        format!("on {} with {} now, without progression", w.en, o.en),
    )
}
pub fn relapsed_after(a: &Arguments<'_>) -> Text {
    let w = what(a, 0);
    Text::new(format!("{}の後の再発・増悪", w.ja), format!("recurrence or progression after {}", w.en))
}
pub fn recurred_within(a: &Arguments<'_>) -> Text {
    let (w, n) = (what(a, 0), integer(a, 1));
    Text::new(
        format!("周術期の{}の終了後{n}か月以内の再発", w.ja),
        format!("recurrence within {n} months of (neo)adjuvant {}", w.en),
    )
}
pub fn advanced_or_recurred(a: &Arguments<'_>) -> Text {
    let (w, n) = (what(a, 0), integer(a, 1));
    Text::new(
        format!("転移・再発に対する{0}、または周術期の{0}の終了後{n}か月以内の再発", w.ja),
        format!(
            "{} for metastatic disease, or recurrence within {n} months of adjuvant treatment with it",
            w.en
        ),
    )
}
pub fn further_lines(a: &Arguments<'_>) -> Text {
    let n = integer(a, 0);
    Text::new(
        format!("転移・再発に対する内分泌療法以外の全身療法が{n}レジメン以上"),
        format!("{n} or more systemic treatments for metastatic disease beside endocrine treatment"),
    )
}

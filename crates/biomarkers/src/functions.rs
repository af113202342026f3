//! The functions that rules may call, and the records that they read.
//!
//! A dictionary that offers them has these items: lists of [`observation_record`] at `her2.ihc`, `her2.ihc0_staining`,
//! `pdl1.cps`, `pdl1.ic`, `gbrca.status`, `tmb.per_mb`, `msi.status` and `variant` (all genes in one list), single values
//! at `er.percent`, `pgr.percent` and `her2.ish.*`, `prior` of [`treatment_record`] and `ctdna.samples` of
//! [`sample_record`]. A missing item is reported only where a function that reads it is called.

mod asks;
mod read;

use crate::{Need, Told};
use read::{genes, her2, history, numbers, receptors, samples, scores};
pub use read::{her2_question, used_up};
use rules::{Arguments, Field, FunctionError, Functions, Kind, RecordType, Signature, Type, Value, Voice};
use std::sync::Arc;
use words::{Decimal, Text};

/// Places of the fields in the records that the functions read.
pub mod field {
    pub const VALUE: usize = 0;
    pub const ASSAY: usize = 1;
    pub const SPECIMEN: usize = 2;
    pub const DATE: usize = 3;
    pub const KIND: usize = 4;
    pub const HGVS: usize = 5;
    pub const GENE: usize = 6;

    pub const DRUGS: usize = 0;
    pub const SETTING: usize = 1;
    pub const OUTCOME: usize = 2;
    pub const MONTHS_TO_RECURRENCE: usize = 3;

    pub const FOUND: usize = 0;
    pub const SAMPLE_DATE: usize = 1;
    pub const SAMPLE_GENE: usize = 2;
    pub const ADEQUATE: usize = 3;
}

/// Fields of an observation whose value is of this type.
pub fn observation_record(value: Type) -> RecordType {
    let text = |name: &str, ja: &str, en: &str| Field::new(name, Type::Text, Text::new(ja, en));
    RecordType::new([
        Field::new("value", value, Text::new("結果", "result")),
        text("assay", "検査法", "assay"),
        Field::new("specimen", Type::codes(["tissue", "blood"]), Text::new("検体", "specimen")),
        Field::new("date", Type::Date, Text::new("日付", "date")),
        text("kind", "異常の種類", "kind of alteration"),
        text("hgvs", "HGVS", "HGVS"),
        text("gene", "遺伝子", "gene"),
    ])
}

/// Fields of an earlier treatment. `drugs` names each drug with its classes: `|letrozole|ET|AI|;|palbociclib|CDK46i|`.
pub fn treatment_record() -> RecordType {
    RecordType::new([
        Field::new("drugs", Type::Text, Text::new("薬剤", "drugs")),
        Field::new("setting", Type::codes(crate::Setting::CODES), Text::new("治療の場面", "setting")),
        Field::new("outcome", Type::codes(crate::Outcome::CODES), Text::new("転帰", "outcome")),
        Field::new(
            "months_to_recurrence",
            Type::decimal("month"),
            Text::new("再発までの月数", "months to recurrence"),
        ),
    ])
}

/// Fields of one finding of one sample in a series.
pub fn sample_record() -> RecordType {
    RecordType::new([
        Field::new("found", Type::Boolean, Text::new("変異あり", "mutation found")),
        Field::new("date", Type::Date, Text::new("採取日", "collected")),
        Field::new("gene", Type::Text, Text::new("遺伝子", "gene")),
        Field::new("adequate", Type::Boolean, Text::new("検体が十分", "adequate")),
    ])
}

/// The words that rules may give to the functions; a rule with another word does not compile.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Drugs and classes of drugs.
    pub treatments: Vec<String>,
    pub assays: Vec<String>,
}

fn codes(own: &[String], any: bool) -> Kind {
    let mut all: Vec<String> = if any { vec!["any".to_owned()] } else { Vec::new() };
    all.extend(own.iter().cloned());
    Kind::Code(all.into())
}

fn named(needs: Vec<Need>) -> Vec<(String, rules::Missing)> {
    needs.into_iter().map(|need| (need.name.into_owned(), need.why)).collect()
}

fn answer(told: Told) -> Value {
    told.map_or(Value::Missing(rules::Missing::Unknown), Value::Boolean)
}

type Question = fn(&Arguments<'_>) -> Told;
type Asks = fn(&Arguments<'_>) -> Text;

struct Registry<'f> {
    functions: &'f mut Functions,
}

impl Registry<'_> {
    fn question(
        &mut self,
        name: &str,
        signature: Signature,
        question: Question,
        asks: Asks,
    ) -> Result<(), FunctionError> {
        let voice = Voice {
            missing: Box::new(move |a| question(a).err().map(named).unwrap_or_default()),
            asks: Box::new(asks),
        };
        self.functions.register_with_voice(
            name,
            signature.seeing_missing(),
            move |a| Ok(answer(question(a))),
            voice,
        )
    }

    fn number(
        &mut self,
        name: &str,
        signature: Signature,
        number: fn(&Arguments<'_>) -> Result<Decimal, Vec<Need>>,
        asks: Asks,
    ) -> Result<(), FunctionError> {
        let voice = Voice {
            missing: Box::new(move |a| number(a).err().map(named).unwrap_or_default()),
            asks: Box::new(asks),
        };
        self.functions.register_with_voice(
            name,
            signature.seeing_missing(),
            move |a| Ok(number(a).map_or(Value::Missing(rules::Missing::Unknown), Value::Decimal)),
            voice,
        )
    }
}

/// Adds all functions of this crate.
pub fn register(functions: &mut Functions, words: &Vocabulary) -> Result<(), FunctionError> {
    let mut r = Registry { functions };
    let truth = || Signature::returning(Type::Boolean);
    let assay = || codes(&words.assays, true);
    let what = || codes(&words.treatments, true);
    let setting = || Kind::Code(Arc::from(crate::Setting::CODES.map(str::to_owned).to_vec()));

    let er = || truth().reads("er.percent").reads("pgr.percent");
    r.question("hr.is_positive", er(), |a| receptors(a, 0).hr_positive(), asks::hr_positive)?;
    r.question("hr.is_negative", er(), |a| receptors(a, 0).hr_positive().map(|p| !p), asks::hr_negative)?;
    r.question("er.is_positive", er(), |a| receptors(a, 0).er_positive(), asks::er_positive)?;

    let with_her2 = |s: Signature| {
        ["her2.ihc", "her2.ihc0_staining", "her2.ish.method", "her2.ish.ratio", "her2.ish.copies"]
            .into_iter()
            .chain(["her2.ish.recount_group", "her2.adjudication"])
            .fold(s, Signature::reads)
    };
    r.question("her2.is_positive", with_her2(truth()), |a| her2(a, 0, None).positive(), asks::her2_positive)?;
    r.question(
        "her2.is_negative",
        with_her2(truth()),
        |a| her2(a, 0, None).positive().map(|p| !p),
        asks::her2_negative,
    )?;
    let by_assay = || with_her2(truth().takes("assay", assay()));
    r.question("her2.is_low", by_assay(), |a| her2(a, 1, read::assay(a, 0)).low(), asks::her2_low)?;
    r.question(
        "her2.is_ultralow",
        by_assay(),
        |a| her2(a, 1, read::assay(a, 0)).ultralow(),
        asks::her2_ultralow,
    )?;
    r.question(
        "her2.is_ihc_3",
        truth().reads("her2.ihc"),
        |a| match scores(a.value(0), None) {
            crate::Latest::Known(score) => Ok(score == crate::Ihc::Three),
            missing => crate::open("her2.ihc", missing.why()),
        },
        asks::her2_ihc_3,
    )?;

    let number = || Signature::returning(Type::Decimal { unit: None }).takes("assay", assay());
    r.number("pdl1.cps", number().reads("pdl1.cps"), |a| numbers(a, "pdl1.cps"), asks::cps)?;
    r.number("pdl1.ic", number().reads("pdl1.ic"), |a| numbers(a, "pdl1.ic"), asks::ic)?;
    r.number("tmb.by", number().reads("tmb.per_mb"), |a| numbers(a, "tmb.per_mb"), asks::tmb)?;
    r.question(
        "msi.is_high",
        truth().reads("msi.status"),
        |a| match read::codes(a, 0) {
            crate::Latest::Known(status) => Ok(status == "high"),
            missing => crate::open("msi.status", missing.why()),
        },
        asks::msi,
    )?;

    r.question(
        "gbrca.is_pathogenic",
        truth().takes("assay", assay()).reads("gbrca.status"),
        |a| crate::gbrca_pathogenic(read::calls(a, 1), read::assay(a, 0)),
        asks::gbrca,
    )?;
    let gene = || truth().takes("gene", Kind::Text);
    r.question(
        "gene.is_altered",
        gene().takes("assay", assay()).reads("variant"),
        |a| crate::altered(&genes(a, 2, read::word(a, 0)), read::word(a, 0), read::assay(a, 1)),
        asks::altered,
    )?;
    r.question(
        "gene.is_wild_type",
        gene().reads("variant"),
        |a| crate::wild_type(&genes(a, 1, read::word(a, 0)), read::word(a, 0)),
        asks::wild_type,
    )?;
    r.question(
        "gene.is_fused",
        gene().reads("variant"),
        |a| crate::fused(&genes(a, 1, read::word(a, 0)), read::word(a, 0)),
        asks::fused,
    )?;
    r.question(
        "gene.has_change",
        gene().takes("change", Kind::Text).reads("variant"),
        |a| crate::changed(&genes(a, 2, read::word(a, 0)), read::word(a, 0), read::word(a, 1)),
        asks::changed,
    )?;
    r.question(
        "esr1.is_mutated",
        truth().takes("assay", assay()).reads("variant"),
        |a| crate::esr1_mutated(&genes(a, 1, "ESR1"), read::assay(a, 0)),
        asks::esr1,
    )?;
    r.question(
        "ctdna.emerged",
        gene().reads("ctdna.samples"),
        |a| crate::emerged(&samples(a, 1, read::word(a, 0))),
        asks::emerged,
    )?;

    let of = || truth().takes("what", what());
    r.question("prior.had", of().reads("prior"), |a| history(a, 1).had(read::word(a, 0)), asks::had)?;
    r.question(
        "prior.had_in",
        of().takes("setting", setting()).reads("prior"),
        |a| history(a, 2).had_in(read::word(a, 0), read::setting(a, 1)),
        asks::had_in,
    )?;
    r.question(
        "prior.regimens",
        truth().takes("n", Kind::Integer).takes("what", what()).reads("prior"),
        |a| history(a, 2).regimens(read::count(a, 0), read::word(a, 1), None),
        asks::regimens,
    )?;
    r.question(
        "prior.regimens_in",
        truth().takes("n", Kind::Integer).takes("what", what()).takes("setting", setting()).reads("prior"),
        |a| history(a, 3).regimens(read::count(a, 0), read::word(a, 1), Some(read::setting(a, 2))),
        asks::regimens_in,
    )?;
    r.question(
        "prior.progressed_on",
        of().reads("prior"),
        |a| history(a, 1).progressed_on(read::word(a, 0)),
        asks::progressed_on,
    )?;
    r.question(
        "prior.progressed_in",
        of().takes("setting", setting()).reads("prior"),
        |a| history(a, 2).progressed_in(read::word(a, 0), read::setting(a, 1)),
        asks::progressed_in,
    )?;
    r.question(
        "prior.progressed_on_alone",
        of().reads("prior"),
        |a| history(a, 1).progressed_on_alone(read::word(a, 0)),
        asks::progressed_on_alone,
    )?;
    let both = || of().takes("with", what()).reads("prior");
    r.question(
        "prior.progressed_on_both",
        both(),
        |a| history(a, 2).progressed_on_both(read::word(a, 0), read::word(a, 1)),
        asks::progressed_on_both,
    )?;
    r.question(
        "prior.on_now",
        both(),
        |a| history(a, 2).on_now(read::word(a, 0), read::word(a, 1)),
        asks::on_now,
    )?;
    r.question(
        "prior.relapsed_after",
        of().reads("prior"),
        |a| history(a, 1).relapsed_after(read::word(a, 0)),
        asks::relapsed_after,
    )?;
    r.question(
        "prior.recurred_within",
        of().takes("months", Kind::Integer).reads("prior"),
        |a| history(a, 2).recurred_within(read::word(a, 0), read::integer(a, 1)),
        asks::recurred_within,
    )?;
    r.question(
        "prior.advanced_or_recurred",
        of().takes("months", Kind::Integer).reads("prior"),
        |a| history(a, 2).advanced_or_recurred(read::word(a, 0), read::integer(a, 1)),
        asks::advanced_or_recurred,
    )?;
    r.question(
        "prior.further_lines",
        truth().takes("n", Kind::Integer).reads("prior"),
        |a| history(a, 1).further_lines(read::count(a, 0)),
        asks::further_lines,
    )
}

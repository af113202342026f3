//! Genes: what a result of sequencing answers for a label, and what it leaves open.

use crate::{Latest, Observation, Specimen, Told, latest, open};
use rules::Missing;

/// How a laboratory classified what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Pathogenic,
    LikelyPathogenic,
    /// Variant of uncertain significance.
    Vus,
    /// Tested, and nothing found. It is a result: the gene is wild type.
    NoneFound,
}

impl Call {
    pub const CODES: [&'static str; 4] = ["pathogenic", "likely_pathogenic", "vus", "none_found"];

    pub fn from_code(code: &str) -> Option<Call> {
        [Call::Pathogenic, Call::LikelyPathogenic, Call::Vus, Call::NoneFound]
            .into_iter()
            .find(|call| call.code() == code)
    }

    pub fn code(self) -> &'static str {
        Call::CODES[self as usize]
    }

    /// Pathogenic or likely pathogenic.
    pub fn qualifies(self) -> bool {
        matches!(self, Call::Pathogenic | Call::LikelyPathogenic)
    }
}

/// One result for one gene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneResult<'a> {
    pub gene: &'a str,
    pub observation: Observation<'a, Call>,
    /// Such as `amplification` or `fusion`; a small variant when absent.
    pub kind: Option<&'a str>,
    pub hgvs: Option<&'a str>,
}

impl GeneResult<'_> {
    fn call(&self) -> Option<Call> {
        self.observation.value.ok()
    }

    fn is_positive(&self) -> bool {
        self.call().is_some_and(Call::qualifies)
    }

    fn is_negative(&self) -> bool {
        self.call().is_some_and(|call| !call.qualifies())
    }

    fn is_blood(&self) -> bool {
        self.observation.specimen == Some(Specimen::Blood)
    }

    fn same_test(&self, other: &Self) -> bool {
        self.observation.assay == other.observation.assay
            && self.observation.date == other.observation.date
            && self.observation.specimen == other.observation.specimen
    }

    /// A gain or a rearrangement, which no label about mutations or loss of function means.
    fn is_gain_or_fusion(&self) -> bool {
        self.kind.is_some_and(|kind| is_gain(kind) || is_fusion(kind))
    }
}

/// Whether a kind of alteration is a gain of copies.
pub fn is_gain(kind: &str) -> bool {
    ["amplification", "gain", "copy_number_gain", "amp"].iter().any(|k| kind.eq_ignore_ascii_case(k))
}

fn is_fusion(kind: &str) -> bool {
    ["fusion", "rearrangement"].iter().any(|k| kind.eq_ignore_ascii_case(k))
}

fn why<'a>(results: impl Iterator<Item = GeneResult<'a>>) -> Missing {
    results.filter_map(|r| r.observation.value.err()).reduce(Missing::join).unwrap_or(Missing::NotYetKnown)
}

/// Whether no later or simultaneous negative of another test speaks against the positives.
fn stands<'a>(all: &[GeneResult<'a>]) -> bool {
    let positives = || all.iter().filter(|r| r.is_positive());
    all.iter().filter(|r| r.is_negative()).all(|negative| {
        positives().any(|p| negative.observation.is_before(&p.observation))
            || negative.call() == Some(Call::Vus) && positives().any(|p| p.same_test(negative))
    })
}

/// Whether the gene carries a pathogenic alteration, by the assay that the label names if it names one. `results` are
/// those of the gene. A gain or a fusion neither qualifies nor excludes; without a named assay a negative blood sample
/// does not exclude.
pub fn altered<'a>(results: &[GeneResult<'a>], gene: &str, assay: Option<&str>) -> Told {
    let relevant: Vec<GeneResult<'a>> = results
        .iter()
        .filter(|r| assay.is_none_or(|a| r.observation.assay == Some(a)) && !r.is_gain_or_fusion())
        .copied()
        .collect();
    if relevant.iter().any(GeneResult::is_positive) {
        return if stands(&relevant) { Ok(true) } else { open(format!("variant.{gene}"), Missing::Unknown) };
    }
    if relevant.iter().any(|r| r.is_negative() && (assay.is_some() || !r.is_blood())) {
        return Ok(false);
    }
    let known = || results.iter().any(|r| r.call().is_some());
    match assay {
        Some(assay) if known() => open(format!("variant.{gene}@{assay}"), why(relevant.iter().copied())),
        None if relevant.iter().any(GeneResult::is_negative) => {
            open(format!("variant.{gene}@tissue"), Missing::NotYetKnown)
        }
        _ => open(format!("variant.{gene}"), why(results.iter().copied())),
    }
}

/// ESR1 mutations are acquired under aromatase inhibitors: an old tissue block that is negative does not exclude one, and
/// a positive blood sample after it is no contradiction.
pub fn esr1_mutated(results: &[GeneResult<'_>], assay: Option<&str>) -> Told {
    let blood = |why| open("variant.ESR1@blood", why);
    let small: Vec<GeneResult<'_>> = results.iter().filter(|r| !r.is_gain_or_fusion()).copied().collect();
    let by = |r: &GeneResult<'_>| match assay {
        Some(assay) => r.observation.assay == Some(assay) && r.observation.specimen != Some(Specimen::Tissue),
        None => r.is_positive() || r.is_blood(),
    };
    let relevant: Vec<GeneResult<'_>> = small.iter().filter(|r| by(r)).copied().collect();
    if relevant.iter().any(GeneResult::is_positive) {
        return if stands(&relevant) { Ok(true) } else { blood(Missing::Unknown) };
    }
    if relevant.iter().any(GeneResult::is_negative) {
        // A positive by another test is not outvoted in silence.
        return if small.iter().any(GeneResult::is_positive) { blood(Missing::Unknown) } else { Ok(false) };
    }
    match assay {
        Some(assay)
            if small
                .iter()
                .any(|r| r.call().is_some() && (r.is_blood() || r.observation.specimen.is_none())) =>
        {
            open(format!("variant.ESR1@{assay}"), why(relevant.iter().copied()))
        }
        _ => blood(why(results.iter().filter(|r| !r.is_negative()).copied())),
    }
}

/// Tested, and no pathogenic mutation. Never true of a patient who was not tested.
pub fn wild_type(results: &[GeneResult<'_>], gene: &str) -> Told {
    if results.iter().any(|r| r.is_positive() && !r.is_gain_or_fusion()) {
        return Ok(false);
    }
    if results.iter().any(|r| r.call() == Some(Call::NoneFound)) {
        return Ok(true);
    }
    open(format!("variant.{gene}"), why(results.iter().copied()))
}

/// Whether the gene takes part in a pathogenic fusion.
pub fn fused(results: &[GeneResult<'_>], gene: &str) -> Told {
    if results.iter().any(|r| r.is_positive() && r.kind.is_some_and(is_fusion)) {
        return Ok(true);
    }
    if results.iter().any(|r| r.call() == Some(Call::NoneFound))
        && !results.iter().any(GeneResult::is_positive)
    {
        return Ok(false);
    }
    open(format!("variant.{gene}"), why(results.iter().copied()))
}

/// Whether a name tells a change of the protein: `p.V600E`, `V600E`, `p.(Arg97ProfsTer23)`. A coding or genomic name does
/// not, nor does one that is misspelt.
pub fn names_protein_change(hgvs: &str) -> bool {
    const AMINO: &str = "ACDEFGHIKLMNPQRSTVWY*";
    let short = short(hgvs);
    let mut rest = short.chars();
    let amino = rest.next().is_some_and(|c| AMINO.contains(c));
    let change = rest.as_str().trim_start_matches(|c: char| c.is_ascii_digit());
    let placed = change.len() < rest.as_str().len();
    let words = ["fs", "del", "dup", "ins", "ext", "_", "=", "?"];
    let changes = change.starts_with(|c| AMINO.contains(c)) || words.iter().any(|w| change.starts_with(w));
    amino && placed && changes
}

/// Whether the gene carries exactly this change of the protein, such as `V600E`. A positive whose name does not tell the
/// change of the protein leaves it open.
pub fn changed(results: &[GeneResult<'_>], gene: &str, change: &str) -> Told {
    let mut known = false;
    for result in results.iter().filter(|r| r.call().is_some()) {
        match (result.is_positive(), result.hgvs) {
            (true, Some(hgvs)) if short(hgvs) == change => return Ok(true),
            (true, None) => return open(format!("variant.{gene}"), Missing::Unknown),
            (true, Some(hgvs)) if !names_protein_change(hgvs) => {
                return open(format!("variant.{gene}"), Missing::Unknown);
            }
            _ => known = true,
        }
    }
    if known { Ok(false) } else { open(format!("variant.{gene}"), why(results.iter().copied())) }
}

/// `p.Val600Glu` and `p.(V600E)` as `V600E`.
pub fn short(hgvs: &str) -> String {
    const AMINO: [(&str, &str); 21] = [
        ("Ala", "A"),
        ("Arg", "R"),
        ("Asn", "N"),
        ("Asp", "D"),
        ("Cys", "C"),
        ("Gln", "Q"),
        ("Glu", "E"),
        ("Gly", "G"),
        ("His", "H"),
        ("Ile", "I"),
        ("Leu", "L"),
        ("Lys", "K"),
        ("Met", "M"),
        ("Phe", "F"),
        ("Pro", "P"),
        ("Ser", "S"),
        ("Thr", "T"),
        ("Trp", "W"),
        ("Tyr", "Y"),
        ("Val", "V"),
        ("Ter", "*"),
    ];
    let protein = hgvs.rsplit(':').next().unwrap_or(hgvs);
    let mut text: String = protein.trim_start_matches("p.").chars().filter(|c| !"()".contains(*c)).collect();
    for (long, one) in AMINO {
        text = text.replace(long, one);
    }
    text
}

/// Germline BRCA1 or BRCA2, pathogenic or likely pathogenic, from a germline test; by the companion test if the label
/// names one. A result in the tumour is no answer.
pub fn gbrca_pathogenic<'a>(
    results: impl Iterator<Item = Observation<'a, Call>> + Clone,
    assay: Option<&str>,
) -> Told {
    let by = results.clone().filter(|o| assay.is_none_or(|a| o.assay == Some(a)));
    match latest(by.map(|o| Observation {
        value: o.value.map(Call::qualifies),
        assay: o.assay,
        specimen: o.specimen,
        date: o.date,
    })) {
        Latest::Known(qualifies) => Ok(qualifies),
        Latest::Contradiction => open("gbrca.status", Missing::Unknown),
        Latest::Missing(why) => match assay {
            Some(assay) if results.clone().any(|o| o.value.is_ok()) => {
                open(format!("gbrca.status@{assay}"), why)
            }
            _ => open("gbrca.status", latest(results).why()),
        },
    }
}

/// One sample of a series of circulating tumour DNA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    pub observation: Observation<'a, bool>,
    /// False when it is stated that a negative result means nothing (no tumour DNA, failed control).
    pub adequate: bool,
}

/// Whether the mutation appeared between two samples: an adequate earlier one is negative, a later one positive.
pub fn emerged(samples: &[Sample<'_>]) -> Told {
    let positive = |s: &&Sample<'_>| s.observation.value == Ok(true);
    let negative = |s: &&Sample<'_>| s.observation.value == Ok(false) && s.adequate;
    let mut positives = samples.iter().filter(positive).peekable();
    if positives.peek().is_none() {
        return if samples.iter().any(|s| negative(&s)) {
            Ok(false)
        } else {
            open("ctdna.samples", Missing::NotYetKnown)
        };
    }
    let appeared =
        positives.any(|p| samples.iter().filter(negative).any(|n| n.observation.is_before(&p.observation)));
    if appeared { Ok(true) } else { open("ctdna.samples", Missing::NotYetKnown) }
}

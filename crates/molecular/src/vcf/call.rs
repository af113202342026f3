//! What one record says of the sample: which alleles it carries, in which share of the reads.

use noodles_vcf::Record;
use rust_decimal::Decimal;

/// Reads of a sample; shares and depths as the usual callers write them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// Alleles of the genotype; `None` for a missing one. Empty: the file has no genotype.
    alleles: Vec<Option<usize>>,
    has_genotype: bool,
    shares: Vec<Decimal>,
    /// Reference first.
    counts: Vec<u64>,
    pub depth: Option<u64>,
}

/// Tags that carry the share of the alternative allele, one value for each: FORMAT first, then INFO.
const SHARES: [&str; 4] = ["AF", "VAF", "FREQ", "TVAF"];
/// Tags that carry reads of reference and alternatives.
const COUNTS: [&str; 2] = ["AD", "ADT"];
const DEPTHS: [&str; 3] = ["DP", "DPT", "TDP"];

fn share(text: &str) -> Option<Decimal> {
    let (text, percent) = match text.strip_suffix('%') {
        Some(t) => (t, true),
        None => (text, false),
    };
    let value = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()?;
    let value = if percent { value / Decimal::ONE_HUNDRED } else { value };
    (Decimal::ZERO..=Decimal::ONE).contains(&value).then_some(value)
}

impl Call {
    /// `sample`: index of the column; `None` when the file has none.
    pub fn of(record: &Record, sample: Option<usize>) -> Call {
        let info = record.info();
        let info: &str = info.as_ref();
        let of_info = |tag: &str| {
            info.split(';').filter_map(|kv| kv.split_once('=')).find(|(k, _)| *k == tag).map(|(_, v)| v)
        };
        let samples = record.samples();
        let keys = samples.keys();
        let column = sample.and_then(|i| samples.get_index(i));
        let values: Vec<&str> = column.as_ref().map_or_else(Vec::new, |s| s.as_ref().split(':').collect());
        let of_format = |tag: &str| {
            let i = keys.iter().position(|k| k == tag)?;
            values.get(i).copied().filter(|v| *v != ".")
        };
        let either = |tags: &[&str]| {
            tags.iter().find_map(|t| of_format(t)).or_else(|| {
                // With several samples an INFO value speaks of all of them.
                let alone = samples.len() <= 1;
                alone.then(|| tags.iter().find_map(|t| of_info(t))).flatten()
            })
        };
        let genotype = of_format("GT");
        let has_genotype = keys.iter().any(|k| k == "GT") && sample.is_some();
        let alleles =
            genotype.map(|g| g.split(['/', '|']).map(|a| a.parse().ok()).collect()).unwrap_or_default();
        Call {
            alleles,
            has_genotype,
            shares: either(&SHARES).map(|v| v.split(',').filter_map(share).collect()).unwrap_or_default(),
            counts: COUNTS
                .iter()
                .find_map(|t| of_format(t))
                .map(|v| v.split(',').filter_map(|n| n.parse().ok()).collect())
                .unwrap_or_default(),
            depth: either(&DEPTHS).and_then(|v| v.parse().ok()),
        }
    }

    /// Does the sample carry this alternative (from 1)? `None`: its genotype is missing. A file without genotypes
    /// states what its caller found, so every allele counts as carried.
    pub fn carries(&self, allele: usize) -> Option<bool> {
        if !self.has_genotype {
            return Some(true);
        }
        if self.alleles.contains(&Some(allele)) {
            return Some(true);
        }
        if self.alleles.is_empty() || self.alleles.contains(&None) { None } else { Some(false) }
    }

    /// Share of the reads with this alternative: as written, else from the reads of the alleles.
    pub fn vaf(&self, allele: usize) -> Option<Decimal> {
        if let Some(v) = self.shares.get(allele - 1) {
            return Some(*v);
        }
        let total: u64 = self.counts.iter().sum();
        let reads = self.counts.get(allele)?;
        (total > 0).then(|| (Decimal::from(*reads) / Decimal::from(total)).round_dp(6))
    }
}

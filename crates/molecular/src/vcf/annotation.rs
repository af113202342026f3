//! What an annotator wrote into a VCF: VEP's CSQ and SnpEff's ANN, one name for each gene.

use crate::hgvs;

/// Where the parts stand in an annotation, from the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    tag: &'static str,
    allele: usize,
    effect: usize,
    gene: usize,
    coding: usize,
    protein: usize,
    /// Columns that mark the transcript to take.
    preferred: Vec<usize>,
}

/// What the annotation says of one gene.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Every transcript is left as it is: intron, untranslated, synonymous, outside.
    Silent,
    /// The names on the transcript to take, or on all of them alike.
    Named { coding: Option<String>, protein: Option<String> },
    /// Transcripts with different names and none that is marked.
    Unclear(Vec<String>),
}

/// Effects that leave the protein as it is (Sequence Ontology terms).
const SILENT: [&str; 14] = [
    "intron_variant",
    "synonymous_variant",
    "5_prime_UTR_variant",
    "3_prime_UTR_variant",
    "upstream_gene_variant",
    "downstream_gene_variant",
    "intergenic_variant",
    "intergenic_region",
    "non_coding_transcript_variant",
    "non_coding_transcript_exon_variant",
    "intragenic_variant",
    "NMD_transcript_variant",
    "stop_retained_variant",
    "start_retained_variant",
];

impl Layout {
    /// Reads an INFO header line; `None` if it is not one of an annotator.
    pub fn of_header(line: &str) -> Option<Layout> {
        let tag = ["CSQ", "ANN"].into_iter().find(|t| line.starts_with(&format!("##INFO=<ID={t},")))?;
        let lower = line.to_ascii_lowercase();
        let at =
            lower.find("format:").map(|i| i + 7).or_else(|| lower.find("annotations:").map(|i| i + 12))?;
        let names: Vec<String> = line
            .get(at..)?
            .trim_end_matches(['>', '"'])
            .split('|')
            .map(|n| n.trim_matches([' ', '\'', '"']).to_ascii_lowercase())
            .collect();
        let find = |wanted: &[&str]| names.iter().position(|n| wanted.contains(&n.as_str()));
        Some(Layout {
            tag,
            allele: find(&["allele"])?,
            effect: find(&["consequence", "annotation"])?,
            gene: find(&["symbol", "gene_name"])?,
            coding: find(&["hgvsc", "hgvs.c"])?,
            protein: find(&["hgvsp", "hgvs.p"])?,
            preferred: [find(&["mane_select", "mane"]), find(&["canonical"])].into_iter().flatten().collect(),
        })
    }

    /// What an INFO field says of an allele in a gene; `None`: nothing. `alternate` is the allele as written in the
    /// record, `trimmed` without the bases it shares with the reference.
    pub fn of(&self, info: &str, gene: &str, alternate: &str, trimmed: &str) -> Option<Said> {
        let value = info.split(';').find_map(|kv| kv.strip_prefix(self.tag)?.strip_prefix('='))?;
        let entries: Vec<Vec<&str>> = value.split(',').map(|e| e.split('|').collect()).collect();
        let cell = |e: &[&str], i: usize| e.get(i).map(|t| t.trim().to_owned()).unwrap_or_default();
        let dash = if trimmed.is_empty() { "-" } else { trimmed };
        // VEP takes the first base away when the lengths differ.
        let vep = alternate.get(1..).filter(|t| !t.is_empty()).unwrap_or("-");
        let ours: Vec<&Vec<&str>> = entries
            .iter()
            .filter(|e| cell(e, self.gene) == gene)
            .filter(|e| [alternate, dash, vep].contains(&cell(e, self.allele).as_str()))
            .collect();
        if ours.is_empty() {
            return None;
        }
        let silent = |e: &[&str]| cell(e, self.effect).split('&').all(|t| SILENT.contains(&t));
        if ours.iter().all(|e| silent(e)) {
            return Some(Said::Silent);
        }
        let marked: Vec<&Vec<&str>> = self
            .preferred
            .iter()
            .map(|i| {
                let of = |e: &&&Vec<&str>| !matches!(cell(e, *i).as_str(), "" | "." | "NO");
                ours.iter().filter(of).copied().collect::<Vec<_>>()
            })
            .find(|m| !m.is_empty())
            .unwrap_or(ours);
        if marked.iter().all(|e| silent(e)) {
            return Some(Said::Silent);
        }
        let names = |i: usize| {
            let mut list: Vec<String> =
                marked.iter().map(|e| plain(&cell(e, i))).filter(|n| !n.is_empty()).collect();
            list.sort();
            list.dedup();
            list
        };
        let (coding, protein) = (names(self.coding), names(self.protein));
        if protein.len() > 1 || (protein.is_empty() && coding.len() > 1) {
            return Some(Said::Unclear(if protein.is_empty() { coding } else { protein }));
        }
        Some(Said::Named {
            coding: if coding.len() == 1 { coding.into_iter().next() } else { None },
            protein: protein.into_iter().next(),
        })
    }
}

/// `ENSP00000263967.3:p.His1047Arg` as `p.His1047Arg`; `%3D` as `=`. Empty when it is no name.
fn plain(text: &str) -> String {
    let text = text.rsplit_once(':').map_or(text, |(_, t)| t).replace("%3D", "=");
    hgvs::parse(&text).map(|h| h.certain().to_string()).unwrap_or_default()
}

//! A finding given by name: HGVS read, checked against what is known of the gene, interpreted by the table.

use crate::finding::{Class, Finding};
use crate::genome::{self, Build};
use crate::hgvs::{self, Change, Hgvs};
use crate::note::{Note, both};
use crate::table::{self, Gene};
use words::Text;

/// The canonical symbol for names in use.
pub fn symbol(written: &str) -> &str {
    match written {
        "HER2" | "HER-2" | "NEU" | "ERBB2/HER2" => "ERBB2",
        "p53" | "P53" => "TP53",
        "TRKA" => "NTRK1",
        "TRKB" => "NTRK2",
        "TRKC" => "NTRK3",
        "PIK3CA/p110a" => "PIK3CA",
        "ER1" | "ESRA" => "ESR1",
        other => other,
    }
}

fn left(code: &'static str, f: &Finding, what: Text, todo: Text) -> Box<Note> {
    Box::new(Note::left(code, &f.source.file, what, todo).hides(&f.gene).at(f.source.line))
}

/// Adds one HGVS name to a finding. Err: malformed (with its column), or not of this gene.
pub fn add(f: &mut Finding, text: &str, build: Option<Build>) -> Result<(), Box<Note>> {
    let name = hgvs::parse(text).map_err(|e| {
        let (gene, column) = (&f.gene, e.column);
        let Text { ja, en } = e.what;
        let what = both!(
            "{gene} の HGVS 表記「{text}」が {column} 文字目で読めません：{ja}。",
            "The HGVS name “{text}” of {gene} cannot be read at its character {column}: {en}."
        );
        let todo = Text::new(
            "検査会社の表記を確認し、書き直してください。",
            "Check the laboratory's spelling and write it anew.",
        );
        let mut note = left("hgvs", f, what, todo);
        note.column = Some(column);
        note
    })?;
    let Some(gene) = table::gene(&f.gene) else {
        put(f, &name);
        return Ok(());
    };
    of_gene(f, gene, &name, text)?;
    if let Change::Genomic(n) = &name.change {
        let of = name.reference.as_ref().and_then(|r| genome::of_accession(&r.accession));
        let build = of.map(|o| o.0).or(build);
        let chromosome = of.map_or(gene.chromosome.as_str(), |o| o.1);
        if let Some((a, b)) = build.and_then(|b| gene.extent(b)) {
            let at = n.start.base.unsigned_abs();
            if chromosome != gene.chromosome || !(a..=b).contains(&at) {
                return Err(not_in(f, text));
            }
        }
        // A genomic name is known by its place only.
        if let (Some(build), hgvs::nucleotide::Edit::Substitution(from, to)) = (build, &n.edit) {
            let at = n.start.base.unsigned_abs();
            if let Some(known) = table::at(build, &gene.chromosome, at, &from.to_string(), &to.to_string()) {
                return agree(f, known, text);
            }
        }
    }
    let same_kind = match name.change {
        Change::Protein(_) => &f.protein,
        Change::Coding(_) | Change::NonCoding(_) => &f.coding,
        Change::Genomic(_) => &None,
    };
    if let Some(mine) = same_kind.clone().filter(|m| *m != name.certain().to_string()) {
        return Err(contradiction(f, text, &mine));
    }
    put(f, &name);
    if let Some(known) = table::named(&f.gene, &name) {
        return agree(f, known, text);
    }
    Ok(())
}

fn contradiction(f: &Finding, text: &str, mine: &str) -> Box<Note> {
    let gene = &f.gene;
    let what = both!(
        "{gene} の「{text}」は、同じ記録の「{mine}」と合いません。",
        "“{text}” of {gene} does not agree with “{mine}” of the same record."
    );
    let todo =
        Text::new("どちらが正しいか検査会社に確認してください。", "Ask the laboratory which one is right.");
    left("names_contradict", f, what, todo)
}

fn put(f: &mut Finding, name: &Hgvs) {
    let text = name.certain().to_string();
    match name.change {
        Change::Protein(_) => f.protein = Some(text),
        Change::Coding(_) | Change::NonCoding(_) => f.coding = Some(text),
        Change::Genomic(_) => f.genomic = Some(text),
    }
}

/// The names of one finding must mean one row of the table.
fn agree(f: &mut Finding, known: &table::Alteration, text: &str) -> Result<(), Box<Note>> {
    let differs =
        |mine: &Option<String>, theirs: Option<&str>| matches!((mine, theirs), (Some(m), Some(t)) if m != t);
    if differs(&f.protein, Some(&known.protein)) || differs(&f.coding, known.coding.as_deref()) {
        let mine = f.protein.clone().or_else(|| f.coding.clone()).unwrap_or_default();
        return Err(contradiction(f, &format!("{text}, {}", known.protein), &mine));
    }
    f.protein = Some(known.protein.clone());
    f.coding.clone_from(&known.coding);
    if f.class.is_none() {
        crate::vcf::interpret(f, Some(known));
    }
    Ok(())
}

fn not_in(f: &Finding, text: &str) -> Box<Note> {
    let gene = &f.gene;
    let what = both!(
        "変化「{text}」は遺伝子 {gene} の中にありません。",
        "The change “{text}” does not lie in the gene {gene}."
    );
    let todo = Text::new(
        "遺伝子名、ビルド、表記を検査会社に確認してください。",
        "Ask the laboratory about gene, build and spelling.",
    );
    left("not_in_gene", f, what, todo)
}

/// The name's own gene, the protein's length, and residues that the table knows.
fn of_gene(f: &Finding, gene: &Gene, name: &Hgvs, text: &str) -> Result<(), Box<Note>> {
    if let Some(other) = name.reference.as_ref().and_then(|r| r.gene.as_deref())
        && symbol(other) != gene.symbol
    {
        return Err(not_in(f, text));
    }
    let Some(protein) = name.protein() else { return Ok(()) };
    for (residue, at) in protein.residues() {
        // The stop stands one behind the last residue.
        if gene.protein_length.is_some_and(|n| at > n + u64::from(residue.is_stop())) {
            return Err(not_in(f, text));
        }
        if let Some(expected) = table::residue(&gene.symbol, at).filter(|e| *e != residue) {
            let symbol = &gene.symbol;
            let what = both!(
                "{symbol} の {at} 番目の残基は {expected} で、「{text}」の {residue} と合いません。",
                "Residue {at} of {symbol} is {expected}; “{text}” says {residue}."
            );
            let todo = Text::new(
                "遺伝子名、転写産物、表記を検査会社に確認してください。",
                "Ask the laboratory about gene, transcript and spelling.",
            );
            return Err(left("not_in_gene", f, what, todo));
        }
    }
    Ok(())
}

/// The laboratory's class stands; that the table says otherwise is told.
pub fn differs(f: &Finding) -> Option<Note> {
    let name = f.protein.as_deref().or(f.coding.as_deref()).and_then(|t| hgvs::parse(t).ok())?;
    let theirs = table::named(&f.gene, &name)?.class?;
    let mine = f.class.filter(|m| (*m >= Class::LikelyPathogenic) != (theirs >= Class::LikelyPathogenic))?;
    let (gene, name, mine, theirs) = (&f.gene, name.certain(), mine.code(), theirs.code());
    let what = both!(
        "{gene} {name} を検査会社は {mine} としていますが、収載表では {theirs} です。検査会社の分類を用いました。",
        "The laboratory calls {gene} {name} {mine}, the table {theirs}; the laboratory's class is used."
    );
    let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
    Some(Note::told("class_differs", &f.source.file, what, todo).at(f.source.line))
}

/// Gives the class that follows from the name when nobody has said one: a truncating rule with a source, or silence.
/// Returns false for a change that leaves the protein as it is.
pub fn conclude(f: &mut Finding) -> bool {
    let parsed = f.protein.as_deref().and_then(|p| hgvs::parse(p).ok());
    let protein = parsed.as_ref().and_then(Hgvs::protein);
    if f.class.is_none() {
        if let Some(rule) = protein.and_then(|p| table::loss(&f.gene, p)) {
            f.class = Some(rule.class);
            f.class_source = rule.source.clone();
        } else if f.class_source.is_empty() {
            let coding = f.coding.as_deref().and_then(|c| hgvs::parse(c).ok());
            let splice = matches!(coding.map(|h| h.change), Some(Change::Coding(n)) if n.at_splice_site());
            let what = if splice { "splice-site variant" } else { "variant" };
            f.class_source = format!("uninterpreted {what} in {}", f.gene);
        }
    }
    !protein.is_some_and(hgvs::protein::Protein::is_silent)
}

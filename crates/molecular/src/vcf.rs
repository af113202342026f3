//! VCF 4.x: plain, gzip or bgzip, either build, one sample.

mod annotation;
mod call;

use crate::coverage::Coverage;
use crate::finding::{Class, Coordinates, Finding, Kind, Origin, Specimen};
use crate::genome::{self, Build, Witness};
use crate::note::{Note, both};
use crate::table::{self, Alteration, Gene};
use crate::{Reading, name, open};
use annotation::{Layout, Said};
use call::Call;
use noodles_vcf as noodles;
use std::collections::{BTreeMap, BTreeSet};
use words::Text;

/// What the reader must be told beside the file.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub build: Build,
    /// Which column, when the file has several samples.
    pub sample: Option<&'a str>,
    pub specimen: Option<Specimen>,
    pub assay: Option<&'a str>,
    pub origin: Origin,
    /// Genes and stretches that the assay covers; a record outside stated stretches is not the assay's statement.
    pub covered: Option<&'a Coverage>,
}

/// Reads a file. Findings: every alteration that the sample carries inside a gene of the table. A record whose FILTER
/// is neither PASS nor empty, a symbolic allele, a missing genotype are listed and not used.
pub fn read(bytes: &[u8], file: &str, options: &Options<'_>) -> Reading {
    let mut reading = Reading::default();
    let text = match open::text(bytes, file) {
        Ok(text) => text,
        Err(note) => return reading.refuse(*note),
    };
    let mut reader = Reader {
        file,
        options,
        witness: Witness::new(options.build, file),
        header: noodles::header::Parser::default(),
        columns: None,
        layout: None,
        silent: 0,
        seen: BTreeMap::new(),
        unfiltered: 0,
        strange: BTreeSet::new(),
    };
    match reader.all(&text, &mut reading) {
        Ok(()) => reading,
        Err(note) => reading.refuse(*note),
    }
}

/// Sample columns of the file and the one that is read; `None`: a file without samples.
struct Columns {
    chosen: Option<usize>,
}

struct Reader<'a> {
    file: &'a str,
    options: &'a Options<'a>,
    witness: Witness,
    header: noodles::header::Parser,
    columns: Option<Columns>,
    /// Where an annotator's names stand.
    layout: Option<Layout>,
    /// Changes that leave the protein as it is, by the annotator.
    silent: usize,
    /// Line and presence of every allele seen, to find duplicates.
    seen: BTreeMap<(String, u64, String, String), (usize, bool)>,
    unfiltered: usize,
    strange: BTreeSet<String>,
}

/// An alteration trimmed to the bases that differ.
struct Trimmed<'a> {
    position: u64,
    reference: &'a str,
    alternate: &'a str,
}

/// Takes away common bases at the beginning, then at the end: what is left stands as far right as the record allows, as
/// HGVS wants it.
fn trim<'a>(position: u64, reference: &'a str, alternate: &'a str) -> Trimmed<'a> {
    let head = reference.bytes().zip(alternate.bytes()).take_while(|(x, y)| x == y).count();
    let (r, a) = (reference.get(head..).unwrap_or(""), alternate.get(head..).unwrap_or(""));
    let tail = r.bytes().rev().zip(a.bytes().rev()).take_while(|(x, y)| x == y).count();
    let cut = |text: &'a str| text.get(..text.len() - tail).unwrap_or("");
    Trimmed { position: position + head as u64, reference: cut(r), alternate: cut(a) }
}

/// `g.` name of a trimmed change, without accession.
pub(crate) fn genomic(position: u64, reference: &str, alternate: &str) -> String {
    let last = position + (reference.len() as u64).saturating_sub(1);
    match (reference.len(), alternate.len()) {
        (1, 1) => format!("g.{position}{reference}>{alternate}"),
        (0, _) => format!("g.{}_{position}ins{alternate}", position.saturating_sub(1)),
        (1, 0) => format!("g.{position}del"),
        (_, 0) => format!("g.{position}_{last}del"),
        (1, _) => format!("g.{position}delins{alternate}"),
        _ => format!("g.{position}_{last}delins{alternate}"),
    }
}

fn plain_bases(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'A' | b'C' | b'G' | b'T' | b'N'))
}

type Refusal = Box<Note>;

impl Reader<'_> {
    fn all(&mut self, text: &str, reading: &mut Reading) -> Result<(), Refusal> {
        let mut first = true;
        for (i, raw) in text.split('\n').enumerate() {
            let (line, number) = (raw.strip_suffix('\r').unwrap_or(raw), i + 1);
            if std::mem::take(&mut first) {
                self.version(line)?;
            }
            if line.is_empty() {
                continue;
            }
            if line.starts_with('#') {
                self.head(line, number, reading)?;
            } else if self.columns.is_some() {
                self.record(line, number, reading)?;
            } else {
                return Err(Box::new(self.no_columns(number)));
            }
        }
        if self.columns.is_none() {
            return Err(Box::new(self.no_columns(text.lines().count().max(1))));
        }
        if self.unfiltered > 0 {
            let n = self.unfiltered;
            let what = both!(
                "FILTER が空の記録が {n} 件あります（フィルター未適用）。",
                "{n} records have an empty FILTER: no filter was applied."
            );
            let todo = Text::new(
                "検査会社にフィルターの有無を確認してください。",
                "Ask the laboratory whether filters were applied.",
            );
            reading.notes.push(Note::told("no_filter", self.file, what, todo));
        }
        if self.silent > 0 {
            let n = self.silent;
            let what = both!(
                "蛋白質を変えないと注釈された変化が {n} 件あり、所見にしませんでした。",
                "{n} changes are annotated as leaving the protein as it is and are no findings."
            );
            reading.notes.push(Note::told("silent", self.file, what, Text::default()));
        }
        if !self.strange.is_empty() {
            let names = self.strange.iter().cloned().collect::<Vec<_>>().join(", ");
            let what = both!(
                "1～22、X、Y 以外の配列の記録は数えるだけで読みません（{names}）。",
                "Records on sequences other than 1 to 22, X, Y are counted, not read ({names})."
            );
            reading.notes.push(Note::told("other_sequences", self.file, what, Text::default()));
        }
        // In the other build every place would be another: silence would mean nothing.
        reading.notes.extend(self.witness.unconfirmed().map(Note::hides_anything));
        Ok(())
    }

    fn no_columns(&self, line: usize) -> Note {
        Note::refused(
            "no_columns",
            self.file,
            Text::new(
                "「#CHROM」で始まる見出し行がありません。",
                "The line of column names (#CHROM) is missing.",
            ),
            Text::new(
                "ファイルが途中で切れていないか確認してください。",
                "Check whether the file is cut off.",
            ),
        )
        .at(line)
    }

    fn version(&self, line: &str) -> Result<(), Refusal> {
        match line.strip_prefix("##fileformat=VCFv") {
            Some(v) if v.starts_with("4.") => Ok(()),
            Some(v) => {
                let what = both!("VCF の版 {v} には対応していません。", "VCF version {v} is not read.");
                let todo = Text::new("VCF 4.x に変換してください。", "Convert it to VCF 4.x.");
                Err(Box::new(Note::refused("vcf_version", self.file, what, todo).at(1)))
            }
            None => {
                let what = Text::new(
                    "1行目が「##fileformat=VCFv4.x」ではありません。",
                    "Line 1 is not “##fileformat=VCFv4.x”.",
                );
                let todo = Text::new(
                    "これは VCF ではないか、先頭が欠けています。",
                    "This is no VCF, or its beginning is missing.",
                );
                Err(Box::new(Note::refused("not_vcf", self.file, what, todo).at(1)))
            }
        }
    }

    fn head(&mut self, line: &str, number: usize, reading: &mut Reading) -> Result<(), Refusal> {
        if let Some((key, value)) = line.strip_prefix("##").and_then(|l| l.split_once('=')) {
            match key {
                "reference" | "assembly" | "genome" | "genome-build" => self.witness.name(value, number)?,
                "contig" => {
                    let field = |name: &str| {
                        let at = value.find(name)? + name.len();
                        value.get(at..)?.split([',', '>']).next()
                    };
                    if let (Some(id), Some(Ok(n))) = (field("ID="), field("length=").map(str::parse)) {
                        self.witness.contig(id, n, number)?;
                    }
                    if let Some(assembly) = field("assembly=") {
                        self.witness.name(assembly, number)?;
                    }
                }
                _ => {}
            }
        }
        if let Some(layout) = Layout::of_header(line) {
            self.layout = Some(layout);
        }
        if let Err(e) = self.header.parse_partial(line.as_bytes()) {
            let why = e.to_string();
            if line.starts_with("##") {
                let what = both!(
                    "ヘッダーのこの行は規格に合いません（{why}）。",
                    "This header line does not follow the specification ({why})."
                );
                reading.notes.push(Note::told("header_line", self.file, what, Text::default()).at(number));
                return Ok(());
            }
            let what = both!(
                "見出し行が規格に合いません（{why}）。",
                "The line of column names does not follow the specification ({why})."
            );
            let todo = Text::new("列名と順序を確認してください。", "Check names and order of the columns.");
            return Err(Box::new(Note::refused("columns", self.file, what, todo).at(number)));
        }
        if line.starts_with("#CHROM") {
            self.columns = Some(self.choose(line, number, reading)?);
        }
        Ok(())
    }

    /// Which sample is read: the only one, the one asked for, or the one that the header calls the tumour.
    fn choose(&self, line: &str, number: usize, reading: &mut Reading) -> Result<Columns, Refusal> {
        let names: Vec<&str> = line.split('\t').skip(9).collect();
        let list = names.join(", ");
        if let Some(wanted) = self.options.sample {
            if let Some(i) = names.iter().position(|n| *n == wanted) {
                return Ok(Columns { chosen: Some(i) });
            }
            let what = both!(
                "検体「{wanted}」はこのファイルにありません（{list}）。",
                "Sample “{wanted}” is not in this file ({list})."
            );
            let todo =
                Text::new("--sample に上のいずれかを指定してください。", "Give one of these with --sample.");
            return Err(Box::new(Note::refused("no_such_sample", self.file, what, todo).at(number)));
        }
        match names.as_slice() {
            [] => {
                let what = Text::new(
                    "検体の列がありません。すべての記録を検出されたものとして扱います。",
                    "There is no sample column: every record is taken as found.",
                );
                reading.notes.push(Note::told("no_samples", self.file, what, Text::default()).at(number));
                Ok(Columns { chosen: None })
            }
            [_] => Ok(Columns { chosen: Some(0) }),
            _ => {
                let what = both!("検体が複数あります（{list}）。", "There are several samples ({list}).");
                let todo = Text::new(
                    "どれが腫瘍かを --sample で指定してください。",
                    "Say with --sample which one is the tumour.",
                );
                Err(Box::new(Note::refused("several_samples", self.file, what, todo).at(number)))
            }
        }
    }

    fn record(&mut self, line: &str, number: usize, reading: &mut Reading) -> Result<(), Refusal> {
        reading.records += 1;
        let left = |code, what, todo| Note::left(code, self.file, what, todo).at(number);
        let record = match noodles::Record::try_from(line.as_bytes()) {
            Ok(record) => record,
            Err(e) => {
                let why = e.to_string();
                let what = both!(
                    "この行は VCF の記録として読めません（{why}）。",
                    "This line is no VCF record ({why})."
                );
                let todo = Text::new(
                    "列の数と区切り（タブ）を確認してください。",
                    "Check the number of columns and the tabs.",
                );
                // A cut line may have hidden the finding that matters: the file is not used.
                return Err(Box::new(Note::refused("record", self.file, what, todo).at(number)));
            }
        };
        let name = record.reference_sequence_name();
        let Some(chromosome) = genome::chromosome(name) else {
            reading.elsewhere += 1;
            if self.strange.len() < 12 {
                self.strange.insert(name.to_owned());
            }
            return Ok(());
        };
        let Some(Ok(position)) = record.variant_start() else {
            let what = Text::new("位置（POS）が番号ではありません。", "POS is no position.");
            let todo = Text::new("元のファイルを確認してください。", "Check the original.");
            reading.notes.push(left("position", what, todo).hides_anything());
            return Ok(());
        };
        let position = position.get() as u64;
        let reference = record.reference_bases().to_ascii_uppercase();
        let end = position + (reference.len() as u64).saturating_sub(1);
        self.witness.position(chromosome, end, number)?;
        let genes: Vec<&Gene> = table::touching(self.options.build, chromosome, position, end).collect();
        if genes.is_empty() {
            reading.elsewhere += 1;
        }
        if !plain_bases(&reference) {
            let what = both!(
                "REF「{reference}」は塩基の並びではありません。",
                "REF “{reference}” is no sequence of bases."
            );
            let todo = Text::new("元のファイルを確認してください。", "Check the original.");
            reading
                .notes
                .extend(genes.iter().map(|g| left("reference", what.clone(), todo.clone()).hides(&g.symbol)));
            return Ok(());
        }
        let alternates = record.alternate_bases();
        let alternates: &str = alternates.as_ref();
        let call = Call::of(&record, self.columns.as_ref().and_then(|c| c.chosen));
        let filters = record.filters();
        let filter: &str = filters.as_ref();
        let info = record.info();
        let info: &str = info.as_ref();
        for (index, alternate) in alternates.split(',').enumerate() {
            let allele = Allele {
                chromosome,
                position,
                reference: &reference,
                alternate,
                index: index + 1,
                number,
                info,
            };
            self.allele(&allele, &call, filter, &genes, reading)?;
        }
        Ok(())
    }

    fn allele(
        &mut self,
        allele: &Allele<'_>,
        call: &Call,
        filter: &str,
        genes: &[&Gene],
        reading: &mut Reading,
    ) -> Result<(), Refusal> {
        let Allele { chromosome, position, number, .. } = *allele;
        let alternate = allele.alternate.to_ascii_uppercase();
        // No alternative, "deleted upstream", and the any-allele of gVCF state no change.
        if matches!(alternate.as_str(), "." | "*" | "<*>" | "<NON_REF>") {
            return Ok(());
        }
        let symbols = genes.iter().map(|g| g.symbol.as_str()).collect::<Vec<_>>().join(", ");
        let left = |code, what, todo| Note::left(code, self.file, what, todo).at(number);
        if !plain_bases(&alternate) {
            if !genes.is_empty() {
                let what = both!(
                    "{symbols} 内の記号によるアレル「{alternate}」は解釈しません。",
                    "Symbolic allele “{alternate}” in {symbols} is not interpreted."
                );
                let todo = Text::new(
                    "コピー数は --cna、融合は --fusions のファイルで渡してください。",
                    "Give copy numbers with --cna and fusions with --fusions.",
                );
                reading.notes.extend(
                    genes.iter().map(|g| left("symbolic", what.clone(), todo.clone()).hides(&g.symbol)),
                );
            }
            return Ok(());
        }
        let t = trim(position, allele.reference, &alternate);
        let known = self.witness.change(chromosome, t.position, t.reference, t.alternate, number)?;
        let carried = call.carries(allele.index);
        let key = (chromosome.to_owned(), t.position, t.reference.to_owned(), t.alternate.to_owned());
        if let Some((before, was)) = self.seen.insert(key, (number, carried == Some(true)))
            && !genes.is_empty()
        {
            let contradicts = was != (carried == Some(true));
            let what = if contradicts {
                both!(
                    "{before} 行目と同じ変化ですが遺伝子型が食い違います（{symbols}）。",
                    "The same change as line {before}, with another genotype ({symbols})."
                )
            } else {
                both!(
                    "{before} 行目と同じ変化です（{symbols}）。",
                    "The same change as line {before} ({symbols})."
                )
            };
            let todo = Text::new("検査会社に確認してください。", "Ask the laboratory.");
            let code = if contradicts { "contradicting_duplicate" } else { "duplicate" };
            reading.notes.extend(genes.iter().map(|g| {
                let note = left(code, what.clone(), todo.clone());
                if contradicts { note.hides(&g.symbol) } else { note }
            }));
            if contradicts && was {
                return Ok(());
            }
            if !contradicts {
                return Ok(());
            }
        }
        if genes.is_empty() || carried == Some(false) {
            return Ok(());
        }
        let name = genomic(t.position, t.reference, t.alternate);
        if carried.is_none() {
            let what = both!(
                "{symbols} {chromosome}:{name} の遺伝子型が空です。",
                "The genotype of {symbols} {chromosome}:{name} is missing."
            );
            let todo = Text::new(
                "検出されたかどうか検査会社に確認してください。",
                "Ask the laboratory whether it was found.",
            );
            reading.notes.extend(
                genes.iter().map(|g| left("no_genotype", what.clone(), todo.clone()).hides(&g.symbol)),
            );
            return Ok(());
        }
        match filter {
            "PASS" => {}
            "." => self.unfiltered += 1,
            other => {
                let what = both!(
                    "{symbols} {chromosome}:{name} は FILTER「{other}」のため使いません。",
                    "{symbols} {chromosome}:{name} has FILTER “{other}” and is not used."
                );
                let todo =
                    Text::new("必要なら検査会社に確認してください。", "Ask the laboratory if it matters.");
                reading.notes.push(left("filtered", what, todo));
                return Ok(());
            }
        }
        for gene in genes {
            if self
                .options
                .covered
                .is_some_and(|c| c.excludes(self.options.build, &gene.symbol, chromosome, t.position))
            {
                reading.elsewhere += 1;
                continue;
            }
            let mut f = Finding::new(&gene.symbol, Kind::SmallVariant, self.file, number);
            f.origin = self.options.origin;
            f.specimen = self.options.specimen;
            f.assay = self.options.assay.map(str::to_owned);
            f.filter = Some(filter.to_owned());
            f.vaf = call.vaf(allele.index);
            f.depth = call.depth;
            place(&mut f, gene, self.options.build, &t);
            interpret(&mut f, known.filter(|k| k.gene == gene.symbol));
            match self.annotated(f, allele, &alternate, t.alternate, &mut reading.notes) {
                Ok(Some(f)) => reading.findings.push(f),
                Ok(None) => self.silent += 1,
                Err(note) => reading.notes.push(*note),
            }
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// Adds the annotator's names. What the table knows by its place stands, and another name of it is told. `None`: the
    /// change leaves the protein as it is.
    fn annotated(
        &self,
        mut f: Finding,
        allele: &Allele<'_>,
        alternate: &str,
        trimmed: &str,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Finding>, Box<Note>> {
        let Some(said) = self.layout.as_ref().and_then(|l| l.of(allele.info, &f.gene, alternate, trimmed))
        else {
            return Ok(Some(f));
        };
        match said {
            Said::Named { protein: Some(theirs), .. }
                if f.protein.as_ref().is_some_and(|mine| *mine != theirs) =>
            {
                let (gene, mine) = (&f.gene, f.protein.clone().unwrap_or_default());
                let what = both!(
                    "{gene} {mine} に {theirs} と注釈されています。位置から決まる {mine} を用いました。",
                    "{gene} {mine} is annotated as {theirs}; {mine}, known by its place, is used."
                );
                let todo = Text::new(
                    "注釈に用いた転写産物を確認してください。",
                    "Check the transcript of the annotation.",
                );
                notes.push(Note::told("annotation_differs", self.file, what, todo).at(allele.number));
                Ok(Some(f))
            }
            _ if f.protein.is_some() => Ok(Some(f)),
            Said::Silent => Ok(None),
            Said::Unclear(names) => {
                let names = names.join(", ");
                f.class_source = format!("{}; transcripts differ: {names}", f.class_source);
                Ok(Some(f))
            }
            Said::Named { coding, protein } => {
                for text in [protein, coding].into_iter().flatten() {
                    name::add(&mut f, &text, Some(self.options.build))?;
                }
                Ok(name::conclude(&mut f).then_some(f))
            }
        }
    }
}

struct Allele<'a> {
    chromosome: &'static str,
    position: u64,
    reference: &'a str,
    alternate: &'a str,
    /// From 1, as genotypes count.
    index: usize,
    number: usize,
    info: &'a str,
}

fn place(f: &mut Finding, gene: &Gene, build: Build, t: &Trimmed<'_>) {
    f.genomic = Some(genomic(t.position, t.reference, t.alternate));
    f.canonical = gene.in_38(build, t.position).and_then(|p| {
        let accession = genome::accession(Build::Grch38, &gene.chromosome)?;
        Some(format!("{accession}:{}", genomic(p, t.reference, t.alternate)))
    });
    f.coordinates = Some(Coordinates {
        build,
        chromosome: gene.chromosome.clone(),
        start: t.position,
        end: t.position + (t.reference.len() as u64).saturating_sub(1),
        reference: Some(t.reference.to_owned()),
        alternate: Some(t.alternate.to_owned()),
    });
}

/// Takes name and class from a row of the table, or says that nothing is known.
pub(crate) fn interpret(f: &mut Finding, known: Option<&Alteration>) {
    match known {
        Some(k) => {
            f.protein = Some(k.protein.clone());
            f.coding.clone_from(&k.coding);
            f.class = k.class;
            f.class_source = match k.class {
                Some(_) => k.source.clone(),
                None => format!("named, class unverified: {}", k.source),
            };
        }
        None => f.class_source = format!("uninterpreted variant in {}", f.gene),
    }
}

impl Finding {
    /// True if a source says that the change matters.
    pub fn qualifies(&self) -> bool {
        self.class.is_some_and(|c| c >= Class::LikelyPathogenic)
    }
}

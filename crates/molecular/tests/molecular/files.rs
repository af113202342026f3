//! Every kind of fault of a file, with its message.

use molecular::import::{self, Imported, Input, Role, Stated};
use molecular::{Build, Kind, Specimen, Weight};
use serde_json::{Map, Value};

/// A VCF of one sample around some records.
pub fn vcf(records: &str) -> String {
    format!(
        "##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
         #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT1\n{records}"
    )
}

pub const MAF: &str = "#version 2.4\nHugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tHGVSc\tHGVSp_Short\tt_depth\tt_alt_count\nPIK3CA\tGRCh37\t3\t178952085\t178952085\tMissense_Mutation\tA\tG\tT1\tc.3140A>G\tp.H1047R\t74\t31\nPTEN\tGRCh37\t10\t89717672\t89717672\tNonsense_Mutation\tC\tT\tT1\tc.697C>T\tp.R233*\t80\t40\nTTN\tGRCh37\t2\t179400000\t179400000\tMissense_Mutation\tA\tG\tT1\tc.1A>G\tp.M1V\t74\t31\nESR1\tGRCh37\t6\t152265000\t152265000\tSilent\tA\tG\tT1\t\tp.L300=\t74\t31\n";

pub const REPORT: &str = r#"{
  "assay_id": "F1CDX",
  "specimen": "tissue",
  "reported": "2026-01-05",
  "build": "GRCh38",
  "tmb": 4.20,
  "msi": "stable",
  "covered": { "PIK3CA": ["small"], "AKT1": ["small"], "PTEN": ["small", "copies"] },
  "findings": [
    { "gene": "PIK3CA", "hgvs_p": "p.(E545K)", "vaf": 0.21 },
    { "gene": "HER2", "kind": "amplification", "copies": 12 },
    { "gene": "BRCA2", "hgvs_p": "p.Lys3326Ter", "class": "benign" }
  ]
}"#;

pub const FHIR: &str = r#"{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Patient","id":"p1"}},
 {"resource":{"resourceType":"Observation","id":"her2","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"48676-1"}]},"subject":{"reference":"Patient/p1"},"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"260385009","display":"Negative"}]}}},
 {"resource":{"resourceType":"Observation","id":"er","status":"final","code":{"coding":[{"code":"85337-4"}]},"subject":{"reference":"Patient/p1"},"valueCodeableConcept":{"text":"Positive"}}},
 {"resource":{"resourceType":"Observation","id":"v1","status":"final","code":{"coding":[{"code":"69548-6"}]},"subject":{"reference":"Patient/p1"},"valueCodeableConcept":{"coding":[{"code":"LA9633-4"}]},"component":[
  {"code":{"coding":[{"code":"48018-6"}]},"valueCodeableConcept":{"coding":[{"code":"HGNC:8975","display":"PIK3CA"}]}},
  {"code":{"coding":[{"code":"48005-3"}]},"valueCodeableConcept":{"coding":[{"code":"NP_006209.2:p.(His1047Arg)"}]}},
  {"code":{"coding":[{"code":"81258-6"}]},"valueQuantity":{"value":0.31}}]}}
]}"#;

pub fn run(role: Role, text: &str) -> Imported {
    run_bytes(role, text.as_bytes(), stated())
}

pub fn stated() -> Stated {
    Stated {
        build: Some(Build::Grch37),
        specimen: Some(Specimen::Tissue),
        assay: Some("F1CDX".into()),
        ..Stated::default()
    }
}

pub fn run_bytes(role: Role, bytes: &[u8], stated: Stated) -> Imported {
    import::run(&[Input { role, file: "f", bytes }], &stated, Map::new())
}

/// The one note of a code; its line and both languages are there.
fn note<'a>(i: &'a Imported, code: &str) -> &'a molecular::Note {
    let found: Vec<_> = i.notes.iter().filter(|n| n.code == code).collect();
    assert_eq!(found.len(), 1, "{code}: {:#?}", i.notes);
    assert!(found[0].what.ja.chars().any(|c| c as u32 > 0x3000), "{}", found[0].what.ja);
    assert!(found[0].what.en.is_ascii() || found[0].what.en.contains('“'), "{}", found[0].what.en);
    found[0]
}

const H1047R: &str = "3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n";

/// Text of a VCF, the code that must be told, its weight, its line.
#[test]
fn each_fault_of_a_vcf_has_its_own_message() {
    let record = |r: &str| vcf(r);
    let two = vcf(H1047R).replace("\tT1\n", "\tN1\tT1\n").replace("\t0/1\n", "\t0/0\t0/1\n");
    let cases: [(&str, String, Weight, Option<usize>); 17] = [
        ("not_vcf", "chr1\t1\n".into(), Weight::Refused, Some(1)),
        ("vcf_version", vcf(H1047R).replace("v4.2", "v3.3"), Weight::Refused, Some(1)),
        ("no_columns", "##fileformat=VCFv4.2\n".into(), Weight::Refused, Some(1)),
        ("no_columns", format!("##fileformat=VCFv4.2\n{H1047R}"), Weight::Refused, Some(2)),
        ("record", record("3\t178952085\t.\tA\n"), Weight::Refused, Some(4)),
        ("several_samples", two, Weight::Refused, Some(3)),
        ("wrong_build", record("3\t179234297\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n"), Weight::Refused, Some(4)),
        ("wrong_build", record("17\t81195211\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n"), Weight::Refused, Some(4)),
        (
            "wrong_build",
            vcf(H1047R).replace("#CHROM", "##reference=GRCh38.fa\n#CHROM"),
            Weight::Refused,
            Some(3),
        ),
        (
            "wrong_build",
            vcf(H1047R).replace("#CHROM", "##contig=<ID=chr3,length=198295559>\n#CHROM"),
            Weight::Refused,
            Some(3),
        ),
        (
            "unknown_build",
            vcf(H1047R).replace("#CHROM", "##contig=<ID=chr3,length=198295558>\n#CHROM"),
            Weight::Refused,
            Some(3),
        ),
        (
            "reference_contradicts",
            record("3\t178952085\t.\tC\tG\t.\tPASS\t.\tGT\t0/1\n"),
            Weight::Refused,
            Some(4),
        ),
        ("filtered", record("3\t178952085\t.\tA\tG\t.\tq10\t.\tGT\t0/1\n"), Weight::Left, Some(4)),
        ("no_genotype", record("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t./.\n"), Weight::Left, Some(4)),
        ("symbolic", record("10\t89700000\t.\tA\t<DEL>\t.\tPASS\t.\tGT\t0/1\n"), Weight::Left, Some(4)),
        ("duplicate", record(&format!("{H1047R}{H1047R}")), Weight::Left, Some(5)),
        (
            "contradicting_duplicate",
            record(&format!("{H1047R}{}", H1047R.replace("0/1", "0/0"))),
            Weight::Left,
            Some(5),
        ),
    ];
    for (code, text, weight, line) in cases {
        let i = run(Role::Vcf, &text);
        let n = note(&i, code);
        assert_eq!((n.weight, n.line), (weight, line), "{code}");
        assert_eq!(i.refused(), weight == Weight::Refused, "{code}");
    }
}

#[test]
fn a_wrong_build_is_told_in_both_languages() {
    let i = run(Role::Vcf, &vcf("3\t179234297\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n"));
    let n = note(&i, "wrong_build");
    assert_eq!(
        n.tell(words::Lang::En),
        "f:4: Wrong genome build: GRCh37 was stated, this file is GRCh38 (3:179234297 A>G is PIK3CA p.His1047Arg in GRCh38). Give --build GRCh38, or a file in GRCh37."
    );
    assert!(
        n.tell(words::Lang::Ja).starts_with(
            "f:4: ゲノムビルドが違います。GRCh37 と指定されましたが、このファイルは GRCh38 です"
        )
    );
}

#[test]
fn chr_prefix_several_alleles_phase_and_lower_case_are_read() {
    for (record, found) in [
        ("chr3\t178952085\t.\ta\tg\t.\tPASS\t.\tGT\t0|1\n", Some("p.His1047Arg")),
        ("3\t178952085\t.\tA\tT,G\t.\tPASS\t.\tGT\t0/2\n", Some("p.His1047Arg")),
        ("3\t178952085\t.\tA\tT,G\t.\tPASS\t.\tGT\t0/1\n", Some("p.His1047Leu")),
        ("3\t178952084\t.\tCAT\tCGT\t.\tPASS\t.\tGT\t1/1\n", Some("p.His1047Arg")),
        ("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t0/0\n", None),
        ("3\t178952085\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\n", None),
        ("3\t178952085\t.\tA\t<NON_REF>\t.\tPASS\t.\tGT\t0/0\n", None),
        ("17\t37880218\t.\tATTGAGGGAAAACACA\tA\t.\tPASS\t.\tGT\t0/1\n", Some("p.Leu755_Thr759del")),
        ("17\t37880217\t.\tCATTGAGGGAAAACAC\tC\t.\tPASS\t.\tGT\t0/1\n", Some("p.Leu755_Thr759del")),
        ("6\t152419920\t.\tTC\tAG\t.\tPASS\t.\tGT\t0/1\n", Some("p.Leu536Gln")),
    ] {
        let i = run(Role::Vcf, &vcf(record));
        assert!(!i.refused(), "{record} {:#?}", i.notes);
        assert_eq!(i.findings.first().and_then(|f| f.protein.as_deref()), found, "{record}");
    }
}

#[test]
fn shares_of_reads_come_from_af_or_from_the_reads() {
    for (format, value, vaf, depth) in [
        ("GT:AF", "0/1:0.25", "0.25", None),
        ("GT:AD:DP", "0/1:30,10:40", "0.25", Some(40)),
        ("GT:FREQ", "0/1:25%", "0.25", None),
        ("GT:AF", "0/1:2.5e-1", "0.25", None),
    ] {
        let i = run(Role::Vcf, &vcf(&format!("3\t178952085\t.\tA\tG\t.\tPASS\t.\t{format}\t{value}\n")));
        assert_eq!(i.findings[0].vaf, Some(vaf.parse().unwrap()), "{format}");
        assert_eq!(i.findings[0].depth, depth);
    }
}

#[test]
fn a_change_without_known_effect_is_uninterpreted_and_a_row_of_hearsay_lends_no_class() {
    let i = run(
        Role::Vcf,
        &vcf("3\t178900000\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n3\t178936094\t.\tC\tA\t.\tPASS\t.\tGT\t0/1\n"),
    );
    assert_eq!(i.findings[0].class, None);
    assert_eq!(i.findings[0].class_source, "uninterpreted variant in PIK3CA");
    assert_eq!((i.findings[1].protein.as_deref(), i.findings[1].class), (Some("p.Gln546Lys"), None));
    assert_eq!(i.profile["variant.PIK3CA"]["state"], "indeterminate");
}

#[test]
fn a_maf_is_read_by_place_and_name_and_its_faults_are_told() {
    let i = run(Role::Maf, MAF);
    let found: Vec<_> = i.findings.iter().map(|f| (f.gene.as_str(), f.protein.as_deref().unwrap())).collect();
    assert_eq!(found, [("PIK3CA", "p.His1047Arg"), ("PTEN", "p.Arg233Ter")]);
    assert_eq!(i.findings[0].vaf, Some("0.418919".parse().unwrap()));
    assert_eq!(i.counts[0], ("f".into(), 4, 2, 1));
    assert_eq!(note(&i, "silent").weight, Weight::Told);
    let change = |a: &str, b: &str| run(Role::Maf, &MAF.replace(a, b));
    for (a, b, code) in [
        ("PIK3CA\tGRCh37", "PIK3CA\tGRCh38", "wrong_build"),
        ("PIK3CA\tGRCh37", "PIK3CA\tmm10", "unknown_build"),
        ("PIK3CA\tGRCh37", "AKT1\tGRCh37", "not_in_gene"),
        ("PIK3CA\tGRCh37", "PIK3R9\tGRCh37", "other_gene"),
        ("p.H1047R", "p.H1047", "hgvs"),
        ("p.H1047R", "p.H1047L", "names_contradict"),
        ("\tA\tG\tT1\tc.3140A>G", "\tA\tG\tT2\tc.3140A>G", "several_samples"),
        ("\t178952085\t178952085\t", "\tx\t178952085\t", "row"),
        ("Hugo_Symbol", "Gene", "column_missing"),
        ("\tt_alt_count", "\tt_depth", "column_twice"),
        ("\t80\t40\n", "\t80\n", "ragged"),
    ] {
        note(&change(a, b), code);
    }
}

#[test]
fn a_report_is_read_and_its_faults_are_told() {
    let plain = Stated { build: None, assay: None, specimen: None, ..stated() };
    let i = run_bytes(Role::Report, REPORT.as_bytes(), plain.clone());
    assert!(!i.refused(), "{:#?}", i.notes);
    let p = Value::Object(i.profile.clone());
    assert_eq!(p["variant.PIK3CA"]["hgvs"], "p.Glu545Lys");
    assert_eq!(p["variant.PIK3CA"]["reported"], "2026-01-05");
    assert_eq!(p["variant.ERBB2"]["kind"], "amplification");
    assert_eq!(p["variant.AKT1"]["value"], "none_found");
    assert_eq!(p["msi.status"]["value"], "stable");
    assert_eq!(p["tmb.per_mb"]["value"], 4.2);
    // The famous benign stop: the laboratory says benign, so nothing is found, but absence in BRCA2 is not stated.
    assert!(p.get("variant.BRCA2").is_none());
    let change = |a: &str, b: &str| run_bytes(Role::Report, REPORT.replace(a, b).as_bytes(), plain.clone());
    for (a, b, code) in [
        ("\"hgvs_p\": \"p.(E545K)\"", "\"hgvs_p\": \"p.(E545K\"", "hgvs"),
        ("p.(E545K)", "p.(Q545K)", "not_in_gene"),
        ("p.(E545K)", "p.(E5450K)", "not_in_gene"),
        ("p.(E545K)", "AKT1:p.(E545K)", "not_in_gene"),
        ("\"hgvs_p\": \"p.(E545K)\"", "\"hgvs_g\": \"NC_000003.12:g.5A>G\"", "not_in_gene"),
        ("\"vaf\": 0.21", "\"vaf\": 21", "vaf"),
        ("\"amplification\"", "\"amplified\"", "kind"),
        ("\"benign\"", "\"harmless\"", "class"),
        ("\"reported\": \"2026-01-05\"", "\"reported\": \"5/1/2026\"", "date"),
        ("\"reported\"", "\"collected\": \"2026-02-01\", \"reported\"", "date_order"),
        ("\"GRCh38\"", "\"mm10\"", "unknown_build"),
        ("\"tissue\"", "\"bone\"", "specimen"),
        ("\"stable\"", "\"low\"", "msi"),
        ("\"tmb\"", "\"tbm\"", "report_shape"),
        ("\"hgvs_p\": \"p.(E545K)\", \"vaf\": 0.21", "\"vaf\": 0.21", "nameless"),
    ] {
        note(&change(a, b), code);
    }
    let blood = Stated { specimen: Some(Specimen::Blood), ..plain.clone() };
    note(&run_bytes(Role::Report, REPORT.as_bytes(), blood), "specimen_contradicts");
    let n = change("p.(E545K)", "p.(E545K");
    let n = note(&n, "hgvs");
    assert_eq!((n.line, n.column), (Some(10), Some(9)));
}

#[test]
fn a_report_as_csv_says_the_same_as_json() {
    let csv = "gene,kind,hgvs_p,vaf,copies\nPIK3CA,small_variant,p.E545K,0.21,\nERBB2,amplification,,,12\nAKT1,none_found,,,\n";
    let i = run(Role::Report, csv);
    assert_eq!(i.profile["variant.PIK3CA"]["hgvs"], "p.Glu545Lys");
    assert_eq!(i.profile["variant.AKT1"]["value"], "none_found");
    note(&run(Role::Report, &csv.replace("vaf", "af")), "column_unknown");
    note(&run(Role::Report, &csv.replace("0.21", "21%")), "number");
    note(&run(Role::Report, &format!("{csv}PIK3CA,none_found,,,\n")), "none_and_some");
}

#[test]
fn a_bundle_that_says_only_negative_leaves_low_and_ultralow_unknown() {
    let i = run(Role::Fhir, FHIR);
    assert!(!i.refused(), "{:#?}", i.notes);
    assert!(i.profile.keys().all(|k| !k.starts_with("her2.") && k != "er.percent"));
    let n = note(&i, "her2_no_score");
    assert!(n.what.en.contains("ultralow stays unknown") && n.what.ja.contains("不明"));
    note(&i, "receptor_no_percent");
    note(&i, "fhir_unread");
    assert_eq!(i.profile["variant.PIK3CA"]["hgvs"], "p.His1047Arg");
    assert_eq!(i.profile["variant.PIK3CA"]["vaf"], 0.31);
    for (a, b, code) in [
        (
            "\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"69548-6\"",
            "\"status\":\"preliminary\",\"code\":{\"coding\":[{\"code\":\"69548-6\"",
            "fhir_status",
        ),
        ("LA9633-4", "LA18198-4", "no_presence"),
        ("LA9633-4", "LA9634-2", "one_absent"),
        ("\"display\":\"PIK3CA\"", "\"display\":\"AKT1\"", "not_in_gene"),
        ("{\"resourceType\":\"Bundle\"", "{\"type\":\"Bundle\"", "not_fhir"),
        ("]}}\n]}", "]}}\n]", "json"),
        (
            "\"subject\":{\"reference\":\"Patient/p1\"},\"valueCodeableConcept\":{\"text\"",
            "\"subject\":{\"reference\":\"Patient/p2\"},\"valueCodeableConcept\":{\"text\"",
            "several_patients",
        ),
    ] {
        note(&run(Role::Fhir, &FHIR.replace(a, b)), code);
    }
}

#[test]
fn segments_with_faults_are_refused_or_leave_the_gene_unknown() {
    let head = "Chromosome\tStart\tEnd\tnMajor\tnMinor\n";
    let run = |rows: &str| run(Role::Cna, &format!("{head}{rows}"));
    note(&run("10\t89000000\t88000000\t1\t1\n"), "segment_order");
    note(&run("10\t1\t90000000\t1\t1\n10\t80000000\t95000000\t0\t0\n"), "segments_contradict");
    note(&run("10\t1\t90000000\tx\t1\n"), "segment");
    note(&super::files::run(Role::Cna, "chrom\tstart\tend\tlog2\n1\t1\t2\t0.3\n"), "log_ratio");
    let lost = run("10\t89000000\t90000000\t0\t0\n");
    assert_eq!(lost.findings[0].kind, Kind::HomozygousDeletion);
    assert_eq!(lost.profile["variant.PTEN"]["value"], "pathogenic");
    let partly = run("10\t89000000\t89700000\t1\t1\n10\t89700001\t89900000\t0\t0\n");
    assert_eq!((partly.findings[0].kind, partly.findings[0].class), (Kind::CopyChange, None));
    assert_eq!(partly.profile["variant.PTEN"]["state"], "indeterminate");
    assert!(run("10\t89000000\t90000000\t1\t0\n").findings.is_empty());
}

/// VEP's and SnpEff's header lines as their manuals give them.
const CSQ: &str = "##INFO=<ID=CSQ,Number=.,Type=String,Description=\"Consequence annotations from Ensembl VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Feature|CANONICAL|HGVSc|HGVSp\">\n";
const ANN: &str = "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Feature_ID | HGVS.c | HGVS.p '\">\n";

#[test]
fn an_annotators_names_are_read_and_checked_and_silent_changes_are_no_findings() {
    let with = |header: &str, record: &str, info: &str| {
        let text = vcf(&format!("{record}\t.\tPASS\t{info}\tGT\t0/1\n"))
            .replace("#CHROM", &format!("{header}#CHROM"));
        run(Role::Vcf, &text)
    };
    let frame = with(
        CSQ,
        "10\t89720799\t.\tGTACT\tG",
        "CSQ=-|frameshift_variant|HIGH|PTEN|ENST1|YES|ENST1:c.955_958del|ENSP1:p.Thr319Ter,-|intron_variant|LOW|PTEN|ENST2||ENST2:c.1-5del|",
    );
    assert_eq!(frame.findings[0].protein.as_deref(), Some("p.Thr319Ter"));
    assert_eq!(frame.profile["variant.PTEN"]["value"], "likely_pathogenic");
    let intron =
        with(CSQ, "3\t178900000\t.\tA\tG", "CSQ=G|intron_variant|MODIFIER|PIK3CA|ENST1|YES|c.1-5A>G|");
    assert!(intron.findings.is_empty() && note(&intron, "silent").weight == Weight::Told);
    let ann = with(
        ANN,
        "3\t178936091\t.\tG\tA",
        "ANN=A|missense_variant|MODERATE|PIK3CA|NM_006218|c.1633G>A|p.Glu545Lys",
    );
    assert_eq!(ann.findings[0].class_source, "CIViC evidence 387 (recurrent in breast cancer)");
    let wrong = with(
        ANN,
        "3\t178936091\t.\tG\tA",
        "ANN=A|missense_variant|MODERATE|PIK3CA|NM_006218|c.1633G>A|p.Glu542Lys",
    );
    assert_eq!(note(&wrong, "annotation_differs").weight, Weight::Told);
    assert_eq!(wrong.findings[0].protein.as_deref(), Some("p.Glu545Lys"));
    let unclear = with(
        ANN,
        "3\t178900000\t.\tA\tG",
        "ANN=G|missense_variant|MODERATE|PIK3CA|T1|c.1A>G|p.Lys5Arg,G|missense_variant|MODERATE|PIK3CA|T2|c.4A>G|p.Lys6Arg",
    );
    assert_eq!(unclear.findings[0].class, None);
    assert!(unclear.findings[0].class_source.contains("transcripts differ"));
    // The table knows the change; a transcript on which it is silent does not take it away.
    let known = with(CSQ, "3\t178952085\t.\tA\tG", "CSQ=G|intron_variant|MODIFIER|PIK3CA|ENST9||c.1-5A>G|");
    assert_eq!(known.findings[0].protein.as_deref(), Some("p.His1047Arg"));
}

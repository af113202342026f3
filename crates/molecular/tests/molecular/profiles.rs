//! What the assay covers, what blood can say, and what a second test adds.

use super::files::{run_bytes, stated, vcf};
use molecular::import::{self, Imported, Input, Role, Stated};
use molecular::{Specimen, civic};
use serde_json::{Map, Value, json};

fn with_list(records: &str, covers: &str, stated: Stated) -> Imported {
    let text = vcf(records).replace("#CHROM", "##reference=GRCh37\n#CHROM");
    let inputs = [
        Input { role: Role::Vcf, file: "v.vcf", bytes: text.as_bytes() },
        Input { role: Role::Covers, file: "covers", bytes: covers.as_bytes() },
    ];
    import::run(&inputs, &stated, Map::new())
}

const LIST: &str = "gene,covers\nPIK3CA,small\nAKT1,small\nPTEN,small;copies\n";

#[test]
fn silence_is_absence_only_where_the_assay_looked() {
    let i = with_list("", LIST, stated());
    assert_eq!(i.profile["variant.PIK3CA"]["value"], "none_found");
    // Copies of PTEN are covered, but no segments were handed over.
    assert!(!i.profile.contains_key("variant.PTEN"));
    assert!(i.notes.iter().any(|n| n.code == "absence_unknown" && n.what.en.starts_with("PTEN")));
    assert!(!i.profile.contains_key("variant.ESR1"));
    assert!(run_bytes(Role::Vcf, vcf("").as_bytes(), stated()).profile.is_empty());
}

#[test]
fn silence_of_a_file_that_cannot_prove_its_build_is_no_absence() {
    let text = vcf("");
    let inputs = [
        Input { role: Role::Vcf, file: "v.vcf", bytes: text.as_bytes() },
        Input { role: Role::Covers, file: "covers", bytes: LIST.as_bytes() },
    ];
    let i = import::run(&inputs, &stated(), Map::new());
    assert!(!i.refused() && i.profile.is_empty());
    assert!(i.notes.iter().any(|n| n.code == "build_unconfirmed"));
}

#[test]
fn what_could_not_be_read_is_not_absent() {
    let i = with_list("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t./.\n", LIST, stated());
    assert!(!i.profile.contains_key("variant.PIK3CA"));
    assert_eq!(i.profile["variant.AKT1"]["value"], "none_found");
    let i = with_list("3\tx\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n", LIST, stated());
    assert!(i.profile.is_empty());
}

#[test]
fn a_blood_sample_that_is_not_known_to_be_adequate_says_nothing_of_absence() {
    let blood = Stated { specimen: Some(Specimen::Blood), ..stated() };
    assert!(with_list("", LIST, blood.clone()).profile.is_empty());
    let i = with_list("", LIST, Stated { adequate: true, ..blood.clone() });
    assert_eq!(
        i.profile["variant.PIK3CA"],
        json!({"value": "none_found", "assay_id": "F1CDX", "specimen": "blood"})
    );
    // A finding is a finding, adequate or not.
    let i = with_list("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n", LIST, blood);
    assert_eq!(i.profile["variant.PIK3CA"]["value"], "pathogenic");
}

#[test]
fn a_bed_file_bounds_the_assay() {
    // Holds every known place of AKT1, and one exon of PIK3CA.
    let bed = "14\t105246400\t105246600\tAKT1\n3\t178952000\t178952200\tPIK3CA\n";
    let i = with_list("3\t178900000\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n", bed, stated());
    assert_eq!(i.profile["variant.AKT1"]["value"], "none_found");
    assert!(i.notes.iter().any(|n| n.code == "partly_covered" && n.what.en.contains("PIK3CA")));
    // The record outside the stretches is not the assay's statement.
    assert!(!i.profile.contains_key("variant.PIK3CA"));
    let wrong = with_list("", "17\t83000000\t83257441\tX\n", stated());
    assert!(wrong.refused());
}

#[test]
fn a_tumour_result_never_fills_the_germline_concept_and_a_germline_one_does() {
    let w1815 = vcf("17\t41199682\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\n");
    let tumour = run_bytes(Role::Vcf, w1815.as_bytes(), stated());
    assert!(!tumour.profile.contains_key("gbrca.status"));
    assert_eq!(tumour.profile["variant.BRCA1"]["value"], "pathogenic");
    let own = Stated {
        germline: true,
        specimen: Some(Specimen::Blood),
        assay: Some("BRACANALYSIS".into()),
        ..stated()
    };
    let germline = run_bytes(Role::Vcf, w1815.as_bytes(), own);
    assert_eq!(germline.profile["gbrca.status"]["value"], "pathogenic");
    assert_eq!(germline.profile["gbrca.status"]["gene"], "BRCA1");
    assert!(!germline.profile.contains_key("variant.BRCA1"));
}

#[test]
fn a_second_test_stands_beside_the_first_and_the_same_one_is_not_added_twice() {
    let first = json!({"er.percent": 90, "variant.ESR1": {"value": "none_found", "assay_id": "F1CDX", "specimen": "tissue", "date": "2024-01-01"}});
    let Value::Object(first) = first else { panic!() };
    let text = vcf("6\t152419926\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n");
    let blood = Stated {
        specimen: Some(Specimen::Blood),
        assay: Some("G360CDX".into()),
        date: Some("2026-01-05".into()),
        ..stated()
    };
    let inputs = [Input { role: Role::Vcf, file: "v", bytes: text.as_bytes() }];
    let one = import::run(&inputs, &blood, first);
    assert_eq!(one.profile["er.percent"], 90);
    assert_eq!(one.profile["variant.ESR1"].as_array().unwrap().len(), 2);
    let again = import::run(&inputs, &blood, one.profile.clone());
    assert_eq!(again.profile, one.profile);
    assert!(again.notes.iter().any(|n| n.code == "already_there"));
    let other = vcf("6\t152419923\t.\tA\tC\t.\tPASS\t.\tGT\t0/1\n");
    let inputs = [Input { role: Role::Vcf, file: "v", bytes: other.as_bytes() }];
    assert!(import::run(&inputs, &blood, one.profile).notes.iter().any(|n| n.code == "contradiction"));
}

#[test]
fn one_refused_file_refuses_the_whole_import_and_a_result_of_the_future_too() {
    let good = vcf("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n");
    let inputs = [
        Input { role: Role::Vcf, file: "v", bytes: good.as_bytes() },
        Input { role: Role::Cna, file: "c", bytes: b"" },
    ];
    let i = import::run(&inputs, &stated(), Map::new());
    assert!(i.refused() && i.profile.is_empty());
    let tomorrow =
        Stated { date: Some("2026-01-06".into()), today: Some(jiff::civil::date(2026, 1, 5)), ..stated() };
    let i = run_bytes(Role::Vcf, good.as_bytes(), tomorrow);
    assert!(i.notes.iter().any(|n| n.code == "future"));
    assert!(i.refused());
    let i = run_bytes(Role::Vcf, good.as_bytes(), Stated { build: None, ..stated() });
    assert!(i.notes.iter().any(|n| n.code == "no_build"));
}

#[test]
fn two_files_that_disagree_about_one_change_are_refused() {
    let v = vcf("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\n");
    let r = |class: &str| format!("gene,hgvs_p,class\nPIK3CA,p.H1047R,{class}\n");
    let run = |class: &str| {
        let r = r(class);
        let inputs = [
            Input { role: Role::Vcf, file: "v", bytes: v.as_bytes() },
            Input { role: Role::Report, file: "r", bytes: r.as_bytes() },
        ];
        import::run(&inputs, &stated(), Map::new())
    };
    let same = run("pathogenic");
    assert!(!same.refused() && same.findings.len() == 1);
    assert!(run("vus").notes.iter().any(|n| n.code == "class_contradicts"));
}

fn civic_file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../knowledge/civic/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_item_of_civic_is_mapped_or_says_why_not() {
    let all = civic::read(&civic_file("civic_evidence_2022-12.tsv"), "all").unwrap();
    let breast = civic::read(&civic_file("civic_evidence_2022-12_breast.tsv"), "breast").unwrap();
    let (a, b) = (civic::count(&all, false), civic::count(&breast, false));
    assert_eq!((a.items, b.items), (1429, 111));
    for c in [&a, &b] {
        assert_eq!(c.kinds.values().sum::<usize>(), c.items);
        assert_eq!(c.levels.values().sum::<usize>() + c.without.values().sum::<usize>(), c.items);
    }
    // The breast file is the breast part of the whole.
    assert_eq!(civic::count(&all, true).kinds, b.kinds);
    assert_eq!(b.kinds.get("unmapped"), None);
    // What does not support its statement has no level.
    assert_eq!(b.without.values().sum::<usize>(), 21);
}

#[test]
fn none_found_at_a_low_tumour_fraction_is_indeterminate() {
    let report = |fraction: &str| {
        let text = format!(
            r#"{{"assay_id": "G360CDX", "specimen": "blood", "tumour_fraction": {fraction},
                "findings": [{{"gene": "ESR1", "kind": "none_found"}}]}}"#
        );
        run_bytes(Role::Report, text.as_bytes(), Stated { specimen: None, assay: None, ..stated() }).profile
    };
    assert_eq!(report("0.002")["variant.ESR1"]["state"], "indeterminate");
    assert_eq!(report("0.01")["variant.ESR1"]["value"], "none_found");
}

#[test]
fn the_laboratorys_class_stands_and_the_tables_other_opinion_is_told() {
    let i = run_bytes(Role::Report, b"gene,hgvs_p,class\nPIK3CA,p.H1047R,vus\n", stated());
    assert_eq!(i.profile["variant.PIK3CA"]["value"], "vus");
    assert!(i.notes.iter().any(|n| n.code == "class_differs" && n.line == Some(2)));
}

#[test]
fn a_splice_site_a_truncation_and_a_late_stop_of_pten_are_told_apart() {
    let class = |name: &str| {
        let column = if name.starts_with("c.") { "hgvs_c" } else { "hgvs_p" };
        let i = run_bytes(Role::Report, format!("gene,{column}\nPTEN,{name}\n").as_bytes(), stated());
        (i.findings[0].class.map(molecular::Class::code), i.findings[0].class_source.clone())
    };
    assert_eq!(class("p.Val317ThrfsTer3").0, Some("likely_pathogenic"));
    assert_eq!(class("p.Asp375Ter").0, Some("likely_pathogenic"));
    assert_eq!(class("p.Thr376Ter").0, None);
    assert_eq!(class("p.Val317fs").0, None);
    assert_eq!(class("c.802-2A>T"), (None, "uninterpreted splice-site variant in PTEN".into()));
}

#[test]
fn dated_blood_tests_make_a_series_in_which_a_mutation_can_emerge() {
    let report = |date: &str, finding: &str, before: Map<String, Value>| {
        let text = format!(
            r#"{{"assay_id": "G360CDX", "specimen": "blood", "collected": "{date}", "tumour_fraction": 0.05,
                "findings": [{finding}]}}"#
        );
        let inputs = [Input { role: Role::Report, file: "r", bytes: text.as_bytes() }];
        let stated = Stated { specimen: None, assay: None, ..stated() };
        import::run(&inputs, &stated, before).profile
    };
    let later = report("2026-01-05", r#"{"gene": "ESR1", "hgvs_p": "p.D538G"}"#, Map::new());
    let both = report("2025-06-01", r#"{"gene": "ESR1", "kind": "none_found"}"#, later);
    let series: Vec<(&str, &str)> = both["ctdna.samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["date"].as_str().unwrap(), s["findings"]["ESR1"].as_str().unwrap()))
        .collect();
    assert_eq!(series, [("2025-06-01", "none_found"), ("2026-01-05", "pathogenic")]);
    assert!(both["ctdna.samples"][0]["adequate"].as_bool().unwrap());
}

#[test]
fn the_laboratory_of_a_report_stands_with_every_observation_of_it() {
    let text = r#"{"assay_id": "F1CDX", "laboratory": " Central Laboratory ", "specimen": "tissue", "tmb": 4.2, "msi": "stable",
        "findings": [{"gene": "PIK3CA", "hgvs_p": "p.H1047R", "class": "pathogenic"}, {"gene": "AKT1", "kind": "none_found"}]}"#;
    let i = run_bytes(Role::Report, text.as_bytes(), Stated { specimen: None, assay: None, ..stated() });
    for concept in ["variant.PIK3CA", "variant.AKT1", "tmb.per_mb", "msi.status"] {
        assert_eq!(i.profile[concept]["laboratory"], "Central Laboratory", "{concept}");
    }
}

//! The breast tumour T001-BRCA of PCGR, in both builds.

use molecular::import::{self, Imported, Input, Role, Stated};
use molecular::{Build, Kind, Specimen, cna, vcf};
use serde_json::{Map, Value, json};

pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/pcgr/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The calls and the segments; with `fusions` the list that PCGR ships beside the tumour, which is not the tumour's own.
fn imported(build: Build, stated: Build, covers: Option<&str>, fusions: bool) -> Imported {
    let tag = build.name().to_lowercase();
    let names = ["vcf.gz", "cna.tsv", "fusions.tsv"].map(|n| format!("T001-BRCA.{tag}.{n}"));
    let bytes = names.clone().map(|n| file(&n));
    let mut inputs: Vec<Input<'_>> = names
        .iter()
        .zip(&bytes)
        .zip([Role::Vcf, Role::Cna, Role::Fusions])
        .map(|((file, bytes), role)| Input { role, file, bytes })
        .filter(|i| fusions || i.role != Role::Fusions)
        .collect();
    if let Some(text) = covers {
        inputs.push(Input { role: Role::Covers, file: "covers.csv", bytes: text.as_bytes() });
    }
    let stated = Stated {
        build: Some(stated),
        specimen: Some(Specimen::Tissue),
        assay: Some("F1CDX".into()),
        date: Some("2026-01-05".into()),
        ..Stated::default()
    };
    import::run(&inputs, &stated, Map::new())
}

#[test]
fn the_tumour_gives_one_profile_in_both_builds() {
    let [old, new] = Build::ALL.map(|b| imported(b, b, None, false));
    for i in [&old, &new] {
        assert!(!i.refused(), "{:#?}", i.notes);
    }
    assert_eq!(serde_json::to_string(&old.profile).unwrap(), serde_json::to_string(&new.profile).unwrap());
    let p = Value::Object(new.profile);
    assert_eq!(
        p["variant.PIK3CA"],
        json!({
            "value": "pathogenic", "assay_id": "F1CDX", "specimen": "tissue", "date": "2026-01-05",
            "hgvs": "p.His1047Arg", "kind": "small_variant", "vaf": 0.418918918919,
            "why": "CIViC evidence 258 (the most recurrent in breast cancer)"
        })
    );
    assert_eq!(p["variant.ERBB2"]["kind"], "amplification");
    assert_eq!(p["variant.ERBB2"]["copies"], 9);
    assert_eq!(p["variant.TP53"]["state"], "indeterminate");
    assert_eq!(p["variant.TP53"]["hgvs"], "NC_000017.11:g.7673806C>T");
    // Without immunohistochemistry nothing is said of HER2 beyond the gene.
    assert!(p.as_object().unwrap().keys().all(|k| !k.starts_with("her2.")));
    // Without a list of covered genes nothing is absent.
    assert!(!p.to_string().contains("none_found"));
}

#[test]
fn what_the_assay_covers_turns_silence_into_absence_and_only_there() {
    let covers = "gene,covers\nAKT1,small\nPTEN,small;copies\nESR1,small\nBRCA1,small\n";
    for b in Build::ALL {
        let p = Value::Object(imported(b, b, Some(covers), false).profile);
        assert_eq!(p["variant.AKT1"]["value"], "none_found");
        assert_eq!(p["variant.PTEN"]["value"], "none_found");
        assert_eq!(p["variant.ESR1"]["value"], "none_found");
        // Copies of BRCA1 were handed over, but nobody said that the assay covers them.
        assert!(p.get("variant.BRCA1").is_none());
        assert!(p.get("variant.BRCA2").is_none());
        assert_eq!(p["variant.PIK3CA"]["value"], "pathogenic");
    }
}

#[test]
fn the_wrong_build_is_found_and_refused_by_name_in_every_kind_of_file() {
    for b in Build::ALL {
        let i = imported(b, b.other(), None, true);
        assert!(i.refused() && i.profile.is_empty() && i.findings.is_empty());
        let wrong: Vec<&str> =
            i.notes.iter().filter(|n| n.code == "wrong_build").map(|n| n.file.as_str()).collect();
        assert!(wrong.iter().any(|f| f.ends_with("vcf.gz")), "{wrong:?}");
        assert!(wrong.iter().any(|f| f.ends_with("cna.tsv")), "{wrong:?}");
        assert!(wrong.iter().any(|f| f.ends_with("fusions.tsv")), "{wrong:?}");
    }
}

/// The two lists differ in four rows; what both hold is read alike.
#[test]
fn fusions_of_both_lists_are_read_alike_and_an_unnamed_partner_stays_unnamed() {
    let [old, new] = Build::ALL.map(|b| Value::Object(imported(b, b, None, true).profile));
    for gene in ["variant.RET", "variant.NTRK1", "variant.BRAF"] {
        assert_eq!(old[gene], new[gene], "{gene}");
        assert_eq!(old[gene]["kind"], "fusion");
    }
    assert_eq!(old["variant.RET"]["value"], "pathogenic");
    // Known as TPM3::NTRK1; the list has it the other way round.
    assert_eq!(old["variant.NTRK1"]["state"], "indeterminate");
    assert_eq!(old["variant.NTRK3"]["state"], "indeterminate");
    assert_eq!(old["variant.NTRK3"]["partner"], Value::Null);
}

#[test]
fn every_record_is_a_finding_or_counted_elsewhere_and_pairs_keep_their_distance() {
    let read = |b: Build| {
        let options = vcf::Options {
            build: b,
            sample: None,
            specimen: None,
            assay: None,
            origin: molecular::Origin::Tumour,
            covered: None,
        };
        vcf::read(&file(&format!("T001-BRCA.{}.vcf.gz", b.name().to_lowercase())), "f", &options)
    };
    let [old, new] = Build::ALL.map(read);
    for r in [&old, &new] {
        assert_eq!(r.records, 196);
        assert_eq!(r.findings.len() + r.elsewhere, 196);
    }
    let canonical =
        |r: &molecular::Reading| r.findings.iter().map(|f| f.canonical.clone()).collect::<Vec<_>>();
    assert_eq!(canonical(&old), canonical(&new));
}

#[test]
fn nine_copies_are_amplified_and_a_higher_limit_says_otherwise() {
    let read = |limit: u32| {
        let options =
            cna::Options { build: Build::Grch38, specimen: None, assay: None, amplified_from: limit.into() };
        cna::read(&file("T001-BRCA.grch38.cna.tsv"), "f", &options)
    };
    let kinds = |limit| read(limit).findings.iter().map(|f| (f.gene.clone(), f.kind)).collect::<Vec<_>>();
    assert!(kinds(6).contains(&("ERBB2".to_owned(), Kind::Amplification)));
    assert!(kinds(9).contains(&("ERBB2".to_owned(), Kind::Amplification)));
    assert!(!kinds(10).iter().any(|(g, _)| g == "ERBB2"));
}

//! No bytes bring a reader down, and none make it speak of something that is not there.

use molecular::import::{self, Input, Role, Stated};
use molecular::{Build, Specimen};
use proptest::prelude::*;
use serde_json::Map;

const ROLES: [Role; 7] =
    [Role::Vcf, Role::Maf, Role::Cna, Role::Fusions, Role::Report, Role::Fhir, Role::Covers];

fn stated() -> Stated {
    Stated { build: Some(Build::Grch37), specimen: Some(Specimen::Blood), ..Stated::default() }
}

fn survives(bytes: &[u8]) {
    for role in ROLES {
        let i = import::run(&[Input { role, file: "f", bytes }], &stated(), Map::new());
        if i.refused() {
            assert!(i.profile.is_empty() && i.findings.is_empty());
        }
        for n in &i.notes {
            assert!(!n.what.ja.is_empty() && !n.what.en.is_empty());
        }
    }
    let _ = molecular::civic::read(bytes, "f");
}

/// Well-formed files, one of each kind, to be spoilt.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        super::tumour::file("T001-BRCA.grch37.vcf.gz"),
        super::files::vcf("3\t178952085\t.\tA\tG\t.\tPASS\t.\tGT:AD\t0/1:43,31\n").into_bytes(),
        super::tumour::file("T001-BRCA.grch37.cna.tsv"),
        super::tumour::file("T001-BRCA.grch37.fusions.tsv"),
        super::files::MAF.as_bytes().to_vec(),
        super::files::REPORT.as_bytes().to_vec(),
        super::files::FHIR.as_bytes().to_vec(),
        b"gene,kind,hgvs_p,vaf\nPIK3CA,small_variant,p.H1047R,0.4\n".to_vec(),
    ]
}

proptest! {
    #![proptest_config(super::rounds(150))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn a_spoilt_file_is_read_or_refused(which in 0usize..8, at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(), truncate: bool) {
        let seeds = seeds();
        let mut bytes = seeds[which].clone();
        let i = at.index(bytes.len());
        bytes[i] = byte;
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        survives(&bytes);
    }
}

#[test]
fn a_bgzip_file_cut_anywhere_is_refused() {
    let whole = super::tumour::file("T001-BRCA.grch38.vcf.gz");
    for n in (1..whole.len()).step_by(97) {
        let i =
            import::run(&[Input { role: Role::Vcf, file: "f", bytes: &whole[..n] }], &stated(), Map::new());
        assert!(i.refused(), "cut at {n}");
    }
}

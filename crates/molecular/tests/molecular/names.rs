//! HGVS names. Examples follow the recommendations of HGVS Nomenclature (protein and DNA pages); they are facts.

use molecular::hgvs::{self, Change};
use proptest::prelude::*;

/// Written, normalised.
const READ: [(&str, &str); 48] = [
    // substitutions
    ("p.Trp24Cys", "p.Trp24Cys"),
    ("p.(Trp24Cys)", "p.(Trp24Cys)"),
    ("p.W24C", "p.Trp24Cys"),
    ("p.Trp24Ter", "p.Trp24Ter"),
    ("p.Trp24*", "p.Trp24Ter"),
    ("p.W24*", "p.Trp24Ter"),
    ("p.Cys188=", "p.Cys188="),
    ("p.=", "p.="),
    ("p.(=)", "p.(=)"),
    ("p.?", "p.?"),
    ("p.0", "p.0"),
    ("p.0?", "p.0?"),
    ("p.Met1?", "p.Met1?"),
    ("p.V600delinsE", "p.Val600Glu"),
    // deletions, duplications, insertions
    ("p.Val7del", "p.Val7del"),
    ("p.(Val7del)", "p.(Val7del)"),
    ("p.Trp4del", "p.Trp4del"),
    ("p.Lys23_Val25del", "p.Lys23_Val25del"),
    ("p.L755_T759delLRENT", "p.Leu755_Thr759del"),
    ("p.Ala3dup", "p.Ala3dup"),
    ("p.Ala3_Ser5dup", "p.Ala3_Ser5dup"),
    ("p.His4_Gln5insAla", "p.His4_Gln5insAla"),
    ("p.Lys2_Gly3insGlnSerLys", "p.Lys2_Gly3insGlnSerLys"),
    ("p.K2_G3insQSK", "p.Lys2_Gly3insGlnSerLys"),
    ("p.(Met3_His4insGlyTer)", "p.(Met3_His4insGlyTer)"),
    ("p.Cys28delinsTrpVal", "p.Cys28delinsTrpVal"),
    ("p.Glu125_Ala132delinsGlyLeuHisArgPheIleValLeu", "p.Glu125_Ala132delinsGlyLeuHisArgPheIleValLeu"),
    // frame shifts and extensions
    ("p.Arg97ProfsTer23", "p.Arg97ProfsTer23"),
    ("p.Arg97Profs*23", "p.Arg97ProfsTer23"),
    ("p.R97Pfs*23", "p.Arg97ProfsTer23"),
    ("p.Arg97fs", "p.Arg97fs"),
    ("p.R97fs*23", "p.Arg97fsTer23"),
    ("p.Ile327Argfs*?", "p.Ile327ArgfsTer?"),
    ("p.Met1ext-5", "p.Met1ext-5"),
    ("p.Ter110GlnextTer17", "p.Ter110GlnextTer17"),
    ("p.*110Glnext*17", "p.Ter110GlnextTer17"),
    // DNA
    ("NM_006218.4:c.3140A>G", "NM_006218.4:c.3140A>G"),
    ("NM_006218.4(PIK3CA):c.3140A>G", "NM_006218.4(PIK3CA):c.3140A>G"),
    ("NC_000003.12:g.179234297A>G", "NC_000003.12:g.179234297A>G"),
    ("c.-14G>C", "c.-14G>C"),
    ("c.*37del", "c.*37del"),
    ("c.88+2T>G", "c.88+2T>G"),
    ("c.89-1G>T", "c.89-1G>T"),
    ("c.183_186+48del", "c.183_186+48del"),
    ("c.20_23dup", "c.20_23dup"),
    ("c.76_77insT", "c.76_77insT"),
    ("c.145_147delinsTGG", "c.145_147delinsTGG"),
    ("c.76delAinsC", "c.76A>C"),
];

#[test]
fn a_name_is_read_and_printed_in_one_spelling() {
    for (written, normal) in READ {
        let h = hgvs::parse(written).unwrap_or_else(|e| panic!("{written}: {e}"));
        assert_eq!(h.to_string(), normal, "{written}");
        assert_eq!(hgvs::parse(normal).unwrap(), h, "{normal}");
    }
}

/// Written, column of the fault, a word of each message.
const REFUSED: [(&str, usize, &str, &str); 24] = [
    ("H1047R", 1, "p.", "p."),
    ("p.", 3, "アミノ酸", "amino acid"),
    ("pH1047R", 2, "「.」", "full stop"),
    ("p.h1047r", 3, "アミノ酸", "amino acid"),
    ("p.His1047", 10, "アミノ酸", "amino acid"),
    ("p.His0Arg", 6, "1以上", "from 1"),
    ("p.His1047Arg!", 13, "読めません", "nothing more"),
    ("p.(His1047Arg", 14, "閉じていません", "not closed"),
    ("p.Trp1815X", 10, "Ter", "Ter"),
    ("p.His1047His", 10, "同じ", "the same"),
    ("p.Lys2_Gly9insGln", 12, "隣り合う", "neighbouring"),
    ("p.Val7_Lys3del", 7, "範囲", "range"),
    ("p.Val7_Lys9", 12, "範囲", "range"),
    ("p.L755_T759delLR", 15, "数", "as many"),
    ("p.Tyr4TyrfsTer1", 7, "p.Tyr4Ter", "p.Tyr4Ter"),
    ("p.His4ext-5", 10, "伸長", "extended"),
    ("c.3140A", 8, ">", ">"),
    ("c.3140A>A", 9, "同じ", "the same"),
    ("c.3140A>Z", 9, "塩基", "base"),
    ("c.76_80A>G", 8, "delins", "delins"),
    ("c.76_78delAC", 11, "数", "as many"),
    ("c.76_79insT", 8, "隣り合う", "neighbouring"),
    ("g.-5A>C", 3, "ゲノム", "genomic"),
    ("NM_006218.4(PIK3CA:c.3140A>G", 19, "遺伝子", "gene"),
];

#[test]
fn a_malformed_name_is_refused_with_its_column_in_both_languages() {
    for (written, column, ja, en) in REFUSED {
        let e = hgvs::parse(written).expect_err(written);
        assert_eq!(e.column, column, "{written}: {e}");
        assert!(e.what.ja.contains(ja), "{written}: {}", e.what.ja);
        assert!(e.what.en.contains(en), "{written}: {}", e.what.en);
    }
}

#[test]
fn a_prediction_and_a_certain_name_are_the_same_change() {
    let a = hgvs::parse("NP_006209.2:p.(His1047Arg)").unwrap();
    assert_eq!(a.certain().to_string(), "p.His1047Arg");
}

#[test]
fn a_truncation_counts_at_its_new_stop_and_a_frame_shift_without_one_does_not() {
    let at = |t: &str| match hgvs::parse(t).unwrap().change {
        Change::Protein(p) => p.truncates_at(),
        _ => None,
    };
    assert_eq!(at("p.Arg233Ter"), Some(233));
    assert_eq!(at("p.Val317ThrfsTer3"), Some(319));
    assert_eq!(at("p.Val317fs"), None);
    assert_eq!(at("p.Ter404GlnextTer5"), None);
    assert_eq!(at("p.His123Arg"), None);
}

fn residue() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec![
        "Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu", "Lys", "Met", "Phe",
        "Pro", "Ser", "Thr", "Trp", "Tyr", "Val",
    ])
}

fn protein() -> impl Strategy<Value = String> {
    let at = (residue(), 1u32..3000);
    let two = (residue(), residue(), 1u32..3000, 1u32..40);
    let chain = prop::collection::vec(residue(), 2..6).prop_map(|v| v.concat());
    prop_oneof![
        (at.clone(), residue())
            .prop_filter("change", |((a, _), b)| a != b)
            .prop_map(|((a, n), b)| format!("{a}{n}{b}")),
        at.clone().prop_map(|(a, n)| format!("{a}{n}Ter")),
        at.clone().prop_map(|(a, n)| format!("{a}{n}del")),
        at.clone().prop_map(|(a, n)| format!("{a}{n}=")),
        (at.clone(), residue(), 2u32..90).prop_map(|((a, n), b, s)| format!("{a}{n}{b}fsTer{s}")),
        two.clone().prop_map(|(a, b, n, d)| format!("{a}{n}_{b}{}del", n + d)),
        two.clone().prop_map(|(a, b, n, d)| format!("{a}{n}_{b}{}dup", n + d)),
        (two.clone(), chain.clone()).prop_map(|((a, b, n, _), c)| format!("{a}{n}_{b}{}ins{c}", n + 1)),
        (two, chain).prop_map(|((a, b, n, d), c)| format!("{a}{n}_{b}{}delins{c}", n + d)),
    ]
}

fn coding() -> impl Strategy<Value = String> {
    let position = (0u8..3, 1u32..9000, -40i32..40).prop_map(|(region, n, offset)| {
        let region = ["", "-", "*"][region as usize];
        if offset == 0 { format!("{region}{n}") } else { format!("{region}{n}{offset:+}") }
    });
    let base = prop::sample::select(vec!["A", "C", "G", "T"]);
    let bases = prop::collection::vec(base.clone(), 1..6).prop_map(|v| v.concat());
    prop_oneof![
        (position.clone(), base.clone(), base)
            .prop_filter("change", |(_, a, b)| a != b)
            .prop_map(|(p, a, b)| format!("{p}{a}>{b}")),
        position.clone().prop_map(|p| format!("{p}del")),
        position.clone().prop_map(|p| format!("{p}dup")),
        (1u32..9000, 1u32..50).prop_map(|(n, d)| format!("{n}_{}del", n + d)),
        (1u32..9000, bases.clone()).prop_map(|(n, b)| format!("{n}_{}ins{b}", n + 1)),
        (1u32..9000, 1u32..50, bases).prop_map(|(n, d, b)| format!("{n}_{}delins{b}", n + d)),
    ]
}

proptest! {
    #![proptest_config(super::rounds(400))]

    #[test]
    fn a_normalised_name_comes_back_from_print_and_parse(text in prop_oneof![
        protein().prop_map(|t| format!("p.{t}")),
        protein().prop_map(|t| format!("p.({t})")),
        coding().prop_map(|t| format!("c.{t}")),
    ]) {
        let h = hgvs::parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(h.to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_column_inside_it(text in "\\PC{0,40}|[pcgn]\\.[A-Za-z0-9_*()=?>+-]{0,24}") {
        match hgvs::parse(&text) {
            Ok(h) => prop_assert_eq!(hgvs::parse(&h.to_string()).unwrap(), h),
            Err(e) => prop_assert!(e.column >= 1 && e.column <= text.chars().count() + 1),
        }
    }
}

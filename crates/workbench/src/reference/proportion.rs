//! Records of proportions and contingency tables.
use serde_json::Value;
use stats::inference::{Alternative, Level, Sides};
use stats::proportion::{
    BinomialMethod, BoschlooSides, Count, DifferenceMethod, PairedDifferenceMethod, RatioMethod,
    TwoSidedRule, Yates, barnard, binomial_interval, binomial_test, boschloo, cochran_armitage, fisher_2x2,
    fisher_rxc, homogeneity, mantel_haenszel, mantel_haenszel_exact, mcnemar, odds_ratio_score,
    paired_difference, pearson_chi2, risk_difference, risk_ratio,
};

use super::Method;
use super::case::{Case, Skip, Values};

pub(super) const METHODS: &[Method] = &[
    Method { name: "binomial_ci", keys: &["x", "n", "conf_level"], run: interval },
    Method { name: "binomial_test", keys: &["x", "n", "p0"], run: test },
    Method { name: "fisher_2x2", keys: &["table", "conf_level"], run: fisher },
    Method { name: "fisher_rxc", keys: &["table"], run: fisher_large },
    Method { name: "barnard_boschloo", keys: &["table"], run: unconditional },
    Method { name: "risk_difference_ci", keys: &["x1", "n1", "x2", "n2", "conf_level"], run: difference },
    Method { name: "two_sample_binomial", keys: &[], run: difference_of_call },
    Method { name: "cochran_armitage", keys: &["x", "n", "scores"], run: trend },
    Method { name: "mcnemar", keys: &["table", "conf_level"], run: matched },
    Method {
        name: "mantel_haenszel",
        keys: &["row", "column", "strata", "frequency", "row_levels", "column_levels", "conf_level"],
        run: stratified,
    },
];

/// A count of `params`.
fn whole(x: f64, name: &str) -> Result<u64, Skip> {
    if x >= 0.0 && x.fract() == 0.0 && x < 9e15 {
        Ok(x as u64)
    } else {
        Err(Skip::new(format!("{name} is not a count")))
    }
}

fn count(case: &Case, x: &str, n: &str) -> Result<Count, Skip> {
    Ok(Count::new(whole(case.number(x)?, x)?, whole(case.number(n)?, n)?))
}

fn table(case: &Case) -> Result<Vec<Vec<u64>>, Skip> {
    let refuse = || Skip::new("params.table is not a table of counts");
    let Some(Value::Array(rows)) = case.record.params.get("table") else {
        return Err(refuse());
    };
    rows.iter()
        .map(|row| row.as_array().ok_or_else(refuse)?.iter().map(|v| v.as_u64().ok_or_else(refuse)).collect())
        .collect()
}

fn two_by_two(case: &Case) -> Result<[[u64; 2]; 2], Skip> {
    match table(case)?.as_slice() {
        [a, b] => match (a.as_slice(), b.as_slice()) {
            (&[a, b], &[c, d]) => Ok([[a, b], [c, d]]),
            _ => Err(Skip::new("params.table is not 2 x 2")),
        },
        _ => Err(Skip::new("params.table is not 2 x 2")),
    }
}

fn interval(case: &Case) -> Result<Values, Skip> {
    let count = count(case, "x", "n")?;
    let level = case.conf_level()?;
    let mut v = Values::default();
    for (name, method) in [
        ("cp", BinomialMethod::ClopperPearson),
        ("wilson", BinomialMethod::Wilson),
        ("wilson_cc", BinomialMethod::WilsonCorrectedR),
        ("midp", BinomialMethod::MidP),
        ("jeffreys", BinomialMethod::Jeffreys),
        ("agresti_coull", BinomialMethod::AgrestiCoull),
        ("wald", BinomialMethod::Wald),
    ] {
        v.list(name, binomial_interval(count, method, Level::two_sided(level))?.limits());
    }
    let one = |sides| binomial_interval(count, BinomialMethod::ClopperPearson, Level { level, sides });
    v.number("cp_one_sided_lower", one(Sides::Lower)?.lower)
        .number("cp_one_sided_upper", one(Sides::Upper)?.upper);
    Ok(v)
}

fn test(case: &Case) -> Result<Values, Skip> {
    let (count, p0) = (count(case, "x", "n")?, case.number("p0")?);
    let mut v = Values::default();
    for (name, side) in
        [("two", Alternative::TwoSided), ("greater", Alternative::Greater), ("less", Alternative::Less)]
    {
        v.number(name, binomial_test(count, p0, side, TwoSidedRule::SmallProbabilities)?.p);
    }
    Ok(v)
}

fn fisher(case: &Case) -> Result<Values, Skip> {
    let t = two_by_two(case)?;
    let f = fisher_2x2(t, TwoSidedRule::SmallProbabilities, Level::two_sided(case.conf_level()?))?;
    let (a, b) = (Count::new(t[0][0], t[0][0] + t[0][1]), Count::new(t[1][0], t[1][0] + t[1][1]));
    let (plain, yates) = (pearson_chi2(a, b, Yates::None)?, pearson_chi2(a, b, Yates::Corrected)?);
    let mut v = Values::default();
    v.number("p_two", f.p_two_sided)
        .number("p_greater", f.p_greater)
        .number("p_less", f.p_less)
        .number("p_greater_mid", f.p_greater_mid)
        .number("cond_mle_or", f.odds_ratio.estimate)
        .number("cond_mle_or_precise", f.odds_ratio.estimate)
        .list("ci", f.odds_ratio.limits())
        .list("ci_precise", f.odds_ratio.limits())
        .optional("chisq", plain.statistic)
        .number("chisq_p", plain.p)
        .optional("yates", yates.statistic)
        .number("yates_p", yates.p);
    Ok(v)
}

fn fisher_large(case: &Case) -> Result<Values, Skip> {
    let mut v = Values::default();
    v.number("p", fisher_rxc(&table(case)?)?.p);
    Ok(v)
}

fn unconditional(case: &Case) -> Result<Values, Skip> {
    // The columns are the groups, as in scipy.
    let [[a, b], [c, d]] = two_by_two(case)?;
    let (first, second) = (Count::new(a, a + c), Count::new(b, b + d));
    let t = barnard(first, second, Alternative::TwoSided)?;
    let mut v = Values::default();
    v.number("barnard", t.p)
        .optional("barnard_stat", t.statistic)
        .number("boschloo", boschloo(first, second, Alternative::TwoSided, BoschlooSides::Doubled)?.p);
    Ok(v)
}

fn difference(case: &Case) -> Result<Values, Skip> {
    let (a, b) = (count(case, "x1", "n1")?, count(case, "x2", "n2")?);
    let level = Level::two_sided(case.conf_level()?);
    let mut v = Values::default();
    for (name, method) in [
        ("newcomb", DifferenceMethod::Newcombe),
        ("score", DifferenceMethod::MiettinenNurminen),
        ("wald", DifferenceMethod::Wald),
        ("agresti-caffo", DifferenceMethod::AgrestiCaffo),
    ] {
        v.list(name, risk_difference(a, b, method, level)?.limits());
    }
    Ok(v)
}

/// The record keeps its input in the call of gsDesign: `ciBinomial(x1=20, x2=30, n1=100, n2=100, scale='OR', alpha=.05)`.
fn difference_of_call(case: &Case) -> Result<Values, Skip> {
    let inside = case
        .record
        .call
        .as_deref()
        .and_then(|c| c.strip_prefix("ciBinomial("))
        .and_then(|c| c.strip_suffix(')'))
        .ok_or_else(|| Skip::new("a call other than ciBinomial"))?;
    let argument = |name: &str| {
        inside
            .split(',')
            .filter_map(|a| a.split_once('='))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
            .ok_or_else(|| Skip::new(format!("the call does not name {name}")))
    };
    let number = |name: &str| -> Result<f64, Skip> {
        argument(name)?.parse().map_err(|_| Skip::new(format!("{name} is not a number")))
    };
    let count = |x: &str, n: &str| Ok::<_, Skip>(Count::new(whole(number(x)?, x)?, whole(number(n)?, n)?));
    let (a, b) = (count("x1", "n1")?, count("x2", "n2")?);
    let level = Level::two_sided(1.0 - number("alpha")?);
    let e = match argument("scale")?.trim_matches('\'') {
        "Difference" => risk_difference(a, b, DifferenceMethod::Mee, level)?,
        "RR" => risk_ratio(a, b, RatioMethod::Koopman, level)?,
        "OR" => odds_ratio_score(a, b, RatioMethod::Koopman, level)?,
        other => return Err(Skip::new(format!("a scale {other}"))),
    };
    let mut v = Values::default();
    v.list("ci", e.limits());
    Ok(v)
}

fn trend(case: &Case) -> Result<Values, Skip> {
    let (x, n) = (case.numbers("x")?, case.numbers("n")?);
    let groups: Vec<Count> = x
        .iter()
        .zip(&n)
        .map(|(x, n)| Ok(Count::new(whole(*x, "x")?, whole(*n, "n")?)))
        .collect::<Result<_, Skip>>()?;
    let scores = if case.record.params.contains_key("scores") { Some(case.numbers("scores")?) } else { None };
    let t = cochran_armitage(&groups, scores.as_deref(), Alternative::TwoSided)?;
    let mut v = Values::default();
    v.optional("stat", t.statistic)
        .number("p", t.p)
        .optional("prop_test_chisq", homogeneity(&groups)?.statistic);
    Ok(v)
}

fn matched(case: &Case) -> Result<Values, Skip> {
    let t = two_by_two(case)?;
    let level = Level::two_sided(case.conf_level()?);
    let m = mcnemar(t, level)?;
    let d = paired_difference(t, PairedDifferenceMethod::Wald, level)?;
    let mut v = Values::default();
    v.number("b", m.b as f64)
        .number("c", m.c as f64)
        .optional("stat", m.chi2.statistic)
        .number("p", m.chi2.p)
        .optional("stat_cc", m.chi2_corrected.statistic)
        .number("p_cc", m.chi2_corrected.p)
        .number("exact", m.exact.p)
        .number("midp", m.mid_p.p)
        .number("or_cond", m.odds_ratio.estimate)
        .list("or_ci_exact", m.odds_ratio.limits())
        .number("diff", d.estimate)
        .list("wald_ci", d.limits());
    Ok(v)
}

fn stratified(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["row", "column", "strata", "frequency"])?;
    let levels = |key: &str, column: &str| -> Result<Vec<String>, Skip> {
        let named = case.names(key)?;
        if named.is_empty() {
            Ok(rows.levels(column)?)
        } else {
            Ok(named.into_iter().map(String::from).collect())
        }
    };
    let (row, column) = (case.name("row")?, case.name("column")?);
    let r = rows.codes(row, &levels("row_levels", row)?)?;
    let c = rows.codes(column, &levels("column_levels", column)?)?;
    if r.iter().chain(&c).any(|&k| k > 1) {
        return Err(Skip::new("a table larger than 2 x 2 in a stratum"));
    }
    let strata = rows.combined_codes(&case.names("strata")?)?;
    let frequency =
        if case.has("frequency") { rows.numbers(case.name("frequency")?)? } else { vec![1.0; r.len()] };
    let mut tables = vec![[[0u64; 2]; 2]; strata.iter().max().map_or(0, |m| m + 1)];
    for i in 0..r.len() {
        tables[strata[i]][r[i]][c[i]] += whole(frequency[i], "frequency")?;
    }
    let level = Level::two_sided(case.conf_level()?);
    let plain = mantel_haenszel(&tables, Yates::None, level)?;
    let corrected = mantel_haenszel(&tables, Yates::Corrected, level)?.test;
    let exact = mantel_haenszel_exact(&tables, TwoSidedRule::SmallProbabilities, level)?;
    let mut v = Values::default();
    v.optional("stat", plain.test.statistic)
        .number("p", plain.test.p)
        .optional("stat_cc", corrected.statistic)
        .number("p_cc", corrected.p)
        .number("or_mh", plain.odds_ratio.estimate)
        .list("ci", plain.odds_ratio.limits())
        .number("or_exact", exact.odds_ratio.estimate)
        .list("ci_exact", exact.odds_ratio.limits())
        .number("p_exact", exact.p_two_sided);
    Ok(v)
}

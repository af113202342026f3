//! Proportions on the command line.
use stats::cluster::{
    ClusteredMethod, clustered_pairs, clustered_proportion, clustered_proportion_interval, rao_scott,
};
use stats::proportion::{
    BinomialMethod, BoschlooSides, Count, DifferenceMethod, PairedDifferenceMethod, RatioMethod,
    TwoSidedRule, Yates, barnard, binomial_interval, binomial_test, boschloo, cochran_armitage,
    cochran_armitage_exact, exact_difference, exact_ratio, farrington_manning, fisher_2x2, fisher_rxc,
    fisher_rxc_monte_carlo, homogeneity, mantel_haenszel, mantel_haenszel_exact, mcnemar, odds_ratio_score,
    paired_difference, pearson_chi2, risk_difference, risk_ratio,
};

use super::sample::{
    Sample, alternative, choice, estimate, group, level, outcome, refused, setting, test, used, whole,
};
use super::{Command, Input, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "binomial",
        about: "one proportion: limits by every method, exact test with --null",
        run: one,
    },
    Command {
        name: "proportions",
        about: "two proportions: difference, ratio, odds ratio, exact tests",
        run: two,
    },
    Command {
        name: "contingency",
        about: "r x c table of --outcome by --group: Fisher's test; clustered: Rao-Scott",
        run: table,
    },
    Command {
        name: "mantel-haenszel",
        about: "2 x 2 tables over --strata, asymptotic and exact",
        run: stratified,
    },
    Command { name: "trend", about: "Cochran-Armitage test over ordered groups", run: trend },
    Command {
        name: "mcnemar",
        about: "matched pairs (--set first=,second=); with --cluster Obuchowski's test",
        run: pairs,
    },
];

const YES: &[(&str, bool)] = &[("no", false), ("yes", true)];

const RULES: [(&str, TwoSidedRule); 3] = [
    ("small", TwoSidedRule::SmallProbabilities),
    ("doubled", TwoSidedRule::DoubledTail),
    ("mid-p", TwoSidedRule::DoubledMidP),
];

fn one(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("binomial");
    let level = level(args)?;
    let count = match (args.x, args.n) {
        (Some(x), Some(n)) => Count::new(x, n),
        (Some(_), None) | (None, Some(_)) => {
            return Err(WorkbenchError::Usage("-x and -n belong together: x of n".into()));
        }
        (None, None) => {
            let name = outcome(args)?;
            let mut names = vec![name];
            names.extend(args.cluster.as_deref());
            let sample = Sample::read(args, input, &names)?;
            let y = sample.flags(name, args.event_code.as_deref())?;
            used(&mut rows, &sample);
            if let Some(cluster) = &args.cluster {
                let r = clustered_proportion(&y, &sample.table.combined_codes(&[cluster])?)?;
                rows.push("clusters", r.clusters as f64).optional("design_effect", r.design_effect);
                for method in ClusteredMethod::ALL {
                    estimate(&mut rows, "proportion", &clustered_proportion_interval(&r, method, level)?);
                }
                return Ok(rows);
            }
            Count::new(y.iter().filter(|v| **v).count() as u64, y.len() as u64)
        }
    };
    let chosen = args.conf_type.as_deref();
    if let Some(name) = chosen.filter(|n| !BinomialMethod::ALL.iter().any(|m| m.name() == *n)) {
        let known: Vec<&str> = BinomialMethod::ALL.iter().map(|m| m.name()).collect();
        return Err(WorkbenchError::Usage(format!("--conf-type {name}: {}", known.join(", "))));
    }
    for method in BinomialMethod::ALL.into_iter().filter(|m| chosen.is_none_or(|c| c == m.name())) {
        estimate(&mut rows, "proportion", &binomial_interval(count, method, level)?);
    }
    if let Some(p0) = args.null {
        test(&mut rows, &binomial_test(count, p0, alternative(args)?, choice(args, "two-sided", &RULES)?)?);
    }
    Ok(rows)
}

fn two(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("proportions");
    let (level, side) = (level(args)?, alternative(args)?);
    let sample = Sample::read(args, input, &[outcome(args)?, group(args)?])?;
    let y = sample.flags(outcome(args)?, args.event_code.as_deref())?;
    let (codes, levels) = sample.groups(args, group(args)?)?;
    let [_, _] = levels.as_slice() else {
        return Err(WorkbenchError::Usage("two groups are needed; name them with --group-levels".into()));
    };
    let count = |g: usize| {
        let of: Vec<bool> = y.iter().zip(&codes).filter(|(_, c)| **c == g).map(|(v, _)| *v).collect();
        Count::new(of.iter().filter(|v| **v).count() as u64, of.len() as u64)
    };
    let (a, b) = (count(0), count(1));
    used(&mut rows, &sample);
    for (name, c) in levels.iter().zip([a, b]) {
        let e = binomial_interval(c, BinomialMethod::ClopperPearson, level)?;
        rows.group(name).push("x", c.x as f64).push("n", c.n as f64);
        rows.push("estimate", e.estimate).push("lower", e.lower).push("upper", e.upper);
    }
    for method in DifferenceMethod::ALL {
        estimate(&mut rows, "difference", &risk_difference(a, b, method, level)?);
    }
    for method in RatioMethod::ALL {
        match risk_ratio(a, b, method, level) {
            Ok(e) => estimate(&mut rows, "ratio", &e),
            Err(why) => refused(&mut rows, "ratio", method.name(), &why),
        }
    }
    for method in RatioMethod::ALL {
        match odds_ratio_score(a, b, method, level) {
            Ok(e) => estimate(&mut rows, "odds_ratio", &e),
            Err(why) => refused(&mut rows, "odds_ratio", method.name(), &why),
        }
    }
    let f = fisher_2x2([[a.x, a.n - a.x], [b.x, b.n - b.x]], choice(args, "two-sided", &RULES)?, level);
    match f {
        Ok(f) => {
            estimate(&mut rows, "odds_ratio", &f.odds_ratio);
            rows.whole().variable("test").level("Fisher's exact test");
            rows.push("p", f.p_two_sided).push("p_greater", f.p_greater).push("p_less", f.p_less);
            rows.remarks(&f.conventions, &[]);
        }
        Err(why) => refused(&mut rows, "test", "Fisher's exact test", &why),
    }
    for yates in [Yates::None, Yates::Corrected] {
        match pearson_chi2(a, b, yates) {
            Ok(t) => test(&mut rows, &t),
            Err(why) => refused(&mut rows, "test", "chi-square", &why),
        }
    }
    if let Some(delta) = args.null {
        test(&mut rows, &farrington_manning(a, b, delta, side)?);
    }
    let boschloo_sides = choice(
        args,
        "boschloo",
        &[("doubled", BoschlooSides::Doubled), ("two-sided-fisher", BoschlooSides::TwoSidedFisher)],
    )?;
    if choice(args, "exact", YES)? {
        test(&mut rows, &barnard(a, b, side)?);
        test(&mut rows, &boschloo(a, b, side, boschloo_sides)?);
        estimate(&mut rows, "difference", &exact_difference(a, b, level)?);
        match exact_ratio(a, b, level) {
            Ok(e) => estimate(&mut rows, "ratio", &e),
            Err(e) => refused(&mut rows, "ratio", "exact unconditional limits", &e),
        }
    }
    Ok(rows)
}

fn table(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("contingency");
    let mut names = vec![outcome(args)?, group(args)?];
    names.extend(args.cluster.as_deref());
    let sample = Sample::read(args, input, &names)?;
    let (r, row_levels) = sample.groups(args, group(args)?)?;
    let column_levels = sample.table.levels(outcome(args)?)?;
    let c = sample.table.codes(outcome(args)?, &column_levels)?;
    let mut counts = vec![vec![0u64; column_levels.len()]; row_levels.len()];
    for (i, j) in r.iter().zip(&c) {
        counts[*i][*j] += 1;
    }
    used(&mut rows, &sample);
    for (name, line) in row_levels.iter().zip(&counts) {
        for (value, n) in column_levels.iter().zip(line) {
            rows.group(name).level(value).push("count", *n as f64);
        }
    }
    match &args.cluster {
        None => match whole(args, "monte-carlo", 0)? {
            0 => test(&mut rows, &fisher_rxc(&counts)?),
            tables => {
                let seed = whole(args, "seed", 1)?;
                let t = fisher_rxc_monte_carlo(&counts, tables, seed)?;
                test(&mut rows, &t.test);
                rows.push("monte_carlo_error", t.standard_error)
                    .push("tables", tables as f64)
                    .push("seed", seed as f64);
            }
        },
        Some(cluster) => {
            let t = rao_scott(&r, &c, &sample.table.combined_codes(&[cluster])?)?;
            for part in [&t.second_order, &t.first_order, &t.wald] {
                test(&mut rows, part);
            }
        }
    }
    Ok(rows)
}

fn stratified(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("mantel-haenszel");
    let level = level(args)?;
    let strata: Vec<&str> = args.strata.iter().map(String::as_str).collect();
    if strata.is_empty() {
        return Err(WorkbenchError::Usage("--strata is needed".into()));
    }
    let mut names = vec![outcome(args)?, group(args)?];
    names.extend(&strata);
    let sample = Sample::read(args, input, &names)?;
    let y = sample.flags(outcome(args)?, args.event_code.as_deref())?;
    let (codes, levels) = sample.groups(args, group(args)?)?;
    if levels.len() != 2 {
        return Err(WorkbenchError::Usage("two groups are needed; name them with --group-levels".into()));
    }
    let stratum = sample.table.combined_codes(&strata)?;
    let mut tables = vec![[[0u64; 2]; 2]; stratum.iter().max().map_or(0, |m| m + 1)];
    for i in 0..y.len() {
        tables[stratum[i]][codes[i]][usize::from(!y[i])] += 1;
    }
    used(&mut rows, &sample);
    for yates in [Yates::None, Yates::Corrected] {
        let m = mantel_haenszel(&tables, yates, level)?;
        if yates == Yates::None {
            estimate(&mut rows, "odds_ratio", &m.odds_ratio);
        }
        test(&mut rows, &m.test);
    }
    let exact = mantel_haenszel_exact(&tables, choice(args, "two-sided", &RULES)?, level)?;
    estimate(&mut rows, "odds_ratio", &exact.odds_ratio);
    rows.whole().variable("test").level("exact conditional test").push("p", exact.p_two_sided);
    Ok(rows)
}

fn trend(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("trend");
    let sample = Sample::read(args, input, &[outcome(args)?, group(args)?])?;
    let y = sample.flags(outcome(args)?, args.event_code.as_deref())?;
    let (codes, levels) = sample.groups(args, group(args)?)?;
    let mut counts = vec![Count::new(0, 0); levels.len()];
    for (v, g) in y.iter().zip(codes) {
        counts[g].n += 1;
        counts[g].x += u64::from(*v);
    }
    used(&mut rows, &sample);
    for (name, c) in levels.iter().zip(&counts) {
        rows.group(name).push("x", c.x as f64).push("n", c.n as f64);
    }
    let side = alternative(args)?;
    test(&mut rows, &cochran_armitage(&counts, None, side)?);
    test(&mut rows, &homogeneity(&counts)?);
    if choice(args, "exact", YES)? {
        test(&mut rows, &cochran_armitage_exact(&counts, None, side, choice(args, "two-sided", &RULES)?)?);
    }
    Ok(rows)
}

fn pairs(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("mcnemar");
    let level = level(args)?;
    let (first, second) = (setting(args, "first")?, setting(args, "second")?);
    let mut names = vec![first, second];
    names.extend(args.cluster.as_deref());
    let sample = Sample::read(args, input, &names)?;
    let (a, b) = (sample.flags(first, None)?, sample.flags(second, None)?);
    used(&mut rows, &sample);
    if let Some(cluster) = &args.cluster {
        let codes = sample.table.combined_codes(&[cluster])?;
        let t = clustered_pairs(&a, &b, &codes, level)?;
        rows.push("clusters", t.clusters as f64);
        estimate(&mut rows, "difference", &t.difference);
        estimate(&mut rows, "difference", &t.difference_t);
        for part in [&t.obuchowski, &t.durkalski, &t.yang, &t.mcnemar] {
            test(&mut rows, part);
        }
        match stats::cluster::eliasziw_donner(&a, &b, &codes) {
            Ok(t) => test(&mut rows, &t),
            Err(why) => refused(&mut rows, "test", "Eliasziw-Donner", &why),
        }
        return Ok(rows);
    }
    let mut table = [[0u64; 2]; 2];
    for (x, y) in a.iter().zip(&b) {
        table[usize::from(!x)][usize::from(!y)] += 1;
    }
    for method in PairedDifferenceMethod::ALL {
        estimate(&mut rows, "difference", &paired_difference(table, method, level)?);
    }
    let m = mcnemar(table, level)?;
    estimate(&mut rows, "odds_ratio", &m.odds_ratio);
    for part in [&m.exact, &m.mid_p, &m.chi2, &m.chi2_corrected] {
        test(&mut rows, part);
    }
    Ok(rows)
}

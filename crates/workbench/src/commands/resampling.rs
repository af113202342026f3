//! Multiple imputation, pooling, and the bootstrap of clusters on the command line.
use stats::cluster::cluster_bootstrap;
use stats::model::{ImputationOptions, LogisticOptions, impute, linear, logistic, pool};

use super::input::{Input, covariates, need};
use super::sample::{Sample, choice, estimate, group, level, numbers, outcome, used, whole};
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;
use crate::model::Covariate;
use crate::table::Column;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "impute",
        about: "linear or logistic regression with missing numbers imputed, pooled by Rubin's rules",
        run: imputed,
    },
    Command { name: "pool", about: "Rubin's rules: --set estimates=1.1,.9 --set se=.2,.3", run: pooled },
    Command {
        name: "bootstrap",
        about: "mean, or difference of two groups, with whole clusters drawn (--cluster)",
        run: bootstrap,
    },
];

fn summary(rows: &mut Rows, name: &str, p: &stats::model::Pooled) {
    rows.whole()
        .variable(name)
        .push("estimate", p.estimate.estimate)
        .push("se", p.standard_error)
        .push("lower", p.estimate.lower)
        .push("upper", p.estimate.upper)
        .optional("statistic", p.test.statistic)
        .push("df", p.df)
        .push("p", p.test.p)
        .push("within", p.within)
        .push("between", p.between)
        .push("missing_information", p.missing_information);
    rows.remarks(&p.estimate.conventions, &p.estimate.warnings);
}

fn pooled(args: &StatsArgs, _: &Input) -> Result<Rows, WorkbenchError> {
    let (estimates, se) = (numbers(args, "estimates")?, numbers(args, "se")?);
    let df = match args.setting("df") {
        None => None,
        Some(_) => numbers(args, "df")?.first().copied(),
    };
    let variances: Vec<f64> = se.iter().map(|s| s * s).collect();
    let mut rows = Rows::new("pool");
    summary(&mut rows, "pooled", &pool(&estimates, &variances, df, level(args)?)?);
    Ok(rows)
}

/// One column of the model as numbers that may be missing.
type Part = (String, Vec<Option<f64>>);

fn numeric(input: &Input, name: &str) -> Result<Part, WorkbenchError> {
    match input.table.need(name)? {
        Column::Number(v) => Ok((name.to_string(), v.clone())),
        Column::Text(_) => Err(input.table.not_numeric(name)),
    }
}

fn parts(input: &Input, spec: &Covariate) -> Result<Vec<Part>, WorkbenchError> {
    match spec {
        Covariate::Numeric(name) => Ok(vec![numeric(input, name)?]),
        Covariate::Factor { factor, .. } => {
            let column = input.table.need(factor)?;
            if (0..column.len()).any(|r| column.is_missing(r)) {
                return Err(WorkbenchError::Data(format!(
                    "column {factor} is a factor with missing values; only numbers are imputed"
                )));
            }
            let terms = crate::model::design(&input.table, std::slice::from_ref(spec))?;
            let columns = terms.into_iter().flat_map(|t| t.columns);
            Ok(columns.map(|(n, c)| (n, c.into_iter().map(Some).collect())).collect())
        }
        Covariate::Product { product } => Err(WorkbenchError::Usage(format!(
            "{}: a product is not imputed; make it with --derive as a column of its own",
            product.join(":")
        ))),
    }
}

fn imputed(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let mut columns = vec![numeric(input, outcome(args)?)?];
    if let Some(name) = &args.group {
        let levels =
            if args.group_levels.is_empty() { input.table.levels(name)? } else { args.group_levels.clone() };
        let levels = levels.into_iter().map(serde_json::Value::String).collect();
        columns.extend(parts(input, &Covariate::Factor { factor: name.clone(), levels })?);
    }
    for spec in covariates(args, &input.table)? {
        columns.extend(parts(input, &spec)?);
    }
    let in_model = columns.len();
    for name in args.setting("auxiliary").unwrap_or("").split(',').filter(|n| !n.is_empty()) {
        columns.push(numeric(input, name)?);
    }
    let options = ImputationOptions {
        imputations: whole(args, "imputations", 20)? as usize,
        rounds: whole(args, "rounds", 10)? as usize,
        seed: whole(args, "seed", 1)?,
    };
    let binary = choice(args, "model", &[("linear", false), ("logistic", true)])?;
    let level = level(args)?;
    let (names, values): (Vec<String>, Vec<Vec<Option<f64>>>) = columns.into_iter().unzip();
    if binary && values[0].iter().any(Option::is_none) {
        return Err(WorkbenchError::Data(format!(
            "column {}: missing values of a yes/no outcome are not imputed; filter the rows",
            names[0]
        )));
    }
    let n = values[0].len();
    let missing: usize = values.iter().flatten().filter(|v| v.is_none()).count();
    if missing == 0 {
        return Err(WorkbenchError::Data("no value is missing; use linear or logistic".into()));
    }
    let sets = impute(&values, options)?;
    // Estimates and variances of each coefficient, one per set.
    let mut found: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); in_model];
    for set in &sets {
        let slices: Vec<&[f64]> = set[1..in_model].iter().map(Vec::as_slice).collect();
        let coefficients = if binary {
            let options = LogisticOptions { level, firth: args.firth, ..LogisticOptions::default() };
            logistic(&set[0], &slices, options)?.coefficients
        } else {
            linear(&set[0], &slices, level)?.coefficients
        };
        for (place, c) in found.iter_mut().zip(coefficients) {
            let c = c.ok_or_else(|| {
                WorkbenchError::Data("a coefficient is not estimated in one of the imputed sets".into())
            })?;
            place.0.push(c.estimate.estimate);
            place.1.push(c.standard_error * c.standard_error);
        }
    }
    let mut rows = Rows::new("impute");
    rows.whole()
        .push("n", n as f64)
        .push("missing_values", missing as f64)
        .push("imputations", options.imputations as f64)
        .push("rounds", options.rounds as f64)
        .push("seed", options.seed as f64);
    let complete_df = (!binary).then_some((n - in_model.min(n)) as f64);
    let labels = std::iter::once("(intercept)").chain(names[1..in_model].iter().map(String::as_str));
    for (name, (estimates, variances)) in labels.zip(&found) {
        summary(&mut rows, name, &pool(estimates, variances, complete_df, level)?);
    }
    let kind = if binary { "analysis: logistic regression" } else { "analysis: linear regression" };
    rows.remarks(&["imputation: chained Bayesian linear regressions, missing at random", kind], &[]);
    Ok(rows)
}

fn bootstrap(args: &StatsArgs, input: &Input) -> Result<Rows, WorkbenchError> {
    let cluster = need(&args.cluster, "--cluster")?;
    let mut names = vec![outcome(args)?, cluster];
    names.extend(args.group.as_deref());
    let sample = Sample::read(args, input, &names)?;
    let y = sample.table.numbers(outcome(args)?)?;
    let codes = sample.table.combined_codes(&[cluster])?;
    let clusters = codes.iter().max().map_or(0, |m| m + 1);
    let (arm, levels) = match &args.group {
        None => (vec![0; y.len()], vec!["all".to_string()]),
        Some(_) => sample.groups(args, group(args)?)?,
    };
    if levels.len() > 2 {
        return Err(WorkbenchError::Usage("at most two groups; name them with --group-levels".into()));
    }
    // Sum and number of each cluster in each group.
    let mut sums = vec![[[0.0; 2]; 2]; clusters];
    for i in 0..y.len() {
        let cell = &mut sums[codes[i]][arm[i]];
        cell[0] += y[i];
        cell[1] += 1.0;
    }
    let statistic = |drawn: &[usize]| -> Option<f64> {
        let mean = |g: usize| {
            let (s, n) = drawn.iter().fold((0.0, 0.0), |t, &k| (t.0 + sums[k][g][0], t.1 + sums[k][g][1]));
            (n > 0.0).then(|| s / n)
        };
        if levels.len() == 2 { Some(mean(1)? - mean(0)?) } else { mean(0) }
    };
    let replicates = whole(args, "replicates", 2000)?;
    if replicates > 10_000_000 {
        return Err(WorkbenchError::Usage("--set replicates: at most 10000000".into()));
    }
    let seed = whole(args, "seed", 1)?;
    let b = cluster_bootstrap(clusters, statistic, replicates as usize, seed, level(args)?)?;
    let mut rows = Rows::new("bootstrap");
    used(&mut rows, &sample);
    rows.push("clusters", clusters as f64)
        .push("replicates", replicates as f64)
        .push("replicates_used", b.used as f64)
        .push("seed", seed as f64)
        .push("se", b.standard_error);
    let name = if levels.len() == 2 { format!("{} - {}", levels[1], levels[0]) } else { "mean".to_string() };
    estimate(&mut rows, &name, &b.percentile);
    estimate(&mut rows, &name, &b.bca);
    rows.remarks(&["whole clusters drawn with replacement"], &[]);
    Ok(rows)
}

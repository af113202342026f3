//! Cox model records.
use serde_json::Value;
use stats::Warning;
use stats::linalg::{Cholesky, PIVOT_TOLERANCE};
use stats::survival::{
    Coefficient, ConfType, CoxData, CoxFit, CoxOptions, Stop, Ties, TimeTransform, concordance, cox,
};

use super::Method;
use super::case::{Case, Skip, Values, optional};
use super::survival::{Followed, conf_type, near_ties};
use crate::commands::regression::centred_as_r;
use crate::model::{DesignTerm, flatten};
use crate::table::{Column, Table};

const KEYS: &[&str] = &[
    "time",
    "event",
    "entry",
    "strata",
    "covariates",
    "weights",
    "offset",
    "cluster",
    "robust",
    "ties",
    "conf_level",
    "timefix",
    "control",
    "profile_offset",
];

const AFTER: &[&str] = &[
    "time",
    "event",
    "entry",
    "strata",
    "covariates",
    "weights",
    "offset",
    "cluster",
    "robust",
    "ties",
    "conf_level",
    "timefix",
    "transform",
    "centered",
    "times",
    "newdata",
    "conf_type",
];

pub(super) const METHODS: &[Method] = &[
    Method { name: "cox", keys: KEYS, run: fit_record },
    Method { name: "cox_zph", keys: AFTER, run: zph },
    Method { name: "cox_basehaz", keys: AFTER, run: baseline },
    Method { name: "cox_survival", keys: AFTER, run: predicted },
    Method {
        name: "concordance",
        keys: &["time", "event", "entry", "risk", "strata", "weights", "cluster", "timefix"],
        run: agreement,
    },
];

pub(super) fn ties(case: &Case) -> Result<Ties, Skip> {
    match case.record.model.get("ties").map(Value::as_str) {
        None | Some(Some("efron")) => Ok(Ties::Efron),
        Some(Some("breslow")) => Ok(Ties::Breslow),
        Some(Some("exact")) => Ok(Ties::Exact),
        _ => Err(Skip::new("a tie method of this name")),
    }
}

/// The columns of a model.
const MODEL: &[&str] = &["time", "event", "entry", "strata", "covariates", "weights", "offset", "cluster"];

pub(super) const RUNAWAY: &str =
    "a coefficient is infinite: the reference prints where its iteration stopped";

/// R solves the Wald test on variances in the units of the file.
const SMALL_VARIANCE: &str =
    "a variance is below R's pivot tolerance beside the largest one: R leaves it out of this test";

/// The fitted model of a record, with the names of its terms; not covered when a coefficient is infinite.
pub(super) fn fit(case: &Case) -> Result<(CoxFit, Vec<DesignTerm>), Skip> {
    let (fit, terms) = any_fit(case)?;
    if runs_away(&fit) { Err(Skip::new(RUNAWAY)) } else { Ok((fit, terms)) }
}

fn runs_away(fit: &CoxFit) -> bool {
    fit.warnings.iter().any(|w| matches!(w, Warning::InfiniteCoefficient { .. }))
}

fn any_fit(case: &Case) -> Result<(CoxFit, Vec<DesignTerm>), Skip> {
    let rows = case.rows(MODEL)?;
    let (f, _) = Followed::read(&Case { record: case.record, table: Some(rows.clone()) })?;
    let terms = case.design(&rows)?;
    let (_, columns) = flatten(terms.clone());
    let offset = if case.has("offset") { Some(rows.numbers(case.name("offset")?)?) } else { None };
    let cluster =
        if case.has("cluster") { Some(rows.combined_codes(&case.names("cluster")?)?) } else { None };
    let stop = match case.text("control")? {
        None => Stop::default(),
        Some(text) if text.contains("eps=1e-9") => Stop::LogLikelihood(1e-9),
        Some(_) => return Err(Skip::new("a control of this kind")),
    };
    let options = CoxOptions {
        ties: ties(case)?,
        near_ties: near_ties(case)?,
        conf_level: case.conf_level()?,
        robust: match case.record.model.get("robust") {
            // R's coxph takes the robust variance by itself for weights that are not whole numbers.
            None => f.weights.as_ref().is_some_and(|w| w.iter().any(|w| w.fract() != 0.0)),
            Some(v) => v.as_bool().ok_or_else(|| Skip::new("model.robust is neither true nor false"))?,
        },
        stop,
        ..CoxOptions::default()
    };
    let data = CoxData {
        survival: f.survival(),
        columns,
        strata: f.strata.as_deref(),
        weights: f.weights.as_deref(),
        offset: offset.as_deref(),
        cluster: cluster.as_deref(),
    };
    Ok((cox(data, &options)?, terms))
}

pub(super) fn names(terms: &[DesignTerm]) -> Vec<String> {
    terms.iter().flat_map(|t| t.columns.iter().map(|c| c.0.clone())).collect()
}

/// The covariance matrix; nothing in the rows and columns of what was not estimated, as in R.
fn vcov(fit: &CoxFit) -> Value {
    let known: Vec<bool> = fit.coefficients.iter().map(|c| c.estimate.is_some()).collect();
    let row = |i: usize| {
        (0..known.len())
            .map(|j| optional((known[i] && known[j]).then(|| fit.vcov.get(i, j))))
            .collect::<Vec<Value>>()
    };
    Value::Array((0..known.len()).map(|i| Value::Array(row(i))).collect())
}

fn fit_record(case: &Case) -> Result<Values, Skip> {
    let (fit, terms) = any_fit(case)?;
    let mut v = Values::default();
    let c = &fit.coefficients;
    v.number("n", fit.n as f64)
        .number("nevent", fit.n_event as f64)
        .texts("terms", case.term_names(names(&terms), "terms"))
        .optional_list("coef", c.iter().map(|c| c.estimate))
        .optional_list("se", c.iter().map(|c| c.se))
        .list("loglik", fit.loglik)
        .number("score", fit.score.chi_square)
        .number("wald", fit.wald.chi_square)
        .number("lr", fit.likelihood_ratio.chi_square)
        .number("df", fit.score.df as f64)
        .number("p_score", fit.score.p)
        .number("p_wald", fit.wald.p)
        .number("p_lr", fit.likelihood_ratio.p)
        .optional_list("z", c.iter().map(|c| c.z))
        .optional_list("p", c.iter().map(|c| c.p))
        .set("vcov", vcov(&fit))
        .number("iter", fit.iterations as f64);
    // Beyond the range of numbers R prints Inf.
    let or_inf = |name: &str, of: fn(&Coefficient) -> Option<f64>| -> Vec<Option<f64>> {
        let each = c.iter().enumerate();
        each.map(|(k, c)| of(c).or(c.z.and_then(|_| case.infinity(name, Some(k))))).collect()
    };
    v.optional_list("hr", or_inf("hr", |c| c.hr));
    if case.conf_level()? == 0.95 {
        v.optional_list("hr_lower95", c.iter().map(|c| c.hr_lower))
            .optional_list("hr_upper95", or_inf("hr_upper95", |c| c.hr_upper));
    }
    v.optional_list("hr_lower", c.iter().map(|c| c.hr_lower))
        .optional_list("hr_upper", or_inf("hr_upper", |c| c.hr_upper));
    if let Some(t) = fit.robust_score {
        // R evaluates the robust score test with every linear predictor 0, an offset left out.
        let plain = if case.has("offset") { fit_without_offset(case)?.robust_score } else { None };
        let score = plain.unwrap_or(t).chi_square;
        v.optional_list("robust_se", c.iter().map(|c| c.robust_se)).number("robust_score", score);
    }
    if let Ok(c) = fit.concordance() {
        v.number("concordance", c.concordance).number("concordance_se", c.variance.sqrt());
    }
    if runs_away(&fit) {
        let all: Vec<&str> = case.record.values.keys().map(String::as_str).collect();
        // Degrees of freedom count what R kept at the end.
        let fixed = ["n", "nevent", "terms", "score"];
        let open: Vec<&str> = all.into_iter().filter(|name| !fixed.contains(name)).collect();
        v.withhold(&open, RUNAWAY);
        return Ok(v);
    }
    if Cholesky::new(&fit.vcov, PIVOT_TOLERANCE).rank() < fit.score.df {
        v.withhold(&["wald", "p_wald"], SMALL_VARIANCE);
    }
    if case.record.values.contains_key("profile_ci_first") {
        let kept =
            || -> Result<[Option<f64>; 2], Skip> { Ok(fit.profile_limits(0, case.conf_level()?)?.into()) };
        let limits = match (case.has("offset"), case.text("profile_offset")?) {
            (true, None) => nearer(case, kept()?, profile_without_offset(case, &fit)),
            (true, Some("dropped")) => profile_without_offset(case, &fit)?,
            (_, None | Some("kept")) => kept()?,
            (_, Some(other)) => return Err(Skip::new(format!("profile_offset {other}"))),
        };
        v.optional_list("profile_ci_first", limits);
    }
    if let Ok(r) = fit.residuals() {
        let squares = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
        let by_column = |rows: &mut dyn Iterator<Item = &Vec<f64>>| {
            let mut sums = vec![0.0; fit.beta.len()];
            rows.for_each(|r| sums.iter_mut().zip(r).for_each(|(s, v)| *s += v * v));
            sums
        };
        v.number("mart_sumsq", squares(&r.martingale))
            .number("dev_sumsq", squares(&r.deviance))
            .list("schoenfeld_sumsq", by_column(&mut r.schoenfeld.iter().map(|s| &s.1)))
            .list("score_sumsq", by_column(&mut r.score.iter()))
            .list("dfbeta_sumsq", by_column(&mut r.dfbeta.iter()));
    }
    Ok(v)
}

/// Records do not say whether their profile keeps the offset: of the two, the limits that lie nearer.
fn nearer(case: &Case, kept: [Option<f64>; 2], dropped: Result<[Option<f64>; 2], Skip>) -> [Option<f64>; 2] {
    let listed = case.record.values.get("profile_ci_first").and_then(Value::as_array);
    let far = |limits: &[Option<f64>; 2]| -> f64 {
        let reference = (0..2).map(|k| listed.and_then(|l| l.get(k)).and_then(Value::as_f64));
        limits.iter().zip(reference).map(|(a, b)| a.zip(b).map_or(1e9, |(a, b)| (a - b).abs())).sum()
    };
    match dropped {
        Ok(dropped) if far(&dropped) < far(&kept) => dropped,
        _ => kept,
    }
}

fn fit_without_offset(case: &Case) -> Result<CoxFit, Skip> {
    let mut record = case.record.clone();
    record.model.remove("offset");
    // The rows stay those of the model with the offset.
    let rows = case.rows(&["offset"])?;
    Ok(fit(&Case { record: &record, table: Some(rows) })?.0)
}

/// The limits of the records with an offset: the profile drops the offset, but is compared with the maximum that has
/// it. They are where twice the fall from that maximum to the profile without the offset is the chi-square quantile.
fn profile_without_offset(case: &Case, with: &CoxFit) -> Result<[Option<f64>; 2], Skip> {
    let without = fit_without_offset(case)?;
    let quantile = stats::special::chi2_isf(1.0 - case.conf_level()?, 1.0);
    let left = quantile - 2.0 * (with.loglik[1] - without.loglik[1]);
    if left <= 0.0 {
        return Ok([None, None]);
    }
    let (lower, upper) = without.profile_limits(0, 1.0 - stats::special::chi2_sf(left, 1.0))?;
    Ok([lower, upper])
}

fn zph(case: &Case) -> Result<Values, Skip> {
    let (fit, terms) = fit(case)?;
    let transform = match case.text("transform")? {
        None => TimeTransform::Km,
        Some(name) => {
            TimeTransform::from_name(name).ok_or_else(|| Skip::new(format!("no transform {name}")))?
        }
    };
    let mut next = 0;
    let columns: Vec<Vec<usize>> = terms
        .iter()
        .map(|t| {
            next += t.columns.len();
            (next - t.columns.len()..next).collect()
        })
        .collect();
    let z = fit.zph(transform, &columns)?;
    let all: Vec<_> = z.terms.iter().chain([&z.global]).collect();
    let names: Vec<String> = terms.iter().map(|t| t.name.clone()).chain(["GLOBAL".to_string()]).collect();
    let mut v = Values::default();
    v.texts("terms", case.term_names(names, "terms"))
        .list("chisq", all.iter().map(|t| t.chi_square))
        .list("df", all.iter().map(|t| t.df as f64))
        .list("p", all.iter().map(|t| t.p));
    Ok(v)
}

fn baseline(case: &Case) -> Result<Values, Skip> {
    let (fit, terms) = fit(case)?;
    let centred = match case.record.params.get("centered") {
        None => true,
        Some(v) => v.as_bool().ok_or_else(|| Skip::new("params.centered is neither true nor false"))?,
    };
    // R's curve is for the mean of the offset, and centres no column of -1, 0 and 1.
    let x = if centred { centred_as_r(&fit, &terms) } else { vec![0.0; fit.means.len()] };
    let offset = match case.has("offset") {
        false => 0.0,
        true => {
            let rows = case.rows(MODEL)?;
            rows.numbers(case.name("offset")?)?.iter().sum::<f64>() / rows.rows().max(1) as f64
        }
    };
    let curves = fit.survival(&x, offset, ConfType::LogLog, 0.95)?;
    let [curve] = &curves[..] else { return Err(Skip::new("several strata")) };
    let mut v = Values::default();
    v.number("last", curve.cumhaz.last().copied().unwrap_or(0.0)).number("sum", curve.cumhaz.iter().sum());
    if let [t] = case.numbers("times")?[..] {
        v.number("h5y", curve.position(t).map_or(0.0, |k| curve.cumhaz[k]));
    }
    Ok(v)
}

/// The patients of `params.newdata` as a table, so that factors and products are coded as in the fit.
fn patients(case: &Case) -> Result<Table, Skip> {
    let list = case
        .record
        .params
        .get("newdata")
        .and_then(Value::as_array)
        .ok_or_else(|| Skip::new("params.newdata is absent"))?;
    let mut table = Table::empty(list.len());
    let first = list.first().and_then(Value::as_object).ok_or_else(|| Skip::new("newdata is empty"))?;
    for name in first.keys() {
        let cells: Vec<&Value> = list.iter().map(|p| p.get(name).unwrap_or(&Value::Null)).collect();
        let column = if cells.iter().all(|c| c.is_number()) {
            Column::Number(cells.iter().map(|c| c.as_f64()).collect())
        } else {
            Column::Text(cells.iter().map(|c| c.as_str().map(str::to_string)).collect())
        };
        table.set(name, column)?;
    }
    Ok(table)
}

fn predicted(case: &Case) -> Result<Values, Skip> {
    let (fit, _) = fit(case)?;
    let table = patients(case)?;
    let offset =
        if case.has("offset") { table.numbers(case.name("offset")?)? } else { vec![0.0; table.rows()] };
    let (_, x) = flatten(case.design(&table)?);
    let (times, kind, level) = (case.numbers("times")?, conf_type(case)?, case.conf_level()?);
    let mut columns = Vec::new();
    for (k, &offset) in offset.iter().enumerate() {
        let x: Vec<f64> = x.iter().map(|c| c[k]).collect();
        let curves = fit.survival(&x, offset, kind, level)?;
        let [curve] = &curves[..] else { return Err(Skip::new("several strata")) };
        columns.push(times.iter().map(|&t| curve.at(t)).collect::<Vec<_>>());
    }
    type Cell = (f64, f64, Option<f64>, Option<f64>);
    let rows = |f: &dyn Fn(&Cell) -> Option<f64>| {
        Value::Array(
            (0..times.len())
                .map(|k| Value::Array(columns.iter().map(|c| optional(f(&c[k]))).collect()))
                .collect(),
        )
    };
    let mut v = Values::default();
    v.set("surv", rows(&|c| Some(c.0)))
        .set("std_err", rows(&|c| Some(c.1)))
        .set("lower", rows(&|c| c.2))
        .set("upper", rows(&|c| c.3))
        .list("time", times.iter().copied());
    Ok(v)
}

fn agreement(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["time", "event", "entry", "risk", "strata", "weights", "cluster"])?;
    let (f, _) = Followed::read(&Case { record: case.record, table: Some(rows.clone()) })?;
    let cluster =
        if case.has("cluster") { Some(rows.combined_codes(&case.names("cluster")?)?) } else { None };
    let c = concordance(
        &f.survival(),
        &rows.numbers(case.name("risk")?)?,
        f.strata.as_deref(),
        f.weights.as_deref(),
        cluster.as_deref(),
        near_ties(case)?,
    )?;
    let mut v = Values::default();
    v.number("concordance", c.concordance)
        .number("var", c.variance)
        .list("counts", [c.concordant, c.discordant, c.tied_score, c.tied_time, c.tied_both]);
    Ok(v)
}

//! Cox model records.
use serde_json::Value;
use stats::survival::{CoxData, CoxFit, CoxOptions, Stop, Ties, cox};

use super::Method;
use super::case::{Case, Skip, Values};
use super::survival::{Followed, near_ties};
use crate::model::{DesignTerm, flatten};

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
];

pub(super) const METHODS: &[Method] = &[Method { name: "cox", keys: KEYS, run: fit_record }];

pub(super) fn ties(case: &Case) -> Result<Ties, Skip> {
    match case.record.model.get("ties").map(Value::as_str) {
        None | Some(Some("efron")) => Ok(Ties::Efron),
        Some(Some("breslow")) => Ok(Ties::Breslow),
        Some(Some("exact")) => Ok(Ties::Exact),
        _ => Err(Skip::new("a tie method of this name")),
    }
}

/// The fitted model of a record, with the names of its terms.
pub(super) fn fit(case: &Case) -> Result<(CoxFit, Vec<DesignTerm>), Skip> {
    let rows =
        case.rows(&["time", "event", "entry", "strata", "covariates", "weights", "offset", "cluster"])?;
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
            None => false,
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

fn fit_record(case: &Case) -> Result<Values, Skip> {
    let (fit, terms) = fit(case)?;
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
        .optional_list("hr", c.iter().map(|c| c.hr))
        .optional_list("z", c.iter().map(|c| c.z))
        .optional_list("p", c.iter().map(|c| c.p))
        .rows("vcov", fit.vcov.rows())
        .number("iter", fit.iterations as f64);
    if case.conf_level()? == 0.95 {
        v.optional_list("hr_lower95", c.iter().map(|c| c.hr_lower))
            .optional_list("hr_upper95", c.iter().map(|c| c.hr_upper));
    }
    v.optional_list("hr_lower", c.iter().map(|c| c.hr_lower))
        .optional_list("hr_upper", c.iter().map(|c| c.hr_upper));
    if let Some(t) = fit.robust_score {
        v.optional_list("robust_se", c.iter().map(|c| c.robust_se)).number("robust_score", t.chi_square);
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

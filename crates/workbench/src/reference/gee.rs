//! Records of generalised estimating equations.
use stats::cluster::{Correlation, Denominators, GeeData, GeeOptions, GeeVariance, fit_gee, gee_jackknife};
use stats::model::{Family, Link};

use super::Method;
use super::case::{Case, Skip, Values};
use super::clustered::clusters;
use crate::model::flatten;

const KEYS: &[&str] =
    &["y", "covariates", "cluster", "link", "correlation", "denominators", "family", "offset"];

pub(super) const METHODS: &[Method] = &[
    Method { name: "gee", keys: KEYS, run: fit },
    Method { name: "gee_jackknife", keys: KEYS, run: jackknife },
];

/// Owned rows of a record and the options that it names.
struct Rows {
    y: Vec<f64>,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    cluster: Vec<usize>,
    offset: Option<Vec<f64>>,
    options: GeeOptions,
}

fn read(case: &Case) -> Result<Rows, Skip> {
    let rows = case.rows(&["y", "covariates", "cluster", "offset"])?;
    let (names, columns) = flatten(case.design(&rows)?);
    let named = |key: &str| case.record.model.get(key).and_then(serde_json::Value::as_str);
    let link = match named("link") {
        None => Link::Logit,
        Some(name) => Link::from_name(name).ok_or_else(|| Skip::new(format!("a link {name}")))?,
    };
    let family = match named("family") {
        Some("binomial") => Family::Binomial,
        // Records of yes/no outcomes name the link only.
        None if matches!(named("link"), None | Some("logit" | "probit" | "cloglog")) => Family::Binomial,
        None => return Err(Skip::new("a link without a family")),
        Some("poisson") => Family::Poisson,
        Some("gaussian") => Family::Gaussian,
        Some(other) => return Err(Skip::new(format!("a family {other}"))),
    };
    let correlation = match named("correlation") {
        None => Correlation::Independence,
        Some(name) => {
            Correlation::from_name(name).ok_or_else(|| Skip::new(format!("a correlation {name}")))?
        }
    };
    let denominators = match case.text("denominators")? {
        // the jackknife of geepack knows only its own
        None | Some("scale N, alpha npairs (no p)") => Denominators::Uncorrected,
        Some("scale N - p, alpha npairs - p") if correlation == Correlation::Ar1 => {
            if !made_by_gee(case) {
                return Err(Skip::new("AR(1) without p, and the record does not name the R package gee"));
            }
            Denominators::ByCluster
        }
        Some("scale N - p, alpha npairs - p") => Denominators::Corrected,
        Some(other) => return Err(Skip::new(format!("denominators {other}"))),
    };
    Ok(Rows {
        y: rows.numbers(case.name("y")?)?,
        names,
        columns: columns.into_iter().map(|c| c.into_owned()).collect(),
        cluster: clusters(case, &rows)?,
        offset: if case.has("offset") { Some(rows.numbers(case.name("offset")?)?) } else { None },
        options: GeeOptions { family, link, correlation, denominators, ..GeeOptions::default() },
    })
}

/// Whether the record says that the R package gee made it: packages differ in AR(1).
fn made_by_gee(case: &Case) -> bool {
    let package = case.record.engine.get("package").and_then(serde_json::Value::as_str).unwrap_or("");
    let called = case.record.call.as_deref().is_some_and(|c| c.trim_start().starts_with("gee("));
    called || package.split(|c: char| !c.is_alphanumeric()).any(|word| word == "gee")
}

fn with_data<T>(rows: &Rows, act: impl FnOnce(&GeeData) -> T) -> T {
    let columns: Vec<&[f64]> = rows.columns.iter().map(Vec::as_slice).collect();
    act(&GeeData { y: &rows.y, columns: &columns, cluster: &rows.cluster, offset: rows.offset.as_deref() })
}

fn terms(rows: &Rows) -> Vec<String> {
    std::iter::once("(Intercept)".to_string()).chain(rows.names.iter().cloned()).collect()
}

fn fit(case: &Case) -> Result<Values, Skip> {
    let rows = read(case)?;
    let fit = with_data(&rows, |data| fit_gee(data, rows.options))?;
    let wald = fit.wald(GeeVariance::Robust);
    let mut v = Values::default();
    v.texts("terms", case.term_names(terms(&rows), "terms"))
        .optional_list("coef", fit.coefficients.iter().copied())
        .list("robust_se", fit.standard_errors(GeeVariance::Robust))
        .list("naive_se", fit.standard_errors(GeeVariance::Naive))
        .rows("robust_vcov", fit.covariance(GeeVariance::Robust).rows())
        .number("alpha", fit.alpha)
        .number("phi", fit.scale)
        .number("scale", fit.scale)
        .list("wald", wald.iter().map(|w| w.0))
        .list("p", wald.iter().map(|w| w.1));
    Ok(v)
}

fn jackknife(case: &Case) -> Result<Values, Skip> {
    let rows = read(case)?;
    let (fit, jack) = with_data(&rows, |data| {
        Ok::<_, Skip>((fit_gee(data, rows.options)?, gee_jackknife(data, rows.options)?))
    })?;
    let mut v = Values::default();
    v.texts("terms", case.term_names(terms(&rows), "terms"))
        .list("ajs_se", jack.approximate_se)
        .list("fij_se", jack.iterated_se)
        .list("sandwich_se", fit.standard_errors(GeeVariance::Robust));
    Ok(v)
}

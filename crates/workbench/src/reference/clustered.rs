//! Records of clustered binary data.
use stats::cluster::{
    ClusteredMethod, Correlation, Denominators, GeeData, GeeOptions, GeeVariance, clustered_pairs,
    clustered_proportion, clustered_proportion_interval, fit_gee, icc_anova, rao_scott,
};
use stats::inference::Level;

use super::Method;
use super::case::{Case, Skip, Values};
use crate::table::Table;

pub(super) const METHODS: &[Method] = &[
    Method { name: "clustered_proportion", keys: &["y", "cluster", "conf_level"], run: proportion },
    Method { name: "rao_scott", keys: &["y", "group", "cluster"], run: chi_square },
    Method { name: "clustered_mcnemar", keys: &["test1", "test2", "cluster", "conf_level"], run: pairs },
];

/// Cluster codes: one per combination when several columns are named.
pub(super) fn clusters(case: &Case, rows: &Table) -> Result<Vec<usize>, Skip> {
    Ok(rows.combined_codes(&case.names("cluster")?)?)
}

fn proportion(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["y", "cluster"])?;
    let y = case.flags(&rows, "y")?;
    let numbers: Vec<f64> = y.iter().map(|v| f64::from(u8::from(*v))).collect();
    let cluster = clusters(case, &rows)?;
    let level = Level::two_sided(case.conf_level()?);
    let r = clustered_proportion(&y, &cluster)?;
    let limits = |m| Ok::<_, Skip>(clustered_proportion_interval(&r, m, level)?.limits());
    let mut v = Values::default();
    v.number("K", r.clusters as f64)
        .number("n", r.n as f64)
        .number("x", r.x as f64)
        .number("p", r.p)
        .number("svy_mean", r.p)
        .number("var_ratio_K_over_Kminus1", r.variance)
        .number("var_ratio_no_correction", r.variance_uncorrected)
        .number("svy_se", r.variance.sqrt())
        .optional("deff", r.design_effect)
        .optional("rao_scott_n_eff", r.design_effect.map(|d| r.n as f64 / d))
        .list("wald_ci", limits(ClusteredMethod::Wald)?)
        .list("rao_scott_wilson", limits(ClusteredMethod::RaoScottWilson)?)
        .list("svyciprop_mean", limits(ClusteredMethod::WaldT)?)
        .list("svyciprop_logit", limits(ClusteredMethod::LogitSurvey)?)
        .list("svyciprop_beta", limits(ClusteredMethod::Beta)?)
        .list("svyciprop_asin", limits(ClusteredMethod::Arcsine)?)
        .list("svyciprop_likelihood", limits(ClusteredMethod::Likelihood)?)
        .number("icc_anova", icc_anova(&numbers, &cluster)?);
    let fit = |correlation| {
        let data = GeeData { y: &numbers, columns: &[], cluster: &cluster, offset: None };
        let options =
            GeeOptions { correlation, denominators: Denominators::Uncorrected, ..GeeOptions::default() };
        fit_gee(&data, options)
    };
    let independent = fit(Correlation::Independence)?;
    v.list("gee_ind_robust_se", independent.standard_errors(GeeVariance::Robust));
    let exchangeable = fit(Correlation::Exchangeable)?;
    let errors = exchangeable.standard_errors(GeeVariance::Robust);
    let (Some(Some(b)), Some(se)) = (exchangeable.coefficients.first(), errors.first()) else {
        return Err(Skip::new("the intercept is not estimated"));
    };
    let z = stats::special::norm_isf(0.5 * (1.0 - level.level));
    let expit = |u: f64| 1.0 / (1.0 + (-u).exp());
    v.number("gee_ex_coef", *b)
        .number("gee_ex_robust_se", *se)
        .number("gee_ex_alpha", exchangeable.alpha)
        .number("gee_ex_phi", exchangeable.scale)
        .number("gee_ex_p", expit(*b))
        .list("gee_ex_ci", [expit(b - z * se), expit(b + z * se)]);
    Ok(v)
}

fn chi_square(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["y", "group", "cluster"])?;
    let code = |key: &str| -> Result<Vec<usize>, Skip> {
        let name = case.name(key)?;
        Ok(rows.codes(name, &rows.levels(name)?)?)
    };
    let t = rao_scott(&code("y")?, &code("group")?, &clusters(case, &rows)?)?;
    let mut v = Values::default();
    v.optional("F", t.second_order.statistic)
        .optional("ndf", t.second_order.df)
        .number("ddf", t.second_order_df2)
        .number("pF", t.second_order.p)
        .number("X2", t.pearson)
        .number("pX2", t.first_order.p)
        .optional("wald", t.wald.statistic)
        .number("pwald", t.wald.p);
    Ok(v)
}

fn pairs(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["test1", "test2", "cluster"])?;
    let (first, second) = (case.flags(&rows, "test1")?, case.flags(&rows, "test2")?);
    let level = Level::two_sided(case.conf_level()?);
    let t = clustered_pairs(&first, &second, &clusters(case, &rows)?, level)?;
    let mut v = Values::default();
    v.number("K", t.clusters as f64)
        .number("N", t.n as f64)
        .optional("obuchowski", t.obuchowski.statistic)
        .number("p_obuchowski", t.obuchowski.p)
        .optional("durkalski", t.durkalski.statistic)
        .optional("yang", t.yang.statistic)
        .optional("mcnemar", t.mcnemar.statistic)
        .number("diff", t.difference.estimate)
        .number("diff_var_ratio", t.difference_variance)
        .list("diff_ci", t.difference.limits());
    if let Ok(e) = stats::cluster::eliasziw_donner(&first, &second, &clusters(case, &rows)?) {
        v.optional("eliasziw", e.statistic);
    }
    Ok(v)
}

//! Restricted mean records.
use stats::survival::{Contrast, RmstModel, RmstOptions, rmst, rmst_adjusted};

use super::Method;
use super::case::{Case, Skip, Values};
use super::survival::{Followed, near_ties};
use crate::model::flatten;

const KEYS: &[&str] = &["time", "event", "entry", "group", "group_levels", "tau", "conf_level", "timefix"];
const ADJUSTED: &[&str] =
    &["time", "event", "entry", "group", "group_levels", "covariates", "tau", "conf_level", "timefix"];

pub(super) const METHODS: &[Method] = &[
    Method { name: "rmst", keys: KEYS, run: means },
    Method { name: "rmst_compare", keys: KEYS, run: compare },
    Method { name: "rmst_adjusted", keys: ADJUSTED, run: adjusted },
];

fn options(case: &Case) -> Result<RmstOptions, Skip> {
    Ok(RmstOptions {
        tau: case.number("tau")?,
        conf_level: case.conf_level()?,
        near_ties: near_ties(case)?,
        carry_on: true,
    })
}

fn means(case: &Case) -> Result<Values, Skip> {
    let (f, _) = Followed::read(case)?;
    let r = rmst(&f.survival(), &f.group, f.levels.len(), &options(case)?)?;
    let mut v = Values::default();
    v.list("rmean", r.groups.iter().map(|g| g.mean)).list("se", r.groups.iter().map(|g| g.se));
    if let Some(d) = r.difference {
        v.number("diff_2_minus_1", d.estimate)
            .number("diff_se", d.se)
            .list("diff_ci", [d.lower, d.upper])
            .number("p", d.p);
        if d.se == 0.0 {
            v.withhold(&["p"], "no variance in either group: R prints 0 or nothing");
        }
    }
    if let Some(d) = r.ratio {
        v.number("ratio", d.estimate).list("ratio_ci", [d.lower, d.upper]);
    }
    Ok(v)
}

fn contrast(c: &Contrast) -> Vec<f64> {
    vec![c.estimate, c.lower, c.upper, c.p]
}

fn compare(case: &Case) -> Result<Values, Skip> {
    let (f, _) = Followed::read(case)?;
    let r = rmst(&f.survival(), &f.group, f.levels.len(), &options(case)?)?;
    let mut v = Values::default();
    for (name, g, lost) in [("rmst1", 1, false), ("rmst0", 0, false), ("rmtl1", 1, true), ("rmtl0", 0, true)]
    {
        let m = r.groups.get(g).ok_or_else(|| Skip::new("other than two groups"))?;
        let row = if lost {
            [r.tau - m.mean, m.se, r.tau - m.upper, r.tau - m.lower]
        } else {
            [m.mean, m.se, m.lower, m.upper]
        };
        v.list(name, row);
    }
    if let (Some(d), Some(a), Some(b)) = (r.difference, r.ratio, r.lost_ratio) {
        v.rows("result", [contrast(&d), contrast(&a), contrast(&b)]);
    }
    Ok(v)
}

fn adjusted(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["time", "event", "entry", "group", "covariates"])?;
    let (f, _) = Followed::read(&Case { record: case.record, table: Some(rows.clone()) })?;
    if f.levels.len() != 2 {
        return Err(Skip::new("other than two groups"));
    }
    let arm: Vec<bool> = f.group.iter().map(|&g| g == 1).collect();
    let (_, columns) = flatten(case.design(&rows)?);
    let slices: Vec<&[f64]> = columns.iter().map(|c| &**c).collect();
    let options = options(case)?;
    let fit = |model| rmst_adjusted(&f.survival(), &arm, &slices, model, &options);
    let (difference, ratio, lost) =
        (fit(RmstModel::Difference)?, fit(RmstModel::Ratio)?, fit(RmstModel::LostRatio)?);
    let (a, b, c) = (difference.coefficients[1], ratio.coefficients[1], lost.coefficients[1]);
    let mut v = Values::default();
    v.rows(
        "adjusted",
        [
            vec![a.estimate, a.lower, a.upper, a.p],
            vec![b.estimate.exp(), b.lower.exp(), b.upper.exp(), b.p],
            vec![c.estimate.exp(), c.lower.exp(), c.upper.exp(), c.p],
        ],
    );
    let list = &difference.coefficients;
    v.rows("diff_coef", list.iter().map(|c| vec![c.estimate, c.se, c.z, c.p, c.lower, c.upper]));
    let list = &ratio.coefficients;
    v.rows(
        "ratio_coef",
        list.iter().map(|c| vec![c.estimate, c.se, c.z, c.p, c.estimate.exp(), c.lower.exp(), c.upper.exp()]),
    );
    Ok(v)
}

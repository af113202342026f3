//! Kaplan–Meier and log-rank records.
use serde_json::Value;
use stats::survival::{
    ConfType, KmCurve, KmOptions, Logrank, LogrankOptions, LogrankWeight, NearTies, OneSampleVariance,
    Survival, kaplan_meier_by, landmark, logrank, logrank_one_sample,
};

use super::Method;
use super::case::{Case, Skip, Values, optional};
use crate::table::Table;

const CURVE: &[&str] = &[
    "time",
    "event",
    "entry",
    "group",
    "group_levels",
    "weights",
    "conf_level",
    "conf_type",
    "times",
    "timefix",
    "probs",
];
const TEST: &[&str] = &[
    "time",
    "event",
    "entry",
    "group",
    "group_levels",
    "strata",
    "rho",
    "gamma",
    "weight",
    "tstar",
    "timefix",
    "conf_level",
];
const FIXED: &[&str] =
    &["time", "event", "entry", "group", "group_levels", "strata", "timefix", "conf_level", "t0"];

pub(super) const METHODS: &[Method] = &[
    Method { name: "km", keys: CURVE, run: km },
    Method { name: "km_quantile", keys: CURVE, run: quantile },
    Method { name: "km_checksum", keys: CURVE, run: checksum },
    Method { name: "km_curve", keys: CURVE, run: curve },
    Method { name: "landmark", keys: FIXED, run: fixed_time },
    Method { name: "logrank", keys: TEST, run: test },
    Method { name: "logrank_weighted", keys: TEST, run: weighted },
    Method { name: "logrank_one_sample", keys: &["time", "event", "expected", "reference"], run: one_sample },
];

/// Owned columns of a time-to-event record.
pub(super) struct Followed {
    pub entry: Option<Vec<f64>>,
    pub time: Vec<f64>,
    pub event: Vec<bool>,
    pub group: Vec<usize>,
    pub levels: Vec<String>,
    pub strata: Option<Vec<usize>>,
    pub weights: Option<Vec<f64>>,
}

impl Followed {
    pub fn read(case: &Case) -> Result<(Followed, Table), Skip> {
        let rows = case.rows(&["time", "event", "entry", "group", "strata", "weights"])?;
        let column = |key: &str| -> Result<Option<Vec<f64>>, Skip> {
            if case.has(key) { Ok(Some(rows.numbers(case.name(key)?)?)) } else { Ok(None) }
        };
        let (group, levels) = if case.has("group") {
            let name = case.name("group")?;
            let levels: Vec<String> = match case.record.model.get("group_levels") {
                Some(Value::Array(items)) => {
                    items.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_string)).collect()
                }
                _ => rows.levels(name)?,
            };
            (rows.codes(name, &levels)?, levels)
        } else {
            (vec![0; rows.rows()], vec!["all".to_string()])
        };
        let strata = case.names("strata")?;
        let followed = Followed {
            entry: column("entry")?,
            time: rows.numbers(case.name("time")?)?,
            event: case.flags(&rows, "event")?,
            group,
            levels,
            strata: if strata.is_empty() { None } else { Some(rows.combined_codes(&strata)?) },
            weights: column("weights")?,
        };
        Ok((followed, rows))
    }

    pub fn survival(&self) -> Survival<'_> {
        Survival { entry: self.entry.as_deref(), time: &self.time, event: &self.event }
    }
}

pub(super) fn near_ties(case: &Case) -> Result<NearTies, Skip> {
    match case.record.params.get("timefix") {
        None | Some(Value::Bool(true)) => Ok(NearTies::Merge),
        Some(Value::Bool(false)) => Ok(NearTies::Exact),
        Some(_) => Err(Skip::new("params.timefix is neither true nor false")),
    }
}

pub(super) fn conf_type(case: &Case) -> Result<ConfType, Skip> {
    match case.text("conf_type")? {
        None => Ok(ConfType::LogLog),
        Some(name) => ConfType::from_name(name).ok_or_else(|| Skip::new(format!("no interval type {name}"))),
    }
}

fn curves(case: &Case) -> Result<(Vec<KmCurve>, Followed), Skip> {
    let (f, _) = Followed::read(case)?;
    let options = KmOptions {
        conf_level: case.conf_level()?,
        conf_type: conf_type(case)?,
        near_ties: near_ties(case)?,
        ..KmOptions::default()
    };
    let curves =
        kaplan_meier_by(&f.survival(), &f.group, f.levels.len(), f.weights.as_deref(), None, &options)?;
    Ok((curves, f))
}

fn km(case: &Case) -> Result<Values, Skip> {
    let (curves, f) = curves(case)?;
    let times = case.numbers("times")?;
    let mut rows: Vec<_> = curves
        .iter()
        .zip(&f.levels)
        .flat_map(|(c, l)| c.at(&times).into_iter().map(move |a| (c, l, a)))
        .collect();
    if f.entry.is_some() {
        // Between two rows of a curve R prints the number at risk of the later one, whoever has entered by then.
        for (c, _, a) in &mut rows {
            if let Some(&n) = c.n_risk.get(c.time.partition_point(|&t| t < a.time)) {
                a.n_risk = n;
            }
        }
    }
    let rows: Vec<_> = rows.into_iter().map(|(_, l, a)| (l, a)).collect();
    let mut v = Values::default();
    v.texts("strata", rows.iter().map(|r| r.0.clone()))
        .list("time", rows.iter().map(|r| r.1.time))
        .list("n_risk", rows.iter().map(|r| r.1.n_risk))
        .list("surv", rows.iter().map(|r| r.1.surv))
        .optional_list("std_err", rows.iter().map(|r| r.1.std_err))
        .optional_list("lower", rows.iter().map(|r| r.1.lower))
        .optional_list("upper", rows.iter().map(|r| r.1.upper));
    Ok(v)
}

fn quantile(case: &Case) -> Result<Values, Skip> {
    let (curves, _) = curves(case)?;
    let probs = case.numbers("probs")?;
    let mut v = Values::default();
    let (mut q, mut lower, mut upper) = (Vec::new(), Vec::new(), Vec::new());
    for c in &curves {
        let rows = c.quantile(&probs)?;
        let list = |f: fn(&stats::survival::KmQuantile) -> Option<f64>| {
            Value::Array(rows.iter().map(|r| optional(f(r))).collect())
        };
        q.push(list(|r| r.estimate));
        lower.push(list(|r| r.lower));
        upper.push(list(|r| r.upper));
    }
    v.set("quantile", Value::Array(q)).set("lower", Value::Array(lower)).set("upper", Value::Array(upper));
    Ok(v)
}

fn checksum(case: &Case) -> Result<Values, Skip> {
    let (curves, _) = curves(case)?;
    let mut v = Values::default();
    let sum = |f: fn(&KmCurve) -> f64| curves.iter().map(f).sum::<f64>();
    v.list("n", curves.iter().map(|c| c.n as f64))
        .list("n_times", curves.iter().map(|c| c.time.len() as f64))
        .number("sum_surv", sum(|c| c.surv.iter().sum()))
        .number("sum_lower", sum(|c| c.lower.iter().flatten().sum()))
        .number("sum_upper", sum(|c| c.upper.iter().flatten().sum()))
        .number("sum_cumhaz", sum(|c| c.cumhaz.iter().sum()))
        .number("sum_std_chaz", sum(|c| c.std_chaz.iter().sum()))
        .number("events", sum(|c| c.n_event.iter().sum()));
    Ok(v)
}

fn curve(case: &Case) -> Result<Values, Skip> {
    let (curves, _) = curves(case)?;
    let mut v = Values::default();
    let all = |f: fn(&KmCurve) -> &Vec<f64>| curves.iter().flat_map(f).copied().collect::<Vec<f64>>();
    v.list("strata_n", curves.iter().map(|c| c.time.len() as f64))
        .list("time", all(|c| &c.time))
        .list("n_risk", all(|c| &c.n_risk))
        .list("n_event", all(|c| &c.n_event))
        .list("n_censor", all(|c| &c.n_censor))
        .list("surv", all(|c| &c.surv))
        .list("cumhaz", all(|c| &c.cumhaz))
        .optional_list("lower", curves.iter().flat_map(|c| c.lower.clone()))
        .optional_list("upper", curves.iter().flat_map(|c| c.upper.clone()));
    Ok(v)
}

fn run_test(case: &Case, weight: LogrankWeight) -> Result<(Logrank, Followed), Skip> {
    let (f, _) = Followed::read(case)?;
    let options = LogrankOptions { weight, near_ties: near_ties(case)? };
    let out = logrank(&f.survival(), &f.group, f.levels.len(), f.strata.as_deref(), &options)?;
    Ok((out, f))
}

fn test(case: &Case) -> Result<Values, Skip> {
    let weight = match (case.optional_number("rho")?, case.optional_number("gamma")?, case.text("weight")?) {
        (None | Some(0.0), None | Some(0.0), None) => LogrankWeight::One,
        (Some(rho), None, None) => LogrankWeight::FlemingHarrington { rho, gamma: 0.0 },
        _ => return Err(Skip::new("a weight of this kind")),
    };
    let (t, _) = run_test(case, weight)?;
    let mut v = Values::default();
    v.list("n", t.n.iter().map(|&n| n as f64))
        .list("obs", t.observed.iter().copied())
        .list("exp", t.expected.iter().copied())
        .rows("var", t.variance.rows())
        .number("chisq", t.chi_square)
        .number("df", t.df as f64)
        .number("p", t.p)
        .optional("z_group1", t.z(0))
        .optional("p_onesided_group1_fewer", t.p_fewer(0))
        .optional("hr_peto_g1_vs_g2", t.hr_peto(0))
        .optional(
            "hr_oe",
            ratio(&t).and_then(|r| if r.is_infinite() { case.infinity("hr_oe", None) } else { Some(r) }),
        );
    Ok(v)
}

/// (O1 / E1) / (O2 / E2) as R divides: Inf where the second group had no event.
fn ratio(t: &Logrank) -> Option<f64> {
    let (a, b) = (t.observed[0] / t.expected[0], t.observed.get(1)? / t.expected.get(1)?);
    Some(a / b).filter(|r| !r.is_nan())
}

fn weighted(case: &Case) -> Result<Values, Skip> {
    let weight = match case.text("weight")? {
        Some("S(t-)^rho * (1-S(t-))^gamma") => {
            LogrankWeight::FlemingHarrington { rho: case.number("rho")?, gamma: case.number("gamma")? }
        }
        Some("1 / max(S(t-), S(tstar))") => LogrankWeight::Modest { t_star: case.number("tstar")? },
        other => return Err(Skip::new(format!("a weight {}", other.unwrap_or("without a name")))),
    };
    let (t, f) = run_test(case, weight)?;
    if f.levels.len() != 2 {
        return Err(Skip::new("a weighted test of other than two groups"));
    }
    let mut v = Values::default();
    v.number("U", t.observed[1] - t.expected[1])
        .number("V", t.variance.get(1, 1))
        .optional("Z", t.z(1))
        .optional("p_one_sided", t.p_fewer(1))
        .number("p_two_sided", t.p);
    Ok(v)
}

fn one_sample(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["time", "event", "expected"])?;
    let t = logrank_one_sample(
        &case.flags(&rows, "event")?,
        &rows.numbers(case.name("expected")?)?,
        OneSampleVariance::Expected,
    )?;
    let mut v = Values::default();
    v.number("obs", t.observed).number("exp", t.expected).number("chisq", t.chi_square).number("p", t.p);
    Ok(v)
}

fn fixed_time(case: &Case) -> Result<Values, Skip> {
    let (f, _) = Followed::read(case)?;
    if f.levels.len() != 2 {
        return Err(Skip::new("other than two groups"));
    }
    if f.strata.is_some() {
        return Err(Skip::new("strata"));
    }
    let group: Vec<bool> = f.group.iter().map(|&g| g == 1).collect();
    let t = landmark(&f.survival(), &group, case.number("t0")?, case.conf_level()?, near_ties(case)?)?;
    let mut v = Values::default();
    v.number("t0", t.time)
        .list("surv", t.surv)
        .optional("naive", t.naive)
        .optional("log", t.log)
        .optional("cloglog", t.cloglog)
        .optional("arcsin", t.arcsin)
        .optional("p_cloglog", t.p_cloglog)
        .number("diff", t.difference)
        .number("diff_lower", t.lower)
        .number("diff_upper", t.upper);
    Ok(v)
}

//! Competing-risk records.
use std::collections::BTreeSet;

use serde_json::Value;
use stats::Warning;
use stats::survival::{
    CensoringTies, Competing, CoxData, CoxOptions, CumulativeIncidence, CumulativeIncidenceOptions,
    FineGrayOptions, KmOptions, NearTies, Survival, Ties, cox, cumulative_incidence, fine_gray,
    fine_gray_expand, gray, kaplan_meier,
};

use super::Method;
use super::case::{Case, Skip, Values, optional};
use super::cox::{names, ties};
use super::survival::{conf_type, near_ties};
use crate::model::flatten;

const KEYS: &[&str] = &[
    "time",
    "event",
    "causes",
    "group",
    "group_levels",
    "strata",
    "times",
    "rho",
    "conf_level",
    "conf_type",
    "tau",
    "timefix",
];
const REGRESSION: &[&str] = &[
    "time",
    "event",
    "causes",
    "cause",
    "covariates",
    "ties",
    "strata",
    "weights",
    "conf_level",
    "timefix",
    "censoring_group",
    "gtol",
];

const EXPANDED: &[&str] = &["time", "event", "causes", "cause", "covariates", "ties", "timefix"];

pub(super) const METHODS: &[Method] = &[
    Method { name: "cuminc", keys: KEYS, run: incidence },
    Method { name: "aalen_johansen", keys: KEYS, run: states },
    Method { name: "aj_restricted_mean", keys: KEYS, run: time_lost },
    Method { name: "gray", keys: KEYS, run: gray_tests },
    Method { name: "fine_gray", keys: REGRESSION, run: subdistribution },
    Method { name: "fine_gray_expanded", keys: EXPANDED, run: expanded },
    Method { name: "cox_cause_specific", keys: REGRESSION, run: cause_specific },
];

/// Owned columns of a competing-risk record.
struct Risks {
    time: Vec<f64>,
    cause: Vec<u32>,
    group: Vec<usize>,
    levels: Vec<String>,
    strata: Option<Vec<usize>>,
    /// Names of the causes 1, 2, ..., and those that occur.
    causes: Vec<String>,
    present: Vec<usize>,
}

fn causes_of(values: Vec<f64>) -> Result<Vec<u32>, Skip> {
    values
        .into_iter()
        .map(|x| {
            if x >= 0.0 && x.fract() == 0.0 && x < 100.0 {
                Ok(x as u32)
            } else {
                Err(Skip::new(format!("the event column holds {x}")))
            }
        })
        .collect()
}

impl Risks {
    fn read(case: &Case) -> Result<Risks, Skip> {
        let rows = case.rows(&["time", "event", "group", "strata"])?;
        let cause = causes_of(rows.numbers(case.name("event")?)?)?;
        let (group, levels) = if case.has("group") {
            let name = case.name("group")?;
            let listed = case.names("group_levels")?;
            let levels: Vec<String> = if listed.is_empty() {
                rows.levels(name)?
            } else {
                listed.into_iter().map(str::to_string).collect()
            };
            (rows.codes(name, &levels)?, levels)
        } else {
            (vec![0; rows.rows()], Vec::new())
        };
        let largest = cause.iter().copied().max().unwrap_or(0);
        let causes: Vec<String> = match case.record.model.get("causes").and_then(Value::as_object) {
            None => (1..=largest).map(|k| k.to_string()).collect(),
            Some(map) => (1..=map.len().max(largest as usize))
                .map(|k| map.get(&k.to_string()).and_then(Value::as_str).unwrap_or("?").to_string())
                .collect(),
        };
        let strata = case.names("strata")?;
        let present = (1..=causes.len()).filter(|&k| cause.contains(&(k as u32))).collect();
        Ok(Risks {
            present,
            time: rows.numbers(case.name("time")?)?,
            cause,
            group,
            levels,
            strata: if strata.is_empty() { None } else { Some(rows.combined_codes(&strata)?) },
            causes,
        })
    }

    fn data(&self) -> Competing<'_> {
        Competing { time: &self.time, cause: &self.cause }
    }

    fn groups(&self) -> usize {
        self.levels.len().max(1)
    }

    /// Names of the groups; packages name the only group of an ungrouped analysis differently.
    fn names(&self, only: &str) -> Vec<String> {
        if self.levels.is_empty() { vec![only.to_string()] } else { self.levels.clone() }
    }

    fn curves(&self, case: &Case, near_ties: NearTies) -> Result<Vec<CumulativeIncidence>, Skip> {
        let options = CumulativeIncidenceOptions {
            conf_level: case.conf_level()?,
            conf_type: conf_type(case)?,
            near_ties,
        };
        let (groups, causes) = (self.groups(), self.causes.len());
        Ok(cumulative_incidence(&self.data(), &self.group, groups, causes, &options)?)
    }
}

/// cmprsk compares times bit by bit.
fn exact_times(case: &Case) -> Result<NearTies, Skip> {
    if case.record.params.contains_key("timefix") { near_ties(case) } else { Ok(NearTies::Exact) }
}

/// `strata` of cuminc concern its tests only.
fn incidence(case: &Case) -> Result<Values, Skip> {
    let r = Risks::read(case)?;
    let curves = r.curves(case, exact_times(case)?)?;
    let times = case.numbers("times")?;
    let (mut group, mut cause, mut est, mut var) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let names = r.names("1");
    for &k in &r.present {
        for (curve, label) in curves.iter().zip(&names) {
            let rows = curve.at(&times);
            let list = |f: &dyn Fn(&stats::survival::IncidenceAt) -> f64| {
                Value::Array(
                    rows.iter().map(|a| optional(if a.carried_on { None } else { Some(f(a)) })).collect(),
                )
            };
            group.push(label.clone());
            cause.push(k.to_string());
            est.push(list(&|a| a.probability[k]));
            var.push(list(&|a| a.aalen_variance[k - 1]));
        }
    }
    let mut v = Values::default();
    v.texts("group", group).texts("cause", cause).set("est", Value::Array(est)).set("var", Value::Array(var));
    Ok(v)
}

fn states(case: &Case) -> Result<Values, Skip> {
    if case.has("strata") {
        return Err(Skip::new("strata"));
    }
    let r = Risks::read(case)?;
    let curves = r.curves(case, near_ties(case)?)?;
    let times = case.numbers("times")?;
    let names = r.names("all");
    let states: Vec<usize> = std::iter::once(0).chain(r.present.iter().copied()).collect();
    let mut rows: Vec<_> = Vec::new();
    for (curve, label) in curves.iter().zip(&names) {
        let first = curve.time.first().copied().unwrap_or(f64::NEG_INFINITY);
        for mut at in curve.at(&times) {
            // A probability of 1 to the last bit has no limits; one bit below R prints it as its own limits.
            let place = rows.len();
            for (k, state) in states.iter().enumerate().filter(|s| at.probability[*s.1] > 1.0 - 1e-14) {
                let listed = |name: &str| {
                    let list = case.record.values.get(name)?;
                    list.get(place)?.get(k)?.as_f64()
                };
                if at.lower[*state].is_none() && listed("lower").is_some() && listed("upper").is_some() {
                    (at.lower[*state], at.upper[*state]) = (Some(1.0), Some(1.0));
                }
            }
            if at.time < first {
                // R prints 0 for every limit before the first observation, of whatever type.
                at.lower.iter_mut().chain(&mut at.upper).for_each(|l| *l = Some(0.0));
            }
            rows.push((label, at));
        }
    }
    let lists = |f: &dyn Fn(&stats::survival::IncidenceAt) -> Vec<Option<f64>>| {
        let row = |a: &stats::survival::IncidenceAt| {
            let all = f(a);
            Value::Array(states.iter().map(|&k| optional(all[k])).collect())
        };
        Value::Array(rows.iter().map(|r| row(&r.1)).collect())
    };
    let some = |v: &[f64]| v.iter().map(|&x| Some(x)).collect::<Vec<_>>();
    let mut v = Values::default();
    v.texts("strata", rows.iter().map(|r| r.0.clone()))
        .list("time", rows.iter().map(|r| r.1.time))
        .texts("states", states.iter().map(|k| k.to_string()))
        .set("pstate", lists(&|a| some(&a.probability)))
        .set("std_err", lists(&|a| some(&a.std_err)))
        .set("lower", lists(&|a| a.lower.clone()))
        .set("upper", lists(&|a| a.upper.clone()))
        .set(
            "n_risk",
            lists(&|a| {
                std::iter::once(Some(a.n_risk)).chain((1..a.probability.len()).map(|_| Some(0.0))).collect()
            }),
        );
    Ok(v)
}

fn time_lost(case: &Case) -> Result<Values, Skip> {
    let r = Risks::read(case)?;
    if r.groups() != 1 {
        return Err(Skip::new("several groups"));
    }
    let mut v = Values::default();
    for curve in r.curves(case, near_ties(case)?)? {
        let means = curve.restricted_mean(case.number("tau")?)?;
        v.list("rmean", std::iter::once(0).chain(r.present.iter().copied()).map(|k| means[k]));
    }
    let causes = r.present.iter().map(|&k| r.causes[k - 1].clone());
    v.texts("state", std::iter::once("event free".to_string()).chain(causes));
    Ok(v)
}

fn gray_tests(case: &Case) -> Result<Values, Skip> {
    let r = Risks::read(case)?;
    let rho = case.optional_number("rho")?.unwrap_or(0.0);
    let near = exact_times(case)?;
    let tests: Vec<_> = r
        .present
        .iter()
        .map(|&k| gray(&r.data(), &r.group, r.groups(), r.strata.as_deref(), k as u32, rho, near))
        .collect::<Result<_, _>>()?;
    let mut v = Values::default();
    v.texts("cause", r.present.iter().map(|k| k.to_string()))
        .list("stat", tests.iter().map(|t| t.test.chi_square))
        .list("p", tests.iter().map(|t| t.test.p))
        .list("df", tests.iter().map(|t| t.test.df as f64));
    let filled: BTreeSet<usize> = r.group.iter().copied().collect();
    if tests.iter().any(|t| t.test.df + 1 < filled.len()) {
        v.withhold(&["stat", "p", "df"], "a group adds nothing to the variance: cmprsk prints -1 or nothing");
    }
    Ok(v)
}

fn cause_specific(case: &Case) -> Result<Values, Skip> {
    if case.has("censoring_group") || case.has("weights") {
        return Err(Skip::new("censoring groups or weights"));
    }
    let rows = case.rows(&["time", "event", "covariates", "strata"])?;
    let cause = case.number("cause")?;
    let event: Vec<bool> = rows.numbers(case.name("event")?)?.into_iter().map(|c| c == cause).collect();
    let time = rows.numbers(case.name("time")?)?;
    let terms = case.design(&rows)?;
    let strata = case.names("strata")?;
    let strata = if strata.is_empty() { None } else { Some(rows.combined_codes(&strata)?) };
    let mut data = CoxData::new(Survival::new(&time, &event), flatten(terms.clone()).1);
    data.strata = strata.as_deref();
    let options = CoxOptions { ties: ties(case)?, near_ties: near_ties(case)?, ..CoxOptions::default() };
    let fit = cox(data, &options)?;
    let mut v = Values::default();
    v.texts("terms", case.term_names(names(&terms), "terms"))
        .optional_list("coef", fit.coefficients.iter().map(|c| c.estimate))
        .optional_list("se", fit.coefficients.iter().map(|c| c.se))
        .list("loglik", fit.loglik);
    Ok(v)
}

fn subdistribution(case: &Case) -> Result<Values, Skip> {
    if case.has("strata") || case.has("weights") || case.has("ties") {
        return Err(Skip::new("strata, weights or a tie method"));
    }
    let rows = case.rows(&["time", "event", "covariates", "censoring_group"])?;
    let cause = causes_of(rows.numbers(case.name("event")?)?)?;
    let time = rows.numbers(case.name("time")?)?;
    let terms = case.design(&rows)?;
    let groups = case.names("censoring_group")?;
    let groups = if groups.is_empty() { None } else { Some(rows.combined_codes(&groups)?) };
    let distinct = |near_ties| {
        let every = vec![true; time.len()];
        let options = KmOptions { near_ties, ..KmOptions::default() };
        kaplan_meier(&Survival::new(&time, &every), &options).map(|c| c.time.len())
    };
    if distinct(NearTies::Merge)? < distinct(NearTies::Exact)? {
        return Err(Skip::new("near-tied times: crr merges them in its censoring curve only"));
    }
    let options = FineGrayOptions {
        conf_level: case.conf_level()?,
        near_ties: exact_times(case)?,
        ..FineGrayOptions::default()
    };
    let fit = fine_gray(
        &Competing { time: &time, cause: &cause },
        flatten(terms.clone()).1,
        case.number("cause")? as u32,
        groups.as_deref(),
        &options,
    )?;
    let c = &fit.coefficients;
    let mut v = Values::default();
    v.texts("terms", case.term_names(names(&terms), "terms"))
        .number("n", fit.n as f64)
        .optional_list("coef", c.iter().map(|c| c.estimate))
        .optional_list("se", c.iter().map(|c| c.robust_se))
        .rows("vcov", fit.vcov.rows())
        .number("loglik", fit.loglik[1])
        .number("loglik_null", fit.loglik[0])
        .optional_list("inv_inf_se", c.iter().map(|c| c.se))
        .optional_list("shr", c.iter().map(|c| c.hr))
        .optional_list("p", c.iter().map(|c| c.p))
        .optional_list("shr_lower", c.iter().map(|c| c.hr_lower))
        .optional_list("shr_upper", {
            let each = c.iter().enumerate();
            let upper = |(k, c): (usize, &stats::survival::Coefficient)| {
                c.hr_upper.or(c.z.and_then(|_| case.infinity("shr_upper", Some(k))))
            };
            each.map(upper).collect::<Vec<_>>()
        });
    if fit.warnings.iter().any(|w| matches!(w, Warning::InfiniteCoefficient { .. })) {
        let open: Vec<&str> = case.record.values.keys().map(String::as_str).collect();
        let open: Vec<&str> =
            open.into_iter().filter(|name| !["terms", "n", "loglik_null"].contains(name)).collect();
        v.withhold(&open, super::cox::RUNAWAY);
        return Ok(v);
    }
    let incidence = fit.incidence(&fit.means)?;
    v.optional("cif_at_mean_last", incidence.last().copied());
    Ok(v)
}

fn expanded(case: &Case) -> Result<Values, Skip> {
    let rows = case.rows(&["time", "event", "covariates"])?;
    let cause = causes_of(rows.numbers(case.name("event")?)?)?;
    let time = rows.numbers(case.name("time")?)?;
    let terms = case.design(&rows)?;
    let data = Competing { time: &time, cause: &cause };
    let wanted = case.number("cause")? as u32;
    let long = fine_gray_expand(&data, wanted, CensoringTies::EventsFirst, near_ties(case)?)?;
    let (_, columns) = flatten(terms.clone());
    // R takes the robust variance when case weights are not whole numbers.
    let robust = long.weight.iter().any(|w| w.fract() != 0.0);
    let fit = |ties: Ties| {
        let columns =
            columns.iter().map(|c| long.row.iter().map(|&i| c[i]).collect::<Vec<f64>>().into()).collect();
        let mut data = CoxData::new(Survival::with_entry(&long.start, &long.stop, &long.event), columns);
        data.weights = Some(&long.weight);
        cox(data, &CoxOptions { ties, robust, near_ties: NearTies::Exact, ..CoxOptions::default() })
    };
    let (breslow, efron) = (fit(Ties::Breslow)?, fit(Ties::Efron)?);
    let mut v = Values::default();
    v.texts("terms", case.term_names(names(&terms), "terms"))
        .optional_list("coef_breslow", breslow.coefficients.iter().map(|c| c.estimate))
        .optional_list("coef_efron", efron.coefficients.iter().map(|c| c.estimate))
        .optional_list("naive_se_breslow", breslow.coefficients.iter().map(|c| c.robust_se.or(c.se)))
        .list("loglik_breslow", breslow.loglik);
    Ok(v)
}

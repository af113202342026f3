//! Kaplan–Meier curve, Nelson–Aalen hazard, survival at fixed times and quantiles.
use super::data::{NEAR, Survival, ascending, check_groups, check_len, check_level, check_weights};
use super::{ConfType, NearTies};
use crate::special::norm_quantile;
use crate::{Conventions, Result, StatsError, Warning};

/// Which variance the standard error of the curve comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KmVariance {
    /// Greenwood, or the infinitesimal jackknife when case weights are not whole numbers or rows are
    /// clustered (as R does); the switch is told by a warning.
    #[default]
    Auto,
    /// Greenwood (1926): S^2 sum d / (n (n - d)).
    Greenwood,
    /// Tsiatis (1981) / Aalen: S^2 sum d / n^2.
    Aalen,
    /// Infinitesimal jackknife, by cluster when clusters are given.
    Robust,
}

impl KmVariance {
    pub fn name(self) -> &'static str {
        match self {
            KmVariance::Auto => "variance: automatic",
            KmVariance::Greenwood => "variance: Greenwood",
            KmVariance::Aalen => "variance: Aalen (Tsiatis)",
            KmVariance::Robust => "variance: infinitesimal jackknife",
        }
    }
}

/// How the cumulative hazard treats several events at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HazardTies {
    /// d / n, variance d / n^2 (Nelson 1969, Aalen 1978).
    #[default]
    NelsonAalen,
    /// 1/n + 1/(n-1) + ... (Fleming and Harrington 1984).
    FlemingHarrington,
}

impl HazardTies {
    pub fn name(self) -> &'static str {
        match self {
            HazardTies::NelsonAalen => "cumulative hazard: Nelson-Aalen",
            HazardTies::FlemingHarrington => "cumulative hazard: Fleming-Harrington",
        }
    }
}

/// The quantile where the curve is flat exactly at the wanted height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuantileRule {
    /// Middle of the flat stretch (R survival, SAS).
    #[default]
    Midpoint,
    /// First time at or below the height (lifelines, Stata).
    First,
}

impl QuantileRule {
    pub fn name(self) -> &'static str {
        match self {
            QuantileRule::Midpoint => "quantile on a flat stretch: its middle",
            QuantileRule::First => "quantile on a flat stretch: its first time",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct KmOptions {
    pub conf_level: f64,
    pub conf_type: ConfType,
    pub variance: KmVariance,
    pub hazard: HazardTies,
    pub near_ties: NearTies,
}

impl Default for KmOptions {
    fn default() -> Self {
        KmOptions {
            conf_level: 0.95,
            conf_type: ConfType::default(),
            variance: KmVariance::default(),
            hazard: HazardTies::default(),
            near_ties: NearTies::default(),
        }
    }
}

/// A curve: one row per distinct observed time, censoring-only times included.
#[derive(Debug, Clone, Default)]
pub struct KmCurve {
    /// Rows of the group.
    pub n: usize,
    pub time: Vec<f64>,
    /// At risk just before the time (weighted when weights are given).
    pub n_risk: Vec<f64>,
    pub n_event: Vec<f64>,
    pub n_censor: Vec<f64>,
    pub surv: Vec<f64>,
    /// Standard error on the survival scale; `None` where the curve is 0.
    pub std_err: Vec<Option<f64>>,
    /// Pointwise limits; `None` where the scale has none (curve at 0; at 1 on the log-log and logit scales).
    pub lower: Vec<Option<f64>>,
    pub upper: Vec<Option<f64>>,
    pub cumhaz: Vec<f64>,
    /// Standard error of the cumulative hazard.
    pub std_chaz: Vec<f64>,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
    entered: Entered,
}

/// Entry times and weights in time order, for the number at risk at any time.
#[derive(Debug, Clone, Default)]
struct Entered {
    time: Vec<f64>,
    /// Weight that has entered up to and including the time.
    weight: Vec<f64>,
}

/// The curve at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KmAt {
    pub time: f64,
    /// At risk just before the time.
    pub n_risk: f64,
    pub surv: f64,
    pub std_err: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub cumhaz: f64,
    /// Later than the last observation: the last values are carried on.
    pub carried_on: bool,
}

/// A quantile of the time to the event; `None` = not reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KmQuantile {
    pub p: f64,
    pub estimate: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// Kaplan and Meier (1958) of all rows together.
pub fn kaplan_meier(data: &Survival, options: &KmOptions) -> Result<KmCurve> {
    let group = vec![0; data.len()];
    let mut curves = kaplan_meier_by(data, &group, 1, None, None, options)?;
    curves.pop().ok_or(StatsError::NoRows)
}

/// One curve per group `0..groups`; near-tied times are merged over all groups together.
/// `weights`: case weights; `cluster`: rows that belong together for the robust variance.
/// An empty group gives an empty curve with a warning.
pub fn kaplan_meier_by(
    data: &Survival,
    group: &[usize],
    groups: usize,
    weights: Option<&[f64]>,
    cluster: Option<&[usize]>,
    options: &KmOptions,
) -> Result<Vec<KmCurve>> {
    check_level(options.conf_level)?;
    check_len("group", data.len(), group.len())?;
    check_groups(group, groups)?;
    if let Some(w) = weights {
        check_weights(w, data.len())?;
    }
    if let Some(c) = cluster {
        check_len("cluster", data.len(), c.len())?;
    }
    let merged = data.merged(options.near_ties)?;
    let fractional = weights.is_some_and(|w| w.iter().any(|v| v.fract() != 0.0));
    let variance = match options.variance {
        KmVariance::Auto if fractional || cluster.is_some() => KmVariance::Robust,
        KmVariance::Auto => KmVariance::Greenwood,
        chosen => chosen,
    };
    if weights.is_some() && options.hazard == HazardTies::FlemingHarrington {
        return Err(StatsError::Unsupported {
            method: "Kaplan-Meier",
            combination: "the Fleming-Harrington hazard with case weights",
        });
    }
    let mut curves = vec![KmCurve::default(); groups];
    let mut by_time = vec![Vec::new(); groups];
    if groups == 1 {
        by_time[0].clone_from(&merged.order);
    } else {
        for &i in &merged.order {
            by_time[group[i as usize]].push(i);
        }
    }
    let mut by_entry = vec![Vec::new(); groups];
    if let Some(entry) = &merged.entry {
        for i in ascending(entry) {
            by_entry[group[i as usize]].push(i);
        }
    }
    let z = norm_quantile(0.5 + options.conf_level / 2.0);
    for (g, curve) in curves.iter_mut().enumerate() {
        let rows = Rows {
            time: &merged.time,
            entry: merged.entry.as_deref(),
            event: data.event,
            weights,
            by_time: &by_time[g],
            by_entry: &by_entry[g],
        };
        rows.count(curve);
        rows.estimate(curve, variance, options.hazard, cluster);
        curve.set_limits(options.conf_type, z);
        curve.conventions = vec![
            "curve: product-limit, events before censorings",
            variance.name(),
            options.conf_type.convention(),
            options.hazard.name(),
            options.near_ties.name(),
        ];
        if by_time[g].is_empty() {
            curve.warnings.push(Warning::EmptyGroup { group: g });
        } else if curve.n_event.iter().all(|&d| d == 0.0) {
            curve.warnings.push(Warning::NoEvents);
        }
        if fractional && options.variance == KmVariance::Auto {
            curve.warnings.push(Warning::RobustForFractionalWeights);
        }
    }
    Ok(curves)
}

/// The rows of one group in time order.
struct Rows<'a> {
    time: &'a [f64],
    entry: Option<&'a [f64]>,
    event: &'a [bool],
    weights: Option<&'a [f64]>,
    by_time: &'a [u32],
    by_entry: &'a [u32],
}

impl Rows<'_> {
    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    fn count(&self, curve: &mut KmCurve) {
        curve.n = self.by_time.len();
        for v in [&mut curve.time, &mut curve.n_event, &mut curve.n_censor] {
            v.reserve(self.by_time.len());
        }
        for &i in self.by_time {
            let i = i as usize;
            if curve.time.last() != Some(&self.time[i]) {
                curve.time.push(self.time[i]);
                curve.n_event.push(0.0);
                curve.n_censor.push(0.0);
            }
            let last = curve.time.len() - 1;
            let side = if self.event[i] { &mut curve.n_event } else { &mut curve.n_censor };
            side[last] += self.weight(i);
        }
        // Summed from the last time backwards, so that the small numbers at the end are exact.
        let mut at_risk = 0.0;
        curve.n_risk = vec![0.0; curve.time.len()];
        for k in (0..curve.time.len()).rev() {
            at_risk += curve.n_event[k] + curve.n_censor[k];
            curve.n_risk[k] = at_risk;
        }
        let Some(entry) = self.entry else { return };
        let mut sum = 0.0;
        for &i in self.by_entry {
            sum += self.weight(i as usize);
            curve.entered.time.push(entry[i as usize]);
            curve.entered.weight.push(sum);
        }
        for (k, t) in curve.time.iter().enumerate() {
            curve.n_risk[k] -= curve.entered.not_before(*t);
        }
    }

    fn estimate(
        &self,
        curve: &mut KmCurve,
        variance: KmVariance,
        hazard: HazardTies,
        cluster: Option<&[usize]>,
    ) {
        let m = curve.time.len();
        let (mut log_part, mut surv) = (0.0, 1.0);
        let (mut cumhaz, mut var_chaz) = (0.0, 0.0);
        for v in [&mut curve.surv, &mut curve.cumhaz, &mut curve.std_chaz] {
            v.reserve_exact(m);
        }
        curve.std_err.reserve_exact(m);
        for k in 0..m {
            let (n, d) = (curve.n_risk[k], curve.n_event[k]);
            if d > 0.0 {
                surv *= if n > d { (n - d) / n } else { 0.0 };
                log_part += if variance == KmVariance::Aalen { d / (n * n) } else { d / (n * (n - d)) };
                let (h, v) = hazard_step(hazard, n, d);
                cumhaz += h;
                var_chaz += v;
            }
            curve.surv.push(surv);
            curve.std_err.push(if surv > 0.0 { Some(surv * log_part.sqrt()) } else { None });
            curve.cumhaz.push(cumhaz);
            curve.std_chaz.push(var_chaz.sqrt());
        }
        if variance == KmVariance::Robust {
            self.jackknife(curve, cluster);
        }
    }

    /// Influence of row i on log S at t: -(dN_i - Y_i h) / (n - d), summed over the times up to t; on the
    /// hazard: (dN_i - Y_i h) / n. The variance is the sum of squares of case weight times influence by cluster.
    fn jackknife(&self, curve: &mut KmCurve, cluster: Option<&[usize]>) {
        let m = curve.time.len();
        let names: std::collections::BTreeMap<usize, usize> = {
            let mut seen: Vec<usize> =
                self.by_time.iter().map(|&i| cluster.map_or(i as usize, |c| c[i as usize])).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.into_iter().enumerate().map(|(k, c)| (c, k)).collect()
        };
        // Per cluster: weight at risk, and the influence so far on both scales.
        let mut active = vec![0.0; names.len()];
        let mut influence = vec![(0.0, 0.0); names.len()];
        let place = |i: u32| names.get(&cluster.map_or(i as usize, |c| c[i as usize])).copied().unwrap_or(0);
        let entry_order: Vec<u32> =
            if self.entry.is_some() { self.by_entry.to_vec() } else { self.by_time.to_vec() };
        let (mut next_entry, mut next_exit) = (0, 0);
        for k in 0..m {
            let t = curve.time[k];
            while next_entry < entry_order.len() {
                let i = entry_order[next_entry];
                if self.entry.is_some_and(|e| e[i as usize] >= t) {
                    break;
                }
                active[place(i)] += self.weight(i as usize);
                next_entry += 1;
            }
            let (n, d) = (curve.n_risk[k], curve.n_event[k]);
            let first = next_exit;
            while next_exit < self.by_time.len() && self.time[self.by_time[next_exit] as usize] == t {
                next_exit += 1;
            }
            if d > 0.0 {
                let h = d / n;
                for (c, w) in active.iter().enumerate() {
                    influence[c].0 += if n > d { w * h / (n - d) } else { 0.0 };
                    influence[c].1 -= w * h / n;
                }
                for &i in &self.by_time[first..next_exit] {
                    if self.event[i as usize] {
                        let w = self.weight(i as usize);
                        influence[place(i)].0 -= if n > d { w / (n - d) } else { 0.0 };
                        influence[place(i)].1 += w / n;
                    }
                }
            }
            for &i in &self.by_time[first..next_exit] {
                active[place(i)] -= self.weight(i as usize);
            }
            let var = influence.iter().fold((0.0, 0.0), |a, x| (a.0 + x.0 * x.0, a.1 + x.1 * x.1));
            // Where the curve is 0 no row can move it.
            curve.std_err[k] = Some(if curve.surv[k] > 0.0 { curve.surv[k] * var.0.sqrt() } else { 0.0 });
            curve.std_chaz[k] = var.1.sqrt();
        }
    }
}

fn hazard_step(rule: HazardTies, n: f64, d: f64) -> (f64, f64) {
    if rule == HazardTies::NelsonAalen {
        return (d / n, d / (n * n));
    }
    (0..d as usize).fold((0.0, 0.0), |(h, v), j| {
        let left = n - j as f64;
        (h + 1.0 / left, v + 1.0 / (left * left))
    })
}

impl Entered {
    /// Weight whose entry is at or after `t`, so not yet at risk at `t`.
    fn not_before(&self, t: f64) -> f64 {
        let total = self.weight.last().copied().unwrap_or(0.0);
        match self.time.partition_point(|&e| e < t) {
            0 => total,
            k => total - self.weight[k - 1],
        }
    }
}

impl KmCurve {
    fn set_limits(&mut self, conf_type: ConfType, z: f64) {
        self.lower.reserve_exact(self.time.len());
        self.upper.reserve_exact(self.time.len());
        let mut previous = None;
        for k in 0..self.time.len() {
            // Nothing moves at a censoring-only time.
            let limits = match previous {
                Some(limits) if self.n_event[k] == 0.0 => limits,
                _ if self.surv[k] == 0.0 => {
                    self.std_err[k].filter(|_| conf_type == ConfType::Plain).map(|_| (0.0, 0.0))
                }
                _ => self.std_err[k].and_then(|se| conf_type.limits(self.surv[k], se / self.surv[k], z)),
            };
            previous = Some(limits);
            self.lower.push(limits.map(|l| l.0));
            self.upper.push(limits.map(|l| l.1));
        }
    }

    /// The curve at each of `times` (right-continuous); before the first observation it is 1 with limits 1.
    pub fn at(&self, times: &[f64]) -> Vec<KmAt> {
        let last = self.time.last().copied().unwrap_or(f64::NEG_INFINITY);
        times
            .iter()
            .map(|&t| {
                let next = self.time.partition_point(|&x| x < t);
                // At risk just before t: those of the next observed time, less who enters in between.
                let n_risk = match self.n_risk.get(next) {
                    Some(n) if self.entered.time.is_empty() => *n,
                    Some(n) => {
                        n - (self.entered.not_before(t) - self.entered.not_before(self.time[next])).max(0.0)
                    }
                    None => 0.0,
                };
                let k = self.time.partition_point(|&x| x <= t);
                let carried_on = t > last;
                if k == 0 {
                    let one = Some(1.0);
                    return KmAt {
                        time: t,
                        n_risk,
                        surv: 1.0,
                        std_err: Some(0.0),
                        lower: one,
                        upper: one,
                        cumhaz: 0.0,
                        carried_on,
                    };
                }
                let k = k - 1;
                KmAt {
                    time: t,
                    n_risk,
                    surv: self.surv[k],
                    std_err: self.std_err[k],
                    lower: self.lower[k],
                    upper: self.upper[k],
                    cumhaz: self.cumhaz[k],
                    carried_on,
                }
            })
            .collect()
    }

    /// Conditional survival S(t) / S(s) of those event free at `s`, for `t` at or after it: estimate, standard
    /// error and limits from the Greenwood terms between `s` and `t`. `None` when the curve is 0 at `s`.
    pub fn conditional(&self, s: f64, t: f64, conf_type: ConfType, level: f64) -> Result<Option<KmAt>> {
        check_level(level)?;
        if t < s || s.is_nan() || t.is_nan() {
            return Err(StatsError::Option { name: "t", value: t, range: "at or after s" });
        }
        let (from, to) = match &self.at(&[s, t])[..] {
            [a, b] => (*a, *b),
            _ => return Ok(None),
        };
        let Some(first) = from.std_err.filter(|_| from.surv > 0.0) else { return Ok(None) };
        let surv = to.surv / from.surv;
        let z = norm_quantile(0.5 + level / 2.0);
        let log = |se: f64, p: f64| (se / p).powi(2);
        let se = to.std_err.map(|se| (log(se, to.surv) - log(first, from.surv)).max(0.0).sqrt());
        let limits = se.and_then(|se| conf_type.limits(surv, se, z));
        Ok(Some(KmAt {
            surv,
            std_err: se.map(|se| se * surv),
            lower: limits.map(|l| l.0),
            upper: limits.map(|l| l.1),
            cumhaz: to.cumhaz - from.cumhaz,
            ..to
        }))
    }

    /// Time at which a proportion `p` has had the event: the first time with S <= 1 - p; the midpoint of the
    /// stretch when S equals 1 - p there (within 1.49e-8). Limits invert the pointwise band.
    pub fn quantile(&self, probs: &[f64]) -> Result<Vec<KmQuantile>> {
        self.quantile_by(probs, QuantileRule::default())
    }

    /// The same by a rule for flat stretches.
    pub fn quantile_by(&self, probs: &[f64], rule: QuantileRule) -> Result<Vec<KmQuantile>> {
        for &p in probs {
            if !(0.0..=1.0).contains(&p) {
                return Err(StatsError::Option { name: "probability", value: p, range: "[0, 1]" });
            }
        }
        let surv: Vec<Option<f64>> = self.surv.iter().map(|&s| Some(s)).collect();
        let invert = |band: &[Option<f64>]| self.invert(band, probs, rule);
        let (middle, first, second) = (invert(&surv), invert(&self.lower), invert(&self.upper));
        Ok((0..probs.len())
            .map(|k| KmQuantile { p: probs[k], estimate: middle[k], lower: first[k], upper: second[k] })
            .collect())
    }

    fn invert(&self, band: &[Option<f64>], probs: &[f64], rule: QuantileRule) -> Vec<Option<f64>> {
        // Points (1 - band, time) from the origin on, each height once.
        let mut points: Vec<(Option<f64>, f64)> = vec![(Some(0.0), 0.0)];
        let mut gap_seen = false;
        for (value, &t) in band.iter().zip(&self.time) {
            let height = value.map(|v| 1.0 - v);
            let repeated = match height {
                None => std::mem::replace(&mut gap_seen, true),
                Some(h) => points.last().is_some_and(|p| p.0 == Some(h)) || h == 0.0,
            };
            if !repeated {
                points.push((height, t));
            }
        }
        let end = points.last().and_then(|p| p.0);
        let last_time = self.time.last().copied().unwrap_or(0.0);
        let mut known: Vec<(f64, f64)> = points.iter().filter_map(|p| p.0.map(|h| (h, p.1))).collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let top = known.last().map_or(0.0, |p| p.0);
        let least = probs.iter().copied().fold(f64::INFINITY, f64::min);
        probs
            .iter()
            .map(|&p| {
                if top < least {
                    return None;
                }
                if p == 0.0 {
                    return Some(0.0);
                }
                let from = known.get(known.partition_point(|q| q.0 + NEAR < p)).map(|q| q.1);
                if rule == QuantileRule::First {
                    return from;
                }
                let to = known.get(known.partition_point(|q| q.0 - NEAR < p)).map(|q| q.1);
                if end.is_some_and(|h| (p - h).abs() < NEAR) {
                    return from.map(|t| (t + last_time) / 2.0);
                }
                Some((from? + to?) / 2.0)
            })
            .collect()
    }
}

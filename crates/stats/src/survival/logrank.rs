//! Log-rank test and its weighted family: any number of groups, strata, delayed entry.
use super::data::{Survival, ascending, check_groups, check_len};
use super::{ConfType, KmOptions, NearTies, kaplan_meier};
use crate::linalg::{Cholesky, Matrix, PIVOT_TOLERANCE};
use crate::special::{chi2_sf, norm_cdf, norm_sf};
use crate::{Conventions, Result, StatsError, Warning};

/// Weight of a time in the test; S is the pooled Kaplan–Meier curve of the stratum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum LogrankWeight {
    /// 1 (Mantel 1966, Peto and Peto 1972).
    #[default]
    One,
    /// S(t-)^rho (1 - S(t-))^gamma (Fleming and Harrington 1991).
    FlemingHarrington { rho: f64, gamma: f64 },
    /// 1 / max(S(t-), S(t*)) (Magirr and Burman 2019).
    Modest { t_star: f64 },
    /// Number at risk (Gehan 1965, Breslow 1970).
    Gehan,
    /// Square root of the number at risk (Tarone and Ware 1977).
    TaroneWare,
    /// Product of 1 - d/(n + 1) up to and including t (Peto and Peto 1972, as SAS has it).
    Peto,
    /// The same times n/(n + 1) (Andersen, Borgan, Gill and Keiding 1982, as SAS has it).
    ModifiedPeto,
}

impl LogrankWeight {
    pub fn name(self) -> &'static str {
        match self {
            LogrankWeight::One => "weight 1 (log-rank)",
            LogrankWeight::FlemingHarrington { .. } => "weight S(t-)^rho (1-S(t-))^gamma, pooled per stratum",
            LogrankWeight::Modest { .. } => "weight 1 / max(S(t-), S(t*)), pooled per stratum",
            LogrankWeight::Gehan => "weight n (Gehan-Breslow)",
            LogrankWeight::TaroneWare => "weight sqrt(n) (Tarone-Ware)",
            LogrankWeight::Peto => "weight product of 1 - d/(n + 1) (Peto-Peto)",
            LogrankWeight::ModifiedPeto => {
                "weight product of 1 - d/(n + 1), times n/(n + 1) (modified Peto-Peto)"
            }
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct LogrankOptions {
    pub weight: LogrankWeight,
    pub near_ties: NearTies,
}

/// Observed, expected and hypergeometric variance per group; for two groups signed statistics as well.
#[derive(Debug, Clone)]
pub struct Logrank {
    /// Rows per group.
    pub n: Vec<usize>,
    pub observed: Vec<f64>,
    pub expected: Vec<f64>,
    pub variance: Matrix,
    pub chi_square: f64,
    /// Groups with something expected, less one.
    pub df: usize,
    pub p: f64,
    pub conventions: Conventions,
    pub warnings: Vec<Warning>,
}

impl Logrank {
    /// (O - E) / sqrt(V) of `group`: negative when it had fewer events than expected.
    /// `None` when its variance is 0.
    pub fn z(&self, group: usize) -> Option<f64> {
        let v = self.variance.get(group, group);
        (v > 0.0).then(|| (self.observed[group] - self.expected[group]) / v.sqrt())
    }

    /// Phi(Z) of `group`: small when it had fewer events than expected.
    pub fn p_fewer(&self, group: usize) -> Option<f64> {
        self.z(group).map(norm_cdf)
    }

    /// 1 - Phi(Z) of `group`: small when it had more events than expected.
    pub fn p_more(&self, group: usize) -> Option<f64> {
        self.z(group).map(norm_sf)
    }

    /// Peto's one-step hazard ratio exp((O - E) / V) of `group` against the rest.
    pub fn hr_peto(&self, group: usize) -> Option<f64> {
        let v = self.variance.get(group, group);
        (v > 0.0).then(|| ((self.observed[group] - self.expected[group]) / v).exp())
    }

    /// (O1 / E1) / (O2 / E2) of `group` against `other`.
    pub fn hr_observed_expected(&self, group: usize, other: usize) -> Option<f64> {
        let (a, b) =
            (self.observed[group] / self.expected[group], self.observed[other] / self.expected[other]);
        (a.is_finite() && b.is_finite() && b > 0.0).then_some(a / b)
    }

    /// Test for trend over the ordered groups: (s'(O - E))^2 / s'Vs, 1 df (Tarone 1975).
    pub fn trend(&self, scores: &[f64]) -> Result<(f64, f64)> {
        check_len("scores", self.n.len(), scores.len())?;
        let sum: f64 =
            scores.iter().zip(self.observed.iter().zip(&self.expected)).map(|(s, (o, e))| s * (o - e)).sum();
        let var = self.variance.quadratic(scores);
        if var.is_nan() || var <= 0.0 {
            return Err(StatsError::NoVariance {
                what: "the trend statistic",
                why: "the scores are equal or no group differs",
            });
        }
        let chi = sum * sum / var;
        Ok((chi, chi2_sf(chi, 1.0)))
    }
}

/// Compares `groups` groups coded `0..groups`; `strata` are added up (any code per row).
/// Two groups with data are needed. Empty groups are left out with a warning.
pub fn logrank(
    data: &Survival,
    group: &[usize],
    groups: usize,
    strata: Option<&[usize]>,
    options: &LogrankOptions,
) -> Result<Logrank> {
    check_groups(group, groups)?;
    check_len("group", data.len(), group.len())?;
    let mut n = vec![0; groups];
    group.iter().for_each(|&g| n[g] += 1);
    let filled = n.iter().filter(|&&c| c > 0).count();
    if filled < 2 {
        return Err(StatsError::OneGroup { method: "log-rank", groups: filled });
    }
    if let LogrankWeight::FlemingHarrington { rho, gamma } = options.weight
        && !(rho.is_finite() && gamma.is_finite())
    {
        return Err(StatsError::Option {
            name: "rho, gamma",
            value: if rho.is_finite() { gamma } else { rho },
            range: "finite numbers",
        });
    }
    let mut sums = Sums::new(groups);
    let mut warnings = Vec::new();
    let mut flat = 0;
    for_each_risk_table(data, group, groups, strata, options.near_ties, |stratum| {
        flat += usize::from(!stratum.informative());
        sums.add(&stratum, options.weight);
    })?;
    warnings.extend((0..groups).filter(|&g| n[g] == 0).map(|group| Warning::EmptyGroup { group }));
    if !data.event.iter().any(|&e| e) {
        warnings.push(Warning::NoEvents);
    } else if strata.is_some() && flat > 0 {
        warnings.push(Warning::StrataWithoutInformation { count: flat });
    }
    if !sums.known() {
        return no_weight(options.weight);
    }
    let (chi_square, df) = sums.chi_square();
    Ok(Logrank {
        n,
        chi_square,
        df,
        p: if df == 0 { 1.0 } else { chi2_sf(chi_square, df as f64) },
        observed: sums.observed,
        expected: sums.expected,
        variance: sums.variance,
        conventions: vec![
            options.weight.name(),
            "variance: hypergeometric",
            "Z = (O - E) / sqrt(V), negative = fewer events than expected",
            if strata.is_some() { "stratified: O, E, V summed" } else { "not stratified" },
            options.near_ties.name(),
        ],
        warnings,
    })
}

/// One stratum as a table of event times: at risk and events, per group.
pub(crate) struct RiskTable<'a> {
    groups: usize,
    time: &'a [f64],
    /// Per event time and group.
    at_risk: &'a [u32],
    events: &'a [u32],
}

impl RiskTable<'_> {
    fn row(&self, k: usize) -> (&[u32], &[u32]) {
        let range = k * self.groups..(k + 1) * self.groups;
        (&self.at_risk[range.clone()], &self.events[range])
    }

    fn informative(&self) -> bool {
        (0..self.time.len()).any(|k| self.row(k).0.iter().filter(|&&n| n > 0).count() > 1)
    }

    /// The weight at every event time.
    pub(crate) fn weights(&self, weight: LogrankWeight) -> Vec<f64> {
        let m = self.time.len();
        let totals = |k: usize| {
            let (n, d) = self.row(k);
            (n.iter().sum::<u32>() as f64, d.iter().sum::<u32>() as f64)
        };
        match weight {
            LogrankWeight::One => vec![1.0; m],
            LogrankWeight::Gehan => (0..m).map(|k| totals(k).0).collect(),
            LogrankWeight::TaroneWare => (0..m).map(|k| totals(k).0.sqrt()).collect(),
            LogrankWeight::Peto | LogrankWeight::ModifiedPeto => {
                let mut s = 1.0;
                (0..m)
                    .map(|k| {
                        let (n, d) = totals(k);
                        s *= 1.0 - d / (n + 1.0);
                        if weight == LogrankWeight::Peto { s } else { s * n / (n + 1.0) }
                    })
                    .collect()
            }
            LogrankWeight::FlemingHarrington { rho, gamma } => {
                let mut s = 1.0;
                (0..m)
                    .map(|k| {
                        let before = s;
                        let (n, d) = totals(k);
                        s *= (n - d) / n;
                        power(before, rho) * power(1.0 - before, gamma)
                    })
                    .collect()
            }
            LogrankWeight::Modest { t_star } => {
                let mut s = 1.0;
                let mut left = Vec::with_capacity(m);
                let mut at_star = 1.0;
                for k in 0..m {
                    left.push(s);
                    let (n, d) = totals(k);
                    s *= (n - d) / n;
                    if self.time[k] <= t_star {
                        at_star = s;
                    }
                }
                left.into_iter().map(|l| 1.0 / l.max(at_star)).collect()
            }
        }
    }
}

fn power(base: f64, exponent: f64) -> f64 {
    match exponent {
        0.0 => 1.0,
        1.0 => base,
        _ => base.powf(exponent),
    }
}

/// A weight that is no number: the pooled curve reached 0 (or stood at 1) while rows were still to come.
fn no_weight<T>(weight: LogrankWeight) -> Result<T> {
    Err(StatsError::Impossible {
        method: "weighted log-rank",
        why: match weight {
            LogrankWeight::Modest { .. } => {
                "the pooled curve is 0 before a later event and at t*, so that its inverse is no weight; choose an earlier t*"
            }
            _ => "a power of the pooled curve is no finite weight; choose rho and gamma of 0 or more",
        }
        .into(),
    })
}

struct Sums {
    observed: Vec<f64>,
    expected: Vec<f64>,
    variance: Matrix,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Sums { observed: vec![0.0; groups], expected: vec![0.0; groups], variance: Matrix::zeros(groups) }
    }

    fn add(&mut self, table: &RiskTable, weight: LogrankWeight) {
        let groups = table.groups;
        let weights = table.weights(weight);
        if groups == 2 {
            return self.add_two(table, &weights);
        }
        for (k, w) in weights.into_iter().enumerate() {
            let (at_risk, events) = table.row(k);
            let n = at_risk.iter().sum::<u32>() as f64;
            let d = events.iter().sum::<u32>() as f64;
            for g in 0..groups {
                self.observed[g] += w * events[g] as f64;
                self.expected[g] += w * d * at_risk[g] as f64 / n;
            }
            if n > 1.0 {
                let scale = w * w * d * (n - d) / (n * n * (n - 1.0));
                for i in 0..groups {
                    let a = scale * at_risk[i] as f64;
                    if a == 0.0 {
                        continue;
                    }
                    self.variance.add(i, i, a * n);
                    for j in 0..groups {
                        self.variance.add(i, j, -a * at_risk[j] as f64);
                    }
                }
            }
        }
    }

    /// The same for two groups, whose variances are all one number.
    fn add_two(&mut self, table: &RiskTable, weights: &[f64]) {
        let (at_risk, _) = table.at_risk.as_chunks::<2>();
        let (events, _) = table.events.as_chunks::<2>();
        let (mut observed, mut expected, mut variance) = ([0.0; 2], [0.0; 2], 0.0);
        for ((w, &[n0, n1]), &[d0, d1]) in weights.iter().zip(at_risk).zip(events) {
            let (n0, n1, d0, d1) = (f64::from(n0), f64::from(n1), f64::from(d0), f64::from(d1));
            let (n, d) = (n0 + n1, d0 + d1);
            let each = w * d / n;
            observed[0] += w * d0;
            observed[1] += w * d1;
            expected[0] += each * n0;
            expected[1] += each * n1;
            if n > 1.0 {
                variance += w * each * (n0 / n) * n1 * (n - d) / (n - 1.0);
            }
        }
        for g in 0..2 {
            self.observed[g] += observed[g];
            self.expected[g] += expected[g];
            self.variance.add(g, g, variance);
            self.variance.add(g, 1 - g, -variance);
        }
    }

    fn known(&self) -> bool {
        self.observed.iter().chain(&self.expected).chain(&self.variance.values).all(|v| v.is_finite())
    }

    /// (O-E)' V^- (O-E) over the groups in which something was expected, less one.
    fn chi_square(&self) -> (f64, usize) {
        let mut keep: Vec<usize> = (0..self.observed.len()).filter(|&g| self.expected[g] > 0.0).collect();
        if keep.len() < 2 {
            return (0.0, 0);
        }
        keep.remove(0);
        let u: Vec<f64> = keep.iter().map(|&g| self.observed[g] - self.expected[g]).collect();
        let c = Cholesky::new(&self.variance.submatrix(&keep), PIVOT_TOLERANCE);
        let chi = c.solve(&u).iter().zip(&u).map(|(a, b)| a * b).sum::<f64>();
        (chi.max(0.0), c.rank())
    }
}

/// Calls `visit` once per stratum, in ascending order of its code.
fn for_each_risk_table(
    data: &Survival,
    group: &[usize],
    groups: usize,
    strata: Option<&[usize]>,
    near_ties: NearTies,
    mut visit: impl FnMut(RiskTable),
) -> Result<()> {
    let merged = data.merged(near_ties)?;
    let by_time = split(merged.order, strata, data.len())?;
    let by_entry = match &merged.entry {
        Some(entry) => split(ascending(entry), strata, data.len())?,
        None => Vec::new(),
    };
    let (mut time, mut at_risk, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for (s, rows) in by_time.iter().enumerate() {
        time.clear();
        at_risk.clear();
        events.clear();
        let mut current = vec![0u32; groups];
        if merged.entry.is_none() {
            rows.iter().for_each(|&i| current[group[i as usize]] += 1);
        }
        let entries: &[u32] = by_entry.get(s).map_or(&[], Vec::as_slice);
        let mut next_entry = 0;
        let mut k = 0;
        while k < rows.len() {
            let t = merged.time[rows[k] as usize];
            if let Some(entry) = &merged.entry {
                while next_entry < entries.len() && entry[entries[next_entry] as usize] < t {
                    current[group[entries[next_entry] as usize]] += 1;
                    next_entry += 1;
                }
            }
            let first = k;
            let mut any = false;
            while k < rows.len() && merged.time[rows[k] as usize] == t {
                any |= data.event[rows[k] as usize];
                k += 1;
            }
            if any {
                time.push(t);
                at_risk.extend_from_slice(&current);
                let base = events.len();
                events.resize(base + groups, 0u32);
                for &i in &rows[first..k] {
                    events[base + group[i as usize]] += u32::from(data.event[i as usize]);
                }
            }
            for &i in &rows[first..k] {
                current[group[i as usize]] -= 1;
            }
        }
        visit(RiskTable { groups, time: &time, at_risk: &at_risk, events: &events });
    }
    Ok(())
}

/// The ordered rows of every stratum.
pub(crate) fn split(order: Vec<u32>, strata: Option<&[usize]>, n: usize) -> Result<Vec<Vec<u32>>> {
    let Some(strata) = strata else { return Ok(vec![order]) };
    check_len("strata", n, strata.len())?;
    let mut codes = strata.to_vec();
    codes.sort_unstable();
    codes.dedup();
    let mut parts = vec![Vec::new(); codes.len()];
    for i in order {
        parts[codes.partition_point(|&c| c < strata[i as usize])].push(i);
    }
    Ok(parts)
}

/// Several weights at once: the signed statistic of `group` under each and their correlation.
pub fn logrank_family(
    data: &Survival,
    group: &[usize],
    of_group: usize,
    strata: Option<&[usize]>,
    weights: &[LogrankWeight],
    near_ties: NearTies,
) -> Result<(Vec<f64>, Matrix)> {
    check_len("group", data.len(), group.len())?;
    let k = weights.len();
    let code: Vec<usize> = group.iter().map(|&g| usize::from(g == of_group)).collect();
    let mut u = vec![0.0; k];
    let mut cov = Matrix::zeros(k);
    for_each_risk_table(data, &code, 2, strata, near_ties, |table| {
        let all: Vec<Vec<f64>> = weights.iter().map(|&w| table.weights(w)).collect();
        for m in 0..table.time.len() {
            let (at_risk, events) = table.row(m);
            let (n, n1) = ((at_risk[0] + at_risk[1]) as f64, at_risk[1] as f64);
            let d = (events[0] + events[1]) as f64;
            let v = if n > 1.0 { d * (n1 / n) * (1.0 - n1 / n) * (n - d) / (n - 1.0) } else { 0.0 };
            for a in 0..k {
                u[a] += all[a][m] * (events[1] as f64 - d * n1 / n);
                for b in 0..k {
                    cov.add(a, b, all[a][m] * all[b][m] * v);
                }
            }
        }
    })?;
    if let Some(j) = (0..k).find(|&j| !(u[j].is_finite() && cov.get(j, j).is_finite())) {
        return no_weight(weights[j]);
    }
    let sd: Vec<f64> = cov.diagonal().iter().map(|v| v.sqrt()).collect();
    if sd.iter().any(|s| *s <= 0.0) {
        return Err(StatsError::NoVariance {
            what: "a weighted log-rank statistic",
            why: "no event happened while both groups were at risk",
        });
    }
    let z = u.iter().zip(&sd).map(|(u, s)| u / s).collect();
    let mut correlation = Matrix::zeros(k);
    for a in 0..k {
        for b in 0..k {
            correlation.set(a, b, if a == b { 1.0 } else { cov.get(a, b) / (sd[a] * sd[b]) });
        }
    }
    Ok((z, correlation))
}

/// Observed against expected events under a reference hazard.
#[derive(Debug, Clone)]
pub struct OneSampleLogrank {
    pub observed: f64,
    pub expected: f64,
    /// (O - E)^2 / E, or with (O + E) / 2 below the line.
    pub chi_square: f64,
    /// Signed root: negative = fewer events than expected.
    pub z: f64,
    pub p: f64,
    /// Phi(z): small when there were fewer events than expected.
    pub p_fewer: f64,
    pub conventions: Conventions,
}

/// Variance of the one-sample test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OneSampleVariance {
    /// E (Breslow 1975).
    #[default]
    Expected,
    /// (O + E) / 2 (Wu 2014).
    Mean,
}

/// `cumulative_hazard`: the reference cumulative hazard over each row's own follow-up.
pub fn logrank_one_sample(
    event: &[bool],
    cumulative_hazard: &[f64],
    variance: OneSampleVariance,
) -> Result<OneSampleLogrank> {
    if event.is_empty() {
        return Err(StatsError::NoRows);
    }
    check_len("reference hazard", event.len(), cumulative_hazard.len())?;
    super::data::check_finite("reference hazard", cumulative_hazard)?;
    if let Some(row) = cumulative_hazard.iter().position(|&h| h < 0.0) {
        return Err(StatsError::OutOfRange {
            what: "reference hazard",
            row: row + 1,
            value: cumulative_hazard[row],
            range: "0 or more",
        });
    }
    let observed = event.iter().filter(|&&e| e).count() as f64;
    let expected: f64 = cumulative_hazard.iter().sum();
    let below = match variance {
        OneSampleVariance::Expected => expected,
        OneSampleVariance::Mean => (observed + expected) / 2.0,
    };
    if below <= 0.0 {
        return Err(StatsError::NoVariance {
            what: "the one-sample log-rank statistic",
            why: "the reference hazard expects no event",
        });
    }
    let z = (observed - expected) / below.sqrt();
    Ok(OneSampleLogrank {
        observed,
        expected,
        chi_square: z * z,
        z,
        p: chi2_sf(z * z, 1.0),
        p_fewer: norm_cdf(z),
        conventions: vec![match variance {
            OneSampleVariance::Expected => "variance E",
            OneSampleVariance::Mean => "variance (O + E) / 2",
        }],
    })
}

/// Survival of two groups compared at one time (Klein et al. 2007); chi-squares with 1 df.
#[derive(Debug, Clone)]
pub struct Landmark {
    pub time: f64,
    pub surv: [f64; 2],
    pub naive: Option<f64>,
    pub log: Option<f64>,
    pub cloglog: Option<f64>,
    pub arcsin: Option<f64>,
    pub p_cloglog: Option<f64>,
    /// S of the first group minus S of the second, with plain Greenwood limits.
    pub difference: f64,
    pub std_err: f64,
    pub lower: f64,
    pub upper: f64,
    pub warnings: Vec<Warning>,
    pub conventions: Conventions,
}

/// `group` is `false` for the first group and `true` for the second. Times after the last observation of a
/// group carry the curve on, with a warning. Statistics that need 0 < S < 1 are `None` otherwise.
pub fn landmark(
    data: &Survival,
    group: &[bool],
    time: f64,
    conf_level: f64,
    near_ties: NearTies,
) -> Result<Landmark> {
    check_len("group", data.len(), group.len())?;
    super::data::check_level(conf_level)?;
    if !time.is_finite() {
        return Err(StatsError::Option { name: "time", value: time, range: "finite" });
    }
    let code: Vec<usize> = group.iter().map(|&g| usize::from(g)).collect();
    let options = KmOptions { conf_level, conf_type: ConfType::Plain, near_ties, ..KmOptions::default() };
    let curves = super::kaplan_meier_by(data, &code, 2, None, None, &options)?;
    let mut warnings = Vec::new();
    let mut s = [0.0; 2];
    let mut v: [Option<f64>; 2] = [None; 2];
    for (g, curve) in curves.iter().enumerate() {
        if curve.n == 0 {
            return Err(StatsError::OneGroup { method: "survival at a fixed time", groups: 1 });
        }
        for at in curve.at(&[time]) {
            s[g] = at.surv;
            // Greenwood sum: the variance of log S.
            v[g] = at.std_err.map(|se| (se / at.surv).powi(2));
            if at.carried_on {
                let last = curve.time.last().copied().unwrap_or(0.0);
                warnings.push(Warning::BeyondLastObservation { group: g, time, last });
            }
        }
    }
    let inside = s.iter().all(|&p| p > 0.0 && p < 1.0);
    let variances = match v {
        [Some(a), Some(b)] => [a, b],
        // A curve at 0 has no Greenwood term left; its plain standard error is 0.
        [a, b] => [a.unwrap_or(0.0), b.unwrap_or(0.0)],
    };
    let square = |a: f64, b: f64, var: f64| (var > 0.0).then(|| (a - b) * (a - b) / var);
    let plain = s[0] * s[0] * variances[0] + s[1] * s[1] * variances[1];
    let both = |f: &dyn Fn(f64) -> f64, dv: &dyn Fn(f64, f64) -> f64| {
        if inside { square(f(s[0]), f(s[1]), dv(s[0], variances[0]) + dv(s[1], variances[1])) } else { None }
    };
    let cloglog = both(&|p| (-p.ln()).ln(), &|p, v| v / (p.ln() * p.ln()));
    if !inside {
        warnings.push(Warning::NoLimits { reason: "a curve is at 0 or 1, transformed tests do not exist" });
    }
    let z = crate::special::norm_quantile(0.5 + conf_level / 2.0);
    let (difference, std_err) = (s[0] - s[1], plain.sqrt());
    Ok(Landmark {
        time,
        surv: s,
        naive: square(s[0], s[1], plain),
        log: both(&f64::ln, &|_, v| v),
        cloglog,
        arcsin: both(&|p| p.sqrt().asin(), &|p, v| p * v / (4.0 * (1.0 - p))),
        p_cloglog: cloglog.map(|c| chi2_sf(c, 1.0)),
        difference,
        std_err,
        lower: difference - z * std_err,
        upper: difference + z * std_err,
        warnings,
        conventions: vec![
            "test at a fixed time: complementary log-log (Klein 2007)",
            "difference: Greenwood, plain limits",
            near_ties.name(),
        ],
    })
}

/// Median follow-up by the reverse Kaplan–Meier method (Schemper and Smith 1996): censoring is the event.
pub fn median_follow_up(data: &Survival, options: &KmOptions) -> Result<super::KmQuantile> {
    let reversed: Vec<bool> = data.event.iter().map(|e| !e).collect();
    let curve = kaplan_meier(&Survival { event: &reversed, ..*data }, options)?;
    curve.quantile(&[0.5])?.pop().ok_or(StatsError::NoRows)
}

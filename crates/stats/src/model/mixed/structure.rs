//! Covariance structures of the rows of a participant. Each element is a sum of products of powers of the parameters, so
//! that the matrix and its first and second derivatives follow from one description.
use crate::linalg::Matrix;

/// Covariance of the visits of a participant; the parameters are those of SAS PROC MIXED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Covariance {
    /// Any: the default for a trial with planned visits.
    #[default]
    Unstructured,
    /// One variance, one correlation, which may be negative.
    CompoundSymmetry,
    /// A variance for each visit, one correlation.
    HeterogeneousCompoundSymmetry,
    /// One variance, correlation rho^|j - k| between visits j and k.
    Ar1,
    /// A variance for each visit, correlation rho^|j - k|.
    HeterogeneousAr1,
    /// One variance, a covariance for each distance |j - k|.
    Toeplitz,
    /// A variance for each visit, a correlation for each distance.
    HeterogeneousToeplitz,
    /// Intercepts that vary between participants, and a residual.
    RandomIntercept,
    /// Intercepts and slopes over the time of the visit that vary between participants, correlated, and a residual.
    RandomSlope,
}

impl Covariance {
    /// All of them.
    pub const ALL: [Covariance; 9] = [
        Covariance::Unstructured,
        Covariance::CompoundSymmetry,
        Covariance::HeterogeneousCompoundSymmetry,
        Covariance::Ar1,
        Covariance::HeterogeneousAr1,
        Covariance::Toeplitz,
        Covariance::HeterogeneousToeplitz,
        Covariance::RandomIntercept,
        Covariance::RandomSlope,
    ];

    /// The name that is printed and that options use.
    pub fn name(self) -> &'static str {
        match self {
            Covariance::Unstructured => "unstructured",
            Covariance::CompoundSymmetry => "compound-symmetry",
            Covariance::HeterogeneousCompoundSymmetry => "heterogeneous-compound-symmetry",
            Covariance::Ar1 => "ar1",
            Covariance::HeterogeneousAr1 => "heterogeneous-ar1",
            Covariance::Toeplitz => "toeplitz",
            Covariance::HeterogeneousToeplitz => "heterogeneous-toeplitz",
            Covariance::RandomIntercept => "random-intercept",
            Covariance::RandomSlope => "random-slope",
        }
    }

    /// Whether it comes of random effects of the participants.
    pub fn is_random(self) -> bool {
        matches!(self, Covariance::RandomIntercept | Covariance::RandomSlope)
    }

    /// Whether every element is linear in the parameters.
    pub fn is_linear(self) -> bool {
        matches!(
            self,
            Covariance::Unstructured
                | Covariance::CompoundSymmetry
                | Covariance::Toeplitz
                | Covariance::RandomIntercept
                | Covariance::RandomSlope
        )
    }
}

/// factor times the product of parameters to powers.
struct Term {
    factor: f64,
    powers: Vec<(usize, f64)>,
}

/// x^e differentiated `times` times.
fn power(x: f64, e: f64, times: usize) -> f64 {
    let (mut factor, mut e) = (1.0, e);
    for _ in 0..times {
        factor *= e;
        e -= 1.0;
    }
    if factor == 0.0 {
        return 0.0;
    }
    factor * if e.fract() == 0.0 { x.powi(e as i32) } else { x.powf(e) }
}

impl Term {
    /// Value, differentiated by each of `by`.
    fn value(&self, phi: &[f64], by: &[usize]) -> f64 {
        let in_term = |k: &usize| self.powers.iter().any(|p| p.0 == *k);
        if !by.iter().all(in_term) {
            return 0.0;
        }
        self.powers.iter().fold(self.factor, |value, &(k, e)| {
            value * power(phi[k], e, by.iter().filter(|&&b| b == k).count())
        })
    }
}

/// A structure for given visits.
pub(super) struct Structure {
    kind: Covariance,
    visits: usize,
    /// Mean and spread of the times of the visits.
    times: (f64, f64),
    /// Lower triangle, row by row.
    elements: Vec<Vec<Term>>,
    /// Number of parameters.
    pub count: usize,
}

impl Structure {
    /// `times` of the visits matter for random slopes only.
    pub fn new(kind: Covariance, times: &[f64]) -> Structure {
        let m = times.len();
        let one = |factor: f64, powers: &[(usize, f64)]| Term { factor, powers: powers.to_vec() };
        let element = |i: usize, j: usize| -> Vec<Term> {
            let lag = i - j;
            let own = lag == 0;
            // standard deviations of two visits with the parameters 0..m as variances
            let pair = |rest: &[(usize, f64)]| {
                let mut powers = if own { vec![(i, 1.0)] } else { vec![(i, 0.5), (j, 0.5)] };
                powers.extend(rest.iter().filter(|r| !own && r.1 > 0.0));
                vec![Term { factor: 1.0, powers }]
            };
            match kind {
                Covariance::Unstructured => vec![one(1.0, &[(i * (i + 1) / 2 + j, 1.0)])],
                Covariance::CompoundSymmetry | Covariance::RandomIntercept => {
                    let mut terms = vec![one(1.0, &[(0, 1.0)])];
                    if own {
                        terms.push(one(1.0, &[(1, 1.0)]));
                    }
                    terms
                }
                Covariance::HeterogeneousCompoundSymmetry => pair(&[(m, 1.0)]),
                Covariance::Ar1 if own => vec![one(1.0, &[(0, 1.0)])],
                Covariance::Ar1 => vec![one(1.0, &[(0, 1.0), (1, lag as f64)])],
                Covariance::HeterogeneousAr1 => pair(&[(m, lag as f64)]),
                Covariance::Toeplitz => vec![one(1.0, &[(lag, 1.0)])],
                Covariance::HeterogeneousToeplitz => pair(&[(m + lag.max(1) - 1, 1.0)]),
                Covariance::RandomSlope => {
                    let (s, t) = (times[i], times[j]);
                    let mut terms =
                        vec![one(1.0, &[(0, 1.0)]), one(s + t, &[(1, 1.0)]), one(s * t, &[(2, 1.0)])];
                    if own {
                        terms.push(one(1.0, &[(3, 1.0)]));
                    }
                    terms
                }
            }
        };
        let elements: Vec<Vec<Term>> =
            (0..m).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| element(i, j)).collect();
        let count = match kind {
            Covariance::Unstructured => m * (m + 1) / 2,
            Covariance::CompoundSymmetry | Covariance::Ar1 | Covariance::RandomIntercept => 2,
            Covariance::HeterogeneousCompoundSymmetry | Covariance::HeterogeneousAr1 => m + 1,
            Covariance::Toeplitz => m,
            Covariance::HeterogeneousToeplitz => 2 * m - 1,
            Covariance::RandomSlope => 4,
        };
        let mean = times.iter().sum::<f64>() / m as f64;
        let spread = (times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / m as f64).sqrt();
        Structure { kind, visits: m, times: (mean, spread), elements, count }
    }

    fn filled(&self, phi: &[f64], by: &[usize]) -> Matrix {
        let mut s = Matrix::zeros(self.visits);
        let mut k = 0;
        for i in 0..self.visits {
            for j in 0..=i {
                let v = self.elements[k].iter().map(|t| t.value(phi, by)).sum();
                s.set(i, j, v);
                s.set(j, i, v);
                k += 1;
            }
        }
        s
    }

    /// Covariance of all visits.
    pub fn matrix(&self, phi: &[f64]) -> Matrix {
        self.filled(phi, &[])
    }

    /// Its derivative by parameter `k`.
    pub fn first(&self, phi: &[f64], k: usize) -> Matrix {
        self.filled(phi, &[k])
    }

    /// Its second derivative; `None` when that is zero.
    pub fn second(&self, phi: &[f64], k: usize, l: usize) -> Option<Matrix> {
        if self.kind.is_linear() {
            return None;
        }
        Some(self.filled(phi, &[k, l])).filter(|m| m.values.iter().any(|v| *v != 0.0))
    }

    /// Start of the search: uncorrelated, or nearly so.
    pub fn start(&self, ln_variance: f64) -> Vec<f64> {
        let m = self.visits;
        let half = ln_variance - std::f64::consts::LN_2;
        let variances = |rest: usize| {
            let mut theta = vec![ln_variance; m];
            theta.extend(vec![0.1; rest]);
            theta
        };
        match self.kind {
            Covariance::Unstructured => (0..m)
                .flat_map(|i| (0..=i).map(move |j| if i == j { 0.5 * ln_variance } else { 0.0 }))
                .collect(),
            Covariance::CompoundSymmetry => vec![ln_variance; 2],
            Covariance::RandomIntercept => vec![half; 2],
            Covariance::Ar1 => vec![ln_variance, 0.1],
            Covariance::HeterogeneousCompoundSymmetry | Covariance::HeterogeneousAr1 => variances(1),
            Covariance::Toeplitz => {
                let mut theta = vec![0.1; m];
                theta[0] = ln_variance;
                theta
            }
            Covariance::HeterogeneousToeplitz => variances(m - 1),
            Covariance::RandomSlope => vec![0.5 * half, 0.0, 0.5 * half - 1.0, half],
        }
    }

    /// The parameters from those of the search, which know no bounds.
    pub fn natural(&self, theta: &[f64]) -> Vec<f64> {
        let m = self.visits;
        let variances = || theta[..m].iter().map(|t| t.exp());
        match self.kind {
            Covariance::Unstructured => {
                // lower factor with logarithms on its diagonal
                let at = |i: usize, j: usize| {
                    let v = theta[i * (i + 1) / 2 + j];
                    if i == j { v.exp() } else { v }
                };
                (0..m)
                    .flat_map(|i| (0..=i).map(move |j| (i, j)))
                    .map(|(i, j)| (0..=j).map(|k| at(i, k) * at(j, k)).sum())
                    .collect()
            }
            Covariance::CompoundSymmetry => {
                // eigenvalues of the within and the mean contrast, both positive
                let (within, mean) = (theta[0].exp(), theta[1].exp());
                vec![(mean - within) / m as f64, within]
            }
            Covariance::RandomIntercept => vec![theta[0].exp(), theta[1].exp()],
            Covariance::Ar1 => vec![theta[0].exp(), theta[1].tanh()],
            Covariance::HeterogeneousAr1 => variances().chain([theta[m].tanh()]).collect(),
            Covariance::HeterogeneousCompoundSymmetry => {
                let least = -1.0 / (m as f64 - 1.0);
                let rho = least + (1.0 - least) / (1.0 + (-theta[m]).exp());
                variances().chain([rho]).collect()
            }
            Covariance::Toeplitz => {
                let variance = theta[0].exp();
                let rho = correlations(&theta[1..]);
                std::iter::once(variance).chain(rho.into_iter().map(|r| r * variance)).collect()
            }
            Covariance::HeterogeneousToeplitz => variances().chain(correlations(&theta[m..])).collect(),
            Covariance::RandomSlope => {
                let (g11, g21, g22) = self.random_effects(theta);
                // a + b (t - mean) / spread as an intercept at time 0 and a slope
                let (mean, spread) = self.times;
                let c = mean / spread;
                vec![
                    g11 - 2.0 * c * g21 + c * c * g22,
                    (g21 - c * g22) / spread,
                    g22 / (spread * spread),
                    theta[3].exp(),
                ]
            }
        }
    }

    /// Covariance of intercept and slope over standardised time.
    fn random_effects(&self, theta: &[f64]) -> (f64, f64, f64) {
        let (l11, l21, l22) = (theta[0].exp(), theta[1], theta[2].exp());
        (l11 * l11, l11 * l21, l21 * l21 + l22 * l22)
    }

    /// Whether the random effects of a search have ended on the border of what is possible.
    pub fn on_border(&self, theta: &[f64]) -> bool {
        const SMALL: f64 = 1e-7;
        match self.kind {
            Covariance::RandomIntercept => theta[0].exp() < SMALL * theta[1].exp(),
            Covariance::RandomSlope => {
                let (g11, _, g22) = self.random_effects(theta);
                let residual = theta[3].exp();
                let uncorrelated = theta[2].exp().powi(2);
                // a NaN is on the border too
                !(g11 > SMALL * residual && g22 > SMALL * residual && uncorrelated > SMALL * g22)
            }
            _ => false,
        }
    }

    /// Parameters that the matrix of the visits does not show by itself, with their names.
    pub fn named(&self, phi: &[f64]) -> Vec<(String, f64)> {
        let named =
            |names: &[&str]| names.iter().zip(phi).map(|(n, v)| ((*n).to_string(), *v)).collect::<Vec<_>>();
        let last = |name: &str| vec![(name.to_string(), phi[self.visits])];
        match self.kind {
            Covariance::Unstructured | Covariance::Toeplitz => Vec::new(),
            Covariance::CompoundSymmetry => named(&["covariance of visits", "variance within participants"]),
            Covariance::Ar1 => named(&["variance", "correlation of neighbouring visits"]),
            Covariance::HeterogeneousAr1 => last("correlation of neighbouring visits"),
            Covariance::HeterogeneousCompoundSymmetry => last("correlation of visits"),
            Covariance::HeterogeneousToeplitz => {
                let lag = |k: usize| format!("correlation of visits {k} apart");
                phi[self.visits..].iter().enumerate().map(|(k, r)| (lag(k + 1), *r)).collect()
            }
            Covariance::RandomIntercept => named(&["variance of intercepts", "residual variance"]),
            Covariance::RandomSlope => named(&[
                "variance of intercepts",
                "covariance of intercept and slope",
                "variance of slopes",
                "residual variance",
            ]),
        }
    }
}

/// Autocorrelations of partial ones (given as inverse hyperbolic tangents) by the recursion of Durbin and Levinson.
fn correlations(theta: &[f64]) -> Vec<f64> {
    let (mut rho, mut a, mut rest): (Vec<f64>, Vec<f64>, f64) = (Vec::new(), Vec::new(), 1.0);
    for t in theta {
        let partial = t.tanh();
        let known: f64 = a.iter().zip(rho.iter().rev()).map(|(a, r)| a * r).sum();
        rho.push(known + partial * rest);
        let mut next: Vec<f64> = a.iter().zip(a.iter().rev()).map(|(x, y)| x - partial * y).collect();
        next.push(partial);
        a = next;
        rest *= 1.0 - partial * partial;
    }
    rho
}

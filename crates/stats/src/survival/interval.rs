//! Pointwise confidence limits of a probability from its value and the standard error of its logarithm.
use std::f64::consts::FRAC_PI_2;

/// The scale on which the normal interval is laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfType {
    /// log(-log S) (Kalbfleisch and Prentice 1980); the default.
    #[default]
    LogLog,
    /// log S; the default of R.
    Log,
    /// S itself, cut to [0, 1].
    Plain,
    /// arcsine of the square root.
    Arcsin,
    /// log(S / (1 - S)).
    Logit,
}

impl ConfType {
    pub const ALL: [ConfType; 5] =
        [ConfType::LogLog, ConfType::Log, ConfType::Plain, ConfType::Arcsin, ConfType::Logit];

    pub fn name(self) -> &'static str {
        match self {
            ConfType::LogLog => "log-log",
            ConfType::Log => "log",
            ConfType::Plain => "plain",
            ConfType::Arcsin => "arcsin",
            ConfType::Logit => "logit",
        }
    }

    /// For the list of conventions of a result.
    pub fn convention(self) -> &'static str {
        match self {
            ConfType::LogLog => "limits: log-log",
            ConfType::Log => "limits: log",
            ConfType::Plain => "limits: plain, cut to [0, 1]",
            ConfType::Arcsin => "limits: arcsine square root",
            ConfType::Logit => "limits: logit",
        }
    }

    pub fn from_name(name: &str) -> Option<ConfType> {
        ConfType::ALL.into_iter().find(|t| t.name() == name)
    }

    /// Limits at probability `p` with standard error `se` of log p and normal quantile `z`.
    /// `None` where the transformation has none (p = 0; p = 1 without a variance on this scale).
    pub fn limits(self, p: f64, se: f64, z: f64) -> Option<(f64, f64)> {
        if !(p > 0.0 && se.is_finite()) {
            return None;
        }
        if p >= 1.0 {
            return match self {
                ConfType::LogLog | ConfType::Logit | ConfType::Arcsin => None,
                _ => Some((1.0, 1.0)),
            };
        }
        Some(match self {
            ConfType::Plain => ((p - z * se * p).max(0.0), (p + z * se * p).min(1.0)),
            ConfType::Log => ((p.ln() - z * se).exp(), (p.ln() + z * se).exp().min(1.0)),
            ConfType::LogLog => {
                let (centre, half) = ((-p.ln()).ln(), z * se / p.ln());
                ((-(centre - half).exp()).exp(), (-(centre + half).exp()).exp())
            }
            ConfType::Logit => {
                let (centre, half) = ((p / (1.0 - p)).ln(), z * se / (1.0 - p));
                (expit(centre - half), expit(centre + half))
            }
            ConfType::Arcsin => {
                let (centre, half) = (p.sqrt().asin(), 0.5 * z * se * (p / (1.0 - p)).sqrt());
                ((centre - half).max(0.0).sin().powi(2), (centre + half).min(FRAC_PI_2).sin().powi(2))
            }
        })
    }
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

//! `simulation.yaml`: how virtual participants and sites behave.
//!
//! Everything is said in distributions over the items of the study's own forms; nothing here knows a study.

use indexmap::IndexMap;
use jiff::civil::Date;
use rules::Missing;
use serde::Deserialize;
use words::Text;

type Ordered<T> = IndexMap<String, T>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the numbers below were tuned to.
    pub calibration: Text,
    /// The same for the machine: ids of published numbers to which the plan was tuned. The others are independent of it.
    #[serde(default)]
    pub calibrated: Vec<String>,
    /// The last day of the simulated world.
    pub until: Date,
    pub sites: Vec<SitePlan>,
    pub accrual: AccrualPlan,
    /// What a virtual participant is, drawn once each, in this order; later ones may look at earlier ones.
    pub person: Ordered<Gen>,
    /// Days of the body's own events, whether or not a form ever tells them.
    #[serde(default)]
    pub latent: Ordered<Latent>,
    pub steps: Ordered<StepPlan>,
    pub forms: Ordered<FormPlan>,
    #[serde(default)]
    pub visits: Ordered<VisitPlan>,
    /// Forms outside the schedule.
    #[serde(default)]
    pub unscheduled: Vec<Unscheduled>,
    #[serde(default)]
    pub withdrawals: Vec<WithdrawalPlan>,
    #[serde(default)]
    pub noise: Noise,
}

impl Plan {
    /// The same world with another truth: in every arm other than `reference` each event that differs by arm happens at
    /// `ratio` times the reference arm's hazard. 1 is a treatment without effect.
    pub fn with_hazard_ratio(&self, reference: &str, ratio: f64) -> Plan {
        let mut plan = self.clone();
        for latent in plan.latent.values_mut() {
            let Some(base) = latent.hazard.get(reference).cloned() else { continue };
            for (arm, pieces) in &mut latent.hazard {
                if arm != reference {
                    let scaled = base.iter().map(|p| Piece { to: p.to, rate: p.rate * ratio });
                    *pieces = scaled.collect();
                }
            }
        }
        plan
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePlan {
    pub id: String,
    pub ja: String,
    pub en: String,
    #[serde(default = "japan")]
    pub country: String,
    /// Share of accrual among the sites open on the day.
    pub weight: f64,
    pub opens: Date,
}

fn japan() -> String {
    "JP".into()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccrualPlan {
    pub step: String,
    pub n: u32,
    pub from: Date,
    pub to: Date,
    /// Days over which accrual rises from nothing to its full rate.
    #[serde(default)]
    pub ramp_days: f64,
}

/// How participants come to a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPlan {
    /// Days from the step before (or from consent, for the first) to this one.
    pub after: Gen,
    /// The boolean variable that says who gets here.
    #[serde(default)]
    pub pass: Option<String>,
    /// Exactly this many get here when the flow is conditioned on; without it, as many as `pass` says.
    #[serde(default)]
    pub n: Option<u32>,
    /// Share of those who do not pass for whom the site asks all the same; their forms say why they cannot.
    #[serde(default)]
    pub tries: f64,
    /// Share of first attempts that end in a refusal, and how the form then reads.
    #[serde(default)]
    pub refusals: Vec<RefusalPlan>,
}

/// A false start: the form is sent with these values, is refused, and sent again as it should be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalPlan {
    pub chance: f64,
    pub values: Ordered<Gen>,
    /// Days until the form comes again as it should be: from the same person, or (without `same_person`) from the next.
    pub again: Gen,
    #[serde(default)]
    pub same_person: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormPlan {
    pub values: Ordered<Gen>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitPlan {
    /// Only for participants in this arm.
    #[serde(default)]
    pub arm: Option<String>,
    /// Days from the due day to the visit.
    #[serde(default)]
    pub shift: Option<Gen>,
    /// Chance that a visit is never entered.
    #[serde(default)]
    pub never: f64,
    /// Still filled in by the first such visit after the participant's end, and then of the day of the end. Without it
    /// there is no such form any more.
    #[serde(default)]
    pub tells_end: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unscheduled {
    pub form: String,
    /// Counted from this step or latent event; those without it have no such form.
    pub after: String,
    /// How many such forms: 1 if absent.
    #[serde(default)]
    pub count: Option<Gen>,
    /// Days from `after` to the day that the form tells of.
    pub days: Gen,
    /// Only for participants in this arm.
    #[serde(default)]
    pub arm: Option<String>,
    /// Only when this variable is true.
    #[serde(default)]
    pub only: Option<String>,
    /// Not on or after the day of these latent events or steps.
    #[serde(default)]
    pub before: Vec<String>,
    /// Variables drawn anew for each such form, visible to its values.
    #[serde(default)]
    pub draw: Ordered<Gen>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalPlan {
    pub scope: conduct::WithdrawalScope,
    pub after: String,
    /// Per year.
    pub rate: f64,
}

/// What goes wrong at the sites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// Days from visit to entry.
    pub lag: Gen,
    /// Chance per number or date that it is entered wrong at first.
    pub wrong: f64,
    /// Days until a query is answered, and from answer to closing.
    pub answer: Gen,
    pub close: Gen,
    /// Chance that a query is left unanswered.
    pub unanswered: f64,
}

impl Default for Noise {
    fn default() -> Self {
        let days = |d: f64| Gen::Is(Constant::Number(d));
        Noise { lag: days(3.0), wrong: 0.0, answer: days(14.0), close: days(7.0), unanswered: 0.0 }
    }
}

/// One event of the body or of its treatment, on a day of its own: by piecewise constant hazards, per year, by arm, or
/// where it follows from a plan by the day `on` which it is planned. Later ones may look at earlier ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// The step that starts the clock.
    pub from: String,
    /// The event that this is, where several clocks lead to one: those who never reach a later step die too.
    #[serde(default, rename = "as")]
    pub event: Option<String>,
    /// Not for those for whom this variable is true.
    #[serde(default)]
    pub unless: Option<String>,
    /// Only for those for whom this variable is true.
    #[serde(default)]
    pub only: Option<String>,
    /// By arm; `all` holds for everybody without a line of their own.
    #[serde(default)]
    pub hazard: Ordered<Vec<Piece>>,
    /// In place of hazards: the day, or nothing where it does not come to it.
    #[serde(default)]
    pub on: Option<Gen>,
    /// Correlation with the participant's constitution (a Gaussian copula, so that the hazards above stay the margins).
    #[serde(default)]
    pub loading: f64,
    /// Variable to level to factor on the hazard.
    #[serde(default)]
    pub effects: Ordered<Ordered<f64>>,
    /// Does not happen on or after the day of these latent events, which stand above it.
    #[serde(default)]
    pub before: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Years from the start at which this piece ends; the last has none.
    #[serde(default)]
    pub to: Option<f64>,
    pub rate: f64,
}

/// How a value comes about.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Gen {
    /// Always this.
    Is(Constant),
    /// One of these, by weight.
    Choice(Ordered<f64>),
    Normal {
        mean: f64,
        sd: f64,
        min: Option<f64>,
        max: Option<f64>,
    },
    /// `median` and the standard deviation of the logarithm.
    Lognormal {
        median: f64,
        sigma: f64,
        min: Option<f64>,
        max: Option<f64>,
    },
    Uniform {
        min: f64,
        max: f64,
    },
    Poisson(f64),
    /// True with this probability.
    Chance(f64),
    /// A variable of the participant.
    Var(String),
    /// By the level of a variable, of the arm (`arm`), or of an earlier value of this form.
    By {
        var: String,
        cases: Ordered<Gen>,
        #[serde(rename = "else")]
        otherwise: Option<Box<Gen>>,
    },
    /// A day: that of the visit (`today`), of a step or of a latent event, and so many days on.
    Day {
        of: String,
        plus: Option<Box<Gen>>,
    },
    /// Whether a latent event lies on or before the day of the form; with `since_last`, only if it lies after the day of
    /// the same visit's form before this one; with `after`, only if it came after that other event.
    Happened {
        event: String,
        #[serde(default)]
        since_last: bool,
        #[serde(default)]
        after: Option<String>,
        yes: Box<Gen>,
        no: Box<Gen>,
    },
    /// Full years before the day of `of`.
    BornYearsBefore {
        years: Box<Gen>,
        of: String,
    },
    /// Not answered, for this reason.
    Missing(Missing),
    /// Not touched at all.
    Nothing,
    /// The first with this chance, else the second.
    Sometimes {
        chance: f64,
        then: Box<Gen>,
        #[serde(rename = "else")]
        otherwise: Box<Gen>,
    },
    /// Records of a group: how many, and each one's items.
    Records {
        count: Box<Gen>,
        values: Ordered<Gen>,
    },
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    Boolean(bool),
    Number(f64),
    Text(String),
}

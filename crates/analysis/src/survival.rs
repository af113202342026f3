//! Time to event: curves, medians, planned times, log-rank, Cox, subgroups.

use crate::Row;
use crate::cohort::{Cohort, Person, level, listed};
use crate::draft::{Draft, refused, told};
use crate::endpoint::{Ended, Observed, Untimed, observe};
use crate::set;
use protocol::{Endpoint, Protocol, Sided, Survival as Plan};
use rules::Duration;
use stats::special::chi2_sf;
use stats::survival::{
    CoxData, CoxFit, CoxOptions, KmCurve, KmOptions, LogrankOptions, Survival, cox, kaplan_meier_by, logrank,
    median_follow_up,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use words::Text;

/// Days of a calendar month where a duration in months is laid on a time axis in days (365.25 / 12).
pub const DAYS_PER_MONTH: f64 = 30.4375;

/// One participant with a time.
pub(crate) struct Case<'a> {
    pub person: &'a Person,
    pub arm: usize,
    pub days: f64,
    pub event: bool,
    /// Ended by a competing fact.
    pub competing: bool,
}

/// One analysis while it is being worked out.
pub(crate) struct Work<'a> {
    pub protocol: &'a Protocol,
    pub plan: &'a Plan,
    pub arms: Vec<Option<String>>,
    pub cases: Vec<Case<'a>>,
    /// Per arm, those without a time.
    pub left_out: Vec<usize>,
    /// All without a time or an arm.
    untimed: usize,
    /// What all its rows have in common.
    pub draft: Draft,
    pub level: f64,
    /// Without the whole curve and the table under it.
    pub brief: bool,
}

/// All rows of a planned survival analysis.
pub(crate) fn survival(cohort: &Cohort, protocol: &Protocol, id: &str, plan: &Plan) -> Vec<Row> {
    let draft = Draft::new(id, &plan.set, &plan.endpoint, "kaplan-meier");
    let Some(endpoint) = protocol.endpoints.get(&plan.endpoint) else {
        return vec![
            draft.none("survival", Text::new("評価項目が定義されていません。", "There is no such endpoint.")),
        ];
    };
    let Some(set) = set::members(cohort, protocol, &plan.set) else {
        return vec![set::undefined(&draft, "survival")];
    };
    let mut rows = set.rows(&draft);
    let arms = set::compared(protocol, plan);
    let (members, others) = set::of_compared(&set.members, plan, &arms);
    if !plan.arms.is_empty() {
        rows.push(draft.method("count").level("other_arms").count("left_out", others));
    }
    let seen = observe_all(&members, endpoint, plan.by.as_deref(), &arms);
    let work = match Work::new(protocol, plan, &members, seen, draft, false, &mut rows) {
        Ok(work) => work,
        Err(row) => {
            rows.push(*row);
            return rows;
        }
    };
    if !endpoint.competing.is_empty() {
        crate::incidence::rows(&work, &mut rows);
        return rows;
    }
    work.curves(&mut rows);
    if plan.by.is_some() {
        work.compare(&mut rows);
        work.subgroups(&mut rows);
    }
    rows
}

/// A member of the set as the endpoint saw them.
pub(crate) struct Seen<'a> {
    pub person: &'a Person,
    /// None: not allocated in an analysis by arm.
    pub arm: Option<usize>,
    pub time: Result<Observed, Untimed>,
}

impl Seen<'_> {
    /// Why this person has no time in the analysis, as the rows write it.
    pub(crate) fn left_out(&self) -> Option<String> {
        match (&self.time, self.arm) {
            (_, None) => Some("missing:not_allocated".to_owned()),
            (Err(why), _) => Some(why.level()),
            (Ok(_), Some(_)) => None,
        }
    }
}

/// Observes every member.
pub(crate) fn observe_all<'a>(
    members: &[&'a Person],
    endpoint: &Endpoint,
    by: Option<&str>,
    arms: &[Option<String>],
) -> Vec<Seen<'a>> {
    let seen = members.iter().map(|person| {
        let arm = set::arm_of(person, by, arms);
        let name = arm.and_then(|a| arms.get(a)).and_then(Option::as_deref);
        Seen { person, arm, time: observe(person, endpoint, name.or_else(|| any_arm(person))) }
    });
    seen.collect()
}

/// Those with a time; the others are counted by reason and listed. Also how many of these are in each arm.
fn timed<'a>(
    seen: Vec<Seen<'a>>,
    arms: &[Option<String>],
    rows: &mut Vec<Row>,
    draft: &Draft,
) -> (Vec<Case<'a>>, Vec<usize>) {
    let mut cases = Vec::new();
    let mut left_out = vec![0; arms.len()];
    let mut untimed: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut unallocated = Vec::new();
    let mut no_follow_up = Vec::new();
    for Seen { person, arm, time } in seen {
        match (arm, time) {
            (None, _) => unallocated.push(person.id),
            (Some(arm), Ok(o)) => {
                if o.no_follow_up {
                    no_follow_up.push(person.id);
                }
                cases.push(Case {
                    person,
                    arm,
                    days: o.days,
                    event: o.outcome == Ended::Event,
                    competing: matches!(o.outcome, Ended::Competing(_)),
                });
            }
            (Some(arm), Err(why)) => {
                untimed.entry(why.level()).or_default().push(person.id);
                if let Some(n) = left_out.get_mut(arm) {
                    *n += 1;
                }
            }
        }
    }
    let draft = draft.method("count");
    for (why, ids) in &untimed {
        let who = listed(ids);
        let warning = Text::new(
            format!("時間が決められないため除いた患者：{}。", who.ja),
            format!("Left out because the time is not known: participants {}.", who.en),
        );
        rows.push(draft.level(why.as_str()).warn(Some(warning)).count("missing", ids.len()));
    }
    if !unallocated.is_empty() {
        let who = listed(&unallocated);
        let warning = Text::new(
            format!("割付がないため除いた患者：{}。", who.ja),
            format!("Left out because not allocated: participants {}.", who.en),
        );
        rows.push(
            draft.level("missing:not_allocated").warn(Some(warning)).count("missing", unallocated.len()),
        );
    }
    if !no_follow_up.is_empty() {
        let who = listed(&no_follow_up);
        let warning = Text::new(
            format!("起算日より後の情報がなく、0日で打ち切りとした患者：{}。", who.ja),
            format!("Nothing known after day 0, censored on day 0: participants {}.", who.en),
        );
        rows.push(draft.level("no_follow_up").warn(Some(warning)).count("n", no_follow_up.len()));
    }
    (cases, left_out)
}

/// The arm for endpoints that differ by arm, in an analysis that does not compare.
pub(crate) fn any_arm(person: &Person) -> Option<&str> {
    person.arms.values().next().map(String::as_str)
}

impl<'a> Work<'a> {
    /// Sorts the observations; those without a time are counted, by reason. The error is the row that says why there
    /// is nothing to work out.
    pub(crate) fn new(
        protocol: &'a Protocol,
        plan: &'a Plan,
        members: &[&'a Person],
        seen: Vec<Seen<'a>>,
        draft: Draft,
        brief: bool,
        rows: &mut Vec<Row>,
    ) -> Result<Work<'a>, Box<Row>> {
        let arms = set::compared(protocol, plan);
        let (cases, left_out) = timed(seen, &arms, rows, &draft);
        let untimed = members.len() - cases.len();
        let draft = draft.counted(cases.len(), untimed);
        let level = plan.level.to_string().parse().unwrap_or(0.95);
        let work = Work { protocol, plan, arms, cases, left_out, untimed, draft, level, brief };
        if !work.cases.is_empty() {
            return Ok(work);
        }
        let why = if members.is_empty() {
            Text::new("解析対象の患者がいません。", "There are no participants in the analysis set.")
        } else {
            Text::new("時間を決められる患者がいません。", "No participant has a known time.")
        };
        Err(Box::new(work.draft.none("survival", why)))
    }

    /// Test and model of the arms.
    pub(crate) fn compare(&self, rows: &mut Vec<Row>) {
        let (cases, missing) = self.stratified();
        self.test(&cases, missing, rows);
        self.model(&cases, missing, rows);
    }

    /// The second of two arms against the reference: `B/A`.
    pub(crate) fn contrast(&self) -> String {
        let other = (0..self.arms.len()).find(|a| *a != self.reference()).unwrap_or(0);
        format!("{}/{}", self.name(other), self.name(self.reference()))
    }

    pub(crate) fn curves(&self, rows: &mut Vec<Row>) {
        let (time, event, arm) = columns(&self.cases);
        let options = KmOptions { conf_level: self.level, ..KmOptions::default() };
        let draft = self
            .draft
            .option("level", self.plan.level.normalize().to_string())
            .option("conf_type", options.conf_type.name())
            .option("unit", "day");
        let data = Survival::new(&time, &event);
        let curves = match kaplan_meier_by(&data, &arm, self.arms.len(), None, None, &options) {
            Ok(curves) => curves,
            Err(e) => return rows.push(draft.none("survival", refused(&e))),
        };
        let longest = time.iter().copied().fold(0.0, f64::max);
        let ticks = ticks(longest);
        for ((curve, arm), missing) in curves.iter().zip(&self.arms).zip(&self.left_out) {
            let draft = draft.group(arm.as_deref()).counted(curve.n, *missing);
            if curve.n == 0 {
                let why =
                    Text::new("この群に解析対象の患者がいません。", "There are no participants in this arm.");
                rows.push(draft.count("n", 0));
                rows.push(draft.none("survival", why));
                continue;
            }
            let sum = |v: &[f64]| v.iter().sum::<f64>();
            rows.push(draft.stat("n", Some(curve.n as f64)));
            rows.push(draft.stat("events", Some(sum(&curve.n_event))));
            rows.push(draft.stat("censored", Some(sum(&curve.n_censor))));
            median(curve, &draft, rows);
            self.follow_up(arm.as_deref(), &draft, rows);
            self.planned(curve, &draft, rows);
            if !self.brief {
                whole_curve(curve, &draft.level("curve"), rows);
                table(curve, &ticks, &draft.level("table"), rows);
            }
        }
    }

    fn follow_up(&self, arm: Option<&str>, draft: &Draft, rows: &mut Vec<Row>) {
        let mine = |c: &&Case<'_>| self.arms.get(c.arm).is_some_and(|a| a.as_deref() == arm);
        let time: Vec<f64> = self.cases.iter().filter(mine).map(|c| c.days).collect();
        let event: Vec<bool> = self.cases.iter().filter(mine).map(|c| c.event).collect();
        let options = KmOptions { conf_level: self.level, ..KmOptions::default() };
        let draft = draft.method("reverse-kaplan-meier");
        match median_follow_up(&Survival::new(&time, &event), &options) {
            Ok(q) => rows.push(draft.warn(not_reached(q.estimate)).stat("median", q.estimate)),
            Err(e) => rows.push(draft.none("median", refused(&e))),
        }
    }

    fn planned(&self, curve: &KmCurve, draft: &Draft, rows: &mut Vec<Row>) {
        for at in &self.plan.at {
            let days = days_of(*at);
            let draft =
                draft.level(at.to_string()).time(days).option("days_per_month", DAYS_PER_MONTH.to_string());
            for k in curve.at(&[days]) {
                let beyond = k.carried_on && k.surv > 0.0;
                let draft = draft.warn(beyond.then(|| {
                    Text::new(
                        "最後の観察時点より後のため、最後の値を延長しています。",
                        "After the last observation: the last value is carried on.",
                    )
                }));
                rows.push(draft.stat("survival", Some(k.surv)));
                rows.push(limit(&draft, "lower", k.lower, k.surv));
                rows.push(limit(&draft, "upper", k.upper, k.surv));
                rows.push(draft.stat("std_err", k.std_err));
                rows.push(draft.stat("at_risk", Some(k.n_risk)));
            }
        }
    }

    /// The cases with all stratification items known, each with its stratum; and how many were left out.
    fn stratified(&self) -> (Vec<(&Case<'_>, usize)>, usize) {
        let mut codes: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let mut kept = Vec::new();
        for case in &self.cases {
            let key: Option<Vec<String>> =
                self.plan.strata.iter().map(|path| case.person.values.get(path).and_then(level)).collect();
            if let Some(key) = key {
                let next = codes.len();
                kept.push((case, *codes.entry(key).or_insert(next)));
            }
        }
        let missing = self.cases.len() - kept.len();
        (kept, missing)
    }

    pub(crate) fn reference(&self) -> usize {
        let named = self.plan.reference.as_deref();
        self.arms.iter().position(|a| a.is_some() && a.as_deref() == named).unwrap_or(0)
    }

    fn name(&self, arm: usize) -> &str {
        self.arms.get(arm).and_then(Option::as_deref).unwrap_or("")
    }

    /// Options of comparisons: how missing stratification items were treated, which way the sign goes.
    pub(crate) fn comparison(&self, method: &str, n: usize, missing: usize) -> Draft {
        let draft = self
            .draft
            .method(method)
            .counted(n, missing + self.untimed)
            .option("reference", self.name(self.reference()));
        let draft = if self.plan.strata.is_empty() {
            draft
        } else {
            draft.option("strata", self.plan.strata.join(", "))
        };
        draft.warn((missing > 0).then(|| {
            Text::new(
                format!("層別因子が欠測の{missing}人を除きました。"),
                format!("{missing} participants with a missing stratification item are left out."),
            )
        }))
    }

    fn test(&self, cases: &[(&Case<'_>, usize)], missing: usize, rows: &mut Vec<Row>) {
        let method = if self.plan.strata.is_empty() { "log-rank" } else { "stratified log-rank" };
        let draft = self.comparison(method, cases.len(), missing);
        let (time, event, arm, strata) = columns_of(cases);
        let strata = (!self.plan.strata.is_empty()).then_some(strata.as_slice());
        let data = Survival::new(&time, &event);
        let result = match logrank(&data, &arm, self.arms.len(), strata, &LogrankOptions::default()) {
            Ok(result) => result,
            Err(e) => {
                let sided = if self.plan.sided == Sided::One { "one" } else { "two" };
                return rows.push(draft.option("sided", sided).none("p", refused(&e)));
            }
        };
        let draft = draft.warn(told(&result.warnings));
        for (i, (o, e)) in result.observed.iter().zip(&result.expected).enumerate() {
            let draft = draft.group(Some(self.name(i)));
            rows.push(draft.stat("observed", Some(*o)));
            rows.push(draft.stat("expected", Some(*e)));
        }
        let no_variance = result.df == 0;
        let draft = draft.warn(no_variance.then(|| {
            Text::new(
                "イベントがないため検定できません。",
                "There are no events to compare, so there is no test.",
            )
        }));
        let shown = |v: f64| (!no_variance).then_some(v);
        let experimental = 1 - self.reference().min(1);
        if self.arms.len() == 2 {
            let draft = draft
                .level(format!("{}/{}", self.name(experimental), self.name(self.reference())))
                .option("sign", format!("negative favours {}", self.name(experimental)));
            rows.push(draft.stat("z", result.z(experimental)));
            rows.push(draft.stat("chi_square", shown(result.chi_square)));
            match self.plan.sided {
                Sided::One => {
                    let draft = draft
                        .option("sided", "one")
                        .option("alternative", format!("fewer events in {}", self.name(experimental)));
                    rows.push(draft.stat("p", result.p_fewer(experimental)));
                }
                Sided::Two => rows.push(draft.option("sided", "two").stat("p", shown(result.p))),
            }
        } else {
            let draft = draft.level("all").option("sided", "two").option("df", result.df.to_string());
            let draft = draft.warn((self.plan.sided == Sided::One).then(|| {
                Text::new(
                    "3群以上の比較に片側検定はないため、両側p値です。",
                    "With more than two arms there is no one-sided test; the p-value is two-sided.",
                )
            }));
            rows.push(draft.stat("chi_square", shown(result.chi_square)));
            rows.push(draft.stat("p", shown(result.p)));
        }
    }

    fn model(&self, cases: &[(&Case<'_>, usize)], missing: usize, rows: &mut Vec<Row>) {
        let options = self.cox_options();
        let draft = self
            .comparison("cox", cases.len(), missing)
            .option("ties", "efron")
            .option("level", self.plan.level.normalize().to_string())
            .option("limits", "wald");
        let (time, event, arm, strata) = columns_of(cases);
        let others: Vec<usize> = (0..self.arms.len()).filter(|a| *a != self.reference()).collect();
        let columns = others.iter().map(|o| indicator(&arm, *o)).collect();
        let mut data = CoxData::new(Survival::new(&time, &event), columns);
        data.strata = (!self.plan.strata.is_empty()).then_some(strata.as_slice());
        match cox(data, &options) {
            Ok(fit) => {
                for (i, other) in others.iter().enumerate() {
                    let contrast = format!("{}/{}", self.name(*other), self.name(self.reference()));
                    ratio(&fit, i, &draft.level(contrast), rows);
                }
            }
            Err(e) => rows.push(draft.none("hazard_ratio", refused(&e))),
        }
    }

    pub(crate) fn cox_options(&self) -> CoxOptions {
        CoxOptions { conf_level: self.level, ..CoxOptions::default() }
    }

    /// Each level of each planned item by itself, and whether the effect differs between levels. Strata are not used
    /// here: small subgroups would lose most of their information.
    fn subgroups(&self, rows: &mut Vec<Row>) {
        for path in &self.plan.subgroups {
            let known: Vec<(&Case<'_>, String)> = self
                .cases
                .iter()
                .filter_map(|c| Some((c, c.person.values.get(path).and_then(level)?)))
                .collect();
            let missing = self.cases.len() - known.len();
            let levels =
                crate::baseline::ordered_levels(self.protocol, path, known.iter().map(|(_, l)| l.as_str()));
            let draft = self
                .draft
                .method("cox-subgroup")
                .option("reference", self.name(self.reference()))
                .option("ties", "efron")
                .option("level", self.plan.level.normalize().to_string())
                .option("limits", "wald");
            for code in &levels {
                let mine: Vec<(&Case<'_>, usize)> =
                    known.iter().filter(|(_, l)| l == code).map(|(c, _)| (*c, 0)).collect();
                let draft = draft.level(format!("{path}={code}")).counted(mine.len(), 0);
                for arm in 0..self.arms.len() {
                    let here = mine.iter().filter(|(c, _)| c.arm == arm);
                    let draft = draft.group(Some(self.name(arm)));
                    rows.push(draft.count("n", here.clone().count()));
                    rows.push(draft.count("events", here.filter(|(c, _)| c.event).count()));
                }
                self.subgroup_ratio(&mine, &draft, rows);
            }
            let draft = draft.level(path.as_str()).counted(known.len(), missing + self.untimed);
            self.interaction(&known, &levels, &draft, rows);
        }
    }

    fn subgroup_ratio(&self, cases: &[(&Case<'_>, usize)], draft: &Draft, rows: &mut Vec<Row>) {
        let (time, event, arm, _) = columns_of(cases);
        let others: Vec<usize> = (0..self.arms.len()).filter(|a| *a != self.reference()).collect();
        // An arm without anybody in this subgroup has no column to estimate.
        if (0..self.arms.len()).any(|a| !arm.contains(&a)) {
            let why =
                Text::new("患者のいない群があるため推定できません。", "An arm has nobody in this subgroup.");
            return rows.push(draft.none("hazard_ratio", why));
        }
        let columns = others.iter().map(|o| indicator(&arm, *o)).collect();
        match cox(CoxData::new(Survival::new(&time, &event), columns), &self.cox_options()) {
            Ok(fit) => {
                for (i, other) in others.iter().enumerate() {
                    let contrast = format!("{}/{}", self.name(*other), self.name(self.reference()));
                    ratio(&fit, i, &draft.option("contrast", contrast), rows);
                }
            }
            Err(e) => rows.push(draft.none("hazard_ratio", refused(&e))),
        }
    }

    /// Likelihood-ratio test of the products arm x level over the main effects.
    fn interaction(
        &self,
        known: &[(&Case<'_>, String)],
        levels: &[String],
        draft: &Draft,
        rows: &mut Vec<Row>,
    ) {
        let draft = draft.option("test", "likelihood-ratio");
        let none = || Text::new("交互作用を検定できません。", "The interaction cannot be tested.");
        let cases: Vec<(&Case<'_>, usize)> = known.iter().map(|(c, _)| (*c, 0)).collect();
        let (time, event, arm, _) = columns_of(&cases);
        let mut main: Vec<Vec<f64>> = Vec::new();
        for other in (0..self.arms.len()).filter(|a| *a != self.reference()) {
            main.push(arm.iter().map(|a| f64::from(u8::from(*a == other))).collect());
        }
        let effects = main.len();
        for code in levels.iter().skip(1) {
            main.push(known.iter().map(|(_, l)| f64::from(u8::from(l == code))).collect());
        }
        let mut full = main.clone();
        for effect in main.iter().take(effects) {
            for by_level in main.iter().skip(effects) {
                full.push(effect.iter().zip(by_level).map(|(a, b)| a * b).collect());
            }
        }
        let fit = |columns: &[Vec<f64>]| {
            let columns = columns.iter().map(|c| Cow::Borrowed(c.as_slice())).collect();
            cox(CoxData::new(Survival::new(&time, &event), columns), &self.cox_options())
        };
        let df = |fit: &CoxFit| fit.likelihood_ratio.df;
        match (fit(&main), fit(&full)) {
            (Ok(a), Ok(b)) if df(&b) > df(&a) => {
                let chi = (2.0 * (b.loglik[1] - a.loglik[1])).max(0.0);
                let extra = df(&b) - df(&a);
                let draft = draft.option("df", extra.to_string()).warn(told(&b.warnings));
                rows.push(draft.stat("interaction_chi_square", Some(chi)));
                rows.push(draft.stat("interaction_p", Some(chi2_sf(chi, extra as f64))));
            }
            (Err(e), _) | (_, Err(e)) => rows.push(draft.none("interaction_p", refused(&e))),
            _ => rows.push(draft.none("interaction_p", none())),
        }
    }
}

pub(crate) fn ratio(fit: &CoxFit, column: usize, draft: &Draft, rows: &mut Vec<Row>) {
    let Some(c) = fit.coefficients.get(column) else { return };
    let draft = draft.warn(told(&fit.warnings));
    rows.push(draft.stat("hazard_ratio", c.hr));
    rows.push(draft.stat("lower", c.hr_lower));
    rows.push(draft.stat("upper", c.hr_upper));
    rows.push(draft.stat("coefficient", c.estimate));
    rows.push(draft.stat("std_err", c.se));
    rows.push(draft.option("sided", "two").stat("wald_p", c.p));
}

fn median(curve: &KmCurve, draft: &Draft, rows: &mut Vec<Row>) {
    match curve.quantile(&[0.5]) {
        Ok(found) => {
            for q in found {
                rows.push(draft.warn(not_reached(q.estimate)).stat("median", q.estimate));
                rows.push(draft.warn(not_reached(q.lower)).stat("median_lower", q.lower));
                rows.push(draft.warn(not_reached(q.upper)).stat("median_upper", q.upper));
            }
        }
        Err(e) => rows.push(draft.none("median", refused(&e))),
    }
}

fn not_reached(value: Option<f64>) -> Option<Text> {
    value.is_none().then(|| Text::new("未到達。", "Not reached."))
}

/// A limit of the curve: where the curve is 1 both limits are 1, where it is 0 there are none.
fn limit(draft: &Draft, stat: &str, value: Option<f64>, survival: f64) -> Row {
    limit_of(draft, stat, value, survival == 1.0, 1.0)
}

/// A limit; where the curve is still at its start both limits are the start.
pub(crate) fn limit_of(draft: &Draft, stat: &str, value: Option<f64>, at_start: bool, start: f64) -> Row {
    let value = value.or(at_start.then_some(start));
    let why = Text::new(
        "曲線の端のため信頼限界はありません。",
        "The curve is at its end, where there are no limits.",
    );
    draft.warn(value.is_none().then_some(why)).stat(stat, value)
}

fn whole_curve(curve: &KmCurve, draft: &Draft, rows: &mut Vec<Row>) {
    let mut point =
        |time: f64, at_risk: f64, events: f64, censored: f64, s: f64, limits: [Option<f64>; 2]| {
            let draft = draft.time(time);
            rows.push(draft.stat("at_risk", Some(at_risk)));
            rows.push(draft.stat("events", Some(events)));
            rows.push(draft.stat("censored", Some(censored)));
            rows.push(draft.stat("survival", Some(s)));
            rows.push(limit(&draft, "lower", limits[0], s));
            rows.push(limit(&draft, "upper", limits[1], s));
        };
    if curve.time.first().is_none_or(|t| *t > 0.0) {
        point(0.0, curve.n as f64, 0.0, 0.0, 1.0, [Some(1.0), Some(1.0)]);
    }
    let numbers =
        curve.time.iter().zip(&curve.n_risk).zip(&curve.n_event).zip(&curve.n_censor).zip(&curve.surv);
    for (((((time, risk), event), censor), surv), (lower, upper)) in
        numbers.zip(curve.lower.iter().zip(&curve.upper))
    {
        point(*time, *risk, *event, *censor, *surv, [*lower, *upper]);
    }
}

/// At risk just before each tick; events and censorings before it. The three add up to the arm's size.
fn table(curve: &KmCurve, ticks: &[f64], draft: &Draft, rows: &mut Vec<Row>) {
    for &t in ticks {
        let before =
            |v: &[f64]| v.iter().zip(&curve.time).filter(|(_, at)| **at < t).map(|(x, _)| x).sum::<f64>();
        let draft = draft.time(t);
        let (events, censored) = (before(&curve.n_event), before(&curve.n_censor));
        rows.push(draft.stat("at_risk", Some(curve.n as f64 - events - censored)));
        rows.push(draft.stat("censored", Some(censored)));
        rows.push(draft.stat("events", Some(events)));
    }
}

/// Whole years beyond two years of follow-up (every second year beyond twelve), whole months below.
pub(crate) fn ticks(longest: f64) -> Vec<f64> {
    let year = 12.0 * DAYS_PER_MONTH;
    let step = match longest / year {
        y if y > 12.0 => 2.0 * year,
        y if y > 2.0 => year,
        y if y > 1.0 => 3.0 * DAYS_PER_MONTH,
        y if y > 0.5 => 2.0 * DAYS_PER_MONTH,
        _ => DAYS_PER_MONTH,
    };
    (0..).map(|i| f64::from(i) * step).take_while(|t| *t <= longest).collect()
}

/// A duration on the time axis: months of 30.4375 days.
pub fn days_of(duration: Duration) -> f64 {
    let (months, days) = duration.parts();
    f64::from(months) * DAYS_PER_MONTH + f64::from(days)
}

fn columns(cases: &[Case<'_>]) -> (Vec<f64>, Vec<bool>, Vec<usize>) {
    (
        cases.iter().map(|c| c.days).collect(),
        cases.iter().map(|c| c.event).collect(),
        cases.iter().map(|c| c.arm).collect(),
    )
}

fn columns_of(cases: &[(&Case<'_>, usize)]) -> (Vec<f64>, Vec<bool>, Vec<usize>, Vec<usize>) {
    (
        cases.iter().map(|(c, _)| c.days).collect(),
        cases.iter().map(|(c, _)| c.event).collect(),
        cases.iter().map(|(c, _)| c.arm).collect(),
        cases.iter().map(|(_, s)| *s).collect(),
    )
}

fn indicator(arm: &[usize], which: usize) -> Cow<'static, [f64]> {
    Cow::Owned(arm.iter().map(|a| f64::from(u8::from(*a == which))).collect())
}

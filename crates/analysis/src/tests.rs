//! Laws of the analyses on cohorts made up in memory, and published reference values on real data.

use crate::cohort::{Cohort, Found, Graded, Person, Registered, Tri};
use crate::{Row, Rows, plan};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use protocol::Protocol;
use rules::{Missing, Value};
use serde_json::json;
use words::Text;

/// A trial in two steps with two arms, every kind of analysis, and no patients.
pub(crate) fn trial() -> Protocol {
    let text = |ja: &str, en: &str| json!({ "ja": ja, "en": en });
    let survival = |strata: &[&str], sided: &str| {
        json!({ "endpoint": "rfs", "set": "all", "by": "hormone", "reference": "0", "strata": strata,
                "subgroups": ["second.meno"], "level": "0.95", "sided": sided,
                "at": ["1 year", "2 years", "3 years", "4 years", "5 years", "6 years"] })
    };
    let analysis = |what: serde_json::Value| json!({ "ja": "解析", "en": "Analysis", "what": what });
    serde_json::from_value(json!({
        "study": "MADE-UP", "version": "1", "effective": "2000-01-01", "timezone": "Asia/Tokyo",
        "title": text("試験", "Trial"),
        "arms": { "0": text("なし", "None"), "1": text("あり", "Hormone") },
        "accrual": { "step": "second", "planned": 100, "from": "2000-01-01", "to": "2001-12-31" },
        "steps": {
            "first": { "ja": "一次登録", "en": "First", "form": "first", "criteria": [] },
            "second": { "ja": "二次登録", "en": "Second", "form": "second", "after": "first",
                        "window": { "to": "5 months" }, "criteria": [], "allocate": "hormone" }
        },
        "forms": {
            "first": { "ja": "一次", "en": "First", "dated_by": "on", "sections": [] },
            "second": { "ja": "二次", "en": "Second", "dated_by": "on", "sections": [{ "ja": "", "en": "", "items": [
                { "id": "meno", "ja": "閉経", "en": "Menopause", "type": "code",
                  "codes": { "0": text("前", "Pre"), "1": text("後", "Post") } },
                { "id": "grade", "ja": "悪性度", "en": "Grade", "type": "integer" }
            ]}] },
            "ae": { "ja": "有害事象", "en": "Adverse events", "dated_by": "on", "repeats": true, "sections": [] }
        },
        "allocation": { "hormone": { "ja": "割付", "en": "Allocation", "method": "minimisation",
                                     "ratio": { "0": 1, "1": 1 } } },
        "facts": {
            "relapse": { "ja": "再発", "en": "Relapse", "from": [] },
            "death": { "ja": "死亡", "en": "Death", "from": [], "ends": true },
            "last": { "ja": "最終確認", "en": "Last contact", "from": [] }
        },
        "endpoints": { "rfs": { "ja": "無再発生存期間", "en": "Relapse-free survival", "from": "second",
                                "event": ["relapse", "death"], "censor": "last" } },
        "sets": {
            "all": { "ja": "全割付例", "en": "All randomised", "step": "second" },
            "eligible": { "ja": "全適格例", "en": "All eligible", "step": "second", "eligible_only": true, "when": "x" }
        },
        "analyses": {
            "flow": { "ja": "流れ", "en": "Flow", "what": "flow" },
            "accrual": { "ja": "登録", "en": "Accrual", "what": "accrual" },
            "baseline": analysis(json!({ "baseline": { "set": "all", "by": "hormone",
                                                       "items": ["second.meno", "second.grade"] } })),
            "rfs": analysis(json!({ "survival": survival(&[], "one") })),
            "rfs_stratified": analysis(json!({ "survival": survival(&["second.meno", "second.grade"], "two") })),
            "ae": analysis(json!({ "worst_grade": { "set": "all", "by": "hormone", "form": "ae", "grade": "grade",
                                                    "term": "term", "at_least": [2, 3] } })),
            "ulcer": analysis(json!({ "proportion": { "set": "all", "by": "hormone", "rule": "x", "level": "0.95" } }))
        }
    }))
    .unwrap()
}

fn person(id: u32, start: Date, arm: &str) -> Person {
    let mut p = Person { id, site: format!("S{}", id % 3), ..Person::default() };
    for step in ["first", "second"] {
        p.steps.insert(step.into(), Registered { on: start, cancelled: false });
    }
    p.arms.insert("hormone".into(), arm.into());
    p
}

fn cohort(people: Vec<Person>) -> Cohort {
    let sites = (0..3).map(|i| (format!("S{i}"), Text::same(format!("Site {i}")))).collect();
    Cohort { cutoff: date(2012, 12, 31), sites, people }
}

fn run(people: Vec<Person>, analysis: &str) -> Vec<Row> {
    let trial = trial();
    let plan = &trial.analyses[analysis];
    plan::one(&cohort(people), &trial, analysis, plan, &Ok(()))
}

/// German Breast Cancer Study Group, 686 patients (M. Schumacher et al., J Clin Oncol 1994;12:2086), as distributed
/// with R's package survival 3.5-3: days to recurrence or death, status, hormonal therapy, menopause, grade.
fn gbsg() -> Vec<Person> {
    let start = date(2000, 1, 1);
    include_str!("../tests/data/gbsg.csv")
        .lines()
        .skip(1)
        .zip(1..)
        .map(|(line, id)| {
            let cell: Vec<&str> = line.split(',').collect();
            let mut p = person(id, start, cell[2]);
            let end = start.checked_add(jiff::Span::new().days(cell[0].parse::<i64>().unwrap())).unwrap();
            p.facts.insert(if cell[1] == "1" { "relapse" } else { "last" }.into(), Found::On(end));
            p.values.insert("second.meno".into(), Value::code(cell[3]));
            p.values.insert("second.grade".into(), Value::Integer(cell[4].parse().unwrap()));
            p
        })
        .collect()
}

fn close(found: Option<f64>, known: f64) {
    let found = found.unwrap();
    assert!((found - known).abs() <= 1e-9 * known.abs(), "{found} is not {known}");
}

/// R 4.2.2, survival 3.5-3: summary(survfit(Surv(rfstime, status) ~ hormon, conf.type='log-log'), times=...), quantile().
#[test]
fn curves_limits_and_medians_equal_those_of_r() {
    let rows = run(gbsg(), "rfs");
    let rows = Rows::new(&rows);
    let known = [
        ("0", "1 year", 379.0, 0.8966193372355613, 0.8635815010492729, 0.9220176904325069),
        ("0", "5 years", 63.0, 0.43680577178103264, 0.3779196939447344, 0.4941041202710392),
        ("1", "3 years", 136.0, 0.7077333716779616, 0.6432349105407942, 0.7627502513423329),
        ("1", "6 years", 18.0, 0.4744012528342502, 0.37933607637473055, 0.5634572183173614),
    ];
    for (arm, time, at_risk, survival, lower, upper) in known {
        let at = rows.method("kaplan-meier").group(Some(arm)).level(Some(time));
        close(at.value("at_risk"), at_risk);
        close(at.value("survival"), survival);
        close(at.value("lower"), lower);
        close(at.value("upper"), upper);
    }
    let plain = |arm| rows.method("kaplan-meier").group(Some(arm)).level(None);
    assert_eq!(plain("0").value("median"), Some(1528.0));
    assert_eq!(plain("0").value("median_lower"), Some(1280.0));
    assert_eq!(plain("1").value("median"), Some(2018.0));
    assert_eq!(plain("1").value("median_upper"), None);
    assert_eq!(
        plain("1").stat("median_upper").first().unwrap().warning,
        Some(Text::new("未到達。", "Not reached."))
    );
}

/// R 4.2.2, survival 3.5-3: survdiff(), coxph(ties='efron', eps=1e-12), plain and stratified by menopause and grade.
#[test]
fn log_rank_and_cox_equal_those_of_r_and_negative_favours_the_experimental_arm() {
    let rows = run(gbsg(), "rfs");
    let test = Rows::new(&rows).method("log-rank");
    close(test.level(Some("1/0")).value("z"), -2.9265646846668276);
    close(test.level(Some("1/0")).value("chi_square"), 8.564780853538956);
    close(test.level(Some("1/0")).value("p"), 1.0 - 0.9982863588676271);
    close(test.group(Some("1")).value("expected"), 118.65691704166495);
    let sign = ("sign".to_owned(), "negative favours 1".to_owned());
    assert!(test.stat("z").first().unwrap().options.contains(&sign));
    let cox = Rows::new(&rows).method("cox").level(Some("1/0"));
    close(cox.value("hazard_ratio"), 0.6948843266576815);
    close(cox.value("lower"), 0.5438440542940822);
    close(cox.value("upper"), 0.8878725870438439);
    close(cox.value("wald_p"), 0.0036022662918138828);

    let rows = run(gbsg(), "rfs_stratified");
    let test = Rows::new(&rows).method("stratified log-rank");
    close(test.level(Some("1/0")).value("chi_square"), 8.48460865118956);
    close(test.level(Some("1/0")).value("p"), 0.0035816361677185795);
    let cox = Rows::new(&rows).method("cox").level(Some("1/0"));
    close(cox.value("hazard_ratio"), 0.6876099890791944);
    close(cox.value("upper"), 0.8857401976609334);
}

/// By hand: a competing death at 1, a relapse at 2, censored at 3, a relapse at 4 days. The incidence is 3/4 x 1/3 at 2
/// and 1/4 + 1/2 at 4.
#[test]
fn with_competing_facts_the_curve_is_the_cumulative_incidence_and_the_table_still_adds_up() {
    let start = date(2000, 3, 1);
    let day = |n: i64| Found::On(start.checked_add(jiff::Span::new().days(n)).unwrap());
    let mut people: Vec<Person> = (1..=4).map(|i| person(i, start, "0")).collect();
    for (p, (fact, n)) in people.iter_mut().zip([("death", 1), ("relapse", 2), ("last", 3), ("relapse", 4)]) {
        p.facts.insert(fact.into(), day(n));
    }
    let mut trial = trial();
    let rfs = trial.endpoints.get_mut("rfs").unwrap();
    rfs.event = protocol::EndpointEvent::Same(vec!["relapse".into()]);
    rfs.competing = vec!["death".into()];
    let found = plan::one(&cohort(people), &trial, "rfs", &trial.analyses["rfs"], &Ok(()));
    let arm = Rows::new(&found).method("aalen-johansen").group(Some("0"));
    let at = |t: f64| arm.level(Some("curve")).filter(|r| r.time == Some(t)).value("incidence");
    close(at(2.0), 0.25);
    close(at(4.0), 0.75);
    assert_eq!(at(0.0), Some(0.0));
    let plain = arm.level(None);
    assert_eq!(
        (plain.value("events"), plain.value("competing"), plain.value("censored")),
        (Some(2.0), Some(1.0), Some(1.0))
    );
    let table = arm.level(Some("table")).filter(|r| r.time == Some(0.0));
    let sum: f64 = table.iter().filter_map(|r| r.value).sum();
    assert_eq!(sum, 4.0);
    let test = Rows::new(&found).method("gray");
    assert!(test.first().unwrap().warning.is_some(), "one arm is empty");
    assert!(found.iter().all(|r| r.value.is_some() || r.warning.is_some()));
}

#[test]
fn under_each_tick_at_risk_censored_and_events_add_up_to_the_arm() {
    let rows = run(gbsg(), "rfs");
    for (arm, n) in [("0", 440.0), ("1", 246.0)] {
        let table = Rows::new(&rows).group(Some(arm)).level(Some("table"));
        let at_risk = table.stat("at_risk");
        assert!(at_risk.iter().count() > 5);
        for row in at_risk.iter() {
            let here = table.filter(|r| r.time == row.time);
            let sum: f64 = ["at_risk", "censored", "events"].iter().map(|s| here.value(s).unwrap()).sum();
            assert_eq!(sum, n);
        }
    }
}

#[test]
fn subgroups_count_everyone_and_the_interaction_is_tested() {
    let rows = run(gbsg(), "rfs");
    let sub = Rows::new(&rows).method("cox-subgroup");
    assert_eq!(sub.levels(), ["second.meno=0", "second.meno=1", "second.meno"]);
    let n: f64 = sub.stat("n").iter().filter_map(|r| r.value).sum();
    assert_eq!(n, 686.0);
    let p = sub.level(Some("second.meno")).value("interaction_p").unwrap();
    assert!(p > 0.0 && p < 1.0);
}

#[test]
fn no_patients_one_patient_no_events_or_an_empty_arm_give_words_and_no_number() {
    let day = date(2000, 3, 1);
    let alive = |id, arm: &str| {
        let mut p = person(id, day, arm);
        p.facts.insert("last".into(), Found::On(date(2001, 3, 1)));
        p
    };
    let trial = trial();
    for people in
        [vec![], vec![alive(1, "0")], vec![alive(1, "0"), alive(2, "1")], vec![alive(1, "0"), alive(2, "0")]]
    {
        let rows = plan::all(&cohort(people.clone()), &trial, &Ok(()));
        for r in &rows {
            assert!(r.value.is_none_or(f64::is_finite), "{r:?}");
            assert!(r.value.is_some() || r.warning.is_some(), "{r:?}");
        }
        let of = |a: &str| Rows::new(&rows).filter(|r| r.analysis == a);
        assert_eq!(of("rfs").method("cox").value("hazard_ratio"), None);
        let text = serde_json::to_string(&rows).unwrap();
        assert!(!text.contains("NaN"));
        assert_eq!(rows, plan::all(&cohort(people), &trial, &Ok(())));
    }
    let rows = run(vec![alive(1, "0"), alive(2, "1")], "rfs");
    let hr = Rows::new(&rows).method("cox").stat("hazard_ratio");
    assert_eq!(
        hr.first().unwrap().warning.as_ref().unwrap().en,
        "There are no events, so it cannot be estimated."
    );
    let rows = run(vec![], "rfs");
    let row = Rows::new(&rows).stat("survival");
    assert_eq!(row.first().unwrap().warning.as_ref().unwrap().ja, "解析対象の患者がいません。");
}

#[test]
fn an_event_on_an_unknown_day_is_listed_as_missing_and_not_censored() {
    let mut p = person(7, date(2000, 3, 1), "0");
    p.facts.insert("death".into(), Found::Within("2001-UK-UK".parse().unwrap()));
    let mut q = person(8, date(2000, 3, 1), "1");
    q.facts.insert("death".into(), Found::On(date(2001, 1, 1)));
    let rows = run(vec![p, q], "rfs");
    let missing = Rows::new(&rows).stat("missing");
    let row = missing.first().unwrap();
    assert_eq!((row.level.as_deref(), row.value), (Some("missing:partial_date:death"), Some(1.0)));
    assert_eq!(row.warning.as_ref().unwrap().en, "Left out because the time is not known: participants 7.");
    let n = Rows::new(&rows).method("kaplan-meier").group(Some("0")).level(None);
    assert_eq!(n.value("n"), Some(0.0));
    assert_eq!(n.stat("n").first().unwrap().missing, Some(1));
    assert_eq!(Rows::new(&rows).method("log-rank").first().unwrap().missing, Some(1));
    let curve = Rows::new(&rows).method("kaplan-meier").group(Some("1")).level(None).stat("n");
    assert_eq!(curve.first().unwrap().n, Some(1));
}

#[test]
fn results_by_arm_are_refused_where_they_are_not_open() {
    let trial = trial();
    let why = Text::new("計画された時点でない。", "No planned look.");
    let rows = plan::all(&cohort(gbsg()), &trial, &Err(why.clone()));
    assert!(rows.iter().all(|r| r.group.is_none()), "no row names an arm");
    for a in ["baseline", "rfs", "rfs_stratified", "ae", "ulcer"] {
        let mine: Vec<&Row> = rows.iter().filter(|r| r.analysis == a).collect();
        assert_eq!(mine.len(), 1);
        assert_eq!((mine[0].stat.as_str(), &mine[0].warning), ("refused", &Some(why.clone())));
    }
    // The flow still tells how many were registered.
    let flow = Rows::new(&rows).filter(|r| r.analysis == "flow");
    assert_eq!(flow.variable("registered").level(Some("second")).value("n"), Some(686.0));
}

#[test]
fn baseline_shares_and_kinds_of_missing_add_up_to_the_arm() {
    let mut people = gbsg();
    people[0].values.insert("second.meno".into(), Value::Missing(Missing::NotDone));
    people[1].values.remove("second.grade");
    let rows = run(people, "baseline");
    for group in [Some("0"), Some("1"), None] {
        let meno = Rows::new(&rows).variable("second.meno").group(group);
        let share: f64 = meno.stat("share").iter().filter_map(|r| r.value).sum();
        assert!((share - 1.0).abs() < 1e-12);
    }
    let all = Rows::new(&rows).group(None);
    assert_eq!(all.variable("second.meno").level(Some("missing:not_done")).value("n"), Some(1.0));
    assert_eq!(all.variable("second.grade").level(Some("missing:not_yet_known")).value("n"), Some(1.0));
    assert_eq!(all.variable("second.grade").level(None).value("median"), Some(2.0));
    assert_eq!(all.variable("second.grade").level(None).first().unwrap().missing, Some(1));
}

#[test]
fn worst_grades_count_each_participant_once_and_unknown_grades_are_listed() {
    let mut people: Vec<Person> = (1..=4).map(|i| person(i, date(2000, 3, 1), "0")).collect();
    let record =
        |term: &str, grade| Graded { term: Some(term.into()), system: None, grade, counts: Tri::True };
    people[0].records.insert("ae".into(), vec![record("ulcer", Some(3)), record("nausea", Some(2))]);
    people[1].records.insert("ae".into(), vec![record("ulcer", Some(1)), record("ulcer", None)]);
    people[2].records.insert("ae".into(), vec![record("nausea", Some(2))]);
    let rows = run(people, "ae");
    let arm = Rows::new(&rows).group(Some("0"));
    let worst = arm.variable("worst_grade");
    assert_eq!(worst.level(Some("3")).value("share"), Some(0.25));
    assert_eq!(worst.level(Some("0")).value("n"), Some(1.0));
    assert_eq!(worst.level(Some("unknown")).value("n"), Some(1.0));
    assert_eq!(worst.level(Some(">=2")).value("n"), Some(2.0));
    assert_eq!(worst.level(Some(">=2")).first().unwrap().missing, Some(1));
    let ulcer = arm.variable("ae.term");
    assert_eq!(ulcer.level(Some("ulcer>=3")).value("share"), Some(0.25));
    assert_eq!(ulcer.level(Some("nausea>=2")).value("n"), Some(2.0));
}

/// Clopper-Pearson limits of 1 of 4 by hand: lower 1 - 0.975^(1/4).
#[test]
fn proportions_leave_out_those_who_cannot_be_told_and_give_exact_limits() {
    let mut people: Vec<Person> = (1..=5).map(|i| person(i, date(2000, 3, 1), "0")).collect();
    for (i, tri) in
        [Tri::True, Tri::False, Tri::False, Tri::False, Tri::Unknown(vec!["ulcer".into()])].iter().enumerate()
    {
        people[i].rules.insert("ulcer".into(), tri.clone());
    }
    let mut other = person(6, date(2000, 3, 1), "1");
    other.rules.insert("ulcer".into(), Tri::True);
    people.push(other);
    let rows = run(people, "ulcer");
    let arm = Rows::new(&rows).group(Some("0"));
    assert_eq!((arm.value("share"), arm.value("denominator")), (Some(0.25), Some(4.0)));
    assert_eq!(arm.first().unwrap().missing, Some(1));
    close(arm.value("lower"), 1.0 - 0.975f64.powf(0.25));
    let difference = Rows::new(&rows).method("miettinen-nurminen").level(Some("1-0"));
    close(difference.value("difference"), 0.75);
}

#[test]
fn accrual_counts_every_month_and_the_plan_ends_at_its_number() {
    let people: Vec<Person> = (0..30).map(|i| person(i, date(2000, 1 + (i % 12) as i8, 5), "0")).collect();
    let rows = run(people, "accrual");
    let monthly = Rows::new(&rows).variable("registrations");
    let sum: f64 = monthly.stat("n").iter().filter_map(|r| r.value).sum();
    assert_eq!(sum, 30.0);
    assert_eq!(monthly.level(Some("2001-12")).value("planned"), Some(100.0));
    assert_eq!(monthly.level(Some("2000-12")).value("cumulative"), Some(30.0));
    let sites: f64 = Rows::new(&rows).variable("site").stat("n").iter().filter_map(|r| r.value).sum();
    assert_eq!(sites, 30.0);
}

prop_compose! {
    fn anybody()(id in 1u32..9999, path in 0u8..8, arm in 0u8..3, fact in 0u8..6, flags in 0u8..64, month in 1i8..=12)
        -> Person {
        let day = date(2011, month, 1);
        let mut p = Person { id, site: "S0".into(), ..Person::default() };
        let hold = |cancelled| Registered { on: day, cancelled };
        match path {
            0 => {}
            1 => { p.refused.insert("first".into(), "cannot_tell".into()); }
            2 => { p.steps.insert("first".into(), hold(true)); }
            3 => { p.steps.insert("first".into(), hold(false)); }
            4 => {
                p.steps.insert("first".into(), hold(false));
                p.refused.insert("second".into(), "criterion:X".into());
            }
            5 => {
                p.steps.insert("first".into(), hold(false));
                p.steps.insert("second".into(), hold(true));
                p.arms.insert("hormone".into(), "0".into());
            }
            _ => {
                p.steps.insert("first".into(), hold(false));
                p.steps.insert("second".into(), hold(false));
                if arm < 2 { p.arms.insert("hormone".into(), arm.to_string()); }
            }
        }
        p.facts.insert("death".into(), match fact {
            0 => Found::On(date(2012, 1, 1)),
            1 => Found::Within("2012-01-UK".parse().unwrap()),
            2 => Found::Unknown(vec!["status".into()]),
            _ => Found::Absent,
        });
        if flags & 1 != 0 { p.ineligible.insert("first".into()); }
        if flags & 2 != 0 { p.withdrew_follow_up = Some(date(2012, 2, 1)); }
        if flags & 4 != 0 { p.off_treatment = Some(date(2011, 12, 1)); }
        if flags & 56 == 0 { p.withdrew_data = Some(date(2012, 3, 1)); }
        let tri = match flags % 3 { 0 => Tri::True, 1 => Tri::False, _ => Tri::Unknown(vec!["x".into()]) };
        p.sets.insert("eligible".into(), tri);
        p
    }
}

proptest! {
    #[test]
    fn the_boxes_of_the_flow_add_up_at_every_split(people in proptest::collection::vec(anybody(), 0..60)) {
        // one person, one number
        let people: Vec<Person> = people.into_iter().zip(1..).map(|(mut p, id)| { p.id = id; p }).collect();
        let mut trial = trial();
        trial.analyses.get_mut("rfs").unwrap().primary = false;
        let rows = plan::one(&cohort(people), &trial, "flow", &trial.analyses["flow"], &Ok(()));
        let rows = Rows::new(&rows);
        let n = |variable: &str, group: Option<&str>, level: &str| {
            rows.variable(variable).group(group).level(Some(level)).value("n").unwrap()
        };
        let parts = |variable: &str, group: Option<&str>, of: &str| -> f64 {
            let prefix = format!("{of}/");
            let mine = rows.variable(variable).group(group);
            mine.iter().filter(|r| r.level.as_deref().is_some_and(|l| l.starts_with(&prefix))).filter_map(|r| r.value).sum()
        };
        prop_assert_eq!(n("assessed", None, "first"), n("registered", None, "first") + n("not_registered", None, "first"));
        prop_assert_eq!(n("not_registered", None, "first"), parts("not_registered", None, "first"));
        prop_assert_eq!(n("registered", None, "first"), n("registered", None, "second") + n("not_continued", None, "second"));
        prop_assert_eq!(n("not_continued", None, "second"), parts("not_continued", None, "second"));
        let mut allocated = n("not_allocated", None, "hormone");
        for arm in [Some("0"), Some("1")] {
            let here = n("allocated", arm, "hormone");
            allocated += here;
            let states: f64 = rows.variable("follow_up").group(arm).iter().filter_map(|r| r.value).sum();
            prop_assert_eq!(states, here);
            for set in ["all", "eligible"] {
                prop_assert_eq!(n("analysed", arm, set) + n("not_analysed", arm, set), here);
                prop_assert_eq!(n("not_analysed", arm, set), parts("not_analysed", arm, set));
            }
        }
        prop_assert_eq!(allocated, n("registered", None, "second"));
    }
}

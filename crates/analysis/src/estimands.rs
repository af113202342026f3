//! Laws of sensitivity analyses and of the flow's reasons, on made-up people and by hand.

use crate::cohort::{Cohort, Found, Person, Registered, Tri};
use crate::trace::led_home;
use crate::{Row, Rows, made_up, plan};
use jiff::Span;
use jiff::civil::{Date, date};
use protocol::Protocol;
use serde_json::{Value as Json, json};
use words::Text;

/// The made-up study with an operation outside its arm, reasons on forms, systems of side effects and switches.
fn protocol() -> Protocol {
    let mut p = serde_json::to_value(made_up::protocol()).unwrap();
    let text = |ja: &str, en: &str| json!({ "ja": ja, "en": en });
    let put = |p: &mut Json, at: &str, key: &str, value: Json| {
        p.pointer_mut(at).unwrap()[key] = value;
    };
    put(&mut p, "/facts", "operation", json!({ "ja": "手術", "en": "Operation", "from": [] }));
    put(&mut p, "/facts", "bleeding", json!({ "ja": "出血", "en": "Bleeding", "from": [] }));
    let crossover =
        json!({ "ja": "A群での手術", "en": "Operation in arm A", "fact": "operation", "arms": ["A"] });
    put(&mut p, "", "intercurrent", json!({ "crossover": crossover }));
    let operated = json!({ "ja": "割付どおり", "en": "As allocated", "step": "second", "when": "x" });
    put(&mut p, "/sets", "treated", operated);
    let received = json!({ "set": "treated", "why_not": ["first.nothing", "second.why_not"] });
    put(&mut p, "/allocation/surgery", "received", received);
    put(&mut p, "/steps/second", "not_reached", json!("first.reason"));
    put(&mut p, "/analyses/ae/what/worst_grade", "system", json!("system"));
    let switch = |more: Json| {
        let mut one = text("感度", "Switch");
        for (key, value) in more.as_object().unwrap() {
            one[key] = value.clone();
        }
        one
    };
    let by = |strategy: &str| switch(json!({ "intercurrent": { "crossover": strategy } }));
    let switches = json!({
        "eligible": switch(json!({ "set": "eligible" })),
        "censored": by("censor"),
        "composite": by("composite"),
        "while_on": by("while_on_treatment"),
        "weighted": switch(json!({ "intercurrent": { "crossover": "ipcw" },
                                   "covariates": ["first.subtype", "bleeding"] })),
        "structural": by("rpsft"),
        "worst": switch(json!({ "missing": "worst" })),
        "best": switch(json!({ "missing": "best", "lost_after": "6 months" })),
    });
    let again = |of: &str, switches: Json| {
        let mut one = text("感度解析", "Sensitivity");
        one["what"] = json!({ "sensitivity": { "of": of, "switches": switches } });
        one
    };
    put(&mut p, "/analyses", "os_sensitivity", again("os", switches));
    let few = json!({ "eligible": switch(json!({ "set": "eligible" })),
                      "worst": switch(json!({ "missing": "worst" })),
                      "best": switch(json!({ "missing": "best" })) });
    put(&mut p, "/analyses", "ulcer_sensitivity", again("ulcer", few));
    serde_json::from_value(p).unwrap()
}

fn people() -> Vec<Person> {
    let mut people = made_up::people();
    for p in &mut people {
        let day =
            |p: &Person, n: i64| p.registered("second").map(|d| d.checked_add(Span::new().days(n)).unwrap());
        let ended = match (p.fact("death"), p.fact("alive")) {
            (Found::On(d), _) | (_, Found::On(d)) => *d,
            _ => Date::MIN,
        };
        if let Some(bled) = day(p, 100 + i64::from(p.id % 50)).filter(|_| p.id.is_multiple_of(4)) {
            p.facts.insert("bleeding".into(), Found::On(bled));
        }
        let crossed = p.id.is_multiple_of(5) && p.arms.get("surgery").is_some_and(|a| a == "A");
        let operated = p.arms.get("surgery").is_some_and(|a| a == "B") && !p.id.is_multiple_of(11);
        let on = if operated { day(p, 30) } else { day(p, 200 + i64::from(p.id)) };
        if let Some(on) = on.filter(|d| (crossed || operated) && *d <= ended) {
            p.facts.insert("operation".into(), Found::On(on));
        }
        p.sets.insert(
            "treated".into(),
            match p.id % 13 {
                0 => Tri::False,
                1 => Tri::Unknown(vec!["surgery.performed".into()]),
                _ => Tri::True,
            },
        );
        if p.id.is_multiple_of(26) {
            p.values.insert("second.why_not".into(), rules::Value::code("patient"));
        }
        if p.id.is_multiple_of(3) {
            p.values.insert("first.reason".into(), rules::Value::code("condition"));
        }
        if p.id.is_multiple_of(17) {
            p.rules.insert("ulcer".into(), Tri::Unknown(vec![]));
        }
        for record in p.records.values_mut().flatten() {
            let skin = ["ulcer", "bleeding"].contains(&record.term.as_deref().unwrap_or(""));
            record.system = Some(if skin { "skin" } else { "other" }.to_owned());
        }
    }
    people
}

fn cohort(people: Vec<Person>) -> Cohort {
    Cohort { cutoff: date(2019, 1, 31), sites: Vec::new(), people }
}

fn run(people: Vec<Person>, analysis: &str) -> Vec<Row> {
    let protocol = protocol();
    plan::one(&cohort(people), &protocol, analysis, &protocol.analyses[analysis], &Ok(()))
}

#[test]
fn counts_of_every_switch_are_led_home_to_exactly_as_many_participants() {
    let (protocol, cohort) = (protocol(), cohort(people()));
    let rows = plan::all(&cohort, &protocol, &Ok(()));
    let of = |a: &str| rows.iter().filter(|r| r.analysis == a).count();
    assert!(of("os_sensitivity") > 300 && of("ulcer_sensitivity") > 40);
    let (counts, estimates) = led_home(&cohort, &protocol, &rows);
    assert!(counts > 600 && estimates > 600, "{counts} {estimates}");
    assert!(rows.iter().all(|r| r.value.is_some() || r.warning.is_some()));
    let keys: std::collections::BTreeSet<String> = rows.iter().map(Row::key).collect();
    assert_eq!(keys.len(), rows.len(), "two rows with one address");
}

#[test]
fn sensitivity_analyses_are_closed_with_the_analysis_that_they_are_about() {
    let (protocol, cohort) = (protocol(), cohort(people()));
    let why = Text::new("未開示。", "Not open.");
    let rows = plan::all(&cohort, &protocol, &Err(why));
    assert!(rows.iter().all(|r| r.group.is_none()));
    for id in ["os_sensitivity", "ulcer_sensitivity"] {
        let mine: Vec<&Row> = rows.iter().filter(|r| r.analysis == id).collect();
        assert_eq!((mine.len(), mine[0].stat.as_str()), (1, "refused"));
    }
}

#[test]
fn the_planned_analysis_is_the_same_again_and_each_switch_names_its_estimand() {
    let (planned, again) = (run(people(), "os"), run(people(), "os_sensitivity"));
    let (planned, again) = (Rows::new(&planned), Rows::new(&again));
    for (method, stat) in [("cox", "hazard_ratio"), ("cox", "upper"), ("log-rank", "z"), ("log-rank", "p")] {
        let found = again.variable("planned").method(method).stat(stat).first().unwrap();
        assert_eq!(found.value, planned.method(method).stat(stat).level(Some("B/A")).first().unwrap().value);
    }
    let strategies = [("planned", "treatment_policy"), ("censored", "censor"), ("weighted", "ipcw")];
    for (switch, strategy) in strategies {
        let named = ("intercurrent:crossover".to_owned(), strategy.to_owned());
        assert!(again.variable(switch).iter().all(|r| r.options.contains(&named)), "{switch}");
    }
    assert_eq!(again.variable("eligible").first().unwrap().set, "eligible");
    assert!(again.iter().all(|r| r.options.contains(&("of".into(), "os".into()))));
}

/// Two in A: one is operated on day 200 and dies on day 500, one lives to day 900. Two in B: one dies on day 300, one lives.
#[test]
fn an_operation_in_the_other_arm_is_ignored_an_event_an_end_or_a_competing_outcome_as_the_switch_says() {
    let start = date(2012, 1, 1);
    let on = |n: i64| Found::On(start.checked_add(Span::new().days(n)).unwrap());
    let one = |id, arm: &str, facts: &[(&str, i64)]| {
        let mut p = Person { id, ..Person::default() };
        for step in ["first", "second"] {
            p.steps.insert(step.into(), Registered { on: start, cancelled: false });
        }
        p.arms.insert("surgery".into(), arm.into());
        p.values.insert("first.subtype".into(), rules::Value::code("luminal"));
        p.facts = facts.iter().map(|(f, n)| ((*f).to_owned(), on(*n))).collect();
        p
    };
    let people = vec![
        one(1, "A", &[("operation", 200), ("death", 500)]),
        one(2, "A", &[("alive", 900)]),
        one(3, "B", &[("operation", 30), ("death", 300)]),
        one(4, "B", &[("operation", 30), ("alive", 800)]),
    ];
    let rows = run(people.clone(), "os_sensitivity");
    let rows = Rows::new(&rows);
    let counts = |switch: &str, method: &str, arm: &str| {
        let here = rows.variable(switch).method(method).group(Some(arm)).level(None);
        ["events", "censored", "competing"].map(|s| here.value(s))
    };
    let some = |n: f64| Some(n);
    assert_eq!(counts("planned", "kaplan-meier", "A"), [some(1.0), some(1.0), None]);
    assert_eq!(counts("censored", "kaplan-meier", "A"), [some(0.0), some(2.0), None]);
    assert_eq!(counts("composite", "kaplan-meier", "A"), [some(1.0), some(1.0), None]);
    assert_eq!(counts("while_on", "aalen-johansen", "A"), [some(0.0), some(1.0), some(1.0)]);
    // In arm B the operation is the treatment.
    for (switch, method) in [("censored", "kaplan-meier"), ("composite", "kaplan-meier")] {
        assert_eq!(counts(switch, method, "B"), [some(1.0), some(1.0), None]);
    }
    let at_1 = |switch: &str| {
        rows.variable(switch).method("kaplan-meier").group(Some("A")).level(Some("1 year")).value("survival")
    };
    assert_eq!((at_1("planned"), at_1("composite")), (Some(1.0), Some(0.5)));
    assert_eq!(rows.variable("weighted").value("switched"), Some(1.0));
    // Both survivors were last seen years before the cut-off: at worst for B its one died then and that of A lives on.
    assert_eq!(counts("worst", "kaplan-meier", "A"), [some(1.0), some(1.0), None]);
    assert_eq!(counts("worst", "kaplan-meier", "B"), [some(2.0), some(0.0), None]);
    assert_eq!(counts("best", "kaplan-meier", "A"), [some(2.0), some(0.0), None]);
    assert_eq!(counts("best", "kaplan-meier", "B"), [some(1.0), some(1.0), None]);
}

#[test]
fn worst_and_best_case_take_in_those_whose_day_is_not_known_and_enclose_the_planned_result() {
    let rows = run(people(), "os_sensitivity");
    let rows = Rows::new(&rows);
    let hr = |switch: &str| rows.variable(switch).method("cox").value("hazard_ratio").unwrap();
    assert!(hr("best") < hr("planned") && hr("planned") < hr("worst"));
    let n = |switch: &str| -> f64 {
        rows.variable(switch)
            .method("kaplan-meier")
            .level(None)
            .stat("n")
            .iter()
            .filter_map(|r| r.value)
            .sum()
    };
    let members = rows.variable("planned").level(Some("members")).value("n").unwrap();
    assert!(n("planned") < members, "somebody's day of death is known in part only");
    assert_eq!((n("worst"), n("best")), (members, members));
    let share = run(people(), "ulcer_sensitivity");
    let share = Rows::new(&share);
    let of = |switch: &str, arm: &str| share.variable(switch).group(Some(arm)).value("share").unwrap();
    assert!(of("worst", "B") > of("planned", "B") && of("worst", "A") < of("planned", "A"));
    assert!(of("best", "B") < of("planned", "B") && of("best", "A") > of("planned", "A"));
}

#[test]
fn weights_are_one_when_nobody_switched_and_the_structural_model_keeps_the_test_as_randomised() {
    let mut nobody = people();
    nobody.iter_mut().for_each(|p| {
        if p.arms.get("surgery").is_some_and(|a| a == "A") {
            p.facts.remove("operation");
        }
    });
    let rows = run(nobody, "os_sensitivity");
    let rows = Rows::new(&rows);
    let weighted = rows.variable("weighted");
    assert_eq!(weighted.value("max_weight"), Some(1.0));
    let hr = |switch: &str| rows.variable(switch).method("cox").value("hazard_ratio");
    assert_eq!(hr("weighted"), hr("planned"));
    let rows = run(people(), "os_sensitivity");
    let rows = Rows::new(&rows);
    let structural = rows.variable("structural").method("rpsft");
    assert_eq!(structural.value("z"), rows.variable("planned").method("log-rank").value("z"));
    assert_eq!(structural.value("p"), rows.variable("planned").method("log-rank").value("p"));
    let (psi, hr) = (structural.value("psi").unwrap(), structural.value("hazard_ratio").unwrap());
    assert!(psi.is_finite() && (psi < 0.0) == (hr < 1.0), "{psi} {hr}");
    let weighted = rows.variable("weighted").method("cox-ipcw");
    assert!(weighted.value("max_weight").unwrap() > 1.0);
    assert!(weighted.value("lower").unwrap() < weighted.value("hazard_ratio").unwrap());
}

#[test]
fn nobody_is_without_a_reason_for_whom_one_is_recorded_and_treated_and_not_treated_make_the_arm() {
    let rows = run(people(), "flow");
    let rows = Rows::new(&rows);
    let n = |variable: &str, group: Option<&str>, level: &str| {
        rows.variable(variable).group(group).level(Some(level)).value("n").unwrap_or(0.0)
    };
    let told = n("not_continued", None, "second/item:first.reason=condition");
    assert!(told > 0.0);
    let parts = |variable: &str, group: Option<&str>, of: &str| -> f64 {
        let prefix = format!("{of}/");
        let mine = rows.variable(variable).group(group);
        let mine = mine.filter(|r| r.level.as_deref().is_some_and(|l| l.starts_with(&prefix)));
        mine.iter().filter_map(|r| r.value).sum()
    };
    assert_eq!(parts("not_continued", None, "second"), n("not_continued", None, "second"));
    for arm in [Some("A"), Some("B")] {
        let not = n("not_treated", arm, "treated");
        let open = n("treatment_unknown", arm, "treated");
        assert_eq!(n("treated", arm, "treated") + not + open, n("allocated", arm, "surgery"));
        assert_eq!(parts("not_treated", arm, "treated"), not);
        assert!(open > 0.0);
    }
    let why: f64 = [Some("A"), Some("B")]
        .map(|arm| n("not_treated", arm, "treated/item:second.why_not=patient"))
        .iter()
        .sum();
    assert!(why > 0.0);
}

#[test]
fn grades_are_told_by_system_as_by_term_each_participant_once() {
    let rows = run(people(), "ae");
    let rows = Rows::new(&rows);
    for arm in ["A", "B"] {
        let at = |variable: &str, level: &str| {
            rows.group(Some(arm)).variable(variable).level(Some(level)).value("n").unwrap()
        };
        let skin = at("ae.system", "skin>=2");
        let (ulcer, bleeding) = (at("ae.term", "ulcer>=2"), at("ae.term", "bleeding>=2"));
        assert!(skin >= ulcer.max(bleeding) && skin <= ulcer + bleeding);
        assert!(at("worst_grade", ">=2") <= skin + at("ae.system", "other>=2"));
    }
}

//! Entry, correction, completion, queries.

use crate::harness::*;
use conduct::machine::*;
use conduct::*;
use jiff::civil::date;
use rules::{List, Value};

fn save(participant: ParticipantId, form: FormKey, text: &str, complete: bool) -> Command {
    Command::SaveForm { participant, form, values: values(text), complete }
}

fn enrolment() -> FormKey {
    FormKey::once("enrolment")
}

#[test]
fn every_item_that_is_wrong_is_told_at_once() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let text =
        "seen_on=2024-02-02, age=female, sex=robot, pregnant=7, creatinine=0.812, nothing=1, double_age=4";
    let codes = garden.refused(save(id, enrolment(), text, false), &doctor("s1", on));
    let expected = [
        "value_type",
        "too_many_decimals",
        "item_derived",
        "no_item",
        "value_type",
        "date_future",
        "value_code",
    ];
    assert_eq!(codes, expected);
    let prior = |from: &str| {
        let record: Vec<Value> = vec![Value::text("drug"), Value::Date(from.parse().unwrap())];
        let list = Value::List(List { complete: true, records: vec![record.into()] });
        Command::SaveForm {
            participant: id,
            form: enrolment(),
            values: [("prior".into(), list)].into(),
            complete: false,
        }
    };
    garden.run(prior("2023-UK-UK"), &doctor("s1", on)).unwrap();
    let partial = save(id, enrolment(), "seen_on=2024-01-UK", false);
    assert_eq!(garden.refused(partial, &doctor("s1", on)), ["date_partial"]);
    // An item that is not asked of men.
    let note = save(id, enrolment(), "sex=male, note='x'", false);
    assert_eq!(garden.refused(note, &doctor("s1", on)), ["not_asked"]);
    garden.verified();
}

#[test]
fn a_form_is_there_only_where_the_protocol_has_it() {
    let garden = Garden::open();
    let on = date(2024, 5, 1);
    let id = garden.consent("s1", date(2024, 2, 1));
    let refuse =
        |garden: &Garden, id, key: FormKey| garden.refused(save(id, key, "", false), &doctor("s1", on));
    assert_eq!(refuse(&garden, id, FormKey::once("poem")), ["no_form"]);
    assert_eq!(refuse(&garden, id, FormKey::once("death")), ["not_registered"]);
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    assert_eq!(refuse(&garden, id, visit("follow_up", "follow_up", 1)), ["visit_not_started"]);
    assert_eq!(refuse(&garden, id, FormKey::once("follow_up")), ["visit_needed"]);
    assert_eq!(refuse(&garden, id, visit("death", "follow_up", 1)), ["no_visit"]);
    assert_eq!(refuse(&garden, id, FormKey { number: 2, ..FormKey::once("death") }), ["form_number"]);
    assert_eq!(refuse(&garden, id, FormKey { number: 2, ..FormKey::once("adverse_event") }), ["form_number"]);
    let (id, _) = garden.randomised("s1");
    assert_eq!(refuse(&garden, id, visit("follow_up", "follow_up", 0)), ["form_number"]);
    // Every 3 months up to 24: eight visits.
    assert_eq!(refuse(&garden, id, visit("follow_up", "follow_up", 9)), ["form_number"]);
    garden
        .run(save(id, visit("follow_up", "follow_up", 8), "relapse=false", false), &doctor("s1", on))
        .unwrap();
    for number in 1..=3 {
        let key = FormKey { number, ..FormKey::once("adverse_event") };
        garden.save(id, "s1", key, "onset=2024-04-UK, grade=2", on).unwrap();
    }
    garden.view(None, &data_manager(), |view| {
        assert_eq!(view.participant(id).unwrap().records("adverse_event").len(), 3);
    });
    garden.verified();
}

#[test]
fn a_stated_value_changes_only_with_a_reason_and_its_history_stays() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let doctor = doctor("s1", on);
    garden.run(save(id, enrolment(), "age=55, ps=?", false), &doctor).unwrap();
    assert_eq!(garden.refused(save(id, enrolment(), "age=56", false), &doctor), ["reason_needed"]);
    assert_eq!(garden.refused(save(id, enrolment(), "ps=1", false), &doctor), ["reason_needed"]);
    assert_eq!(garden.refused(save(id, enrolment(), "age=-", false), &doctor), ["reason_needed"]);
    // The same again is no change, and writes nothing.
    let head = garden.trial.head();
    garden.run(save(id, enrolment(), "age=55", false), &doctor).unwrap();
    assert_eq!(garden.trial.head(), head);
    garden
        .run(save(id, enrolment(), "age=56, sex=male", false), &doctor.clone().because("転記誤り"))
        .unwrap();
    assert_eq!(
        garden.refused(save(id, enrolment(), "age=57", false), &centre(on).because("x")),
        ["on_behalf_needed"]
    );
    garden
        .run(save(id, enrolment(), "age=57", false), &centre(on).because("電話").on_behalf_of("dr-s1"))
        .unwrap();
    garden.view(None, &data_manager(), |view| {
        let filled = view.participant(id).unwrap().filled(&enrolment()).unwrap();
        let history: Vec<&Value> = filled.values["age"].iter().map(|g| &g.value).collect();
        assert_eq!(history, [&Value::Integer(55), &Value::Integer(56), &Value::Integer(57)]);
    });
    garden.verified();
}

#[test]
fn required_items_keep_a_form_from_being_complete_but_never_from_being_saved() {
    let garden = Garden::open();
    let on = date(2024, 2, 1);
    let id = garden.consent("s1", on);
    let answer =
        garden.run(save(id, enrolment(), "seen_on=2024-02-01, age=55", true), &doctor("s1", on)).unwrap();
    let Answer::SavedIncomplete { reasons } = answer else { panic!("{answer:?}") };
    // Whether pregnancy is asked depends on the sex, which is open itself.
    assert_eq!(reasons.iter().flat_map(|r| &r.about).collect::<Vec<_>>(), ["ps", "sex"]);
    let answer = garden.run(save(id, enrolment(), "ps=1, sex=female", true), &doctor("s1", on)).unwrap();
    assert!(matches!(answer, Answer::SavedIncomplete { .. }), "{answer:?}");
    // A kind of missing is an answer.
    assert_eq!(
        garden.run(save(id, enrolment(), "pregnant=?", true), &doctor("s1", on)).unwrap(),
        Answer::Done
    );
    let p = garden.trial.state();
    assert_eq!(p.participant(id).unwrap().forms[&enrolment()].status, FormStatus::Complete);
    // A complete form changes only by correction.
    assert_eq!(
        garden.refused(save(id, enrolment(), "creatinine=0.9", true), &doctor("s1", on)),
        ["reason_needed"]
    );
    garden.verified();
}

#[test]
fn a_check_that_is_false_raises_a_query_in_the_same_commit_and_closes_none() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 2, 2);
    let correct = |text: &str| {
        let receipt = garden
            .trial
            .execute(&save(id, enrolment(), text, true), &doctor("s1", on).because("訂正"))
            .unwrap();
        receipt.seqs.count()
    };
    let open = || {
        let state = garden.trial.state();
        state.queries.iter().map(|q| (q.check.clone(), q.status)).collect::<Vec<_>>()
    };
    // Old with PS 0, and a creatinine out of range: two queries with the save.
    assert_eq!(correct("age=78, ps=0, creatinine=4.5"), 3);
    let raised = [("range.creatinine".to_owned(), QueryStatus::Open), ("K1".to_owned(), QueryStatus::Open)];
    assert_eq!(open(), raised);
    // What is open is not raised again, and a mended value does not close its query.
    assert_eq!(correct("age=77, creatinine=1.5"), 1);
    assert_eq!(open(), raised);
    let (check, dm) = (QueryId(2), centre(on));
    garden
        .run(Command::AnswerQuery { query: check, text: "正しい値です".into() }, &doctor("s1", on))
        .unwrap();
    garden.run(Command::ReturnQuery { query: check, text: "カルテを確認してください".into() }, &dm).unwrap();
    garden
        .run(Command::AnswerQuery { query: check, text: "確認しました".into() }, &doctor("s1", on))
        .unwrap();
    garden.run(Command::CloseQuery { query: check }, &dm).unwrap();
    // Once closed it stays so while what it looks at stays, and comes back when that changes and is still wrong.
    assert_eq!(correct("creatinine=1.6"), 1);
    assert_eq!(correct("age=79"), 2);
    assert_eq!(open().len(), 3);
    let state = garden.trial.state();
    let told = state.query(check).unwrap();
    assert_eq!((told.answers.len(), told.returns.len(), told.status), (2, 1, QueryStatus::Closed));
    let author = garden.trial.handle().with(|store| {
        let mut authors = Vec::new();
        entries(store, "GARDEN", 0..=u64::MAX, &mut |e, event| {
            if matches!(event, Some(Event::QueryRaised { .. })) {
                authors.push((e.actor.clone(), e.role.clone(), e.site.clone(), e.reason.clone()));
            }
        })
        .unwrap();
        authors
    });
    assert!(author.unwrap().iter().all(|a| *a == ("shirube".into(), "system".into(), None, None)));
    garden.verified();
}

#[test]
fn a_check_that_looks_at_another_form_is_tried_when_that_one_changes() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    assert!(garden.trial.state().queries.is_empty());
    // The first visit moves behind the assessment of the second registration.
    let on = date(2024, 5, 1);
    let command = save(id, enrolment(), "seen_on=2024-04-15", true);
    garden.run(command, &doctor("s1", on).because("訂正")).unwrap();
    let state = garden.trial.state();
    let query = state.queries.get(0).unwrap();
    assert_eq!(
        (query.form.form.as_str(), query.item.as_str(), query.check.as_str()),
        ("baseline", "assessed_on", "K2")
    );
    // Records of a repeating form are checked one by one.
    let second = FormKey { number: 2, ..FormKey::once("adverse_event") };
    garden.save(id, "s1", FormKey::once("adverse_event"), "onset=2024-03-01, grade=1", on).unwrap();
    garden.save(id, "s1", second.clone(), "onset=2024-01-05, grade=7", on).unwrap();
    let state = garden.trial.state();
    let of: Vec<_> = state.queries.iter().skip(1).map(|q| (q.form.clone(), q.check.as_str())).collect();
    assert_eq!(of, [(second.clone(), "range.grade"), (second, "K3")]);
    garden.verified();
}

#[test]
fn a_person_may_ask_about_an_empty_field() {
    let garden = Garden::open();
    let id = garden.enrolled("s1");
    let on = date(2024, 2, 3);
    let ask = |item: &str, text: &str| Command::RaiseQuery {
        participant: id,
        form: enrolment(),
        item: item.into(),
        text: words::Text::same(text),
    };
    assert_eq!(garden.run(ask("note", "なぜ空欄ですか"), &centre(on)).unwrap(), Answer::Query(QueryId(1)));
    assert_eq!(garden.refused(ask("poem", "?"), &centre(on)), ["no_item"]);
    assert_eq!(garden.refused(ask("note", " "), &centre(on)), ["empty"]);
    assert_eq!(garden.refused(Command::CloseQuery { query: QueryId(2) }, &centre(on)), ["no_query"]);
    // Another site's query is as one that does not exist.
    let answer = Command::AnswerQuery { query: QueryId(1), text: "x".into() };
    assert_eq!(garden.refused(answer, &doctor("s2", on)), ["no_query"]);
    garden.verified();
}

#[test]
fn a_form_that_will_not_come_is_declared_so_with_a_reason_and_can_be_opened_again() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let on = date(2024, 7, 1);
    let key = visit("follow_up", "follow_up", 1);
    let declare = || Command::DeclareNotApplicable { participant: id, form: key.clone() };
    assert_eq!(garden.refused(declare(), &doctor("s1", on)), ["reason_needed"]);
    garden.run(declare(), &doctor("s1", on).because("転院のため")).unwrap();
    assert_eq!(
        garden.refused(save(id, key.clone(), "relapse=false", true), &doctor("s1", on)),
        ["form_state"]
    );
    let reopen = Command::ReopenForm { participant: id, form: key.clone() };
    assert_eq!(garden.refused(reopen.clone(), &doctor("s1", on).because("x")), ["not_permitted"]);
    garden.run(reopen, &centre(on).because("来院した")).unwrap();
    garden.save(id, "s1", key, "seen_on=2024-07-01, relapse=false", on).unwrap();
    garden.verified();
}

const FORM_STATES: [Option<FormStatus>; 4] =
    [None, Some(FormStatus::Incomplete), Some(FormStatus::Complete), Some(FormStatus::NotApplicable)];

#[test]
fn every_move_of_a_form_that_its_table_does_not_list_is_refused() {
    let key = || FormKey::once("death");
    let on = date(2024, 7, 1);
    let mut tried = 0;
    for from in FORM_STATES {
        for by in
            [FormMove::Save, FormMove::Correct, FormMove::Complete, FormMove::Reopen, FormMove::NotApplicable]
        {
            let garden = Garden::open();
            let id = garden.enrolled("s1");
            match from {
                None => {}
                Some(FormStatus::Incomplete) => {
                    drop(garden.run(save(id, key(), "died_on=2024-06-01", false), &doctor("s1", on)).unwrap())
                }
                Some(FormStatus::Complete) => {
                    drop(garden.save(id, "s1", key(), "died_on=2024-06-01", on).unwrap())
                }
                Some(FormStatus::NotApplicable) => {
                    let command = Command::DeclareNotApplicable { participant: id, form: key() };
                    garden.run(command, &doctor("s1", on).because("x")).unwrap();
                }
            }
            // By hand, so that no shortcut of a command stands between: what the law says of the bare event.
            let event = match by {
                FormMove::Save | FormMove::Correct => continue,
                FormMove::Complete => Event::FormCompleted { participant: id, form: key() },
                FormMove::Reopen => Event::FormReopened { participant: id, form: key() },
                FormMove::NotApplicable => Event::FormNotApplicable { participant: id, form: key() },
            };
            let listed = form_after(from, by).is_some();
            assert_eq!(lawful_by_ledger(&garden, &event, on), listed, "{from:?} {by:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 12);
}

/// Whether `verify` accepts the event as the data manager's next, with a reason.
fn lawful_by_ledger(garden: &Garden, event: &Event, on: jiff::civil::Date) -> bool {
    let (kind, kind_version, payload) = write(event).unwrap();
    let (study, expected) = ("GARDEN".to_owned(), garden.trial.head().seq);
    let draft = ledger::Draft {
        at: noon(on),
        actor: "dm".into(),
        role: "data_manager".into(),
        kind: kind.into(),
        kind_version,
        payload,
        reason: Some("x".into()),
        ..ledger::Draft::default()
    };
    let request = ledger::actor::Request { study, expected, drafts: vec![draft], blobs: vec![] };
    garden.trial.handle().append(request).unwrap();
    let report = garden.trial.handle().with(|store| verify(store, "GARDEN", None)).unwrap();
    assert!(report.findings.iter().all(|f| f.seq == expected + 1), "{:?}", report.findings);
    report.holds()
}

#[test]
fn every_move_of_a_query_that_its_table_does_not_list_is_refused() {
    let on = date(2024, 7, 1);
    for from in [QueryStatus::Open, QueryStatus::Answered, QueryStatus::Closed] {
        for by in [QueryMove::Answer, QueryMove::Return, QueryMove::Close] {
            let garden = Garden::open();
            let id = garden.enrolled("s1");
            let text = words::Text::same("?");
            garden
                .run(
                    Command::RaiseQuery { participant: id, form: enrolment(), item: "note".into(), text },
                    &centre(on),
                )
                .unwrap();
            let query = QueryId(1);
            let answer = || Command::AnswerQuery { query, text: "x".into() };
            if from != QueryStatus::Open {
                garden.run(answer(), &doctor("s1", on)).unwrap();
            }
            if from == QueryStatus::Closed {
                garden.run(Command::CloseQuery { query }, &centre(on)).unwrap();
            }
            let (command, who) = match by {
                QueryMove::Answer => (answer(), doctor("s1", on)),
                QueryMove::Return => (Command::ReturnQuery { query, text: "x".into() }, centre(on)),
                QueryMove::Close => (Command::CloseQuery { query }, centre(on)),
            };
            match query_after(from, by) {
                Some(to) => {
                    garden.run(command, &who).unwrap();
                    assert_eq!(garden.trial.state().query(query).unwrap().status, to);
                }
                None => assert_eq!(garden.refused(command, &who), ["query_state"], "{from:?} {by:?}"),
            }
        }
    }
}

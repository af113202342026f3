//! What `verify` finds in ledgers whose hashes are all in order.

use crate::harness::*;
use conduct::*;
use jiff::civil::date;
use ledger::actor::{Request, Writer};
use ledger::{Blob, Draft, Entry, Memory};

/// Every entry of the study, as drafts that can be sealed again.
pub fn drafts(garden: &Garden) -> Vec<Draft> {
    let read = garden.trial.handle().with(|store| {
        let mut out = Vec::new();
        store
            .read("GARDEN", 0, u64::MAX, &mut |entry| {
                out.push(entry);
                Ok(())
            })
            .unwrap();
        out
    });
    read.unwrap().into_iter().map(draft).collect()
}

fn draft(entry: Entry) -> Draft {
    Draft {
        at: entry.at,
        actor: entry.actor,
        role: entry.role,
        site: entry.site,
        on_behalf: entry.on_behalf,
        kind: entry.kind,
        kind_version: entry.kind_version,
        payload: entry.payload.unwrap(),
        reason: entry.reason,
        meaning: entry.meaning,
        request: entry.request,
        attachments: entry.attachments,
        salt: entry.salt.unwrap(),
    }
}

/// A ledger of these drafts, well hashed throughout.
pub fn forged(drafts: Vec<Draft>) -> Writer {
    let writer = Writer::start(Box::new(Memory::new())).unwrap();
    let blobs = vec![Blob::new(loaded(&[]).canonical)];
    writer.handle().append(Request { study: "GARDEN".into(), expected: 0, drafts, blobs }).unwrap();
    writer
}

fn check(drafts: Vec<Draft>) -> Report {
    forged(drafts).handle().with(|store| verify(store, "GARDEN", Some(&seeds()))).unwrap()
}

/// A study with one randomised participant and one correction.
fn honest() -> Vec<Draft> {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let on = date(2024, 5, 1);
    let values = values("creatinine=0.9");
    let command =
        Command::SaveForm { participant: id, form: FormKey::once("enrolment"), values, complete: true };
    garden.run(command, &doctor("s1", on).because("転記誤り")).unwrap();
    garden.randomised("s1");
    let drafts = drafts(&garden);
    assert!(check(drafts.clone()).holds());
    drafts
}

/// Seq of the nth event of a kind.
fn seq(drafts: &[Draft], kind: &str, nth: usize) -> usize {
    drafts.iter().enumerate().filter(|(_, d)| d.kind == kind).nth(nth).unwrap().0 + 1
}

fn rewrite(draft: &mut Draft, from: &str, to: &str) {
    let text = String::from_utf8(draft.payload.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    draft.payload = text.replacen(from, to, 1).into_bytes();
}

/// Changes one event; the first finding must name it.
fn found(kind: &str, nth: usize, change: impl FnOnce(&mut Draft)) -> String {
    let mut drafts = honest();
    let at = seq(&drafts, kind, nth);
    change(&mut drafts[at - 1]);
    let report = check(drafts);
    let first = report.findings.first().unwrap_or_else(|| panic!("{kind} {nth}: nothing was found"));
    assert_eq!(first.seq, at as u64, "{:?}", report.findings);
    assert!(!first.told.ja.is_empty());
    first.told.en.clone()
}

#[test]
fn an_event_that_is_well_hashed_but_illegal_is_found_by_its_seq() {
    type Case = (&'static str, usize, fn(&mut Draft), &'static str);
    let cases: [Case; 13] = [
        ("registered", 0, |d| rewrite(d, "\"number\":1", "\"number\":2"), "number"),
        (
            "registered",
            0,
            |d| rewrite(d, "\"outcome\":\"eligible\"", "\"outcome\":\"cannot_tell\""),
            "verdict",
        ),
        ("registered", 1, |d| rewrite(d, "2024-04-01", "2024-02-10"), "day_past"),
        (
            "allocated",
            0,
            |d| rewrite(d, "\"factors\":[[\"site\",\"s1\"]", "\"factors\":[[\"site\",\"s2\"]"),
            "allocation",
        ),
        ("allocated", 1, |d| rewrite(d, "\"counter\":1", "\"counter\":2"), "allocation"),
        ("allocated", 1, |d| rewrite(d, "\"probability_total\":5", "\"probability_total\":6"), "allocation"),
        ("form_saved", 0, |d| rewrite(d, "\"female\"", "\"robot\""), "value_code"),
        ("form_saved", 2, |d| d.reason = None, "reason_needed"),
        ("form_saved", 0, |d| d.actor = "stranger".into(), "role_not_held"),
        ("form_saved", 0, |d| d.site = Some("s2".into()), "role_not_held"),
        ("approval_recorded", 0, |d| d.role = "monitor".into(), "not_permitted"),
        (
            "consent_given",
            0,
            |d| rewrite(d, "\"version\":\"1.0\"", "\"version\":\"2.0\""),
            "document_version",
        ),
        ("study_opened", 0, |d| d.role = "emperor".into(), "no role"),
    ];
    for (kind, nth, change, code) in cases {
        let told = found(kind, nth, change);
        assert!(told.contains(code), "{kind}: {told}");
    }
}

#[test]
fn an_arm_that_was_swapped_with_its_draw_is_found_by_the_seed_alone() {
    let mut drafts = honest();
    let at = seq(&drafts, "allocated", 0);
    let text = String::from_utf8(drafts[at - 1].payload.clone()).unwrap();
    // A tie, 1 of 2 each: the other number and the other arm agree with each other.
    let swapped = if text.contains("\"drawn\":0") {
        text.replace("\"drawn\":0,\"chosen\":\"A\"", "\"drawn\":1,\"chosen\":\"B\"")
            .replace("\"arm\":\"A\"", "\"arm\":\"B\"")
    } else {
        text.replace("\"drawn\":1,\"chosen\":\"B\"", "\"drawn\":0,\"chosen\":\"A\"")
            .replace("\"arm\":\"B\"", "\"arm\":\"A\"")
    };
    assert_ne!(text, swapped);
    drafts.truncate(at);
    drafts[at - 1].payload = swapped.into_bytes();
    let writer = forged(drafts);
    let without = writer.handle().with(|s| verify(s, "GARDEN", None)).unwrap();
    assert!(without.holds() && without.draws_sealed == 1, "{:?}", without.findings);
    let with = writer.handle().with(|s| verify(s, "GARDEN", Some(&seeds()))).unwrap();
    assert_eq!(with.findings.iter().map(|f| f.seq).collect::<Vec<_>>(), [at as u64]);
}

#[test]
fn an_event_that_was_left_out_is_missed() {
    // Without the approval, what was collected and registered under it is illegal.
    let mut drafts = honest();
    let approval = seq(&drafts, "approval_recorded", 0);
    drafts.remove(approval - 1);
    let report = check(drafts.clone());
    let found: Vec<u64> = report.findings.iter().map(|f| f.seq).collect();
    assert_eq!(found[..2], [seq(&drafts, "form_saved", 0) as u64, seq(&drafts, "registered", 0) as u64]);
    assert!(report.findings[..2].iter().all(|f| f.told.en.contains("approval_missing")));
    // A registration whose allocation is gone.
    let mut drafts = honest();
    let allocated = seq(&drafts, "allocated", 1);
    drafts.truncate(allocated - 1);
    let report = check(drafts.clone());
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].seq, seq(&drafts, "registered", 3) as u64);
}

#[test]
fn time_that_runs_backwards_without_a_warning_is_found() {
    let told = found("consent_given", 1, |d| d.at = noon(date(2024, 1, 1)));
    assert!(told.contains("time"), "{told}");
}

#[test]
fn a_ledger_of_a_newer_release_is_refused_with_the_reason() {
    let open = |change: fn(&mut Draft)| {
        let mut drafts = honest();
        let last = drafts.len() - 1;
        change(&mut drafts[last]);
        let writer = forged(drafts);
        let report = writer.handle().with(|s| verify(s, "GARDEN", None)).unwrap();
        assert_eq!(report.findings.first().map(|f| f.seq), Some(last as u64 + 1));
        Trial::open_with(writer.handle(), "GARDEN", seeds()).map(|_| ()).unwrap_err()
    };
    assert!(matches!(
        open(|d| d.kind = "poem_written".into()),
        TrialError::Event(EventError::UnknownKind { .. })
    ));
    assert!(matches!(
        open(|d| d.kind_version = 2),
        TrialError::Event(EventError::Newer { found: 2, known: 1, .. })
    ));
    let bad = |error| matches!(error, TrialError::Event(EventError::Payload { .. }));
    assert!(bad(open(|d| rewrite(d, "{", "{\"mood\":\"blue\","))));
    assert!(bad(open(|d| d.payload.push(b'x'))));
    assert!(bad(open(|d| d.payload.clear())));
    assert!(bad(open(|d| d.kind_version = 0)));
    let told = open(|d| d.kind_version = 2).told();
    assert!(told.ja.contains("第 2 版") && told.en.contains("newer"));
}

#[test]
fn a_protocol_version_that_this_engine_does_not_run_cannot_be_rechecked_and_is_not_called_wrong() {
    let writer = Writer::start(Box::new(Memory::new())).unwrap();
    let mut drafts = honest();
    // The text of the protocol is one that a later engine may understand.
    let foreign = Blob::new(b"{\"study\":\"GARDEN\",\"spell\":\"abracadabra\"}".to_vec());
    let old = loaded(&[]);
    let (from, to) = (ledger::Hash(old.hash).to_string(), foreign.hash().to_string());
    for draft in &mut drafts {
        let text = String::from_utf8(draft.payload.clone()).unwrap();
        draft.payload = text.replace(&from, &to).into_bytes();
        draft.attachments.iter_mut().for_each(|a| *a = foreign.hash());
    }
    let total = drafts.len() as u64;
    writer
        .handle()
        .append(Request { study: "GARDEN".into(), expected: 0, drafts, blobs: vec![foreign] })
        .unwrap();
    let report = writer.handle().with(|s| verify(s, "GARDEN", Some(&seeds()))).unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert!(report.cannot_recheck > 10 && report.re_decided + report.cannot_recheck == total);
    assert_eq!(report.unreadable.len(), 1);
    let trial = Trial::open_with(writer.handle(), "GARDEN", seeds()).unwrap();
    assert_eq!(trial.unreadable().len(), 1);
    let garden = Garden { trial };
    let on = date(2024, 6, 1);
    let withdraw = Command::GoOffTreatment { participant: ParticipantId(1), on, why: "x".into() };
    garden.run(withdraw, &doctor("s1", on)).unwrap();
    let save = register(ParticipantId(1), "enrol", on, "");
    assert_eq!(garden.refused(save, &doctor("s1", on)), ["no_protocol"]);
}

#[test]
fn a_clock_that_went_back_is_written_down_before_anything_else() {
    let garden = Garden::open();
    garden.consent("s1", date(2024, 2, 2));
    let on = date(2024, 2, 1);
    let refused = Command::CloseQuery { query: QueryId(7) };
    assert_eq!(garden.refused(refused, &centre(on)), ["no_query"]);
    let receipt = garden.trial.execute(&Command::HoldAccrual { step: "enrol".into() }, &centre(on)).unwrap();
    assert_eq!(receipt.seqs.clone().count(), 2);
    let drafts = drafts(&garden);
    let warning = &drafts[receipt.seqs.start as usize - 1];
    assert_eq!((warning.kind.as_str(), warning.actor.as_str()), ("clock_went_back", "shirube"));
    assert_eq!(warning.payload, br#"{"by_seconds":86400}"#);
    garden.verified();
}

#[test]
fn content_that_was_erased_stays_erased_and_the_rest_verifies() {
    let garden = Garden::open();
    let (id, _) = garden.randomised("s1");
    let on = date(2024, 7, 2);
    garden.save(id, "s1", FormKey::once("adverse_event"), "onset=2024-05-01, grade=2", on).unwrap();
    let seq = garden.trial.head().seq - 1;
    let erase = ledger::Erase { seqs: vec![seq], attachments: vec![] };
    let by = Draft {
        at: noon(on),
        actor: "dm".into(),
        role: "data_manager".into(),
        reason: Some("個人名が入力されていた".into()),
        ..Draft::default()
    };
    let report = garden.trial.handle().with(move |store| {
        let head = store.head("GARDEN").unwrap().seq;
        store.redact("GARDEN", head, &erase, by).unwrap();
        verify(store, "GARDEN", Some(&seeds()))
    });
    let report = report.unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    // The erased save, and the completion that rested on it.
    assert_eq!(report.cannot_recheck, 2);
    assert!(report.state.erased.contains(&seq));
    let key = FormKey::once("adverse_event");
    assert!(!report.state.participant(id).unwrap().forms.contains_key(&key));
}

//! Letters: adopted, commented, signed off, and handed over to those who live and wish to know.

use crate::harness::*;
use conduct::*;
use jiff::civil::{Date, date};
use ledger::{Blob, Hash};

const CUTOFF: Date = date(2024, 3, 1);

fn key(kind: &str, reader: LetterReader) -> LetterKey {
    LetterKey { kind: kind.into(), lang: "ja".into(), reader }
}

/// The words of a text, which are kept with its adoption.
fn file(n: u8) -> Blob {
    Blob::new(vec![b'a' + n; 8])
}

fn text(n: u8) -> Hash {
    file(n).hash()
}

fn adopt(letter: LetterKey, n: u8) -> LetterAct {
    LetterAct::Adopt {
        letter,
        text: text(n),
        cutoff: CUTOFF,
        position: 1,
        findings: 0,
        unreviewed: 0,
        embargo: None,
    }
}

fn act(letter: LetterAct) -> Command {
    Command::Letter { letter }
}

fn chair(on: Date) -> Context {
    Context::new(noon(on), "chair", Role::StudyChair, [3; 32])
}

/// A study with a look at the cut-off, a chair and two texts: for participants (1) and for the bereaved (2).
fn garden() -> Garden {
    let garden = Garden::open();
    let on = date(2024, 4, 1);
    let ok = |command, who: &Context| drop(garden.run(command, who).unwrap());
    let person = "chair".into();
    let name = words::Text::new("研究代表者", "Chair");
    ok(Command::GrantRole { person, name, role: Role::StudyChair, site: None }, &centre(on));
    ok(
        Command::HoldLook { cutoff: CUTOFF, opened: "all".into(), for_whom: "statistician".into() },
        &centre(on),
    );
    for (n, reader) in [(1, LetterReader::Participant), (2, LetterReader::Bereaved)] {
        garden.trial.execute_with(&act(adopt(key("letter", reader), n)), &centre(on), vec![file(n)]).unwrap();
    }
    garden
}

fn comment(n: u8) -> Command {
    act(LetterAct::Comment { text: text(n), comment: "「群」を説明してほしい。".into() })
}

fn sign(n: u8) -> Command {
    act(LetterAct::SignOff { text: text(n) })
}

fn signed(garden: &Garden, on: Date) {
    for n in [1, 2] {
        garden.run(comment(n), &centre(on)).unwrap();
        garden.run(sign(n), &chair(on)).unwrap();
    }
}

fn ask(participant: ParticipantId, vital: Vital, wishes: bool, on: Date) -> Command {
    act(LetterAct::Ask { participant, vital, wishes, on })
}

fn hand(participant: ParticipantId, n: u8, on: Date) -> Command {
    act(LetterAct::HandOver { participant, text: text(n), on, how: "外来で手渡し".into() })
}

#[test]
fn a_letter_goes_from_adoption_over_comment_and_sign_off_to_each_participant_who_wishes_to_know() {
    let garden = garden();
    let (signed_on, on) = (date(2024, 5, 1), date(2024, 5, 10));
    let (a, b) = (garden.enrolled("s1"), garden.enrolled("s2"));
    signed(&garden, signed_on);
    garden.run(ask(a, Vital::Alive, true, on), &doctor("s1", on)).unwrap();
    garden.run(hand(a, 1, on), &doctor("s1", on)).unwrap();
    garden.run(ask(b, Vital::Dead, true, on), &doctor("s2", on)).unwrap();
    garden.run(hand(b, 2, on), &doctor("s2", on)).unwrap();
    let letters = garden.trial.state().letters.clone();
    assert_eq!(letters.handed.len(), 2);
    assert_eq!(letters.text(&text(1)).unwrap().signed.map(|s| s.0), Some(signed_on));
    // A site sees whom it asked and handed over to, and nobody else's.
    let (adopted, state) = (garden.trial.adopted(), garden.trial.state());
    let viewer = Viewer::new("dr-s1", Role::Investigator).at_site("s1");
    let seen = View::new(&adopted, &state, None, &viewer).unwrap().letters();
    assert_eq!(seen.handed.iter().map(|h| h.participant).collect::<Vec<_>>(), [a]);
    assert_eq!(seen.asked.keys().copied().collect::<Vec<_>>(), [a]);
    // The ledger re-decides all of it.
    let report = garden.trial.verify().unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn nothing_is_signed_off_that_breaks_a_rule_has_unreviewed_readings_or_was_not_read_by_patients() {
    let garden = garden();
    let on = date(2024, 5, 1);
    assert_eq!(garden.refused(sign(1), &chair(on)), ["no_comment"]);
    assert_eq!(garden.refused(sign(9), &chair(on)), ["no_text"]);
    assert_eq!(garden.refused(sign(1), &centre(on)), ["not_permitted"]);
    let draft = LetterAct::Adopt {
        letter: key("letter", LetterReader::Participant),
        text: text(3),
        cutoff: CUTOFF,
        position: 2,
        findings: 2,
        unreviewed: 228,
        embargo: None,
    };
    garden.trial.execute_with(&act(draft), &centre(on), vec![file(3)]).unwrap();
    assert_eq!(garden.refused(sign(3), &chair(on)), ["findings", "readings_unreviewed", "no_comment"]);
    // There is a newer version now.
    garden.run(comment(1), &centre(on)).unwrap();
    assert_eq!(garden.refused(sign(1), &chair(on)), ["newer_version"]);
    let versions: Vec<u32> = garden.trial.state().letters.texts.iter().map(|t| t.adopted.version).collect();
    assert_eq!(versions, [1, 1, 2]);
    garden.run(comment(2), &centre(on)).unwrap();
    garden.run(sign(2), &chair(on)).unwrap();
    assert_eq!(garden.refused(sign(2), &chair(on)), ["signed"]);
}

#[test]
fn a_letter_is_handed_over_only_after_it_was_checked_who_lives_and_wishes_to_know() {
    let garden = garden();
    let (on, later) = (date(2024, 5, 1), date(2024, 5, 10));
    let id = garden.enrolled("s1");
    let who = doctor("s1", later);
    let codes = |command| garden.refused(command, &who);
    assert_eq!(codes(hand(id, 1, later)), ["not_signed"]);
    // Asked before the sign-off: too early, she may have died since.
    garden.run(ask(id, Vital::Alive, true, date(2024, 4, 20)), &doctor("s1", on)).unwrap();
    signed(&garden, on);
    assert_eq!(codes(hand(id, 1, later)), ["not_asked"]);
    for (vital, wishes, n, code) in [
        (Vital::Alive, false, 1, "no_wish"),
        (Vital::Unknown, true, 1, "vital_unknown"),
        (Vital::Alive, true, 2, "wrong_reader"),
        (Vital::Dead, true, 1, "wrong_reader"),
    ] {
        garden.run(ask(id, vital, wishes, later), &who).unwrap();
        assert_eq!(codes(hand(id, n, later)), [code]);
    }
    garden.run(ask(id, Vital::Alive, true, later), &who).unwrap();
    assert_eq!(codes(hand(id, 1, date(2024, 5, 11))), ["date_future"]);
    assert_eq!(
        codes(act(LetterAct::HandOver { participant: id, text: text(1), on: later, how: " ".into() })),
        ["empty"]
    );
    assert_eq!(garden.refused(hand(id, 1, later), &doctor("s2", later)), ["no_participant"]);
    assert_eq!(garden.refused(hand(id, 1, later), &centre(later)), ["not_permitted"]);
    garden.run(hand(id, 1, later), &who).unwrap();
    assert_eq!(codes(hand(id, 1, later)), ["handed_over"]);
}

#[test]
fn a_participant_whose_death_was_reported_is_not_asked_as_one_who_lives() {
    let garden = garden();
    let id = garden.enrolled("s1");
    let on = date(2024, 5, 10);
    let died = Command::SaveForm {
        participant: id,
        form: FormKey::once("death"),
        values: values("died_on=2024-04-30"),
        complete: false,
    };
    garden.run(died, &doctor("s1", on)).unwrap();
    assert_eq!(garden.refused(ask(id, Vital::Alive, true, on), &doctor("s1", on)), ["known_dead"]);
    garden.run(ask(id, Vital::Dead, true, on), &doctor("s1", on)).unwrap();
}

#[test]
fn a_text_is_adopted_once_for_a_look_that_was_held_and_a_position_that_is_there() {
    let garden = garden();
    let on = date(2024, 5, 1);
    let letter = || key("letter", LetterReader::Participant);
    let codes = |a| garden.refused(act(a), &centre(on));
    assert_eq!(codes(adopt(letter(), 1)), ["text_known"]);
    assert_eq!(codes(adopt(key("poem", LetterReader::Participant), 5)), ["no_kind"]);
    assert_eq!(codes(adopt(key("press", LetterReader::Bereaved), 5)), ["no_kind"]);
    let at = |cutoff, position| LetterAct::Adopt {
        letter: letter(),
        text: text(5),
        cutoff,
        position,
        findings: 0,
        unreviewed: 0,
        embargo: None,
    };
    assert_eq!(codes(at(date(2024, 3, 2), 1)), ["no_look"]);
    assert_eq!(codes(at(date(2024, 5, 2), 1)), ["date_future"]);
    assert_eq!(codes(at(CUTOFF, 0)), ["position"]);
    assert_eq!(codes(at(CUTOFF, 1_000_000)), ["position"]);
    assert_eq!(garden.refused(act(adopt(letter(), 5)), &chair(on)), ["not_permitted"]);
}

#[test]
fn a_press_release_is_issued_on_the_day_of_the_embargo_and_not_before() {
    let garden = garden();
    let (on, day) = (date(2024, 5, 1), date(2024, 6, 3));
    let press = |n: u8, embargo| LetterAct::Adopt {
        letter: key("press", LetterReader::Participant),
        text: text(n),
        cutoff: CUTOFF,
        position: 1,
        findings: 0,
        unreviewed: 0,
        embargo,
    };
    let issue = |n: u8| act(LetterAct::Issue { text: text(n), how: "記者クラブに配布".into() });
    let put = |n: u8, embargo| {
        garden.trial.execute_with(&act(press(n, embargo)), &centre(on), vec![file(n)]).unwrap();
    };
    // Without a day it is never issued.
    put(5, None);
    garden.run(comment(5), &centre(on)).unwrap();
    garden.run(sign(5), &chair(on)).unwrap();
    assert_eq!(garden.refused(issue(5), &centre(on)), ["no_embargo_day"]);
    put(6, Some(day));
    assert_eq!(garden.refused(issue(6), &centre(on)), ["not_signed", "embargo"]);
    garden.run(comment(6), &centre(on)).unwrap();
    garden.run(sign(6), &chair(on)).unwrap();
    assert_eq!(garden.refused(issue(6), &centre(date(2024, 6, 2))), ["embargo"]);
    assert_eq!(garden.refused(issue(6), &chair(day)), ["not_permitted"]);
    assert_eq!(garden.refused(issue(5), &centre(day)), ["newer_version", "no_embargo_day"]);
    let mute = act(LetterAct::Issue { text: text(6), how: " ".into() });
    assert_eq!(garden.refused(mute, &centre(day)), ["empty"]);
    garden.run(issue(6), &centre(day)).unwrap();
    assert_eq!(garden.trial.state().letters.text(&text(6)).unwrap().issued.map(|i| i.0), Some(day));
    assert_eq!(garden.refused(issue(6), &centre(day)), ["issued"]);
    // A letter goes to people, not to the public, and has no embargo.
    assert_eq!(garden.refused(issue(1), &centre(day)), ["no_kind", "not_signed"]);
    let LetterAct::Adopt { letter: _, text, cutoff, position, findings, unreviewed, embargo } =
        press(7, Some(day))
    else {
        unreachable!()
    };
    let letter = key("letter", LetterReader::Participant);
    let dated = LetterAct::Adopt { letter, text, cutoff, position, findings, unreviewed, embargo };
    assert_eq!(garden.refused(act(dated), &centre(on)), ["no_kind"]);
    let report = garden.trial.verify().unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

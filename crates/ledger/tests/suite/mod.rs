//! The conformance suite: each function is one test of one store. See `conformance.rs`.
#![allow(dead_code)]

use crate::common::{Bench, all, attach, batch, draft, fill, range};
use ledger::*;
use words::Text;

pub fn an_event_is_read_as_it_was_written(b: &mut impl Bench) {
    let store = b.store();
    let mut head = Head::GENESIS;
    for n in 1..=30 {
        let done = store.append(&[batch("JCOG1017", n - 1, &[draft(n)])]).unwrap();
        let sealed = seal("JCOG1017", &head, draft(n));
        head = sealed.head();
        let expected = Appended { study: "JCOG1017".into(), first: n, head, hashes: vec![head.hash] };
        assert_eq!(done, [expected]);
        assert_eq!(range(store, "JCOG1017", n, n), [sealed]);
    }
    assert_eq!(store.head("JCOG1017").unwrap(), head);
    assert_eq!(verify(store, "JCOG1017", &mut |_| ()), Ok(head));
}

pub fn a_batch_is_stored_whole_or_not_at_all(b: &mut impl Bench) {
    let store = b.store();
    let head = fill(store, "S", 1, 3);
    let bad = Draft { actor: String::new(), ..draft(5) };
    let refused =
        store.append(&[batch("T", 0, &[draft(1), draft(2)]), batch("S", 3, &[draft(4), bad.clone()])]);
    assert_eq!(refused, Err(LedgerError::Draft { study: "S".into(), field: "actor", why: Unfit::Empty }));
    assert_eq!(store.head("S").unwrap(), head);
    assert_eq!(store.studies().unwrap(), ["S"]);
    let done = store.append(&[batch("S", 3, &[draft(4), draft(5)]), batch("T", 0, &[draft(1)])]).unwrap();
    assert_eq!(done.iter().map(|a| (a.first, a.head.seq)).collect::<Vec<_>>(), [(4, 5), (1, 1)]);
    assert_eq!(store.append(&[]), Ok(vec![]));
    let empty = store.append(&[batch("S", 5, &[])]).unwrap();
    assert_eq!((empty[0].first, empty[0].head), (6, store.head("S").unwrap()));
}

pub fn a_writer_that_knew_another_head_gets_a_conflict(b: &mut impl Bench) {
    let store = b.store();
    let head = fill(store, "S", 1, 3);
    for expected in [0, 2, 4, u64::MAX] {
        let conflict = store.append(&[batch("T", 0, &[draft(1)]), batch("S", expected, &[draft(4)])]);
        assert_eq!(conflict, Err(LedgerError::Conflict { study: "S".into(), expected, head }));
    }
    assert_eq!(store.head("S").unwrap(), head);
    assert_eq!(store.head("T").unwrap(), Head::GENESIS);
    assert_eq!(store.studies().unwrap(), ["S"]);
}

pub fn studies_do_not_mix(b: &mut impl Bench) {
    let store = b.store();
    let names = ["B", "A", "a", "試験 二", "A ", "A B"];
    for (i, study) in names.iter().enumerate() {
        let result = store.append(&[batch(study, 0, &[draft(i as u64)])]);
        assert_eq!(result.is_ok(), *study != "A ", "{study}");
    }
    assert_eq!(store.studies().unwrap(), ["A", "A B", "B", "a", "試験 二"], "sorted by bytes");
    for (i, study) in names.iter().enumerate().filter(|(_, s)| **s != "A ") {
        assert_eq!(all(store, study), [seal(study, &Head::GENESIS, draft(i as u64))]);
        verify(store, study, &mut |_| ()).unwrap();
    }
}

pub fn several_batches_of_one_study_follow_each_other_in_one_commit(b: &mut impl Bench) {
    let store = b.store();
    let done = store
        .append(&[batch("S", 0, &[draft(1), draft(2)]), batch("S", 2, &[draft(3)]), batch("S", 3, &[])])
        .unwrap();
    assert_eq!(done.iter().map(|a| a.head.seq).collect::<Vec<_>>(), [2, 3, 3]);
    assert_eq!(verify(store, "S", &mut |_| ()), Ok(done[2].head));
    let conflict = store.append(&[batch("S", 3, &[draft(4)]), batch("S", 3, &[draft(4)])]);
    let Err(LedgerError::Conflict { expected: 3, head, .. }) = conflict else { panic!("{conflict:?}") };
    assert_eq!(head.seq, 4);
    assert_eq!(store.head("S").unwrap(), done[2].head);
}

pub fn reading_as_of_a_position_gives_the_prefix(b: &mut impl Bench) {
    let store = b.store();
    fill(store, "S", 1, 20);
    let whole = all(store, "S");
    for p in 0..=21u64 {
        assert_eq!(range(store, "S", 1, p), whole[..(p as usize).min(20)]);
    }
    assert_eq!(range(store, "S", 5, 9), whole[4..9]);
    assert_eq!(range(store, "S", 9, 5), []);
    assert_eq!(range(store, "S", 21, u64::MAX), []);
    assert_eq!(range(store, "none", 0, u64::MAX), []);
}

pub fn a_reader_can_stop(b: &mut impl Bench) {
    let store = b.store();
    fill(store, "S", 1, 9);
    let (mut seen, why) = (0, LedgerError::Reader(Text::new("十分", "enough")));
    let stopped = store.read("S", 1, 9, &mut |e| {
        seen = e.seq;
        if e.seq == 4 { Err(why.clone()) } else { Ok(()) }
    });
    assert_eq!((seen, stopped), (4, Err(why)));
}

pub fn the_ledgers_own_kinds_are_refused(b: &mut impl Bench) {
    let refused = b.store().append(&[batch("S", 0, &[Draft { kind: REDACTION.into(), ..draft(1) }])]);
    assert_eq!(refused, Err(LedgerError::Draft { study: "S".into(), field: "kind", why: Unfit::Reserved }));
}

pub fn an_unfit_draft_is_refused_and_nothing_is_stored(b: &mut impl Bench) {
    let store = b.store();
    for (study, field) in [("", "study"), ("S\u{7}", "study"), ("S\0", "study"), (" S", "study")] {
        let refused = store.append(&[batch(study, 0, &[draft(1)])]);
        let Err(LedgerError::Draft { field: f, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(f, field);
    }
    let refused = store.append(&[batch("S", 0, &[Draft { reason: Some("a\0".into()), ..draft(1) }])]);
    assert!(matches!(refused, Err(LedgerError::Draft { field: "reason", .. })));
    assert_eq!(store.studies().unwrap(), Vec::<String>::new());
}

pub fn a_file_is_kept_by_its_digest(b: &mut impl Bench) {
    let store = b.store();
    attach(store, "S", b"consent");
    attach(store, "S", b"");
    attach(store, "T", b"consent");
    attach(store, "S", b"consent");
    let big: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    attach(store, "S", &big);
    b.reopen();
    let store = b.store();
    for bytes in [b"consent".as_slice(), b"", &big] {
        assert_eq!(store.blob(&Hash::of(bytes)).unwrap().as_deref(), Some(bytes));
        assert_eq!(store.attachment("S", &Hash::of(bytes)).unwrap().as_deref(), Some(bytes));
    }
    assert_eq!(store.attachment("T", &Hash::of(&big)), Ok(None));
    assert_eq!(store.blob(&Hash::of(b"other")), Ok(None));
    assert_eq!(verify_all(store, &mut |_| ()).unwrap().len(), 2);
}

pub fn a_file_that_no_event_attaches_is_refused(b: &mut impl Bench) {
    let refused = b.store().append(&[Batch {
        study: "S",
        expected: 0,
        drafts: &[draft(1)],
        blobs: &[Blob::new(vec![1])],
    }]);
    let why = Unfit::Unattached;
    assert_eq!(refused, Err(LedgerError::Draft { study: "S".into(), field: "attachments", why }));
}

pub fn an_attachment_without_its_file_is_refused(b: &mut impl Bench) {
    let store = b.store();
    attach(store, "T", b"x");
    let drafts = [Draft { attachments: vec![Hash::of(b"x")], ..draft(1) }];
    let refused = store.append(&[batch("S", 0, &drafts)]);
    let why = Unfit::NoFile;
    assert_eq!(refused, Err(LedgerError::Draft { study: "S".into(), field: "attachments", why }));
    // A file that the study has may be attached again without its bytes.
    attach(store, "S", b"x");
    store.append(&[batch("S", 1, &drafts)]).unwrap();
    // So may one that an earlier batch of the same commit brings.
    let y = Blob::new(b"y".to_vec());
    let drafts = [Draft { attachments: vec![y.hash()], ..draft(3) }];
    let first = Batch { study: "S", expected: 2, drafts: &drafts, blobs: &[y] };
    store.append(&[first, batch("S", 3, &drafts)]).unwrap();
}

fn by(reason: &str) -> Draft {
    Draft { reason: Some(reason.into()), salt: [3; 32], ..draft(77) }
}

pub fn a_redaction_takes_the_content_and_the_chain_still_verifies(b: &mut impl Bench) {
    let store = b.store();
    fill(store, "S", 1, 9);
    let before = all(store, "S");
    let erase = Erase { seqs: vec![8, 4, 4], attachments: vec![] };
    let done = store.redact("S", 9, &erase, by("a patient's name in a comment")).unwrap();
    b.reopen();
    let store = b.store();
    let after = all(store, "S");
    assert_eq!(after.len(), 10);
    for (was, is) in before.iter().zip(&after) {
        let erased = [4, 8].contains(&was.seq);
        assert_eq!(is.is_erased(), erased);
        let kept =
            Entry { payload: was.payload.clone(), reason: was.reason.clone(), salt: was.salt, ..is.clone() };
        assert_eq!(kept, *was, "all else stays");
        if erased {
            assert_eq!((&is.payload, &is.reason, &is.salt), (&None, &None, &None));
        } else {
            assert_eq!(is, was);
        }
    }
    assert_eq!(after[9].kind, REDACTION);
    assert_eq!(after[9].reason.as_deref(), Some("a patient's name in a comment"));
    assert_eq!(after[9].payload.as_deref(), Some(br#"{"seqs":[4,8],"attachments":[]}"#.as_slice()));
    assert_eq!((done.first, done.head), (10, after[9].head()));
    assert_eq!(verify(store, "S", &mut |_| ()), Ok(done.head));
    assert!(verify_all(store, &mut |_| ()).is_ok());
    fill(store, "S", 11, 12);
    assert_eq!(verify(store, "S", &mut |_| ()).unwrap().seq, 12);
}

pub fn a_redaction_needs_a_reason_and_something_to_erase(b: &mut impl Bench) {
    let store = b.store();
    let head = fill(store, "S", 1, 3);
    let one = Erase { seqs: vec![2], attachments: vec![] };
    let file = Hash::of(b"none");
    let cases = [
        (one.clone(), Draft { reason: None, ..draft(4) }, CannotErase::NoReason),
        (one.clone(), by("  "), CannotErase::NoReason),
        (Erase::default(), by("r"), CannotErase::Nothing),
        (Erase { seqs: vec![2, 4], ..Erase::default() }, by("r"), CannotErase::NoSuchEntry(4)),
        (Erase { seqs: vec![0], ..Erase::default() }, by("r"), CannotErase::NoSuchEntry(0)),
        (Erase { seqs: vec![u64::MAX], ..Erase::default() }, by("r"), CannotErase::NoSuchEntry(u64::MAX)),
        (Erase { attachments: vec![file], ..Erase::default() }, by("r"), CannotErase::NoSuchAttachment(file)),
    ];
    for (erase, by, why) in cases {
        assert_eq!(store.redact("S", 3, &erase, by), Err(LedgerError::Redaction { study: "S".into(), why }));
    }
    let conflict = store.redact("S", 2, &one, by("r"));
    assert_eq!(conflict, Err(LedgerError::Conflict { study: "S".into(), expected: 2, head }));
    assert_eq!(store.head("S").unwrap(), head);
    assert!(all(store, "S").iter().all(|e| !e.is_erased()));
    store.redact("S", 3, &one, by("r")).unwrap();
    let again = store.redact("S", 4, &one, by("r"));
    assert_eq!(again, Err(LedgerError::Redaction { study: "S".into(), why: CannotErase::Already(2) }));
}

pub fn the_record_of_an_erasure_cannot_be_erased(b: &mut impl Bench) {
    let store = b.store();
    fill(store, "S", 1, 3);
    store.redact("S", 3, &Erase { seqs: vec![2], attachments: vec![] }, by("r")).unwrap();
    let refused = store.redact("S", 4, &Erase { seqs: vec![4], attachments: vec![] }, by("r"));
    assert_eq!(refused, Err(LedgerError::Redaction { study: "S".into(), why: CannotErase::IsRedaction(4) }));
}

pub fn a_file_can_be_erased(b: &mut impl Bench) {
    let store = b.store();
    attach(store, "S", b"scan with a name");
    attach(store, "T", b"scan with a name");
    let hash = Hash::of(b"scan with a name");
    let erase = Erase { seqs: vec![], attachments: vec![hash] };
    store.redact("S", 1, &erase, by("burned-in name")).unwrap();
    assert_eq!(store.attachment("S", &hash), Ok(None));
    assert!(store.attachment("T", &hash).unwrap().is_some(), "another study's copy is its own");
    assert_eq!(verify(store, "S", &mut |_| ()).unwrap().seq, 2);
    assert!(verify_all(store, &mut |_| ()).is_ok());
    // Attached once more, it is there again, and may be erased again.
    attach(store, "S", b"scan with a name");
    assert!(verify_all(store, &mut |_| ()).is_ok());
    store.redact("S", 3, &erase, by("again")).unwrap();
    assert!(verify_all(store, &mut |_| ()).is_ok());
}

pub fn extreme_values_come_back_unchanged(b: &mut impl Bench) {
    let store = b.store();
    let everything: Vec<u8> = (0..=255).collect();
    let texts = ["\u{10FFFF}", "𠮷野家", "e\u{301}", "é", "'; DROP TABLE entry; --", "\\x00", "ﾊﾝｶｸ", " "];
    let mut drafts: Vec<Draft> = texts
        .iter()
        .map(|t| Draft {
            actor: (*t).into(),
            site: Some((*t).into()),
            reason: Some(format!("{t}\r\n\t{t}")),
            payload: everything.clone(),
            ..draft(1)
        })
        .collect();
    drafts.push(Draft {
        payload: vec![],
        site: Some(String::new()),
        reason: Some(String::new()),
        ..draft(2)
    });
    drafts.push(Draft { payload: vec![0; 5_000_000], kind_version: u16::MAX, salt: [0xFF; 32], ..draft(3) });
    drafts.push(Draft { at: jiff::Timestamp::MIN, kind_version: 0, ..draft(4) });
    drafts.push(Draft { at: "9999-12-30T21:59:59.999999Z".parse().unwrap(), ..draft(5) });
    drafts.push(Draft { at: "2038-01-19T03:14:08Z".parse().unwrap(), ..draft(6) });
    drafts.push(Draft { at: "1969-12-31T23:59:59.9999995Z".parse().unwrap(), ..draft(7) });
    store.append(&[batch("S", 0, &drafts)]).unwrap();
    b.reopen();
    let store = b.store();
    let mut head = Head::GENESIS;
    for (entry, draft) in all(store, "S").into_iter().zip(drafts) {
        let sealed = seal("S", &head, draft);
        assert_eq!(entry, sealed);
        head = sealed.head();
    }
    assert_eq!(verify(store, "S", &mut |_| ()), Ok(head));
}

pub fn nothing_stored_verifies_as_nothing(b: &mut impl Bench) {
    let store = b.store();
    assert_eq!(store.head("S").unwrap(), Head::GENESIS);
    assert_eq!(verify(store, "S", &mut |_| ()).unwrap_err().what, FaultKind::NoSuchStudy);
    assert_eq!(verify_all(store, &mut |_| ()), Ok(Default::default()));
}

pub fn a_study_can_be_taken_from_another_store(b: &mut impl Bench) {
    let mut other = Memory::new();
    fill(&mut other, "S", 1, 9);
    attach(&mut other, "S", b"file");
    attach(&mut other, "S", b"erased file");
    let erase = Erase { seqs: vec![3, 5], attachments: vec![Hash::of(b"erased file")] };
    let head = other.redact("S", 11, &erase, by("r")).unwrap().head;
    let store = b.store();
    fill(store, "T", 1, 2);
    assert_eq!(copy(&other, store, "S"), Ok(head));
    b.reopen();
    let store = b.store();
    assert_eq!(all(store, "S"), all(&other, "S"));
    assert_eq!(verify_all(store, &mut |_| ()).unwrap()["S"], head);
    // And it goes on from there.
    assert_eq!(fill(store, "S", 13, 14), fill(&mut other, "S", 13, 14));
}

pub fn a_study_that_is_there_is_not_taken_in_again(b: &mut impl Bench) {
    let mut other = Memory::new();
    fill(&mut other, "S", 1, 3);
    let store = b.store();
    let head = fill(store, "S", 1, 2);
    assert_eq!(copy(&other, store, "S"), Err(LedgerError::Occupied { study: "S".into(), head }));
    assert_eq!(store.head("S").unwrap(), head);
}

pub fn a_broken_study_is_not_taken_in(b: &mut impl Bench) {
    let mut other = Memory::new();
    fill(&mut other, "S", 1, 9);
    other.entries_mut("S").unwrap()[6].payload = Some(b"{}".to_vec());
    let store = b.store();
    let refused = copy(&other, store, "S");
    let told = Fault::new("S", 7, FaultKind::Commitment).told;
    assert_eq!(refused, Err(LedgerError::Reader(told)));
    assert_eq!(store.studies().unwrap(), Vec::<String>::new());
    // A study of which nothing came is no study.
    assert!(copy(&Memory::new(), store, "S").is_err());
}

pub fn what_was_stored_is_there_after_reopening(b: &mut impl Bench) {
    let head = fill(b.store(), "S", 1, 5);
    b.reopen();
    assert_eq!(b.store().head("S").unwrap(), head);
    let head = fill(b.store(), "S", 6, 7);
    b.reopen();
    assert_eq!(verify(b.store(), "S", &mut |_| ()), Ok(head));
}

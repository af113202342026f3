//! What holds for every ledger.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::{all, batch};
use jiff::Timestamp;
use ledger::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    "[\\PC&&[^\\p{Cc}]]{1,12}"
}

fn drafts(most: usize) -> impl Strategy<Value = Vec<Draft>> {
    let place = (text(), text(), option::of(text()), option::of(text()));
    let what = (text(), any::<u16>(), vec(any::<u8>(), 0..60), option::of("\\PC{0,12}"));
    let rest =
        (option::of(text()), option::of(text()), any::<[u8; 32]>(), -377_705_023_201i64..253_402_207_200);
    let one = (place, what, rest).prop_map(|(place, what, rest)| Draft {
        at: Timestamp::from_second(rest.3).unwrap(),
        actor: place.0,
        role: place.1,
        site: place.2,
        on_behalf: place.3,
        kind: format!("k{}", what.0),
        kind_version: what.1,
        payload: what.2,
        reason: what.3,
        meaning: rest.0,
        request: rest.1,
        attachments: vec![],
        salt: rest.2,
    });
    vec(one, 1..most)
}

fn filled(drafts: &[Draft]) -> Memory {
    let mut store = Memory::new();
    store.append(&[batch("S", 0, drafts)]).unwrap();
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_verifies(drafts in drafts(12)) {
        let store = filled(&drafts);
        let mut seen = Vec::new();
        let head = verify(&store, "S", &mut |e| seen.push(e.clone())).unwrap();
        prop_assert_eq!(head, store.head("S").unwrap());
        prop_assert_eq!(seen.len(), drafts.len());
        for (entry, draft) in seen.iter().zip(&drafts) {
            prop_assert_eq!(entry.payload.as_ref(), Some(&draft.payload));
            prop_assert_eq!(entry.at, draft.at);
        }
    }

    #[test]
    fn every_prefix_stays_a_prefix(drafts in drafts(16), cuts in vec(any::<prop::sample::Index>(), 1..5)) {
        let mut store = Memory::new();
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(drafts.len() + 1)).chain([drafts.len()]).collect();
        cuts.sort_unstable();
        let (mut from, mut before) = (0, Vec::new());
        for cut in cuts {
            store.append(&[batch("S", from as u64, &drafts[from..cut])]).unwrap();
            let now = all(&store, "S");
            prop_assert_eq!(&now[..from], &before[..]);
            prop_assert_eq!(now.len(), cut);
            (from, before) = (cut, now);
        }
        // However the drafts were batched, the chain is the same.
        prop_assert_eq!(before, all(&filled(&drafts), "S"));
    }

    #[test]
    fn two_different_events_have_different_hashes(two in drafts(3)) {
        let a = seal("S", &Head::GENESIS, two[0].clone());
        let b = seal("S", &Head::GENESIS, two[two.len() - 1].clone());
        prop_assert_eq!(a.hash == b.hash, a == b);
        prop_assert_ne!(a.hash, seal("T", &Head::GENESIS, two[0].clone()).hash);
        prop_assert_ne!(a.hash, seal("S", &Head { seq: 1, hash: Hash::ZERO }, two[0].clone()).hash);
    }

    /// Moving bytes from one text to its neighbour, or from nothing to empty, is a different event.
    #[test]
    fn fields_do_not_run_into_each_other(d in drafts(2), cut in any::<prop::sample::Index>()) {
        let d = d[0].clone();
        let h = |d: &Draft| seal("S", &Head::GENESIS, d.clone()).hash;
        let at = cut.index(d.role.chars().count());
        let moved: String = d.role.chars().take(at).collect();
        let rest: String = d.role.chars().skip(at).collect();
        if at > 0 {
            prop_assert_ne!(h(&d), h(&Draft { actor: format!("{}{moved}", d.actor), role: rest, ..d.clone() }));
        }
        for (a, b) in [(None, Some(String::new())), (Some("x".into()), None)] {
            let one = Draft { site: a.clone(), on_behalf: b.clone(), ..d.clone() };
            prop_assert_ne!(h(&one), h(&Draft { site: b.clone(), on_behalf: a.clone(), ..d.clone() }));
            prop_assert_ne!(
                h(&Draft { meaning: a.clone(), request: b.clone(), ..d.clone() }),
                h(&Draft { meaning: b, request: a, ..d.clone() })
            );
        }
    }

    #[test]
    fn a_change_to_any_field_of_any_entry_is_found_and_named(
        drafts in drafts(10), which in any::<prop::sample::Index>(), field in 0..18usize, with in drafts(2),
    ) {
        let mut store = filled(&drafts);
        let at = which.index(drafts.len());
        let (entries, w) = (store.entries_mut("S").unwrap(), &with[0]);
        let before = entries[at].clone();
        let e = &mut entries[at];
        match field {
            0 => e.study = w.actor.clone(),
            1 => e.seq += u64::from(w.kind_version),
            2 => e.previous = Hash(w.salt),
            3 => e.hash = Hash(w.salt),
            4 => e.commitment = Hash(w.salt),
            5 => e.at = w.at,
            6 => e.actor = w.actor.clone(),
            7 => e.role = w.role.clone(),
            8 => e.site = w.site.clone(),
            9 => e.on_behalf = w.on_behalf.clone(),
            10 => e.kind = w.kind.clone(),
            11 => e.kind_version = w.kind_version,
            12 => e.meaning = w.meaning.clone(),
            13 => e.request = w.request.clone(),
            14 => e.attachments = vec![Hash(w.salt)],
            15 => e.payload = Some(w.payload.clone()),
            16 => e.reason = w.reason.clone(),
            _ => e.salt = Some(w.salt),
        }
        let changed = *e != before;
        let result = verify(&store, "S", &mut |_| ());
        if changed {
            prop_assert_eq!(result.unwrap_err().seq, at as u64 + 1);
        } else {
            prop_assert!(result.is_ok());
        }
    }

    /// Studies are independent: however their appends are mixed, each chain is the same.
    #[test]
    fn mixing_studies_changes_no_chain(drafts in drafts(12), order in vec(any::<bool>(), 12)) {
        let mut store = Memory::new();
        for study in order.iter().map(|first| if *first { "S" } else { "T" }) {
            let head = store.head(study).unwrap().seq;
            if let Some(draft) = drafts.get(head as usize) {
                store.append(&[batch(study, head, std::slice::from_ref(draft))]).unwrap();
            }
        }
        let whole = filled(&drafts);
        for study in store.studies().unwrap() {
            let mut alone = Memory::new();
            let n = store.head(&study).unwrap().seq as usize;
            alone.append(&[batch(&study, 0, &drafts[..n])]).unwrap();
            prop_assert_eq!(all(&store, &study), all(&alone, &study));
            if study == "S" {
                prop_assert_eq!(&all(&store, "S")[..], &all(&whole, "S")[..n]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_stores_agree_on_every_hash(drafts in drafts(8)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut disk = Sqlite::open(path.to_str().unwrap(), Mode::Create).unwrap();
        let done = disk.append(&[batch("S", 0, &drafts)]).unwrap();
        let memory = filled(&drafts);
        prop_assert_eq!(done[0].head, memory.head("S").unwrap());
        prop_assert_eq!(all(&disk, "S"), all(&memory, "S"));
    }
}

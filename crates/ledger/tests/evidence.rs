//! What leaves the system as evidence: checkpoints, proofs, exports; and ledgers of earlier releases.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::{all, attach, batch, draft, fill};
use ledger::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn signer() -> Signer {
    Signer::new("data-centre.example.org", &[7; 32]).unwrap()
}

fn keys() -> Vec<Verifier> {
    vec![signer().verifier()]
}

fn filled(n: u64) -> Memory {
    let mut store = Memory::new();
    fill(&mut store, "S", 1, n);
    store
}

/// Replaces every entry from `from` on by another that fits the chain.
fn rewrite(store: &mut Memory, from: u64) {
    let entries = store.entries_mut("S").unwrap();
    let mut last = if from == 1 { Head::GENESIS } else { entries[from as usize - 2].head() };
    for entry in entries.iter_mut().skip(from as usize - 1) {
        *entry = seal("S", &last, Draft { actor: "forger".into(), ..draft(entry.seq) });
        last = entry.head();
    }
}

#[test]
fn a_ledger_that_grew_still_fits_every_earlier_checkpoint() {
    let mut store = Memory::new();
    let mut signed = Vec::new();
    for n in 1..=40 {
        fill(&mut store, "S", n, n);
        let note = signer().sign(&checkpoint(&store, "S", &signer()).unwrap());
        signed.push(Checkpoint::open(&note, &keys()).unwrap());
    }
    let found = verify_against(&store, "S", &signed, &mut |_| ()).unwrap();
    assert_eq!(found.head, store.head("S").unwrap());
    assert_eq!(found.root, signed[39].root);
    let hashes: Vec<Hash> = all(&store, "S").iter().map(|e| e.hash).collect();
    for c in &signed {
        let proof = merkle::consistency(&hashes, c.size as usize).unwrap();
        assert!(merkle::is_prefix(c.size, &c.root, 40, &found.root, &proof));
    }
}

#[test]
fn a_tail_that_was_rewritten_and_hashed_again_is_caught_by_a_checkpoint() {
    let mut store = filled(20);
    let mut signed = Vec::new();
    for size in [5, 10, 15] {
        signed.push(checkpoint(&filled(size), "S", &signer()).unwrap());
    }
    for from in 1..=20 {
        let mut forged = store.clone();
        rewrite(&mut forged, from);
        assert!(verify(&forged, "S", &mut |_| ()).is_ok(), "the chain alone does not show it");
        let found = verify_against(&forged, "S", &signed, &mut |_| ());
        match from {
            1..=15 => {
                let size = from.div_ceil(5) * 5;
                let fault = found.unwrap_err();
                assert_eq!(fault.what, FaultKind::Rewritten { size });
                assert_eq!(fault.seq, size - 4, "the first entry that no fitting checkpoint covers");
            }
            _ => assert!(found.is_ok(), "what no checkpoint covers yet"),
        }
    }
    store.entries_mut("S").unwrap().truncate(12);
    let cut = verify_against(&store, "S", &signed, &mut |_| ()).unwrap_err();
    assert_eq!((cut.seq, cut.what), (13, FaultKind::CutOff { size: 15 }));
}

#[test]
fn one_participants_record_is_shown_without_the_rest() {
    let mut store = filled(21);
    attach(&mut store, "S", b"file");
    let erase = Erase { seqs: vec![9], attachments: vec![] };
    store.redact("S", 22, &erase, Draft { reason: Some("r".into()), ..draft(23) }).unwrap();
    let binary = Draft { payload: vec![0xFF, 0, 0x80], ..draft(24) };
    store.append(&[batch("S", 23, &[binary])]).unwrap();
    let wanted = BTreeSet::from([1, 9, 14, 22, 24]);
    let proof = prove(&store, "S", &wanted, &signer()).unwrap();
    let text = serde_json::to_string_pretty(&proof).unwrap();
    assert!(!text.contains("症例 13"), "nothing of another entry's content");
    let read: Proof = serde_json::from_str(&text).unwrap();
    let (signed, entries) = read.check(&keys()).unwrap();
    assert_eq!(signed, checkpoint(&store, "S", &signer()).unwrap());
    let expected: Vec<Entry> = all(&store, "S").into_iter().filter(|e| wanted.contains(&e.seq)).collect();
    assert_eq!(entries, expected);
}

#[test]
fn a_proof_that_was_altered_in_any_value_is_refused() {
    let store = filled(13);
    let proof = prove(&store, "S", &BTreeSet::from([4, 12]), &signer()).unwrap();
    let text = serde_json::to_string(&proof).unwrap();
    let whole = proof.check(&keys()).unwrap();
    let mut tried = 0;
    for at in 0..text.len() {
        for bit in 0..7 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Some(spoilt) =
                String::from_utf8(bytes).ok().and_then(|t| serde_json::from_str::<Proof>(&t).ok())
            else {
                continue;
            };
            tried += 1;
            // Another spelling of the same value (an escape, a finer fraction of a second) changes nothing.
            if spoilt != proof {
                let found = spoilt.check(&keys());
                assert!(found.is_err() || found == Ok(whole.clone()), "byte {at} bit {bit}");
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    let other = Signer::new("data-centre.example.org", &[8; 32]).unwrap().verifier();
    assert_eq!(proof.check(&[other]), Err((None, NoteError::Unsigned)));
    let mut foreign = proof.clone();
    foreign.checkpoint = signer().sign(&checkpoint(&filled(12), "S", &signer()).unwrap());
    assert_eq!(foreign.check(&keys()), Err((Some(4), NoteError::NotIncluded)));
}

#[test]
fn an_export_is_one_file_that_verifies_and_is_taken_in_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut store = Sqlite::open(&path("a.db"), Mode::Create).unwrap();
    let drafts: Vec<Draft> = (1..=1203).map(draft).collect();
    store.append(&[batch("S", 0, &drafts), batch("T", 0, &drafts[..3])]).unwrap();
    attach(&mut store, "S", b"file");
    attach(&mut store, "S", b"erased");
    let erase = Erase { seqs: vec![7, 1100], attachments: vec![Hash::of(b"erased")] };
    let by = Draft { reason: Some("r".into()), ..draft(9) };
    let head = store.redact("S", 1205, &erase, by).unwrap().head;

    assert_eq!(export(&store, "S", &path("S.db")), Ok(head));
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(beside.iter().all(|f| !f.to_str().unwrap().starts_with("S.db-")), "{beside:?}");
    let exported = Sqlite::open(&path("S.db"), Mode::ReadOnly).unwrap();
    let heads = verify_all(&exported, &mut |_| ()).unwrap();
    assert_eq!(heads, [("S".to_owned(), head)].into(), "that study and no other");
    assert_eq!(all(&exported, "S"), all(&store, "S"));

    let mut other = Memory::new();
    assert_eq!(copy(&exported, &mut other, "S"), Ok(head));
    assert_eq!(all(&other, "S"), all(&store, "S"));
    assert!(other.attachment("S", &Hash::of(b"file")).unwrap().is_some());
}

#[test]
fn an_export_that_cannot_be_made_leaves_nothing_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("S.db").to_str().unwrap().to_owned();
    let mut store = filled(5);
    assert!(export(&store, "T", &path).is_err());
    store.entries_mut("S").unwrap()[2].actor = "forger".into();
    assert!(export(&store, "S", &path).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(&path, "mine").unwrap();
    assert_eq!(export(&filled(5), "S", &path), Err(LedgerError::Exists { place: path.clone() }));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn a_back_up_made_under_load_verifies_and_is_a_prefix_of_what_came_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut store = Sqlite::open(&path("a.db"), Mode::Create).unwrap();
    fill(&mut store, "S", 1, 20);
    attach(&mut store, "T", b"file");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let copies = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut n = 20;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                n += 1;
                fill(&mut store, "S", n, n);
            }
        });
        let copies: Vec<String> = (0..5)
            .map(|n| {
                let copy = path(&format!("copy {n}.db"));
                Sqlite::open(&path("a.db"), Mode::ReadOnly).unwrap().back_up(&copy).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(20));
                copy
            })
            .collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        writing.join().unwrap();
        copies
    });
    let whole = all(&store, "S");
    for copy in copies {
        let mut copy = Sqlite::open(&copy, Mode::Existing).unwrap();
        assert_eq!(verify_all(&copy, &mut |_| ()).unwrap().len(), 2);
        let entries = all(&copy, "S");
        assert!(entries.len() >= 20);
        assert_eq!(entries[..], whole[..entries.len()]);
        let n = entries.len() as u64;
        fill(&mut copy, "S", n + 1, n + 1);
    }
    assert!(matches!(store.back_up(&path("a.db")), Err(LedgerError::Exists { .. })));
}

// Ledgers of every release, kept as they were written. A new format adds a file here; none is ever made again.

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What `v1.db` holds. Written once, with `SHIRUBE_MAKE_FIXTURE=1`, by the release that settled format 1.
fn furnish(store: &mut dyn Store) {
    fill(store, "JCOG1017", 1, 30);
    attach(store, "JCOG1017", b"protocol.pdf");
    attach(store, "JCOG1017", b"scan with a name");
    let erase = Erase { seqs: vec![3, 20], attachments: vec![Hash::of(b"scan with a name")] };
    let by = Draft { reason: Some("氏名が自由記載欄に入力されたため".into()), ..draft(33) };
    store.redact("JCOG1017", 32, &erase, by).unwrap();
    fill(store, "JCOG1017", 34, 40);
    fill(store, "試験 二", 1, 3);
}

const V1_HEADS: [(&str, u64, &str); 2] = [
    ("JCOG1017", 40, "0084067fb6806a37e36fb60af6b5ec7df320fab50b5faa01b5555ce7a12ade64"),
    ("試験 二", 3, "2ae664f0ab14956d627dda3b1f29a53e286b8c40a4e3b3c8585f9b8249ee3395"),
];

#[test]
fn a_ledger_of_format_1_opens_and_verifies_for_ever() {
    let made = fixtures().join("v1.db");
    if std::env::var_os("SHIRUBE_MAKE_FIXTURE").is_some() && !made.exists() {
        fs::create_dir_all(fixtures()).unwrap();
        let mut store = Sqlite::open(made.to_str().unwrap(), Mode::Create).unwrap();
        furnish(&mut store);
        let note = signer().sign(&checkpoint(&store, "JCOG1017", &signer()).unwrap());
        fs::write(fixtures().join("v1.checkpoint"), note).unwrap();
        fs::write(fixtures().join("v1.key"), format!("{}\n", signer().verifier())).unwrap();
        let proof = prove(&store, "JCOG1017", &BTreeSet::from([1, 3, 31]), &signer()).unwrap();
        fs::write(fixtures().join("v1.proof.json"), serde_json::to_string_pretty(&proof).unwrap()).unwrap();
        store.close_into_one_file().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v1.db").to_str().unwrap().to_owned();
    fs::copy(&made, &path).unwrap();
    let key: Verifier = fs::read_to_string(fixtures().join("v1.key")).unwrap().parse().unwrap();
    let signed = fs::read_to_string(fixtures().join("v1.checkpoint")).unwrap();
    let signed = Checkpoint::open(&signed, std::slice::from_ref(&key)).unwrap();
    let mut expected = Memory::new();
    furnish(&mut expected);
    for mode in [Mode::ReadOnly, Mode::Existing] {
        let store = Sqlite::open(&path, mode).unwrap();
        let heads = verify_all(&store, &mut |_| ()).unwrap();
        let heads: Vec<_> = heads.into_iter().map(|(s, h)| (s, h.seq, h.hash.to_string())).collect();
        assert_eq!(heads, V1_HEADS.map(|(s, n, h)| (s.to_owned(), n, h.to_owned())));
        for (study, _, _) in V1_HEADS {
            assert_eq!(all(&store, study), all(&expected, study));
        }
        verify_against(&store, "JCOG1017", std::slice::from_ref(&signed), &mut |_| ()).unwrap();
        assert_eq!(
            store.attachment("JCOG1017", &Hash::of(b"protocol.pdf")).unwrap().unwrap(),
            b"protocol.pdf"
        );
    }
    let proof = fs::read_to_string(fixtures().join("v1.proof.json")).unwrap();
    let (_, shown) = serde_json::from_str::<Proof>(&proof).unwrap().check(&[key]).unwrap();
    assert_eq!(shown.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 3, 31]);
    // And it can be continued.
    let mut store = Sqlite::open(&path, Mode::Existing).unwrap();
    assert_eq!(fill(&mut store, "JCOG1017", 41, 42), fill(&mut expected, "JCOG1017", 41, 42));
    assert!(verify_all(&store, &mut |_| ()).is_ok());
}

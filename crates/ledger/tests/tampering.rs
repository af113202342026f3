//! Whatever is changed in the stored rows is found.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::{all, attach, batch, draft, fill, slow};
use ledger::*;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::fs;

/// A ledger with every kind of thing in it: two studies, files, an erased entry, an erased file.
fn furnish(store: &mut dyn Store) {
    fill(store, "JCOG1017", 1, 8);
    attach(store, "JCOG1017", b"protocol.pdf");
    attach(store, "JCOG1017", b"scan with a name");
    let erase = Erase { seqs: vec![3], attachments: vec![Hash::of(b"scan with a name")] };
    let by = Draft { reason: Some("a name in a comment".into()), ..draft(11) };
    store.redact("JCOG1017", 10, &erase, by).unwrap();
    fill(store, "JCOG1017", 12, 14);
    fill(store, "INT0035", 1, 3);
    attach(store, "INT0035", b"protocol.pdf");
}

fn furnished(path: &str) {
    furnish(&mut Sqlite::open(path, Mode::Create).unwrap());
}

/// Every way to spoil one value a little, and some to spoil it altogether.
fn spoilt(value: &Value) -> Vec<Value> {
    let bytes = |b: &[u8]| {
        let mut out: Vec<Vec<u8>> = Vec::new();
        for at in [0, b.len() / 2, b.len().saturating_sub(1)] {
            for bit in [0, 3, 7] {
                if let Some(byte) = b.get(at) {
                    let mut new = b.to_vec();
                    new[at] = byte ^ (1 << bit);
                    out.push(new);
                }
            }
        }
        out.push([b, b"\0"].concat());
        out.push(b[..b.len() - b.len().min(1)].to_vec());
        out.push(vec![]);
        out.retain(|new| new != b);
        out
    };
    match value {
        Value::Null => vec![Value::Text(String::new()), Value::Text("x".into()), Value::Blob(vec![0; 32])],
        Value::Integer(i) => {
            let flips = [0, 1, 2, 7, 15, 16, 20, 31, 40, 62].map(|bit| i ^ (1 << bit));
            let flips = flips.into_iter().chain([0, -1, i64::MIN, i64::MAX]);
            flips.filter(|new| new != i).map(Value::Integer).collect()
        }
        Value::Text(t) => {
            let mut out = vec![Value::Null];
            for new in bytes(t.as_bytes()) {
                // Bytes that are not UTF-8 are put in as a text by CAST; see `set`.
                out.push(String::from_utf8(new).map_or_else(|e| Value::Blob(e.into_bytes()), Value::Text));
            }
            out
        }
        Value::Blob(b) => std::iter::once(Value::Null).chain(bytes(b).into_iter().map(Value::Blob)).collect(),
        Value::Real(_) => panic!("no column holds a float"),
    }
}

fn raw(path: &str) -> Connection {
    let raw = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    raw.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON",
    )
    .unwrap();
    raw
}

#[test]
fn a_change_to_any_value_of_any_row_of_any_table_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    furnished(&path);
    verify_all(&Sqlite::open(&path, Mode::ReadOnly).unwrap(), &mut |_| ()).unwrap();
    let tool = raw(&path);
    let list = |sql: &str| -> Vec<String> {
        let mut query = tool.prepare(sql).unwrap();
        query.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let triggers = list("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").join(";\n");
    for name in list("SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
        tool.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    tool.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    assert_eq!(tables, ["content", "entry", "file"], "a new table must be tampered with, too");
    let (mut tried, mut columns_tried) = (0, 0);
    for table in tables {
        let key = if table == "file" { "hash, study" } else { "study, seq" };
        for column in list(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid")) {
            columns_tried += 1;
            let rows: u32 =
                tool.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap();
            // Every value of every row when there is time; otherwise another third of the rows for each column.
            let (first, step) = if slow() { (0, 1) } else { (columns_tried as u32 % 3, 3) };
            for row in (first..rows).step_by(step) {
                let at = format!("({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row})");
                let sql = format!("SELECT {column} FROM {table} WHERE {at}");
                let value: Value = tool.query_row(&sql, [], |r| r.get(0)).unwrap();
                let text = matches!(value, Value::Text(_) | Value::Null);
                for new in spoilt(&value) {
                    let copy = folder.path().join("copy.db").to_str().unwrap().to_owned();
                    fs::copy(&path, &copy).unwrap();
                    let forger = raw(&copy);
                    let cast = if text && matches!(new, Value::Blob(_)) { "CAST(?1 AS TEXT)" } else { "?1" };
                    // STRICT and NOT NULL refuse some changes by themselves: those cannot happen through SQL.
                    let sql = format!("UPDATE {table} SET {column} = {cast} WHERE {at}");
                    if forger.execute(&sql, [&new]).is_err() {
                        continue;
                    }
                    forger.execute_batch(&triggers).unwrap();
                    drop(forger);
                    tried += 1;
                    let found = verify_all(&Sqlite::open(&copy, Mode::ReadOnly).unwrap(), &mut |_| ());
                    let what = format!("{table}.{column} row {row}: {value:?} became {new:?}");
                    let Err(faults) = found else { panic!("{what}") };
                    assert!(faults.iter().any(|f| !is_schema(f)), "{what}: {faults:?}");
                }
            }
        }
    }
    assert_eq!(columns_tried, 15 + 5 + 3);
    println!("figures: {tried} changed values, each found");
    assert!(tried > 900, "{tried}");
}

fn is_schema(fault: &Fault) -> bool {
    matches!(&fault.what, FaultKind::Stray(s) if matches!(**s, Stray::Schema { .. }))
}

/// A flipped byte either makes the file unreadable, or is found, or stands where nothing is stored.
#[test]
fn a_flipped_byte_of_the_file_never_changes_what_is_read_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    furnished(&path);
    let whole = fs::read(&path).unwrap();
    let content = |path: &str| {
        let store = Sqlite::open(path, Mode::ReadOnly)?;
        let heads = verify_all(&store, &mut |_| ())
            .map_err(|f| LedgerError::Damaged { detail: format!("{:?}", f[0]) })?;
        Ok::<_, LedgerError>(heads.keys().map(|s| all(&store, s)).collect::<Vec<_>>())
    };
    let before = content(&path).unwrap();
    let (mut found, mut idle) = (0, 0);
    for at in (0..whole.len()).step_by(if slow() { 5 } else { 37 }) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        match content(&path) {
            Err(_) => found += 1,
            Ok(now) => {
                assert_eq!(now, before, "byte {at}");
                idle += 1;
            }
        }
        for beside in ["a.db-wal", "a.db-shm", "a.db-journal"] {
            let _ = fs::remove_file(folder.path().join(beside));
        }
    }
    println!("figures: {found} flipped bytes found, {idle} where nothing is stored");
    assert!(found > 100);
}

#[test]
fn the_ledgers_triggers_refuse_what_an_honest_program_might_do_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    furnished(&path);
    let heads = verify_all(&Sqlite::open(&path, Mode::ReadOnly).unwrap(), &mut |_| ()).unwrap();
    let tool = Connection::open(&path).unwrap();
    let copy = "previous, hash, commitment, at, actor, role, site, on_behalf, kind, kind_version, meaning, request, \
                attachments FROM entry WHERE study = 'JCOG1017' AND seq = 5";
    for sql in [
        "UPDATE entry SET actor = 'x'".to_owned(),
        "DELETE FROM entry".to_owned(),
        "DELETE FROM entry WHERE study = 'JCOG1017' AND seq = 14".to_owned(),
        format!("INSERT INTO entry SELECT study, 16, {copy}"),
        format!("INSERT INTO entry SELECT study, 15, {copy}"),
        format!("INSERT OR REPLACE INTO entry SELECT study, 14, {copy}"),
        format!("INSERT OR REPLACE INTO entry SELECT study, 5, {copy}"),
        "UPDATE content SET payload = x''".to_owned(),
        "UPDATE OR REPLACE content SET seq = 5 WHERE seq = 4".to_owned(),
        "DELETE FROM content".to_owned(),
        "DELETE FROM content WHERE study = 'JCOG1017' AND seq = 14".to_owned(),
        "INSERT INTO content VALUES ('JCOG1017', 3, zeroblob(32), x'', NULL)".to_owned(),
        "INSERT OR REPLACE INTO content VALUES ('JCOG1017', 14, zeroblob(32), x'', NULL)".to_owned(),
        "UPDATE file SET bytes = x''".to_owned(),
        "DELETE FROM file".to_owned(),
        "INSERT OR REPLACE INTO file SELECT hash, study, x'' FROM file".to_owned(),
    ] {
        assert!(tool.execute_batch(&sql).is_err(), "{sql}");
    }
    drop(tool);
    assert_eq!(verify_all(&Sqlite::open(&path, Mode::ReadOnly).unwrap(), &mut |_| ()), Ok(heads));
}

#[test]
fn a_file_that_was_put_beside_the_chain_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    furnished(&path);
    let hash = Hash::of(b"a consent form from nowhere");
    // Under a study that attaches other files, and of the bytes of a file that only the other study attaches.
    for (study, bytes) in
        [("JCOG1017", &b"a consent form from nowhere"[..]), ("INT0035", b"scan with a name")]
    {
        let hash = Hash::of(bytes);
        let sql = "INSERT INTO file (hash, study, bytes) VALUES (?1, ?2, ?3)";
        Connection::open(&path).unwrap().execute(sql, (hash.0, study, bytes)).unwrap();
    }
    let faults = verify_all(&Sqlite::open(&path, Mode::ReadOnly).unwrap(), &mut |_| ()).unwrap_err();
    let stray = |study: &str, hash| FaultKind::Stray(Box::new(Stray::Blob { study: study.into(), hash }));
    let found: Vec<_> = faults.into_iter().map(|f| f.what).collect();
    assert_eq!(found, [stray("INT0035", Hash::of(b"scan with a name")), stray("JCOG1017", hash)]);
}

#[test]
fn what_was_erased_is_gone_from_the_file_and_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    let mut store = Sqlite::open(&path, Mode::Create).unwrap();
    let name = b"YAMADA HANAKO";
    let big = name.repeat(2000);
    let drafts = [
        Draft { payload: name.to_vec(), ..draft(1) },
        Draft { payload: big.clone(), ..draft(2) },
        Draft { reason: Some("YAMADA HANAKO".into()), ..draft(3) },
    ];
    store.append(&[batch("S", 0, &drafts)]).unwrap();
    attach(&mut store, "S", &big);
    let holds = || {
        let mut files = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path());
        files.any(|f| fs::read(f).unwrap().windows(name.len()).any(|w| w == name))
    };
    assert!(holds());
    let erase = Erase { seqs: vec![1, 2, 3], attachments: vec![Hash::of(&big)] };
    store.redact("S", 4, &erase, Draft { reason: Some("a name".into()), ..draft(5) }).unwrap();
    assert!(!holds(), "while the store is open");
    drop(store);
    assert!(!holds(), "and afterwards");
}

// Tampering by whoever holds the whole store, row by row: on the store in memory, where nothing else stands in the way.

fn tampered(tamper: impl FnOnce(&mut Vec<Entry>)) -> Result<Head, Fault> {
    let mut store = Memory::new();
    fill(&mut store, "S", 1, 9);
    tamper(store.entries_mut("S").unwrap());
    verify(&store, "S", &mut |_| ())
}

fn at(result: Result<Head, Fault>) -> (u64, FaultKind) {
    let fault = result.unwrap_err();
    assert!(fault.told.en.contains(&fault.seq.to_string()) && fault.told.ja.contains(&fault.seq.to_string()));
    (fault.seq, fault.what)
}

#[test]
fn entries_that_are_dropped_swapped_doubled_or_moved_are_named() {
    use FaultKind::*;
    assert_eq!(at(tampered(|e| drop(e.remove(4)))), (5, Gap { found: 6 }));
    assert_eq!(at(tampered(|e| drop(e.remove(0)))), (1, Gap { found: 2 }));
    assert_eq!(at(tampered(|e| e.swap(3, 4))), (4, Gap { found: 5 }));
    assert_eq!(at(tampered(|e| e.insert(4, e[3].clone()))), (5, Gap { found: 4 }));
    let renumber = |e: &mut Vec<Entry>| {
        e.remove(4);
        e.iter_mut().zip(1..).for_each(|(e, n)| e.seq = n);
    };
    assert_eq!(at(tampered(renumber)), (5, Previous));
    assert_eq!(at(tampered(|e| e[4].study = "T".into())), (5, OtherStudy));
    assert_eq!(at(tampered(|e| e.swap(0, 8))), (1, Gap { found: 9 }));
}

#[test]
fn an_entry_moved_to_another_study_is_found() {
    let mut store = Memory::new();
    fill(&mut store, "S", 1, 2);
    fill(&mut store, "T", 1, 2);
    let mut foreign = store.entries_mut("S").unwrap().clone();
    foreign.iter_mut().for_each(|e| e.study = "T".into());
    *store.entries_mut("T").unwrap() = foreign;
    assert_eq!(at(verify(&store, "T", &mut |_| ())), (1, FaultKind::Hash));
}

#[test]
fn content_that_is_missing_or_back_is_found() {
    use FaultKind::*;
    let strip = |e: &mut Entry| (e.payload, e.reason, e.salt) = (None, None, None);
    assert_eq!(at(tampered(|e| strip(&mut e[6]))), (7, ContentMissing));
    assert_eq!(at(tampered(|e| e[6].salt = None)), (7, ContentMissing));
    assert_eq!(at(tampered(|e| e[6].payload = None)), (7, ContentMissing));
    assert_eq!(at(tampered(|e| e[7].reason = None)), (8, Commitment));
    let mut store = Memory::new();
    fill(&mut store, "S", 1, 5);
    let before = all(&store, "S");
    let by = Draft { reason: Some("r".into()), ..draft(6) };
    store.redact("S", 5, &Erase { seqs: vec![2], attachments: vec![] }, by).unwrap();
    verify(&store, "S", &mut |_| ()).unwrap();
    store.entries_mut("S").unwrap()[1] = before[1].clone();
    assert_eq!(at(verify(&store, "S", &mut |_| ())), (2, NotErased));
    strip(&mut store.entries_mut("S").unwrap()[1]);
    strip(&mut store.entries_mut("S").unwrap()[5]);
    assert_eq!(at(verify(&store, "S", &mut |_| ())), (6, Redaction));
}

/// What a chain alone cannot show: only a head that left the system can.
#[test]
fn a_tail_that_was_cut_off_or_rewritten_and_hashed_again_passes_the_chain_alone() {
    let head = tampered(|_| ()).unwrap();
    let cut = tampered(|e| e.truncate(5)).unwrap();
    assert_eq!(cut.seq, 5);
    let rewritten = tampered(|e| {
        let mut last = e[3].head();
        for n in 5..=9 {
            e[n as usize - 1] = seal("S", &last, Draft { actor: "forger".into(), ..draft(n) });
            last = e[n as usize - 1].head();
        }
    });
    let rewritten = rewritten.unwrap();
    assert_eq!(rewritten.seq, head.seq);
    assert_ne!(rewritten.hash, head.hash);
}

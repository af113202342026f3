//! What cannot be opened is refused with its reason, and nothing is changed or created.

#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::fill;
use ledger::{Hash, LedgerError, Mode, Sqlite, Store, verify_all};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MODES: [Mode; 3] = [Mode::Create, Mode::Existing, Mode::ReadOnly];

/// Every file of a folder with the digest of its bytes.
fn listing(folder: &Path) -> BTreeMap<String, Hash> {
    let files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    files
        .filter(|f| f.is_file())
        .map(|f| (f.file_name().unwrap().to_str().unwrap().to_owned(), Hash::of(&fs::read(&f).unwrap())))
        .collect()
}

/// The error, after making sure that both languages say something and that the folder is as it was.
fn refused(folder: &Path, path: &str, mode: Mode) -> LedgerError {
    let before = listing(folder);
    let Err(e) = Sqlite::open(path, mode) else { panic!("{path} was opened with {mode:?}") };
    assert!(!e.told().ja.is_empty() && !e.told().en.is_empty() && e.told().ja != e.told().en);
    assert_eq!(listing(folder), before, "{mode:?}");
    e
}

fn ledger_with(path: &str, events: u64) {
    let mut store = Sqlite::open(path, Mode::Create).unwrap();
    fill(&mut store, "S", 1, events);
}

#[test]
fn a_missing_file_is_refused_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    for mode in [Mode::Existing, Mode::ReadOnly] {
        assert_eq!(refused(folder.path(), &path, mode), LedgerError::Missing { place: path.clone() });
    }
    let no_folder = folder.path().join("none");
    let inside = no_folder.join("a.db").to_str().unwrap().to_owned();
    let place = no_folder.to_str().unwrap().to_owned();
    assert_eq!(refused(folder.path(), &inside, Mode::Create), LedgerError::Missing { place });
    assert!(!no_folder.exists());
}

/// SQLite itself would open a database that is gone with the connection.
#[test]
fn the_names_that_mean_no_file_to_sqlite_are_names_of_files() {
    let Err(e) = Sqlite::open("", Mode::Create) else { panic!() };
    assert_eq!(e, LedgerError::Missing { place: String::new() });
    let Err(e) = Sqlite::open(":memory:", Mode::Existing) else { panic!() };
    assert_eq!(e, LedgerError::Missing { place: ":memory:".into() });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file:x?mode=memory&a=%20#y").to_str().unwrap().to_owned();
    ledger_with(&path, 2);
    assert!(fs::metadata(&path).unwrap().len() > 0);
    assert_eq!(Sqlite::open(&path, Mode::ReadOnly).unwrap().head("S").unwrap().seq, 2);
}

#[test]
fn a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    for mode in MODES {
        assert_eq!(refused(folder.path(), &path, mode), LedgerError::Folder { place: path.clone() });
    }
}

#[test]
fn a_file_that_is_no_ledger_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("text"), "study: JCOG1017\n").unwrap();
    fs::write(path("one byte"), "S").unwrap();
    fs::write(path("zeros"), vec![0; 8192]).unwrap();
    let foreign = rusqlite::Connection::open(path("foreign")).unwrap();
    foreign.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    drop(foreign);
    // Another program's database with an open log: opening it for writing would fold the log in.
    let foreign = rusqlite::Connection::open(path("log")).unwrap();
    foreign.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    for file in [path("log"), path("log-wal"), path("log-shm")] {
        fs::copy(&file, file.replace("log", "left")).unwrap();
    }
    drop(foreign);
    for name in ["text", "one byte", "zeros", "foreign", "log", "left"] {
        for mode in MODES {
            let before = fs::read(path(name)).unwrap();
            let e = Sqlite::open(&path(name), mode).err().unwrap();
            assert_eq!(e, LedgerError::NotALedger { place: path(name) }, "{name}");
            assert_eq!(fs::read(path(name)).unwrap(), before);
        }
    }
    assert!(fs::metadata(path("left-wal")).unwrap().len() > 0, "the other program's log is still there");
}

#[test]
fn an_empty_file_becomes_a_ledger_only_when_one_is_to_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    fs::write(&path, "").unwrap();
    for mode in [Mode::Existing, Mode::ReadOnly] {
        assert_eq!(refused(folder.path(), &path, mode), LedgerError::NotALedger { place: path.clone() });
    }
    ledger_with(&path, 3);
    assert!(Sqlite::open(&path, Mode::Existing).is_ok());
}

#[test]
fn a_creation_that_was_cut_off_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    let cut = rusqlite::Connection::open(&path).unwrap();
    cut.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(cut);
    assert!(fs::metadata(&path).unwrap().len() > 0);
    assert!(matches!(refused(folder.path(), &path, Mode::Existing), LedgerError::NotALedger { .. }));
    ledger_with(&path, 3);
    assert!(Sqlite::open(&path, Mode::Existing).is_ok());
}

#[test]
fn a_truncated_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    ledger_with(&path, 50);
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len() % 4096, 0);
    for length in [whole.len() - 1, whole.len() - 4096, whole.len() / 2, 4096, 512, 100, 99, 30, 20] {
        fs::write(&path, &whole[..length]).unwrap();
        for mode in MODES {
            let LedgerError::Truncated { place, expected, found } = refused(folder.path(), &path, mode)
            else {
                panic!("{length} bytes")
            };
            assert_eq!((place, found), (path.clone(), length as u64));
            assert_eq!(expected, if length < 32 { 512 } else { whole.len() as u64 });
        }
    }
}

#[test]
fn a_write_protected_file_is_read_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    ledger_with(&path, 3);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    for mode in [Mode::Create, Mode::Existing] {
        assert_eq!(refused(folder.path(), &path, mode), LedgerError::ReadOnlyFile { place: path.clone() });
    }
    let mut store = Sqlite::open(&path, Mode::ReadOnly).unwrap();
    assert_eq!(store.head("S").unwrap().seq, 3);
    assert_eq!(store.append(&[]), Err(LedgerError::ReadOnly));
}

#[test]
fn a_ledger_opened_for_reading_is_left_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    ledger_with(&path, 30);
    let before = listing(folder.path());
    let store = Sqlite::open(&path, Mode::ReadOnly).unwrap();
    verify_all(&store, &mut |_| ()).unwrap();
    drop(store);
    assert_eq!(Hash::of(&fs::read(&path).unwrap()), before["a.db"]);
    assert_eq!(fs::metadata(format!("{path}-wal")).map_or(0, |m| m.len()), 0);
}

#[test]
fn a_ledger_from_a_newer_version_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    ledger_with(&path, 3);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 2).unwrap();
    drop(raw);
    for mode in MODES {
        let newer = LedgerError::Newer { place: path.clone(), found: 2, known: 1 };
        assert_eq!(refused(folder.path(), &path, mode), newer);
        assert!(newer.told().en.contains("newer Shirube") && newer.told().ja.contains("第 2 版"));
    }
}

#[test]
fn a_ledger_whose_triggers_were_altered_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    for (object, tamper) in [
        ("entry_is_not_deleted", "DROP TRIGGER entry_is_not_deleted"),
        ("quiet", "CREATE TRIGGER quiet AFTER INSERT ON entry BEGIN SELECT 1; END"),
        ("extra", "CREATE TABLE extra (x)"),
        ("entry", "ALTER TABLE entry ADD COLUMN more TEXT"),
    ] {
        let _ = fs::remove_file(&path);
        ledger_with(&path, 3);
        rusqlite::Connection::open(&path).unwrap().execute_batch(tamper).unwrap();
        let e = Sqlite::open(&path, Mode::Existing).err().unwrap();
        assert_eq!(e, LedgerError::Schema { place: path.clone(), object: object.to_owned() });
        // It can still be read, and verification says what is wrong.
        let store = Sqlite::open(&path, Mode::ReadOnly).unwrap();
        let faults = verify_all(&store, &mut |_| ()).unwrap_err();
        assert!(faults.iter().any(|f| f.told.en.contains(object)), "{faults:?}");
        assert!(store.check_settings().unwrap().iter().any(|s| !s.ok && s.value.contains(object)));
    }
}

#[test]
fn the_settings_on_which_durability_rests_are_as_wanted_on_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    for mode in MODES {
        let store = Sqlite::open(&path, mode).unwrap();
        let settings = store.check_settings().unwrap();
        assert!(settings.len() >= 10);
        for s in settings.iter().filter(|s| s.name != "file system") {
            assert!(s.ok, "{s:?}");
        }
    }
}

#[test]
fn two_processes_that_create_the_same_ledger_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").to_str().unwrap().to_owned();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut store = Sqlite::open(path, Mode::Create).unwrap();
                fill(&mut store, &format!("S{n}"), 1, 3);
            });
        }
    });
    let store = Sqlite::open(&path, Mode::ReadOnly).unwrap();
    assert_eq!(verify_all(&store, &mut |_| ()).unwrap().len(), 8);
}

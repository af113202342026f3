//! What is particular to the ledger in PostgreSQL: rights, triggers, locks, a cut connection, tampering.
//! Run with `SHIRUBE_TEST_POSTGRES` set; see `tools/postgres-test.sh`.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::manual_is_multiple_of)]

mod common;

use common::server::Database;
use common::{all, attach, batch, draft, fill};
use ledger::*;
use postgres::{Client, NoTls};

fn open(url: &str) -> Postgres {
    Postgres::open(url, Mode::Existing).unwrap()
}

fn sql(url: &str) -> Client {
    Client::connect(url, NoTls).unwrap()
}

fn refused(url: &str, mode: Mode) -> LedgerError {
    let Err(e) = Postgres::open(url, mode) else { panic!("{url} was opened") };
    assert!(!e.told().ja.is_empty() && e.told().ja != e.told().en);
    e
}

#[test]
fn what_is_no_ledger_is_refused_and_nothing_is_made() {
    let Some(db) = Database::empty() else { return };
    for mode in [Mode::Existing, Mode::ReadOnly] {
        assert!(matches!(refused(&db.owner, mode), LedgerError::NotALedger { .. }));
    }
    let missing = refused(&db.owner.replace('?', "x?"), Mode::Create);
    assert!(matches!(missing, LedgerError::Missing { .. }), "{missing:?}");
    let nobody = refused("postgres://a:secret@/b?host=/nonexistent", Mode::Create);
    assert!(matches!(&nobody, LedgerError::CannotOpen { .. }));
    assert!(!format!("{nobody:?}").contains("secret"));
    let unreadable = refused("postgres://a:secret@b:port/c", Mode::Create);
    assert!(!format!("{unreadable:?}").contains("secret"));
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ledger'";
    assert_eq!(sql(&db.owner).query_one(schemas, &[]).unwrap().get::<_, i64>(0), 0);
}

#[test]
fn a_ledger_from_a_newer_version_is_refused_with_the_reason() {
    let Some(db) = Database::new() else { return };
    sql(&db.owner).batch_execute("UPDATE ledger.format SET version = 2").unwrap();
    for mode in [Mode::Create, Mode::Existing, Mode::ReadOnly] {
        assert!(matches!(refused(&db.program, mode), LedgerError::Newer { found: 2, known: 1, .. }));
    }
}

#[test]
fn a_store_opened_for_reading_writes_nothing() {
    let Some(db) = Database::new() else { return };
    let head = fill(&mut open(&db.program), "S", 1, 3);
    let mut store = Postgres::open(&db.program, Mode::ReadOnly).unwrap();
    assert_eq!(store.append(&[batch("S", 3, &[draft(4)])]), Err(LedgerError::ReadOnly));
    assert_eq!(verify(&store, "S", &mut |_| ()), Ok(head));
}

#[test]
fn neither_the_programs_role_nor_the_owner_can_change_what_is_written_by_mistake() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    fill(&mut store, "S", 1, 5);
    attach(&mut store, "S", b"file");
    let erase = Erase { seqs: vec![2], attachments: vec![] };
    store.redact("S", 6, &erase, Draft { reason: Some("r".into()), ..draft(7) }).unwrap();
    let copy = "previous, hash, commitment, at, actor, role, site, on_behalf, kind, kind_version, meaning, request, \
                attachments FROM ledger.entry WHERE seq = 5";
    let by_rights = [
        "UPDATE ledger.entry SET actor = 'x'".to_owned(),
        "DELETE FROM ledger.entry WHERE seq = 7".to_owned(),
        "TRUNCATE ledger.entry, ledger.content, ledger.file".to_owned(),
        "UPDATE ledger.content SET payload = ''".to_owned(),
        "DELETE FROM ledger.content".to_owned(),
        "DELETE FROM ledger.content WHERE seq = 3".to_owned(),
        "TRUNCATE ledger.content".to_owned(),
        "UPDATE ledger.file SET bytes = ''".to_owned(),
        "DELETE FROM ledger.file".to_owned(),
        "TRUNCATE ledger.file".to_owned(),
        format!("INSERT INTO ledger.entry SELECT study, 9, {copy}"),
        format!("INSERT INTO ledger.entry SELECT study, 8, {copy}"),
        format!("INSERT INTO ledger.entry SELECT study, 5, {copy}"),
        "INSERT INTO ledger.content VALUES ('S', 2, decode(repeat('00', 32), 'hex'), '', NULL)".to_owned(),
    ];
    let by_owner_only = [
        "DROP TRIGGER entry_stays ON ledger.entry",
        "ALTER TABLE ledger.entry DISABLE TRIGGER ALL",
        "DROP TABLE ledger.content",
        "CREATE TRIGGER t AFTER INSERT ON ledger.entry EXECUTE FUNCTION ledger.refuse()",
        "SET session_replication_role = replica",
    ];
    for statement in &by_rights {
        assert!(sql(&db.program).batch_execute(statement).is_err(), "program: {statement}");
        assert!(sql(&db.owner).batch_execute(statement).is_err(), "owner: {statement}");
    }
    for statement in by_owner_only {
        assert!(sql(&db.program).batch_execute(statement).is_err(), "program: {statement}");
    }
    // The one thing that the role may run erases only what the last entry records.
    sql(&db.program).batch_execute("SELECT ledger.erase('S')").unwrap();
    assert_eq!(all(&store, "S").iter().filter(|e| e.is_erased()).count(), 1);
    assert_eq!(verify_all(&store, &mut |_| ()).unwrap()["S"].seq, 7);
}

#[test]
fn altered_triggers_are_found_and_such_a_ledger_is_not_written_to() {
    for (object, tamper) in [
        ("entry_stays", "DROP TRIGGER entry_stays ON ledger.entry"),
        ("content_is_not_emptied", "ALTER TABLE ledger.content DISABLE TRIGGER content_is_not_emptied"),
        ("extra", "CREATE TRIGGER extra AFTER INSERT ON ledger.entry EXECUTE FUNCTION ledger.refuse()"),
        (
            "refuse()",
            "CREATE OR REPLACE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        ),
        ("entry constraints", "ALTER TABLE ledger.entry DROP CONSTRAINT entry_seq_check"),
        ("content constraints", "ALTER TABLE ledger.content DROP CONSTRAINT content_study_seq_fkey"),
        ("entry columns", "ALTER TABLE ledger.entry ADD COLUMN more TEXT"),
        ("more columns", "CREATE VIEW ledger.more AS SELECT seq FROM ledger.entry"),
        ("quiet", "CREATE RULE quiet AS ON INSERT TO ledger.entry DO INSTEAD NOTHING"),
    ] {
        let Some(db) = Database::new() else { return };
        fill(&mut open(&db.program), "S", 1, 2);
        sql(&db.owner).batch_execute(tamper).unwrap();
        let e = refused(&db.program, Mode::Existing);
        assert!(matches!(&e, LedgerError::Schema { object: o, .. } if o == object), "{e:?}");
        let store = Postgres::open(&db.program, Mode::ReadOnly).unwrap();
        let faults = verify_all(&store, &mut |_| ()).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].told.en.contains(object), "{faults:?}");
    }
}

/// As the owner, who can switch the triggers off and on again: only the chain is left to find it.
#[test]
fn a_change_to_any_column_by_the_owner_is_found() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    fill(&mut store, "S", 1, 6);
    attach(&mut store, "S", b"file");
    let mut owner = sql(&db.owner);
    let columns = owner
        .query(
            "SELECT c.relname::text, a.attname::text, t.typname::text FROM pg_attribute a
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
             WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
               AND c.relname <> 'format' ORDER BY 1, a.attnum",
            &[],
        )
        .unwrap();
    assert_eq!(columns.len(), 15 + 5 + 3);
    let reader = Postgres::open(&db.program, Mode::ReadOnly).unwrap();
    verify_all(&reader, &mut |_| ()).unwrap();
    for row in columns {
        let (table, column, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let change = match (kind.as_str(), column.as_str()) {
            ("bytea", "attachments") => "decode(repeat('00', 32), 'hex')".to_owned(),
            ("bytea", c) => format!("set_byte({c}, 0, get_byte({c}, 0) # 1)"),
            ("text", "reason") => "coalesce(reason, '') || 'x'".to_owned(),
            ("text", c) => format!("coalesce({c}, '') || 'x'"),
            (_, c) => format!("{c} + 100"),
        };
        let only = if table == "file" { "true" } else { "seq = 4" };
        let switch = |to: &str| {
            ["entry", "content", "file"].map(|t| format!("ALTER TABLE ledger.{t} {to} TRIGGER ALL")).join(";")
        };
        let copies = "CREATE TABLE public.k AS SELECT * FROM ledger.";
        let tamper = format!(
            "{copies}{table}; {}; UPDATE ledger.{table} SET {column} = {change} WHERE {only}; {}",
            switch("DISABLE"),
            switch("ENABLE")
        );
        owner.batch_execute(&tamper).unwrap();
        let found = verify_all(&reader, &mut |_| ());
        assert!(found.is_err(), "{table}.{column}");
        assert!(
            found.unwrap_err().iter().all(|f| !f.told.en.contains("trigger")),
            "the triggers are as made"
        );
        let restore = format!(
            "{}; DELETE FROM ledger.{table}; INSERT INTO ledger.{table} SELECT * FROM public.k; {}; DROP TABLE public.k",
            switch("DISABLE"),
            switch("ENABLE")
        );
        owner.batch_execute(&restore).unwrap();
        verify_all(&reader, &mut |_| ()).unwrap();
    }
}

#[test]
fn a_file_that_was_put_beside_the_chain_is_found() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    attach(&mut store, "S", b"file");
    // The program's role may add files: an attachment comes before its entry.
    let sql_ =
        "INSERT INTO ledger.file (hash, study, bytes) VALUES (sha256('from nowhere'), 'S', 'from nowhere')";
    sql(&db.program).batch_execute(sql_).unwrap();
    let found: Vec<_> = verify_all(&store, &mut |_| ()).unwrap_err().into_iter().map(|f| f.what).collect();
    let hash = Hash::of(b"from nowhere");
    assert_eq!(found, [FaultKind::Stray(Box::new(Stray::Blob { study: "S".into(), hash }))]);
}

/// Whoever owns the database can write it again from any point and hash it; a checkpoint that left it shows that.
#[test]
fn a_tail_that_the_owner_rewrote_and_hashed_again_is_found_by_a_checkpoint_only() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    fill(&mut store, "S", 1, 9);
    let signer = Signer::new("dc.example", &[3; 32]).unwrap();
    let signed = checkpoint(&store, "S", &signer).unwrap();
    let before = all(&store, "S");
    let mut owner = sql(&db.owner);
    let switch =
        |to: &str| ["entry", "content"].map(|t| format!("ALTER TABLE ledger.{t} {to} TRIGGER ALL")).join(";");
    owner.batch_execute(&switch("DISABLE")).unwrap();
    owner
        .batch_execute("DELETE FROM ledger.content WHERE seq > 4; DELETE FROM ledger.entry WHERE seq > 4")
        .unwrap();
    owner.batch_execute(&switch("ENABLE")).unwrap();
    let cut = verify_against(&store, "S", std::slice::from_ref(&signed), &mut |_| ()).unwrap_err();
    assert_eq!((cut.seq, cut.what), (5, FaultKind::CutOff { size: 9 }));
    let forged: Vec<Draft> = (5..=9).map(|n| Draft { actor: "forger".into(), ..draft(n) }).collect();
    store.append(&[batch("S", 4, &forged)]).unwrap();
    assert_eq!(all(&store, "S").len(), before.len());
    assert_eq!(verify_all(&store, &mut |_| ()).unwrap()["S"].seq, 9, "the chain alone fits");
    let found = verify_against(&store, "S", &[signed], &mut |_| ()).unwrap_err();
    assert_eq!(found.what, FaultKind::Rewritten { size: 9 });
}

#[test]
fn the_servers_settings_are_shown_with_what_they_should_be() {
    let Some(db) = Database::new() else { return };
    let settings = open(&db.program).check_settings().unwrap();
    for name in [
        "fsync",
        "full_page_writes",
        "synchronous_commit",
        "data_checksums",
        "role",
        "triggers and functions",
    ] {
        let found = settings.iter().find(|s| s.name == name);
        assert!(found.is_some_and(|s| s.ok), "{name}: {found:?}");
    }
    let as_owner = open(&db.owner).check_settings().unwrap();
    assert!(as_owner.iter().any(|s| s.name == "role" && !s.ok), "the owner could get around the triggers");
    // A database that would lose acknowledged events at a power cut is overruled.
    sql(&db.owner)
        .batch_execute("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$")
        .unwrap();
    let settings = open(&db.program).check_settings().unwrap();
    assert!(settings.iter().any(|s| s.name == "synchronous_commit" && s.ok && s.value == "on"));
}

#[test]
fn a_study_is_served_by_one_process_and_another_takes_over() {
    let Some(db) = Database::new() else { return };
    let (mut first, mut second) = (open(&db.program), open(&db.program));
    first.claim("S").unwrap();
    first.claim("S").unwrap();
    assert_eq!(second.claim("S"), Err(LedgerError::Taken { study: "S".into() }));
    second.claim("T").unwrap();
    assert_eq!(first.claim("T"), Err(LedgerError::Taken { study: "T".into() }));
    let head = fill(&mut first, "S", 1, 3);
    drop(first);
    // The lock goes with the connection; the server needs a moment to notice.
    let taken = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        second.claim("S").is_ok()
    });
    assert!(taken);
    assert_eq!(second.head("S").unwrap(), head);
    fill(&mut second, "S", 4, 5);
}

#[test]
fn a_cut_connection_is_told_and_made_again_and_a_lost_claim_is_told_once() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    store.claim("S").unwrap();
    fill(&mut store, "S", 1, 3);
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shirube'
               AND datname = current_database()";
    sql(&db.owner).query(cut, &[]).unwrap();
    let told = store.append(&[batch("S", 3, &[draft(4)])]);
    if told.is_err() {
        assert!(matches!(told, Err(LedgerError::Disconnected { .. })), "{told:?}");
        store.append(&[batch("S", 3, &[draft(4)])]).unwrap();
    }
    // Somebody else is quicker.
    sql(&db.owner).query(cut, &[]).unwrap();
    let mut other = open(&db.program);
    other.claim("S").unwrap();
    let answers: Vec<_> = (0..3).map(|_| store.append(&[batch("S", 4, &[draft(5)])])).collect();
    assert!(answers.contains(&Err(LedgerError::Taken { study: "S".into() })), "{answers:?}");
    assert!(verify(&other, "S", &mut |_| ()).is_ok());
}

#[test]
fn writers_of_many_processes_never_leave_a_gap_or_a_fork() {
    let Some(db) = Database::new() else { return };
    let won: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut store = open(&db.program);
                    let mut won = 0;
                    for _ in 0..30 {
                        let head = store.head("S").unwrap().seq;
                        match store.append(&[batch("S", head, &[draft(head + 1)])]) {
                            Ok(_) => won += 1,
                            Err(LedgerError::Conflict { expected, head: now, .. }) => {
                                assert!(now.seq > expected)
                            }
                            Err(e) => panic!("{e:?}"),
                        }
                    }
                    won
                })
            })
            .collect();
        clients.into_iter().map(|c| c.join().unwrap()).sum()
    });
    let store = open(&db.program);
    assert_eq!(verify(&store, "S", &mut |_| ()).unwrap().seq as usize, won);
    assert!(won >= 30);
}

#[test]
fn a_reader_sees_one_moment_and_may_ask_more_while_it_reads() {
    let Some(db) = Database::new() else { return };
    let mut store = open(&db.program);
    let drafts: Vec<Draft> = (1..=1200).map(draft).collect();
    store.append(&[batch("S", 0, &drafts)]).unwrap();
    let mut writer = open(&db.program);
    let mut seen = 0;
    store
        .read("S", 0, u64::MAX, &mut |e| {
            seen += 1;
            assert_eq!(e.seq, seen);
            if seen == 10 {
                // Erased and appended in the middle of the reading, by another process.
                let by = Draft { reason: Some("r".into()), ..draft(9) };
                writer.redact("S", 1200, &Erase { seqs: vec![1100], attachments: vec![] }, by).unwrap();
            }
            assert!(!e.is_erased());
            if seen == 600 {
                assert_eq!(store.head("S").unwrap().seq, 1200, "of the same moment");
                let mut inner = 0;
                store.read("S", 1, 5, &mut |_| {
                    inner += 1;
                    Ok(())
                })?;
                assert_eq!(inner, 5);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 1200);
    assert_eq!(verify(&store, "S", &mut |_| ()).unwrap().seq, 1201);
}

#[test]
fn a_study_moves_between_the_stores_unchanged() {
    let Some(db) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut file = Sqlite::open(folder.path().join("a.db").to_str().unwrap(), Mode::Create).unwrap();
    fill(&mut file, "S", 1, 30);
    attach(&mut file, "S", b"file");
    let mut server = open(&db.program);
    let mut entries = all(&file, "S").into_iter();
    let head = server.adopt("S", &mut || Ok(entries.next()), &mut |h| file.attachment("S", h)).unwrap();
    assert_eq!(head, file.head("S").unwrap());
    assert_eq!(all(&server, "S"), all(&file, "S"));
    assert_eq!(fill(&mut server, "S", 32, 33), fill(&mut file, "S", 32, 33));
}

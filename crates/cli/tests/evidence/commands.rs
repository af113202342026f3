//! Checkpoints, proofs, erasures, copies, status.

use super::*;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// A ledger, its signing key, and the public key.
fn signed(folder: &Path) -> (String, String, String) {
    let (ledger, key) = (small(folder, "a.db"), at(folder, "signing.key"));
    let public = done(&["ledger", "key", "dc.example.org", "--out", &key]).trim().to_owned();
    (ledger, key, public)
}

fn tampered(ledger: &str, sql: &str) {
    let raw = rusqlite::Connection::open(ledger).unwrap();
    let triggers: Vec<(String, String)> = raw
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    raw.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    triggers.iter().for_each(|(name, _)| raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    raw.execute_batch(sql).unwrap();
    triggers.iter().for_each(|(_, sql)| raw.execute_batch(sql).unwrap());
}

#[test]
fn a_checkpoint_is_signed_kept_on_paper_and_finds_a_tail_that_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, key, public) = signed(folder.path());
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "nobody else reads the signing key");
    assert_eq!(refused(&["ledger", "key", "dc.example.org", "--out", &key]).0, 3, "no key is overwritten");

    let (note, page) = (at(folder.path(), "c"), at(folder.path(), "page.txt"));
    let sign = ["ledger", "checkpoint", "--ledger", &ledger, "--key", &key, "--out", &note, "--page", &page];
    done(&sign);
    done(&[&sign[..], &["--lang", "ja", "--previous", &note]].concat());
    assert!(fs::read_to_string(&page).unwrap().starts_with("台帳チェックポイント  dc.example.org/JCOG1017"));
    for checkpoint in [&note, &page] {
        let told = done(&["verify", "--ledger", &ledger, "--checkpoint", checkpoint, "--key", &public]);
        assert!(told.contains("fits the signed checkpoint of dc.example.org/JCOG1017"), "{told}");
        let told = done(&["verify", "--ledger", &ledger, "--checkpoint", checkpoint]);
        assert!(told.contains("its signature was NOT checked"), "{told}");
    }
    // Another key, an altered page: not a pass.
    let other = done(&["ledger", "key", "dc.example.org", "--out", &at(folder.path(), "other")]);
    let with = |checkpoint: &str, key: &str| {
        refused(&["verify", "--ledger", &ledger, "--checkpoint", checkpoint, "--key", key])
    };
    let (code, why) = with(&note, other.trim());
    assert!(code == 3 && why.contains("no signature by any of the given keys"), "{why}");
    assert_eq!(with(&key, &public).0, 3, "a file that is no checkpoint");
    let forged = at(folder.path(), "forged");
    let text = fs::read_to_string(&note).unwrap();
    let size: u64 = text.lines().nth(1).unwrap().parse().unwrap();
    fs::write(&forged, text.replace(&format!("\n{size}\n"), &format!("\n{}\n", size - 1))).unwrap();
    let (code, why) = with(&forged, &public);
    assert!(code == 1 && why.contains("altered"), "{why}");

    // What the report prints is a witness, too.
    let report = at(folder.path(), "r.html");
    let study = "studies/jcog1017";
    done(&["report", study, "--ledger", &ledger, "--lang", "en", "--out", &report, "--key", &key]);
    let html = fs::read_to_string(&report).unwrap();
    let head = told(&shirube(&["ledger", "status", "--ledger", &ledger]));
    let hash = head.lines().last().unwrap().rsplit("  ").next().unwrap().to_owned();
    assert!(html.contains(&hash), "the whole hash of the head");
    // As a reader copies it from the page.
    let copied = html.split("id=\"checkpoint\"").nth(1).unwrap().replace("<br>", "\n");
    let copied: String =
        copied.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    fs::write(at(folder.path(), "typed"), copied).unwrap();
    done(&["verify", "--ledger", &ledger, "--checkpoint", &at(folder.path(), "typed")]);
    let printed = format!("{size}/{hash}");
    done(&["verify", "--ledger", &ledger, "--head", &printed]);
    let wrong = format!("{}/{hash}", size - 1);
    let (code, why) = refused(&["verify", "--ledger", &ledger, "--head", &wrong]);
    assert!(
        code == 1 && why.trim_end().ends_with("the ledger does NOT hold: see the first findings"),
        "{why}"
    );

    tampered(
        &ledger,
        &format!("DELETE FROM content WHERE seq > {0}; DELETE FROM entry WHERE seq > {0}", size - 3),
    );
    done(&["verify", "--ledger", &ledger]);
    let (code, why) = with(&page, &public);
    assert!(code == 1 && why.contains("the ledger ends before it") && why.contains("does NOT hold"), "{why}");
    assert_eq!(refused(&["verify", "--ledger", &ledger, "--head", &printed]).0, 1);
    let (code, why) = refused(&[&sign[..], &["--previous", &note]].concat());
    assert!(code == 1 && why.contains("not signed"), "{why}");
    tampered(&ledger, "DELETE FROM content; DELETE FROM file; DELETE FROM entry");
    let (code, why) = with(&note, &public);
    assert!(code == 1 && why.contains("does not hold that study"), "{why}");
}

#[test]
fn what_stands_beside_the_chain_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db");
    tampered(&ledger, "CREATE TABLE extra (x)");
    let (code, why) = refused(&["verify", "--ledger", &ledger]);
    assert!(code == 1 && why.contains("extra") && !why.contains("the ledger holds"), "{why}");
}

/// A mail server that takes one mail and hands back what was said to it.
fn mail_server() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taken = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut out, mut heard, mut data) = (stream.try_clone().unwrap(), String::new(), false);
        out.write_all(b"220 mail.example.org ready\r\n").unwrap();
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            heard += &format!("{line}\n");
            let answer = match (data, line.as_str()) {
                (true, ".") => {
                    data = false;
                    "250 taken"
                }
                (true, _) => continue,
                (_, "DATA") => {
                    data = true;
                    "354 go on"
                }
                (_, "QUIT") => {
                    out.write_all(b"221 bye\r\n").unwrap();
                    break;
                }
                _ => "250 ok",
            };
            out.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        heard
    });
    (address, taken)
}

#[test]
fn a_witness_gets_the_checkpoint_by_mail_and_can_use_the_mail_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, key, public) = signed(folder.path());
    let (smtp, taken) = mail_server();
    let to = ["--mail-to", "chair@example.org", "--mail-from", "dc@example.org", "--smtp", &smtp];
    done(&[&["ledger", "checkpoint", "--ledger", &ledger, "--key", &key], &to[..]].concat());
    let heard = taken.join().unwrap();
    assert!(heard.contains("RCPT TO:<chair@example.org>"), "{heard}");
    assert!(heard.contains("Subject: Ledger checkpoint dc.example.org/JCOG1017"), "{heard}");
    // As a mail program saves it, encoded for the way; in Japanese, too.
    let mail = at(folder.path(), "mail.eml");
    fs::write(&mail, heard.split_once("DATA\n").unwrap().1).unwrap();
    done(&["verify", "--ledger", &ledger, "--checkpoint", &mail, "--key", &public]);
    let (smtp, taken) = mail_server();
    let to =
        ["--lang", "ja", "--mail-to", "chair@example.org", "--mail-from", "dc@example.org", "--smtp", &smtp];
    done(&[&["ledger", "checkpoint", "--ledger", &ledger, "--key", &key], &to[..]].concat());
    let heard = taken.join().unwrap();
    fs::write(&mail, heard.split_once("DATA\n").unwrap().1).unwrap();
    assert!(!heard.contains("台帳"), "encoded for the way: {heard}");
    done(&["verify", "--ledger", &ledger, "--checkpoint", &mail, "--key", &public]);

    let (code, why) = refused(
        &[
            &["ledger", "checkpoint", "--ledger", &ledger, "--key", &key][..],
            &["--mail-to", "a@example.org", "--mail-from", "b@example.org", "--smtp", "127.0.0.1:1"],
        ]
        .concat(),
    );
    assert!(code == 3 && why.contains("was not mailed"), "{why}");
}

#[test]
fn one_participants_record_is_proved_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, key, public) = signed(folder.path());
    let proof = at(folder.path(), "p.json");
    done(&["ledger", "prove", "--ledger", &ledger, "--key", &key, "--participant", "7", "--out", &proof]);
    let shown: ledger::Proof = serde_json::from_str(&fs::read_to_string(&proof).unwrap()).unwrap();
    let (_, entries) = shown.check(&[public.parse().unwrap()]).unwrap();
    assert!(entries.len() > 2);
    for entry in &entries {
        let text = String::from_utf8(entry.payload.clone().unwrap()).unwrap();
        let named = text.contains("\"participant\":7") || text.contains("\"query\":");
        assert!(named, "{text}");
    }
    let none =
        ["ledger", "prove", "--ledger", &ledger, "--key", &key, "--entries", "999999", "--out", &proof];
    assert_eq!(refused(&none).0, 1);
}

#[test]
fn what_was_entered_by_accident_is_erased_on_record_and_the_ledger_still_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, key, _) = signed(folder.path());
    let note = at(folder.path(), "c");
    done(&["ledger", "checkpoint", "--ledger", &ledger, "--key", &key, "--out", &note]);
    let size = fs::read_to_string(&note).unwrap().lines().nth(1).unwrap().to_owned();
    let erase = |seq: &str, by: &str, reason: &str| {
        shirube(&["ledger", "redact", "--ledger", &ledger, "--entries", seq, "--by", by, "--reason", reason])
    };
    assert_eq!(erase(&size, "nobody", "name in a comment").status.code(), Some(1));
    assert_eq!(erase(&size, "dm", " ").status.code(), Some(1), "without a reason nothing is erased");
    assert_eq!(erase("0", "dm", "x").status.code(), Some(1));
    let out = erase(&size, "dm", "a name in a comment");
    assert!(out.status.success(), "{}", told(&out));
    assert_eq!(erase(&size, "dm", "again").status.code(), Some(1), "what is gone is not erased again");
    let said = done(&["verify", "--ledger", &ledger, "--checkpoint", &note]);
    assert!(said.contains("the ledger holds"), "{said}");
    assert!(
        said.contains(&format!("{size} (on record as ")) && said.contains("by dm: a name in a comment"),
        "{said}"
    );
    let raw = rusqlite::Connection::open(&ledger).unwrap();
    let left: i64 = raw
        .query_row("SELECT count(*) FROM content WHERE seq = ?1", [size.parse::<i64>().unwrap()], |r| {
            r.get(0)
        })
        .unwrap();
    let (actor, role): (String, String) = raw
        .query_row("SELECT actor, role FROM entry WHERE kind = 'ledger.redaction'", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    assert_eq!((left, actor.as_str(), role.as_str()), (0, "dm", "data_manager"));
}

#[test]
fn a_study_is_exported_and_taken_in_elsewhere_with_the_same_head() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db");
    let (file, elsewhere) = (at(folder.path(), "e.db"), at(folder.path(), "b.db"));
    let head = |said: String| said.split_whitespace().nth(2).unwrap().to_owned();
    let exported = head(done(&["ledger", "export", "--ledger", &ledger, "--out", &file]));
    assert_eq!(refused(&["ledger", "export", "--ledger", &ledger, "--out", &file]).0, 3);
    assert_eq!(head(done(&["ledger", "import", &file, "--ledger", &elsewhere])), exported);
    assert_eq!(refused(&["ledger", "import", &file, "--ledger", &elsewhere]).0, 1, "it is there already");
    assert!(done(&["verify", "--ledger", &elsewhere]).contains("the ledger holds"));
    assert!(done(&["verify", "--ledger", &file]).contains(&exported));
    // To PostgreSQL and back.
    let Some(db) = serving::Database::new() else { return };
    let back = at(folder.path(), "back.db");
    assert_eq!(head(done(&["ledger", "copy", &ledger, "--ledger", &db.url])), exported);
    assert!(done(&["verify", "--ledger", &db.url]).contains("the ledger holds"));
    assert_eq!(head(done(&["ledger", "import", &db.url, "--ledger", &back])), exported);
    let status = shirube(&["ledger", "status", "--ledger", &db.url]);
    let said = told(&status);
    assert!(said.contains("full_page_writes          on") && said.contains(&exported), "{said}");
    // The tests' role owns the tables, and is told so; the program's role, once admitted, is as it must be.
    assert!(status.status.code() == Some(1) && said.contains("wanted: may insert and read"), "{said}");
    let (code, why) = refused(&["ledger", "admit", "nobody_of_this_name", "--ledger", &db.url]);
    assert!(code == 3 && why.contains("nobody_of_this_name"), "{why}");
    let mut owner = postgres::Client::connect(&db.url, postgres::NoTls).unwrap();
    let _ = owner.batch_execute("CREATE ROLE clerk LOGIN");
    done(&["ledger", "admit", "clerk", "--ledger", &db.url]);
    let clerk = db.url.replacen("owner@", "clerk@", 1);
    assert!(done(&["ledger", "status", "--ledger", &clerk]).contains(&exported));
    done(&["ledger", "redact", "--ledger", &clerk, "--entries", "9", "--by", "dm", "--reason", "a name"]);
    assert!(done(&["verify", "--ledger", &clerk]).contains("9 (on record as"));
    let mut session = postgres::Client::connect(&clerk, postgres::NoTls).unwrap();
    for sql in ["UPDATE ledger.entry SET actor = 'x'", "DELETE FROM ledger.entry", "DROP TABLE ledger.file"] {
        assert!(session.batch_execute(sql).is_err(), "{sql}");
    }
}

#[test]
fn what_a_command_cannot_do_is_told_with_what_and_where_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, key, public) = signed(folder.path());
    let path = |name: &str| at(folder.path(), name);
    let (export, cut, new, note) = (path("e.db"), path("cut.db"), path("new.db"), path("note"));
    done(&["ledger", "export", "--ledger", &ledger, "--out", &export]);
    done(&["ledger", "checkpoint", "--ledger", &ledger, "--key", &key, "--out", &note]);
    let whole = fs::read(&export).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    // Another study's checkpoint, by the same key.
    let foreign = path("foreign");
    fs::write(&foreign, fs::read_to_string(&note).unwrap().replacen("/JCOG1017", "/JCOG1105", 1)).unwrap();
    let (l, k) = (ledger.as_str(), key.as_str());
    let cases: &[(&[&str], i32, &str)] = &[
        (&["ledger", "import", &cut, "--ledger", &new], 3, "cut short"),
        (&["ledger", "import", &path("none"), "--ledger", &new], 3, "no ledger at"),
        (&["ledger", "import", &export, "--study", "NOPE", "--ledger", &new], 3, "it holds: JCOG1017"),
        (&["ledger", "export", "--ledger", l, "--study", "NOPE", "--out", &new], 3, "no study of this name"),
        (
            &["ledger", "prove", "--ledger", l, "--key", k, "--participant", "999", "--out", &new],
            1,
            "no participant 999",
        ),
        (
            &["ledger", "prove", "--ledger", l, "--key", &note, "--entries", "1", "--out", &new],
            3,
            "not a key",
        ),
        (
            &["ledger", "checkpoint", "--ledger", l, "--key", k, "--previous", &cut, "--out", &new],
            3,
            "cut.db",
        ),
        (
            &["ledger", "checkpoint", "--ledger", l, "--key", k, "--previous", &foreign, "--out", &new],
            1,
            "altered",
        ),
        (
            &["ledger", "redact", "--ledger", l, "--entries", "999999", "--by", "dm", "--reason", "x"],
            1,
            "no entry 999999",
        ),
        (&["ledger", "key", "dc", "--out", k], 3, "never overwritten"),
        (&["ledger", "admit", "program", "--ledger", l], 2, "PostgreSQL"),
        (&["verify", "--ledger", l, "--study", "NOPE"], 1, "no study of this name"),
        (&["verify", "--ledger", l, "--checkpoint", &foreign], 1, "does not hold that study"),
        (&["verify", "--ledger", l, "--checkpoint", &foreign, "--key", &public], 1, "altered"),
        (&["verify", "--ledger", l, "--checkpoint", &note, "--key", "x+y"], 3, "x+y"),
        (&["verify", "--ledger", l, "--head", "12"], 2, "SEQ/HASH"),
        (&["verify", "--ledger", l, "--seeds", &note], 3, "note"),
        (&["serve", "--ledger", &path("none")], 3, "no ledger at"),
        (&["serve", "--ledger", l, "--study", "NOPE", "--port", "0"], 3, "NOPE"),
    ];
    for (arguments, code, words) in cases {
        let (found, why) = refused(arguments);
        assert!(found == *code && why.contains(words), "{arguments:?}: {found} {why}");
        assert!(!fs::exists(&new).unwrap(), "{arguments:?} left something behind");
    }
    assert!(done(&["verify", "--ledger", &ledger]).contains("the ledger holds"));
}

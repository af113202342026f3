//! Ledgers of every release, kept as they were written: each opens, verifies, and can be continued, for ever. A release
//! adds a folder to `tests/fixtures`; none is ever made again.
//!
//! A folder holds `study.db`, its seeds, an `export.db` of the same study, a signed `checkpoint`, the public `key`, and
//! what verification said on the day: `verified`.

use super::*;
use std::fs;

fn releases() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

/// Written once by each release, with `SHIRUBE_MAKE_FIXTURE=1`, into a folder that is not there yet.
fn made(folder: &Path) {
    if std::env::var_os("SHIRUBE_MAKE_FIXTURE").is_none() || folder.exists() {
        return;
    }
    fs::create_dir_all(folder).unwrap();
    let at = |name: &str| at(folder, name);
    let ledger = at("study.db");
    done(&["simulate", "studies/jcog1017", "--seed", "1", "--ledger", &ledger, "--participants", "8"]);
    let redact = ["ledger", "redact", "--ledger", &ledger, "--entries", "150", "--by", "dm"];
    done(&[&redact[..], &["--reason", "氏名が自由記載欄に入力されたため"]].concat());
    done(&["ledger", "export", "--ledger", &ledger, "--out", &at("export.db")]);
    // `study.db` is left as one file, too.
    fs::remove_file(&ledger).unwrap();
    done(&["ledger", "copy", &at("export.db"), "--ledger", &ledger]);
    let signing = tempfile::tempdir().unwrap();
    let secret = super::at(signing.path(), "key");
    fs::write(at("key"), done(&["ledger", "key", "data-centre.example.org", "--out", &secret])).unwrap();
    done(&["ledger", "checkpoint", "--ledger", &ledger, "--key", &secret, "--page", &at("checkpoint")]);
    fs::write(at("verified"), done(&["verify", "--ledger", &ledger])).unwrap();
}

#[test]
fn ledgers_of_every_release_open_verify_and_are_continued() {
    made(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(env!("CARGO_PKG_VERSION")));
    let releases = releases();
    let this = releases.iter().any(|r| r.ends_with(env!("CARGO_PKG_VERSION")));
    assert!(this, "the ledger of this release is not kept yet: run with SHIRUBE_MAKE_FIXTURE=1");
    for release in releases {
        let folder = tempfile::tempdir().unwrap();
        for file in fs::read_dir(&release).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let at = |name: &str| at(folder.path(), name);
        let key = fs::read_to_string(at("key")).unwrap();
        let verified = fs::read_to_string(at("verified")).unwrap();
        for ledger in ["study.db", "export.db"].map(at) {
            let told = done(&[
                "verify",
                "--ledger",
                &ledger,
                "--checkpoint",
                &at("checkpoint"),
                "--key",
                key.trim(),
            ]);
            assert_eq!(line(&told, "head"), line(&verified, "head"), "{}", release.display());
            assert_eq!(line(&told, "root"), line(&verified, "root"));
            assert!(
                told.contains("the ledger holds") && told.contains("fits the signed checkpoint"),
                "{told}"
            );
        }
        // With its seeds beside it every draw is repeated, and it can be continued.
        let told = done(&["verify", "--ledger", &at("study.db")]);
        assert_eq!(line(&told, "draws"), line(&verified, "draws"));
        let last: u64 = line(&verified, "entries").split_whitespace().nth(1).unwrap().parse().unwrap();
        let erase = ["ledger", "redact", "--ledger", &at("study.db"), "--by", "dm", "--reason", "x"];
        done(&[&erase[..], &["--entries", &(last - 1).to_string()]].concat());
        done(&["verify", "--ledger", &at("study.db"), "--checkpoint", &at("checkpoint")]);
        // And moved to PostgreSQL.
        if let Some(db) = serving::Database::new() {
            done(&["ledger", "import", &at("export.db"), "--ledger", &db.url]);
            let told = done(&["verify", "--ledger", &db.url, "--checkpoint", &at("checkpoint")]);
            assert_eq!(line(&told, "head"), line(&verified, "head"));
        }
    }
}

fn line<'a>(text: &'a str, label: &str) -> &'a str {
    text.lines().find(|l| l.starts_with(label)).unwrap_or_else(|| panic!("no line {label} in\n{text}"))
}

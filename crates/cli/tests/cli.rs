//! The program as a person calls it from a shell.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "cli/book.rs"]
mod book;
#[path = "cli/figures.rs"]
mod figures;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shirube(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shirube")).current_dir(root()).args(arguments).output().unwrap()
}

/// Standard output of a command that must succeed.
fn done(arguments: &[&str]) -> String {
    let out = shirube(arguments);
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Exit code and standard error of a command that must not succeed.
fn refused(arguments: &[&str]) -> (i32, String) {
    let out = shirube(arguments);
    assert!(!out.status.success(), "{arguments:?} was to fail");
    (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
}

fn line<'a>(text: &'a str, label: &str) -> &'a str {
    text.lines().find(|l| l.starts_with(label)).unwrap_or_else(|| panic!("no line {label} in\n{text}"))
}

/// A small simulated JCOG1017.
fn small(folder: &Path, name: &str, seed: &str) -> String {
    let ledger = folder.join(name).display().to_string();
    done(&["simulate", "studies/jcog1017", "--seed", seed, "--ledger", &ledger, "--participants", "60"]);
    ledger
}

#[test]
fn a_study_folder_in_order_is_told_in_one_line_and_one_with_mistakes_is_refused_with_their_places() {
    assert!(done(&["check", "studies/jcog1017"]).contains("JCOG1017 version 1.0: 2 steps, 19 criteria"));
    assert!(done(&["check", "studies/jcog1017", "--lang", "ja"]).contains("適格規準"));
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("s");
    copy(&root().join("studies/jcog1017"), &study);
    let protocol = std::fs::read_to_string(study.join("protocol.yaml")).unwrap();
    std::fs::write(
        study.join("protocol.yaml"),
        protocol.replacen("form: second_registration", "form: second", 1),
    )
    .unwrap();
    let out = shirube(&["check", study.to_str().unwrap()]);
    let told = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(told.contains("protocol.yaml:") && told.contains("There is no form \"second\"."), "{told}");
}

/// Without the program that makes PDF the message says how to build it, and no file is left behind.
#[test]
fn a_pdf_without_its_program_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("r.pdf");
    // a copy stands alone: nothing is beside it
    let alone = folder.path().join("shirube");
    std::fs::copy(env!("CARGO_BIN_EXE_shirube"), &alone).unwrap();
    let out = Command::new(&alone)
        .current_dir(root())
        .env("PATH", "")
        .env_remove("SHIRUBE_TYPESET")
        .args(["read", "studies/jcog1017", "--lang", "en", "--out", pdf.to_str().unwrap()])
        .output()
        .unwrap();
    let why = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(3));
    assert!(why.contains("cargo build --release -p typeset") && !pdf.exists(), "{why}");
}

#[test]
fn the_protocol_a_casebook_and_the_comparison_are_written_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "kinds.db", "7");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for lang in ["ja", "en"] {
        let on = ["studies/jcog1017", "--lang", lang, "--out"];
        let protocol = format!("read.{lang}.html");
        done(&[&["read"], &on[..], &[&file(&protocol)]].concat());
        let page = read(&protocol);
        assert!(
            page.contains("sex == &#39;female&#39; &amp;&amp;")
                || page.contains("sex == 'female' &amp;&amp;")
        );
        assert!(page.contains(if lang == "ja" { "典型的な患者" } else { "A typical patient" }));
        assert!(!page.contains('⟦'), "a message is missing");
        let compare = format!("compare.{lang}.html");
        let with = ["--ledger", &ledger, "--kind", "comparison", &file(&compare)];
        done(&[&["report"], &on[..3], &with[..4], &["--out", with[4]]].concat());
        let page = read(&compare);
        assert!(page.contains("0.857") && page.contains(if lang == "ja" { "較正" } else { "calibrated" }));
        let case = format!("case.{lang}.html");
        let with = ["--ledger", &ledger, "--kind", "casebook", "--participant", "1", "--out", &file(&case)];
        done(&[&["report"], &on[..3], &with].concat());
        let page = read(&case);
        assert!(page.contains("H0") && !page.contains('⟦') && !page.contains("NaN"));
    }
    // an amendment, read as what it changes
    let study = folder.path().join("later");
    copy(&root().join("studies/jcog1017"), &study);
    let protocol = std::fs::read_to_string(study.join("protocol.yaml")).unwrap();
    let later = protocol.replacen("version: '1.0'", "version: '1.1'", 1).replacen("cap: 420", "cap: 430", 1);
    std::fs::write(study.join("protocol.yaml"), later).unwrap();
    let now = study.to_str().unwrap();
    done(&["read", now, "--since", "studies/jcog1017", "--lang", "en", "--out", &file("change.html")]);
    let page = read("change.html");
    assert!(page.contains("Changes from version 1.0 to version 1.1") && page.contains("420 → 430"));
    // rows for other programs
    let rows = ["studies/jcog1017", "--ledger", &ledger, "--lang", "en", "--out"];
    done(&[&["report"], &rows[..], &[&file("rows.csv")]].concat());
    done(&[&["report"], &rows[..], &[&file("rows.json")]].concat());
    let (csv, json) = (read("rows.csv"), read("rows.json"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(csv.lines().count(), json["rows"].as_array().unwrap().len() + 1);
    // tables for a spreadsheet, the same bytes twice
    for (kind, name) in [("final", "book.xlsx"), ("listings", "list.xlsx")] {
        let book = || {
            done(&[&["report"], &rows[..], &[&file(name), "--kind", kind]].concat());
            std::fs::read(folder.path().join(name)).unwrap()
        };
        let first = book();
        assert!(first.starts_with(b"PK") && first == book(), "{name}");
    }
    done(&[&["report"], &rows[..], &[&file("list.html"), "--kind", "listings"]].concat());
    let page = read("list.html");
    assert!(page.contains("Deviations") && page.contains("form overdue") && !page.contains('⟦'));
    // runs from other seeds, one after the other
    std::fs::write(folder.path().join("runs.json"), format!("{json}\n{json}\n")).unwrap();
    let with = ["--kind", "comparison", "--replicates", &file("runs.json")];
    done(&[&["report"], &rows[..], &[&file("runs.html")], &with].concat());
    assert!(read("runs.html").contains("Percentile among replicates"));
}

/// From a number in a report to its row, a participant, a value, an entry; and from the value back to the number.
#[test]
fn a_number_is_followed_home_and_back_from_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "home.db", "3");
    let on = ["studies/jcog1017", "--ledger", &ledger];
    let page = folder.path().join("r.html");
    done(&[&["report"], &on[..], &["--lang", "en", "--out", page.to_str().unwrap()]].concat());
    let page = std::fs::read_to_string(page).unwrap();
    let address = "causes_of_death|died||participants|||*|count";
    assert!(page.contains(&format!("<code>{address}</code>")));
    let follow = |more: &[&str]| done(&[&["follow"], &on[..], more].concat());
    let row = follow(&["--row", address]);
    let n: usize = row
        .lines()
        .find(|l| l.contains("participants counted"))
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let people: Vec<&str> = row.lines().skip_while(|l| !l.contains("participants counted")).skip(1).collect();
    assert!(n > 3 && people.len() == n, "{row}");
    let one = people[0].split(' ').next().unwrap();
    let values = follow(&["--row", address, "--participant", one]);
    let died = values.lines().find(|l| l.contains("death.died_on")).unwrap();
    let seq = died.trim_start_matches('#').split(['*', ' ']).next().unwrap();
    for back in [follow(&["--value", "death.died_on", "--participant", one]), follow(&["--entry", seq])] {
        assert!(
            back.contains(address) && back.contains("os|randomised") && !back.contains("baseline|"),
            "{back}"
        );
    }
    assert!(follow(&["--row", address, "--lang", "ja"]).contains("数えた患者"));
    let (code, why) = refused(&[&["follow"], &on[..], &["--row", "os|nothing"]].concat());
    assert!(code == 1 && why.contains("no row has the address"), "{why}");
    assert_eq!(refused(&[&["follow"], &on[..]].concat()).0, 2);
}

/// A run hangs on its seed alone: what is told and what is written do not depend on the number of threads.
#[test]
fn replicates_are_the_same_bytes_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().unwrap();
    let runs = |threads: &str| {
        let out = folder.path().join(format!("{threads}.json"));
        let done = Command::new(env!("CARGO_BIN_EXE_shirube"))
            .current_dir(root())
            .env("RAYON_NUM_THREADS", threads)
            .args([
                "replicate",
                "studies/jcog1017",
                "--seeds",
                "3",
                "--participants",
                "15",
                "--format",
                "json",
            ])
            .args(["--out", out.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (done.stdout, std::fs::read(out).unwrap())
    };
    let (one, two) = (runs("1"), runs("2"));
    assert!(one == two);
    let told: serde_json::Value = serde_json::from_slice(&one.0).unwrap();
    assert_eq!(told["seeds"], 3);
    // Three runs, in the order of their seeds, and not one three times.
    let lines: Vec<&[u8]> = one.1.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
    assert!(lines.len() == 3 && lines[0] != lines[1] && lines[1] != lines[2]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}

#[test]
fn one_seed_gives_one_head_and_the_ledger_gives_results_and_a_report_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] =
        [("a.db", "1"), ("b.db", "1"), ("c.db", "2")].map(|(name, seed)| small(folder.path(), name, seed));
    let verified = |ledger: &str| done(&["verify", "--ledger", ledger]);
    let (va, vb, vc) = (verified(&a), verified(&b), verified(&c));
    assert_eq!(line(&va, "head"), line(&vb, "head"));
    assert_ne!(line(&va, "head"), line(&vc, "head"));
    assert!(line(&va, "verdict").ends_with("the ledger holds"), "{va}");

    let json = done(&["analyse", "studies/jcog1017", "--ledger", &a, "--format", "json"]);
    let results: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(results["nature"], "simulated");
    assert!(
        results["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["stat"] == "hazard_ratio" && r["analysis"] == "os")
    );
    assert_eq!(
        json,
        done(&["analyse", "studies/jcog1017", "--ledger", &a, "--format", "json"]),
        "same bytes again"
    );
    let early = ["analyse", "studies/jcog1017", "--ledger", &a, "--cutoff", "2014-12-31", "--format", "json"];
    let early: serde_json::Value = serde_json::from_str(&done(&early)).unwrap();
    assert_eq!(early["cutoff"], "2014-12-31");
    let as_of = ["analyse", "studies/jcog1017", "--ledger", &a, "--as-of", "400", "--format", "json"];
    let as_of: serde_json::Value = serde_json::from_str(&done(&as_of)).unwrap();
    assert_eq!(as_of["seq"], 400);

    for (lang, says) in [("ja", "合成"), ("en", "ynthetic")] {
        let out = folder.path().join(format!("{lang}.html")).display().to_string();
        done(&["report", "studies/jcog1017", "--ledger", &a, "--lang", lang, "--out", &out]);
        let html = std::fs::read_to_string(&out).unwrap();
        assert!(html.contains(&format!("lang=\"{lang}\"")) && html.contains(says) && html.contains("<svg"));
    }
}

#[test]
fn what_cannot_be_done_is_said_first_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db", "1");
    let before = std::fs::read(&ledger).unwrap();

    let (code, why) = refused(&["simulate", "studies/jcog1017", "--seed", "1", "--ledger", &ledger]);
    assert!(code == 1 && why.contains("already holds JCOG1017"), "{why}");
    let none = folder.path().join("none.db").display().to_string();
    let (code, why) = refused(&["verify", "--ledger", &none]);
    assert!(code == 3 && why.contains("none.db"), "{why}");
    assert!(!Path::new(&none).exists());
    let (code, _) = refused(&["analyse", "studies/nothing", "--ledger", &ledger]);
    assert_eq!(code, 1);
    let (code, why) = refused(&["analyse", "studies/jcog1017", "--ledger", &ledger, "--as-of", "99999999"]);
    assert!(code == 2 && why.contains("--as-of"), "{why}");
    let (code, _) = refused(&["analyse", "studies/jcog1017", "--ledger", &ledger, "--cutoff", "2020-13-01"]);
    assert_eq!(code, 2);
    assert_eq!(refused(&["reprot"]).0, 2);
    let doc = folder.path().join("r.doc").display().to_string();
    let report = ["report", "studies/jcog1017", "--ledger", &ledger, "--lang", "en", "--out", &doc];
    let (code, why) = refused(&report);
    assert!(
        code == 2 && why.contains(".html, .pdf, .xlsx, .csv, .json") && !Path::new(&doc).exists(),
        "{why}"
    );
    let (code, why) = refused(&[&report[..], &["--kind", "interim"]].concat());
    assert!(code == 2 && why.contains("`interim` does not exist yet"), "{why}");
    let (code, why) = refused(&[&report[..], &["--kind", "nonsense"]].concat());
    assert!(code == 2 && why.contains("no report of kind `nonsense`"), "{why}");

    // A changed folder is a draft, and a draft has no results.
    let study = folder.path().join("s");
    copy(&root().join("studies/jcog1017"), &study);
    let protocol = std::fs::read_to_string(study.join("protocol.yaml")).unwrap();
    std::fs::write(study.join("protocol.yaml"), protocol.replacen("power: 0.80", "power: 0.90", 1)).unwrap();
    let (code, why) = refused(&["analyse", study.to_str().unwrap(), "--ledger", &ledger]);
    assert!(code == 1 && why.contains("draft"), "{why}");
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
}

#[test]
fn a_flipped_byte_in_the_stored_events_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "a.db", "3");
    let mut bytes = std::fs::read(&ledger).unwrap();
    // Somewhere inside the text of a stored event.
    let at = bytes.windows(14).rposition(|w| w == b"\"vital_status\"").unwrap() + 3;
    bytes[at] ^= 1;
    std::fs::write(&ledger, bytes).unwrap();
    let out = shirube(&["verify", "--ledger", &ledger]);
    assert_ne!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn statistics_on_a_csv_file_are_rows_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("d.csv").display().to_string();
    std::fs::write(&csv, "t,e,g\n1,1,A\n2,0,A\n3,1,A\n2,1,B\n4,1,B\n5,0,B\n").unwrap();
    let json = done(&[
        "stats", "km", "--data", &csv, "--time", "t", "--event", "e", "--group", "g", "--format", "json",
    ]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    for key in ["method", "group", "variable", "level", "time", "stat", "value"] {
        assert!(rows[0].get(key).is_some(), "{key}");
    }
    let (code, why) = refused(&["stats", "km", "--data", &csv, "--time", "tt", "--event", "e"]);
    assert!(code == 2 && why.contains("tt"), "{why}");
}

#[test]
fn the_demonstration_tells_what_happened_in_a_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("demo.db").display().to_string();
    let told = done(&["demo", "--no-serve", "--ledger", &ledger]);
    for words in
        ["first_registration 570, second_registration 407", "hazard ratio B/A", "evidence of nothing"]
    {
        assert!(told.contains(words), "{told}");
    }
    assert!(told.lines().count() <= 12, "{told}");
    assert!(line(&done(&["verify", "--ledger", &ledger]), "draws").contains("407 repeated"));
}

#[test]
fn a_tumours_files_of_either_build_become_one_profile_that_options_can_be_asked_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = "crates/molecular/tests/data/pcgr/T001-BRCA.grch";
    let out = |n: &str| folder.path().join(format!("{n}.json")).display().to_string();
    for n in ["37", "38"] {
        let (vcf, cna) = (format!("{data}{n}.vcf.gz"), format!("{data}{n}.cna.tsv"));
        let build = format!("GRCh{n}");
        let told = done(&[
            "panel",
            "import",
            "--build",
            &build,
            "--vcf",
            &vcf,
            "--cna",
            &cna,
            "--specimen",
            "tissue",
            "--assay",
            "F1CDX",
            "--out",
            &out(n),
        ]);
        assert!(told.contains("196 records, 2 findings, 194 elsewhere"), "{told}");
    }
    let both = ["37", "38"].map(|n| std::fs::read_to_string(out(n)).unwrap());
    assert_eq!(both[0], both[1]);
    let options = done(&[
        "panel",
        "options",
        &out("38"),
        "--as-of",
        "2026-01-26",
        "--jurisdiction",
        "JP",
        "--format",
        "json",
    ]);
    let options: serde_json::Value = serde_json::from_str(&options).unwrap();
    assert_eq!(options["her2_category"], "undetermined");
    let wrong = shirube(&[
        "panel",
        "import",
        "--build",
        "GRCh38",
        "--vcf",
        &format!("{data}37.vcf.gz"),
        "--out",
        &out("x"),
    ]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("Wrong genome build"));
    assert!(!Path::new(&out("x")).exists());
    let (code, why) = refused(&[
        "panel",
        "import",
        "--build",
        "GRCh38",
        "--vcf",
        &format!("{data}38.vcf.gz"),
        "--assay",
        "NEW",
        "--out",
        &out("x"),
    ]);
    assert!(code == 1 && why.contains("`NEW`"), "{why}");
    let (code, why) = refused(&[
        "panel",
        "import",
        "--build",
        "GRCh38",
        "--vcf",
        &format!("{data}38.vcf.gz"),
        "--assay",
        "F1CDX",
        "--specimen",
        "blood",
        "--out",
        &out("x"),
    ]);
    assert!(code == 1 && why.contains("is a test of tissue"), "{why}");
}

#[test]
fn treatments_become_lines_with_their_rules_and_a_correction_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = |n: &str| folder.path().join(n).display().to_string();
    std::fs::write(
        path("p.json"),
        r#"{"prior": {"complete": true, "items": [
            {"drugs": ["letrozole", "palbociclib"], "setting": "metastatic", "start": "2023-01-10", "outcome": "ongoing"},
            {"drugs": ["fulvestrant"], "setting": "metastatic", "start": "2024-02-01", "outcome": "progression"}]}}"#,
    )
    .unwrap();
    assert!(done(&["panel", "lines", &path("p.json")]).starts_with("Lines of therapy: 1-2\n"));
    let correction =
        r#"[{"treatment": 2, "line": "new", "by": "dr.a", "reason": "progression in the liver"}]"#;
    std::fs::write(path("c.json"), correction).unwrap();
    let told =
        done(&["panel", "lines", &path("p.json"), "--correct", &path("c.json"), "--out", &path("q.json")]);
    assert!(
        told.starts_with("Lines of therapy: 2\n") && told.contains("dr.a: progression in the liver"),
        "{told}"
    );
    assert!(std::fs::read_to_string(path("q.json")).unwrap().contains("\"line_rule\": \"corrected\""));
    // The decision is kept with the case, and told with its options.
    assert!(done(&["panel", "lines", &path("q.json")]).starts_with("Lines of therapy: 2\n"));
    let told = done(&["panel", "options", &path("q.json"), "--as-of", "2026-01-26", "--jurisdiction", "JP"]);
    assert!(told.contains("dr.a: progression in the liver"), "{told}");
}

const COLON: &str = "studies/int0035/data/colon.csv";
const MAP: &str = "studies/int0035/map.yaml";

#[test]
fn a_real_trial_comes_in_from_csv_and_every_number_that_r_gave_is_found_again_to_1e_9() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("int0035.db").display().to_string();
    let told = done(&["import", "studies/int0035", COLON, "--map", MAP, "--ledger", &ledger]);
    assert!(told.contains("participants 929") && told.contains("queries 14"), "{told}");
    assert!(line(&told, "constructed").contains("1 January 2000"));
    let verified = done(&["verify", "--ledger", &ledger]);
    assert!(line(&verified, "draws").contains("0 repeated"), "{verified}");
    assert!(line(&verified, "arms").contains("929 told by an imported file: not drawn here"), "{verified}");
    assert_eq!(
        line(&verified, "head").split_whitespace().nth(2),
        line(&told, "head").split_whitespace().nth(2)
    );

    let analyse = ["analyse", "studies/int0035", "--ledger", &ledger, "--format"];
    let json: serde_json::Value = serde_json::from_str(&done(&[&analyse[..], &["json"]].concat())).unwrap();
    assert_eq!(json["nature"], "completed");
    let reference = &json["reference"];
    assert_eq!(reference["engine"], "R 4.2.2 survival 3.5-3");
    let numbers = reference["numbers"].as_array().unwrap();
    assert_eq!(numbers.len(), 1010);
    for n in numbers {
        let deviation = n["deviation"].as_f64().unwrap_or_else(|| panic!("no counterpart: {n}"));
        assert!(deviation <= 1e-9, "{n}");
    }
    // Each analysis by arm is covered, with its curve, test, model, and where planned its subgroups.
    for id in ["recurrence", "survival"]
        .into_iter()
        .flat_map(|e| ["", "_lev", "_lev_5fu", "_stratified"].map(|s| format!("{e}{s}")))
    {
        for stat in ["median", "survival", "expected", "p", "hazard_ratio"] {
            assert!(numbers.iter().any(|n| n["analysis"] == *id && n["stat"] == stat), "{id} {stat}");
        }
    }
    // The published recurrence result, from the rows: 40 % fewer recurrences.
    let row = json["rows"].as_array().unwrap().iter().find(|r| {
        r["analysis"] == "recurrence_lev_5fu" && r["method"] == "cox" && r["stat"] == "hazard_ratio"
    });
    assert_eq!(format!("{:.2}", row.unwrap()["value"].as_f64().unwrap()), "0.60");
    let text = done(&[&analyse[..], &["text"]].concat());
    assert!(text.contains("Beside R 4.2.2 survival 3.5-3") && text.contains("1,010 numbers"), "{text}");
    let out = folder.path().join("r.html").display().to_string();
    done(&["report", "studies/int0035", "--ledger", &ledger, "--lang", "ja", "--out", &out]);
    let page = std::fs::read_to_string(&out).unwrap();
    assert!(page.contains("R 4.2.2 survival 3.5-3 との比較") && page.contains("作られた値"));
    // A cut-off after everything changes nothing, and one in between leaves everybody in.
    let at = |day: &str| -> serde_json::Value {
        serde_json::from_str(&done(&[&analyse[..], &["json", "--cutoff", day]].concat())).unwrap()
    };
    assert!(at("2026-11-20")["rows"] == json["rows"]);
    let early = at("2004-12-31");
    let members = early["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["analysis"] == "survival" && r["variable"] == "analysis_set" && r["level"].is_null());
    assert_eq!(members.unwrap()["value"], 929.0);
    assert_ne!(early["rows"], json["rows"]);
    // Of a part of the data R's numbers say nothing.
    assert!(early["reference"].is_null());
    // Once is enough.
    let (code, why) = refused(&["import", "studies/int0035", COLON, "--map", MAP, "--ledger", &ledger]);
    assert_eq!(code, 1);
    assert!(why.contains("from this file by this map") && why.contains("nothing was done"), "{why}");
}

#[test]
fn a_file_with_mistakes_leaves_no_ledger_and_a_dry_run_writes_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (csv, map, ledger) = (path("few.csv"), path("map.yaml"), path("l.db"));
    let colon = std::fs::read_to_string(root().join(COLON)).unwrap();
    let few: String = colon.lines().take(9).map(|l| format!("{l}\n")).collect();
    std::fs::write(&csv, few.replacen("\"Obs\"", "\"Obsv\"", 2)).unwrap();
    let text = std::fs::read_to_string(root().join(MAP)).unwrap();
    let text: String = text.lines().filter(|l| !l.contains("sha256")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&map, text).unwrap();
    let (code, why) = refused(&["import", "studies/int0035", &csv, "--map", &map, "--ledger", &ledger]);
    assert_eq!(code, 1);
    assert!(why.contains("few.csv:6:5") && why.contains("\"Obsv\""), "{why}");
    assert!(!Path::new(&ledger).exists());
    let why =
        refused(&["import", "studies/int0035", &csv, "--map", &map, "--ledger", &ledger, "--lang", "ja"]).1;
    assert!(why.contains("何も取り込んでいません"), "{why}");
    std::fs::write(&csv, &few).unwrap();
    let told = done(&["import", "studies/int0035", &csv, "--map", &map, "--ledger", &ledger, "--dry-run"]);
    assert!(told.contains("a dry run; nothing was written") && !Path::new(&ledger).exists(), "{told}");
    let written = done(&["import", "studies/int0035", &csv, "--map", &map, "--ledger", &ledger]);
    assert_eq!(line(&told, "head"), line(&written, "head"));
    // A file other than the one for which the map was made.
    let (code, why) = refused(&["import", "studies/int0035", &csv, "--map", MAP, "--ledger", &path("m.db")]);
    assert_eq!(code, 1);
    assert!(why.contains("made for another file"), "{why}");
}

#[test]
fn a_letter_is_a_draft_until_people_have_read_its_readings_commented_on_it_and_signed_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "letter.db", "5");
    assert!(done(&["letter", "check", "studies/jcog1017"]).contains("0 errors, 0 warnings"));
    let at = ["--ledger", &ledger, "--cutoff", "2023-01-31"];
    let told = done(&[&["letter", "check", "studies/jcog1017"][..], &at[..]].concat());
    assert!(told.contains("letter.ja.yaml (Bereaved): draft") && told.contains("原発巣"), "{told}");

    let page = |kind: &str, lang: &str, more: &[&str]| {
        let out = folder.path().join("out.html").display().to_string();
        let asked = ["--kind", kind, "--lang", lang, "--out", &out];
        done(&[&["report", "studies/jcog1017"][..], &at[..], &asked[..], more].concat());
        std::fs::read_to_string(&out).unwrap()
    };
    let ja = page("letter", "ja", &[]);
    assert!(ja.contains("<rt>そう</rt>") && ja.contains("合成データ") && ja.contains("まだお"), "a draft");
    assert!(page("letter", "ja", &["--large-print"]).contains("class=\"report letter large\""));
    assert!(page("letter", "en", &["--bereaved"]).contains("sorry for your loss"));
    assert!(page("press", "en", &[]).contains("Embargo"));
    assert!(page("summary", "ja", &[]).contains("ハザード比"));
    let out = folder.path().join("x.html").display().to_string();
    let wrong = ["--kind", "press", "--bereaved", "--lang", "en", "--out", &out];
    assert_eq!(refused(&[&["report", "studies/jcog1017"][..], &at[..], &wrong[..]].concat()).0, 2);

    let adopt =
        [&["letter", "adopt", "studies/jcog1017", "--lang", "ja", "--as", "dm"][..], &at[..]].concat();
    let adopted = done(&adopt);
    let hash = adopted.lines().next().unwrap().to_owned();
    assert_eq!(hash.len(), 64);
    assert!(refused(&adopt).1.contains("すでに採用されています"));
    let on_text = |act: &str, person: &str, more: &[&str]| {
        let mut all = vec!["letter".to_owned(), act.to_owned(), "--ledger".to_owned(), ledger.clone()];
        all.extend(["--text", &hash[..8], "--as", person].map(str::to_owned));
        all.extend(more.iter().map(|m| (*m).to_owned()));
        all
    };
    let call = |all: &[String]| shirube(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let sign = on_text("sign", "chair", &[]);
    let said = String::from_utf8(call(&sign).stderr).unwrap();
    assert!(said.contains("readings were not reviewed") && said.contains("No comment"), "{said}");
    assert!(call(&on_text("comment", "dm", &["--comment", "分かりやすい"])).status.success());
    assert!(!call(&sign).status.success(), "the readings are still not reviewed");
    let ask =
        ["letter", "ask", "--ledger", &ledger, "--participant", "1", "--vital", "alive", "--wishes", "yes"];
    assert_eq!(refused(&[&ask[..], &["--as", "nobody"][..]].concat()).0, 1);
    let status = done(&["letter", "status", "--ledger", &ledger]);
    assert!(status.contains("letter ja participant v1") && status.contains("分かりやすい"), "{status}");
    assert!(done(&["verify", "--ledger", &ledger]).contains("the ledger holds"));
}

/// Every kind as PDF by the program that `SHIRUBE_TYPESET` names: sound, tagged, and with the numbers of the page and no
/// others. `./test` demands it; without the program there is nothing to look at.
#[test]
fn pdf_of_every_kind_is_sound_and_holds_the_numbers_of_the_page() {
    if std::env::var_os("SHIRUBE_TYPESET").is_none() {
        assert!(std::env::var_os("SHIRUBE_REQUIRE_TYPESET").is_none(), "typeset is required");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "pdf.db", "5");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let tool = |name: &str, arguments: &[&str]| -> String {
        let out = Command::new(name).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stdout));
        String::from_utf8(out.stdout).unwrap()
    };
    let with = ["--ledger", &ledger];
    for lang in ["ja", "en"] {
        let kinds: [(&str, Vec<&str>); 5] = [
            ("final", [&["report"], &with[..], &["--kind", "final"]].concat()),
            ("comparison", [&["report"], &with[..], &["--kind", "comparison"]].concat()),
            ("listings", [&["report"], &with[..], &["--kind", "listings"]].concat()),
            ("casebook", [&["report"], &with[..], &["--kind", "casebook", "--participant", "1"]].concat()),
            ("read", vec!["read"]),
        ];
        for (name, command) in kinds {
            let (pdf, html) = (file(&format!("{name}.{lang}.pdf")), file(&format!("{name}.{lang}.html")));
            for out in [&pdf, &html] {
                let rest = ["studies/jcog1017", "--lang", lang, "--out", out];
                done(&[&command[..1], &rest[..1], &command[1..], &rest[1..]].concat());
            }
            tool("qpdf", &["--check", &pdf]);
            let info = tool("pdfinfo", &[&pdf]);
            assert!(info.contains("Tagged:          yes") && info.contains("Title:"), "{info}");
            let look = root().join("tools/pdf-accessible.py").display().to_string();
            tool("/usr/bin/python3", &[&look, &pdf]);
            if name == "final" {
                tool("/usr/bin/python3", &[&look, "--break", &pdf]);
            }
            let text = tool("pdftotext", &["-layout", &pdf, "-"]);
            let pages = text.matches('\u{c}').count();
            // Figures are pictures with words; a page number is the layout's own.
            let page = std::fs::read_to_string(&html).unwrap();
            let known = numbers(&page);
            for number in numbers(&text) {
                let own = number.parse::<usize>().is_ok_and(|n| n <= pages);
                assert!(own || known.contains(&number), "{name} {lang}: {number} is on no page");
            }
            assert!(text.contains("shirube 0.1.0") && !text.contains('⟦'));
        }
    }
}

/// Every run of digits with its decimal point.
fn numbers(text: &str) -> std::collections::BTreeSet<String> {
    let parts = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    parts.map(|p| p.trim_matches('.').to_owned()).filter(|p| !p.is_empty()).collect()
}
#[test]
fn the_panels_options_come_as_the_contract_says_and_bad_profiles_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.json");
    let path = file.to_str().unwrap();
    let ask = ["panel", "options", path, "--as-of", "2026-04-26", "--jurisdiction", "JP", "--format", "json"];
    let profile = r#"{"patient.sex": "female", "disease.extent": "advanced", "er.percent": 0, "pgr.percent": 0,
        "her2.ihc": {"value": "3+", "assay_id": "4B5_PATHWAY"},
        "prior": {"complete": true, "items": [
            {"drugs": ["trastuzumab", "pertuzumab", "docetaxel"], "setting": "metastatic", "outcome": "progression"}]}}"#;
    std::fs::write(&file, profile).unwrap();
    let out: serde_json::Value = serde_json::from_str(&done(&ask)).unwrap();
    assert_eq!(
        (out["subtype"].as_str(), out["her2_category"].as_str()),
        (Some("HR-/HER2+"), Some("positive"))
    );
    assert_eq!(out["regimens"].as_array().unwrap().len(), 44);
    let tucatinib =
        out["regimens"].as_array().unwrap().iter().find(|r| r["id"] == "tucatinib_tras_cape").unwrap();
    assert_eq!(
        (&tucatinib["verdict"], &tucatinib["status"]),
        (&"eligible".into(), &"in_force_not_reimbursed".into())
    );
    assert!(
        out["missing"]["subtype"].is_array() && out["flags"].is_array() && out["banner"]["ja"].is_string()
    );
    assert_eq!(out["findings"][0]["finding"], "HER2_positive");
    let japanese =
        done(&["panel", "options", path, "--as-of", "2026-04-26", "--jurisdiction", "JP", "--lang", "ja"]);
    assert!(japanese.contains("研究用の道具") && japanese.contains("承認あり・薬価未収載"));
    assert!(japanese.trim_end().lines().last().unwrap().starts_with("医師氏名 ____"));
    assert!(out["signature"].is_null() && out.as_object().unwrap().contains_key("signature"));

    std::fs::write(&file, r#"{"her2.ihc": {"value": "3+", "assay_id": "4B5"}}"#).unwrap();
    let (code, told) = refused(&ask);
    assert!(code == 1 && told.contains("her2.ihc.assay_id: there is no assay `4B5`"), "{told}");
    let (code, told) = refused(&["panel", "options", path, "--as-of", "2030-01-01", "--jurisdiction", "JP"]);
    assert!(code == 1 && told.contains("locked"), "{told}");
    assert_eq!(refused(&["panel", "options", path, "--as-of", "2026-01-01", "--jurisdiction", "UK"]).0, 2);
}

#[test]
fn a_knowledge_folder_is_checked_signed_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("breast");
    copy(&root().join("knowledge/breast"), &copied);
    let copied = copied.to_str().unwrap();
    assert!(done(&["knowledge", "check", copied]).contains("44 regimens, 162 facts about approval"));
    assert!(done(&["knowledge", "diff", "knowledge/breast", copied]).contains("0 rows differ"));
    let approvals = Path::new(copied).join("approvals.csv");
    let text = std::fs::read_to_string(&approvals).unwrap();
    std::fs::write(&approvals, text.replacen("2026-02-19,day,2026-02-19", "2026-02-20,day,2026-02-19", 1))
        .unwrap();
    let told = done(&["knowledge", "diff", "knowledge/breast", copied]);
    assert!(
        told.contains("tucatinib_tras_cape.JP.2 changed") && told.contains("date: 2026-02-19 → 2026-02-20"),
        "{told}"
    );
    let (key, note) = (folder.path().join("key"), folder.path().join("note"));
    std::fs::write(&key, ledger::Signer::new("panel", &[3; 32]).unwrap().secret_text()).unwrap();
    let sign =
        ["knowledge", "release", copied, "--key", key.to_str().unwrap(), "--out", note.to_str().unwrap()];
    let (code, told) = refused(&sign);
    assert!(code == 1 && told.contains("has not been reviewed by two people"), "{told}");
    let drafted: Vec<&str> = sign.iter().copied().chain(["--draft"]).collect();
    assert!(done(&drafted).contains("draft"));
    let public = folder.path().join("key.pub");
    std::fs::write(&public, ledger::Signer::new("panel", &[3; 32]).unwrap().verifier().to_string()).unwrap();
    let verify = ["knowledge", "verify", copied, note.to_str().unwrap(), "--key", public.to_str().unwrap()];
    assert!(done(&verify).contains("the signature holds"));
    std::fs::write(&approvals, text).unwrap();
    let (code, told) = refused(&verify);
    assert!(code == 1 && told.contains("not those that were signed"), "{told}");
}

/// Every kind of bad input that the panel can be given, as a person would give it.
#[test]
fn bad_input_to_the_panel_is_named_and_explained_and_nothing_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |n: &str| folder.path().join(n).display().to_string();
    let ask = |profile: &str| {
        std::fs::write(path("p.json"), profile).unwrap();
        refused(&["panel", "options", &path("p.json"), "--as-of", "2026-01-26", "--jurisdiction", "JP"])
    };
    for (profile, named) in [
        (
            r#"{"variant.ESR1": {"value": "pathogenic", "date": "2026-01-27"}}"#,
            "variant.ESR1.date: 2026-01-27 is after",
        ),
        (r#"{"pdl1.cps": {"value": 10, "assay_id": "22C4"}}"#, "pdl1.cps.assay_id: there is no assay `22C4`"),
        (
            r#"{"prior": {"complete": true, "items": [{"drugs": ["letrozol"], "setting": "metastatic"}]}}"#,
            "there is no drug `letrozol`",
        ),
        (r#"{"er.percent": 1, "er.percent": 90}"#, "er.percent"),
        (r#"{"disease.site": "other"}"#, "other sites"),
        (r#"{"her2.ihc": {"value": "2+", "fixative": "alcohol"}}"#, "her2.ihc.fixative"),
        (
            r#"{"prior": {"complete": true, "items": [{"drugs": ["letrozole"], "line_decided": "new"}]}}"#,
            "line_decided_by",
        ),
    ] {
        let (code, told) = ask(profile);
        assert!(code == 1 && told.contains(named), "{profile}: {told}");
    }
    // A malformed name, a variant that is not in its gene, and the other build: refused or left out by name.
    let report = |text: &str| {
        std::fs::write(path("r.json"), text).unwrap();
        let out = path("out.json");
        let run =
            shirube(&["panel", "import", "--report", &path("r.json"), "--date", "2026-01-05", "--out", &out]);
        let told =
            format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        (told, std::fs::read_to_string(out).unwrap_or_default())
    };
    let (told, written) = report(
        r#"{"assay_id": "F1CDX", "specimen": "tissue", "findings": [{"gene": "PIK3CA", "hgvs_p": "p.H1047", "class": "pathogenic"}]}"#,
    );
    assert!(told.contains("p.H1047") && !written.contains("pathogenic"), "{told}{written}");
    let (told, written) = report(
        r#"{"assay_id": "F1CDX", "specimen": "tissue", "build": "GRCh37",
            "findings": [{"gene": "PIK3CA", "hgvs_g": "NC_000017.10:g.7577121G>A", "class": "pathogenic"}]}"#,
    );
    assert!(told.contains("PIK3CA") && !written.contains("\"pathogenic\""), "{told}{written}");
    let wrong = shirube(&[
        "panel",
        "import",
        "--build",
        "GRCh37",
        "--vcf",
        "crates/molecular/tests/data/pcgr/T001-BRCA.grch38.vcf.gz",
        "--specimen",
        "tissue",
        "--assay",
        "F1CDX",
        "--date",
        "2026-01-05",
        "--out",
        &path("v.json"),
    ]);
    let told = String::from_utf8_lossy(&wrong.stdout);
    assert!(wrong.status.code() == Some(1) && told.contains("Wrong genome build"), "{told}");
    assert!(!Path::new(&path("v.json")).exists());
    // A withdrawn regimen is told as withdrawn.
    std::fs::write(
        path("w.json"),
        r#"{"patient.sex": "female", "disease.extent": "advanced", "er.percent": 0, "pgr.percent": 0,
            "her2.ihc": {"value": "0", "assay_id": "4B5_PATHWAY"}, "pdl1.ic": {"value": 5, "assay_id": "SP142"},
            "prior": {"complete": true, "items": []}}"#,
    )
    .unwrap();
    let out = done(&[
        "panel",
        "options",
        &path("w.json"),
        "--as-of",
        "2022-01-01",
        "--jurisdiction",
        "US",
        "--format",
        "json",
    ]);
    let out: serde_json::Value = serde_json::from_str(&out).unwrap();
    let all = out["regimens"].as_array().unwrap();
    let atezo = all.iter().find(|r| r["id"] == "atezo_nabpac_tnbc").unwrap();
    assert_eq!((&atezo["verdict"], &atezo["status"]), (&"not_eligible".into(), &"withdrawn".into()));
    // A row of knowledge without source.
    let copied = path("breast");
    copy(&root().join("knowledge/breast"), Path::new(&copied));
    let routes = Path::new(&copied).join("routes.csv");
    let text = std::fs::read_to_string(&routes).unwrap();
    let source =
        text.lines().nth(1).unwrap().split(",H,").nth(1).unwrap().rsplit_once(",\"").unwrap().0.to_owned();
    std::fs::write(&routes, text.replacen(&source, "", 1)).unwrap();
    let (code, told) = refused(&["knowledge", "check", &copied]);
    assert!(code == 1 && told.contains("routes.csv:2 source: the row has no source"), "{told}");
}

#[test]
fn a_registrys_cases_are_asked_exported_and_told_when_knowledge_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |n: &str| folder.path().join(n).display().to_string();
    let ledger = path("panel.db");
    done(&["simulate", "studies/panel-breast", "--seed", "3", "--ledger", &ledger]);
    let question = ["--as-of", "2026-11-15", "--jurisdiction", "JP", "--format", "json"];
    let mut of_ledger = vec!["panel", "options", "--ledger", &ledger, "--participant", "2"];
    of_ledger.extend(question);
    let from_ledger = done(&of_ledger);
    let file = path("case.json");
    done(&["panel", "export", "--ledger", &ledger, "--participant", "2", "--out", &file]);
    let mut of_file = vec!["panel", "options", &file];
    of_file.extend(question);
    assert_eq!(done(&of_file), from_ledger, "two shapes of the same case");
    let (code, told) =
        refused(&["panel", "export", "--ledger", &ledger, "--participant", "999", "--out", &file]);
    assert!(code == 1 && told.contains("is not registered"), "{told}");

    let newer = path("breast");
    copy(&root().join("knowledge/breast"), Path::new(&newer));
    let approvals = Path::new(&newer).join("approvals.csv");
    let text = std::fs::read_to_string(&approvals).unwrap();
    let changed: String = text
        .lines()
        .map(|l| if l.starts_with("dato_hrpos.JP.1,") { l.replace("2024-12-27", "2026-12-27") } else { l.to_owned() } + "\n")
        .collect();
    assert_ne!(changed, text);
    std::fs::write(&approvals, changed).unwrap();
    let told = done(&[
        "knowledge",
        "diff",
        "knowledge/breast",
        &newer,
        "--ledger",
        &ledger,
        "--as-of",
        "2026-11-15",
        "--jurisdiction",
        "JP",
    ]);
    assert!(told.contains("dato_hrpos.JP.1 changed"), "{told}");
    let touched = told.lines().find(|l| l.contains("cases are touched")).unwrap();
    assert!(!touched.starts_with("0 of") && told.contains("dato_hrpos: eligible"), "{told}");
}

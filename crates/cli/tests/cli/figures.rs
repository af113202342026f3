//! Single figures: every kind from a file and from the participants of a study, with one row and with none.

use super::{done, refused, shirube, small};
use std::path::Path;

const ROWS: &str = "id,arm,age,size,after,after2,when,when2,end,died,on,event,p
1,A,51,40,30,20,3,6,12.5,,true,0,0.2
2,B,62,22,,30,3,6,8,8,false,1,0.7
3,A,48,35,38,41,3,6,20,,true,0,0.1
4,B,70,60,33,0,3,6,15,15,false,1,0.8
5,B,66,18,18,17,3,6,4.2,,false,0,0.4
6,A,58,,25,24,3,6,9.9,9.9,false,1,0.6
";

fn kinds() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("waterfall", vec!["--before", "size", "--after", "after", "--after", "after2", "--group", "arm"]),
        (
            "spider",
            vec![
                "--before", "size", "--after", "after", "--time", "when", "--after", "after2", "--time",
                "when2",
            ],
        ),
        (
            "swimmer",
            vec!["--until", "end", "--death", "died", "--ongoing", "on", "--label", "id", "--group", "arm"],
        ),
        ("paired", vec!["--before", "size", "--after", "after2", "--group", "arm"]),
        ("box", vec!["--value", "age", "--group", "arm", "--name", "Age <#*@> [years]"]),
        ("scatter", vec!["--x", "age", "--y", "size"]),
        ("calibration", vec!["--observed", "event", "--predicted", "p", "--bins", "2"]),
        ("calibration", vec!["--observed", "event", "--covariate", "end", "--bins", "2"]),
    ]
}

fn drawn(data: &Path, out: &Path, kind: &str, options: &[&str]) -> std::process::Output {
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    shirube(&[&["figure", kind, "--data", data], options, &["--out", out]].concat())
}

#[test]
fn every_kind_is_drawn_from_a_file_and_rows_without_a_value_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("rows.csv"), ROWS).unwrap();
    let header = ROWS.lines().next().unwrap();
    std::fs::write(file("none.csv"), format!("{header}\n")).unwrap();
    std::fs::write(file("one.csv"), ROWS.lines().take(2).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    for (kind, options) in kinds() {
        let out = file("f.svg");
        let told = drawn(&file("rows.csv"), &out, kind, &options);
        let said = String::from_utf8(told.stderr).unwrap();
        assert!(told.status.success(), "{kind}: {said}");
        let wants_size = options.contains(&"size");
        assert_eq!(said.contains("not drawn for want of a value: 1 rows"), wants_size, "{kind}: {said}");
        let svg = std::fs::read_to_string(&out).unwrap();
        assert!(svg.starts_with("<svg ") && !svg.contains("NaN") && !svg.contains("inf"), "{kind}");
        // One participant is a figure, except where a model or two outcomes are asked for; nobody is none.
        let one = drawn(&file("one.csv"), &out, kind, &options);
        assert_eq!(one.status.success(), !options.contains(&"--covariate"), "{kind}");
        let gone = file("gone.svg");
        let none = drawn(&file("none.csv"), &gone, kind, &options);
        let said = String::from_utf8(none.stderr).unwrap();
        assert!(none.status.code() == Some(1) && said.contains("no data to draw"), "{kind}: {said}");
        assert!(!gone.exists());
    }
    let svg = |kind: &str, options: &[&str]| {
        assert!(drawn(&file("rows.csv"), &file("f.svg"), kind, options).status.success());
        std::fs::read_to_string(file("f.svg")).unwrap()
    };
    // By hand: -50, -23, +9, -100, -6 % of five; the third row grew, and the best counts.
    let waterfall = svg("waterfall", &kinds()[0].1);
    for change in ["9%, -6%, -23%, -50%, -100%", "9%, −6%, −23%, −50%, −100%"] {
        if waterfall.contains(change) {
            assert!(waterfall.contains("1"), "one without a value is counted in words");
        }
    }
    assert!(waterfall.contains("9%") && waterfall.contains("100%"));
    let boxes = svg("box", &kinds()[4].1);
    assert!(boxes.contains("Age &lt;#*@&gt; [years]") || boxes.contains("Age &#60;#*@&#62; [years]"));
    // Quartiles of 48, 51, 58 (averaging at steps) and of 62, 66, 70.
    assert!(boxes.contains("48, 48, 51, 58, 58") && boxes.contains("62, 62, 66, 70, 70"), "{boxes}");
}

#[test]
fn what_cannot_be_drawn_is_said_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("rows.csv"), ROWS).unwrap();
    let data = file("rows.csv");
    let svg = file("f.svg");
    let (code, why) = refused(&["figure", "box", "--data", &data, "--value", "weight", "--out", &svg]);
    assert!(code == 2 && why.contains("weight"), "{why}");
    let (code, why) = refused(&["figure", "box", "--data", &data, "--out", &svg]);
    assert!(code == 2 && why.contains("--value"), "{why}");
    let (code, why) = refused(&["figure", "box", "--data", &data, "--value", "age", "--out", &file("f.gif")]);
    assert!(code == 2 && why.contains(".svg or .png"), "{why}");
    let twice =
        ["figure", "calibration", "--data", &data, "--observed", "age", "--predicted", "p", "--out", &svg];
    let (code, why) = refused(&twice);
    assert!(code == 1 && why.contains("neither 0 nor 1"), "{why}");
}

#[test]
fn participants_of_a_study_are_drawn_by_expressions_over_its_items() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = small(folder.path(), "f.db", "3");
    let out = folder.path().join("f.svg").to_str().unwrap().to_owned();
    let study = ["--study", "studies/jcog1017", "--ledger", &ledger, "--where", "known(participant.arm)"];
    let size = "first_registration.tumour_size";
    let after = "response_report.primary_size";
    let kinds: [(&str, Vec<&str>); 6] = [
        ("waterfall", vec!["--before", size, "--after", after, "--group", "participant.arm"]),
        (
            "spider",
            vec![
                "--before",
                size,
                "--after",
                after,
                "--from",
                "registered.first_registration",
                "--time",
                "response_report.imaging_on",
            ],
        ),
        (
            "swimmer",
            vec![
                "--from",
                "registered.second_registration",
                "--until",
                "fact:last_known_alive",
                "--until",
                "fact:death",
                "--progression",
                "fact:progression",
                "--death",
                "fact:death",
                "--group",
                "participant.arm",
            ],
        ),
        ("paired", vec!["--before", size, "--after", after, "--group", "participant.arm"]),
        ("box", vec!["--value", size, "--group", "participant.arm"]),
        ("scatter", vec!["--x", "first_registration.age", "--y", size]),
    ];
    for (kind, options) in kinds {
        done(&[&["figure", kind], &study[..], &options, &["--out", &out]].concat());
        let svg = std::fs::read_to_string(&out).unwrap();
        assert!(svg.starts_with("<svg ") && svg.len() > 4000, "{kind}");
        if options.contains(&"participant.arm") {
            assert!(svg.contains("A no resection") && svg.contains("B resection"), "{kind}");
        }
    }
    let (code, why) = refused(
        &[&["figure", "box"], &study[..], &["--value", "first_registration.weight", "--out", &out]].concat(),
    );
    assert!(code == 2 && why.contains("first_registration.weight"), "{why}");
    let (code, why) =
        refused(&[&["figure", "swimmer"], &study[..], &["--until", "fact:nothing", "--out", &out]].concat());
    assert!(code == 2 && why.contains("last_known_alive"), "{why}");
    // A figure of the report, alone.
    let report = ["report", "studies/jcog1017", "--ledger", &ledger, "--lang", "ja"];
    done(&[&report[..], &["--figure", "exposure-second-line-duration", "--out", &out]].concat());
    assert!(std::fs::read_to_string(&out).unwrap().contains("治療期間"));
    let (code, why) = refused(&[&report[..], &["--figure", "nothing", "--out", &out]].concat());
    assert!(code == 1 && why.contains("flow") && why.contains("ae-second-line-butterfly"), "{why}");
}

//! What the pages say stands in the message files, in both languages, and nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use words::Messages;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn messages() -> Messages {
    let read = |name: &str| fs::read_to_string(root().join("words").join(name)).unwrap();
    Messages::new(&read("ja.ftl"), &read("en.ftl")).unwrap()
}

fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            let text = fs::read_to_string(&path).unwrap();
            out.push((path, text));
        }
    }
    out.sort();
    assert!(!out.is_empty(), "{} has files", folder.display());
    out
}

/// Codes of the panel's knowledge by family.
const PANEL: &[(&str, &str)] = &[
    ("her2", "positive low ultralow null ihc0-unspecified undetermined"),
    ("class", "1 2 3 ai cdk46i chemo taxane"),
    ("kind", "local sequence after safety comorbidity values test"),
    ("setting", "adjuvant neoadjuvant metastatic"),
    ("outcome", "progression completed toxicity ongoing"),
    (
        "concept",
        "disease-oligometastatic patient-rapid-response-needed patient-ild-history patient-diabetes patient-goal cgp-history \
         patient-sex patient-menopause patient-ecog patient-et-suitable-next patient-io-candidate \
         patient-anthracycline-unsuitable patient-taxane-unsuitable patient-standard-unsuitable \
         patient-no-satisfactory-alternative disease-site disease-extent disease-brain-metastases \
         disease-symptomatic-visceral er-percent pgr-percent her2-ihc her2-ihc0-staining \
         her2-ish-method her2-ish-ratio her2-ish-copies her2-ish-recount-group her2-adjudication \
         pdl1-cps pdl1-ic pten-ihc gbrca-status tmb-per-mb msi-status prior-complete prior ctdna-samples",
    ),
    (
        "value",
        "pathogenic likely-pathogenic vus none-found advanced early female male pre peri post \
         none present lost retained high stable dual single breast survival symptoms quality-of-life",
    ),
    ("by", "blood tissue"),
    (
        "finding",
        "standard-now undetermined approved-not-listed line-not-reached approved-elsewhere pending-decision used-up \
         no-route vus not-qualifying evidence-b trial-open route",
    ),
    ("route", "trial patient-proposed expanded-access advanced-medical-care off-label"),
    (
        "event",
        "filed priority-review target-date committee-positive committee-negative review-extended approved \
         approved-accelerated converted-regular extended restriction-lifted withdrawn listed launched \
         expected-listing cdx-approved cdx-insured safety-notice in-force-seen none-found",
    ),
];

/// Keys that are put together from a name of the domain.
fn families() -> Vec<String> {
    let mut keys: Vec<String> = conduct::Role::ALL.iter().map(|r| format!("role-{}", r.name())).collect();
    keys.extend(conduct::KINDS.iter().map(|(kind, _)| format!("told-{kind}")));
    keys.push("told-allocated-arm".into());
    for outcome in ["eligible", "ineligible", "cannot_tell"] {
        keys.push(format!("criterion-{outcome}"));
        keys.push(format!("exclusion-{outcome}"));
        keys.push(format!("verdict-{outcome}"));
        keys.push(format!("verdict-{outcome}-what"));
    }
    for (family, codes) in PANEL {
        keys.extend(codes.split_whitespace().map(|code| format!("panel-{family}-{code}")));
    }
    keys.extend(["verdict-blocked".into(), "verdict-blocked-what".into()]);
    keys
}

fn everything_written() -> Vec<(PathBuf, String)> {
    let mut all = files(&root().join("templates"), "html");
    all.extend(files(&root().join("src"), "rs"));
    all
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_places() {
    // Messages::new refuses anything else.
    assert!(messages().keys().count() > 200);
}

#[test]
fn every_key_that_a_page_uses_exists() {
    let messages = messages();
    let mut seen = 0;
    for (path, text) in everything_written() {
        for call in [".say(\"", ".with(\"", ".with2(\"", ".count(\"", ".fill(\""] {
            for (at, _) in text.match_indices(call) {
                let key = text[at + call.len()..].split('"').next().unwrap();
                assert!(messages.has(key), "{}: `{key}` is in no message file", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "only {seen} uses found");
    for key in families() {
        assert!(messages.has(&key), "`{key}` is in no message file");
    }
}

#[test]
fn every_key_of_the_message_files_is_used() {
    let families: BTreeSet<String> = families().into_iter().collect();
    let all: String = everything_written().into_iter().map(|(_, text)| text).collect();
    let idle: Vec<String> = messages()
        .keys()
        .filter(|key| !families.contains(*key) && !all.contains(&format!("\"{key}\"")))
        .map(str::to_owned)
        .collect();
    assert_eq!(idle, Vec::<String>::new());
}

/// The template without what the engine fills in.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        out.push_str(&rest[..at]);
        let end = if rest[at..].starts_with("{{") { "}}" } else { "%}" };
        let close = rest[at..].find(end).expect("closed");
        rest = &rest[at + close + 2..];
    }
    out + rest
}

#[test]
fn no_template_holds_words_of_its_own() {
    for (path, text) in files(&root().join("templates"), "html") {
        let text = without_code(&text);
        let mut words = String::new();
        let mut tag = String::new();
        let mut inside = false;
        for c in text.chars() {
            match c {
                '<' => inside = true,
                '>' if inside => {
                    inside = false;
                    for name in ["title=\"", "aria-label=\"", "placeholder=\"", "alt=\"", "aria-valuetext=\""]
                    {
                        if let Some(at) = tag.find(name) {
                            let value = tag[at + name.len()..].split('"').next().unwrap();
                            assert!(
                                !value.contains(char::is_alphabetic),
                                "{}: {name}{value}",
                                path.display()
                            );
                        }
                    }
                    tag.clear();
                }
                c if inside => tag.push(c),
                c => words.push(c),
            }
        }
        let found: String = words.chars().filter(|c| c.is_alphabetic()).collect();
        assert_eq!(found, "", "{} holds words", path.display());
    }
}

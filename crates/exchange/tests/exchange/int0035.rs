//! Intergroup 0035: 929 real participants.

use crate::*;
use conduct::{FormKey, Nature, ParticipantId, Trial};
use jiff::ToSpan;
use jiff::civil::date;
use ledger::Store;
use rules::Value;

#[test]
fn the_whole_file_comes_in_and_every_day_number_is_found_again_in_the_forms() {
    let csv = text("data/colon.csv");
    let mut store = Memory::new();
    let done = take(csv.as_bytes(), &text("map.yaml"), &mut store).unwrap();
    assert_eq!((done.rows, done.participants, done.arms, done.forms), (1858, 929, 929, 3 * 929));
    assert_eq!((done.registered["randomisation"], done.incomplete), (929, 0));
    assert_eq!(done.ignored, ["study"]);
    // Twelve of the file's node counts contradict its column node4, and two are 0: told as queries, nothing repaired.
    assert_eq!(done.queries, 12 + 2);

    let trial = Trial::open(Box::new(store), "INT0035", Default::default()).unwrap();
    let state = trial.state();
    assert_eq!(state.nature(), Some(Nature::Completed));
    assert_eq!(state.imports[0].rows, 1858);
    assert_eq!(state.imports[0].constructed, done.constructed);
    assert!(done.constructed[0].en.contains("1 January 2000"));
    let report = trial.verify().unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert_eq!((report.arms_imported, report.draws_checked), (929, 0));

    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').map(|h| h.trim_matches('"')).collect();
    let zero = date(2000, 1, 1);
    for line in lines {
        let row: Vec<&str> = line.split(',').map(|f| f.trim_matches('"')).collect();
        let of = |name: &str| row[header.iter().position(|h| *h == name).unwrap()];
        let p = state.participant(ParticipantId(of("id").parse().unwrap())).unwrap();
        assert_eq!(&*p.imported.as_ref().unwrap().1, of("id"));
        let arm = match of("rx") {
            "Obs" => "obs",
            "Lev" => "lev",
            _ => "lev_5fu",
        };
        assert_eq!(p.allocations["treatment"].arm.as_str(), arm);
        let (form, item) = if of("etype") == "1" { ("recurrence", "recurred") } else { ("survival", "died") };
        let filled = &p.forms[&FormKey::once(form)];
        let on = zero.checked_add(of("time").parse::<i64>().unwrap().days()).unwrap();
        assert_eq!(filled.value("followed_to"), Some(&Value::Date(on.into())), "{line}");
        assert_eq!(filled.value(item), Some(&Value::Boolean(of("status") == "1")), "{line}");
    }
}

#[test]
fn the_same_import_gives_the_same_ledger_and_another_file_another() {
    let (csv, map) = (few(20), map());
    let heads: Vec<_> = (0..2)
        .map(|_| {
            let mut store = Memory::new();
            let done = take(csv.as_bytes(), &map, &mut store).unwrap();
            assert_eq!(store.head("INT0035").unwrap(), done.head);
            done.head
        })
        .collect();
    assert_eq!(heads[0], heads[1]);
    // A dry run tells the head that the import will have.
    let (file, map_file) =
        (File { name: "colon.csv", bytes: csv.as_bytes() }, File { name: "map.yaml", bytes: map.as_bytes() });
    assert_eq!(import(&loaded(), &file, &map_file, None).unwrap().head, heads[0]);
    let other = csv.replacen("43,", "44,", 2);
    assert_ne!(take(other.as_bytes(), &map, &mut Memory::new()).unwrap().head, heads[0]);
}

#[test]
fn a_second_import_into_the_same_ledger_does_nothing_and_says_whether_it_is_the_same() {
    let (csv, map) = (few(5), map());
    let mut store = Memory::new();
    take(csv.as_bytes(), &map, &mut store).unwrap();
    let head = store.head("INT0035").unwrap();
    let again = take(csv.as_bytes(), &map, &mut store);
    assert!(matches!(again, Err(ImportError::Already { same: true, .. })), "{again:?}");
    let other = take(few(6).as_bytes(), &map, &mut store);
    assert!(matches!(other, Err(ImportError::Already { same: false, .. })), "{other:?}");
    assert_eq!(store.head("INT0035").unwrap(), head);
}

#[test]
fn salts_come_from_the_content_and_not_from_anything_that_the_ledger_tells() {
    // Two files that differ in one value of the last participant: all commitments differ, also of entries whose
    // payload is the same, so that a commitment does not tell what was committed to.
    let (csv, map) = (few(3), map());
    let mut last = csv.clone();
    let at = csv.lines().take(5).map(|l| l.len() + 1).sum::<usize>();
    last.replace_range(at.., &csv[at..].replace(",71,", ",72,"));
    let commitments = |csv: &str| {
        let mut store = Memory::new();
        take(csv.as_bytes(), &map, &mut store).unwrap();
        let mut all = Vec::new();
        store
            .read("INT0035", 1, 5, &mut |e| {
                all.push((e.payload.clone(), e.computed_commitment()));
                Ok(())
            })
            .unwrap();
        all
    };
    let (a, b) = (commitments(&csv), commitments(&last));
    assert_eq!(a[1].0, b[1].0);
    assert_ne!(a[1].1, b[1].1);
}

//! A small made-up trial without arms: one row per participant, sites, units, ways of writing dates, a form that repeats.

use crate::{File, ImportError, Imported, import};
use conduct::{FormKey, ParticipantId, Trial};
use ledger::Memory;
use rules::{Missing, Value};

const PROTOCOL: &str = "study: HERB
version: '1'
effective: 2020-01-01
title: { ja: 薬草の試験, en: The herb trial }
timezone: Asia/Tokyo
accrual: { step: entry, planned: 3, from: 2020-01-01, to: 2021-01-01 }
steps:
  entry:
    ja: 登録
    en: Entry
    form: entry
    criteria:
      - { id: I1, ja: 成人, en: Adult, rule: 'age >= 18' }
";
const ENTRY: &str = "ja: 登録
en: Entry
dated_by: seen_on
sections:
  - ja: 患者
    en: Participant
    items:
      - { id: seen_on, ja: 診察日, en: Seen on, type: date, required: true }
      - { id: age, ja: 年齢, en: Age, type: integer, unit: a, required: true }
      - { id: size, ja: 腫瘍径, en: Size, type: decimal, unit: mm, decimals: 1 }
      - { id: note, ja: 備考, en: Note, type: text }
";
const EVENT: &str = "ja: 有害事象
en: Adverse event
dated_by: began_on
repeats: true
sections:
  - ja: 有害事象
    en: Event
    items:
      - { id: began_on, ja: 発現日, en: Began on, type: date, partial: true, required: true }
      - { id: grade, ja: グレード, en: Grade, type: code, codes: { '1': { ja: '1', en: '1' }, '2': { ja: '2', en: '2' } } }
";
const MAP: &str = "study: HERB
source: { ja: 作り物, en: Made up }
file: { encoding: shift_jis, delimiter: semicolon, missing: { '': unknown, ND: not_done } }
recorded: { at: '2022-01-01T00:00:00Z', by: dm }
people: { dm: { ja: 管理者, en: Manager, role: data_manager } }
sites: { s1: { ja: 一, en: One, country: JP }, s2: { ja: 二, en: Two, country: JP } }
participant: { key: { column: no }, site: { column: place, codes: { 東: s1, 西: s2 } } }
rows:
  entry: { when: { kind: E } }
  event: { when: { kind: A }, count: any }
steps:
  entry:
    on: { column: day, rows: entry, format: YYYY/M/D }
    values:
      seen_on: { column: day, rows: entry, format: YYYY/M/D }
      age: { column: age, rows: entry, unit: a }
      size: { column: size, rows: entry, unit: cm, factor: 10 }
      note: { column: note, rows: entry }
forms:
  - form: event
    rows: event
    values:
      began_on: { column: began }
      grade: { column: age }
";
const CSV: &str = "no;place;kind;day;age;size;note;began
1;東;E;2020/3/5;61;2.5;「良好」;
1;東;A;;2;;;2020-04-UK
1;東;A;;1;;;2020-05-01
2;西;E;2020/12/31;18;ND;;
";

fn take(csv: &str, map: &str, store: Option<&mut Memory>) -> Result<Imported, ImportError> {
    let files = [("protocol.yaml", PROTOCOL), ("forms/entry.yaml", ENTRY), ("forms/event.yaml", EVENT)];
    let loaded = protocol::load_texts(files.iter().map(|(n, t)| (*n, t.as_bytes())))
        .unwrap_or_else(|e| panic!("{}", protocol::render(&e, words::Lang::En, false)));
    let bytes = encoding_rs::SHIFT_JIS.encode(csv).0;
    let file = File { name: "herb.csv", bytes: &bytes };
    let map = File { name: "map.yaml", bytes: map.as_bytes() };
    import(&loaded, &file, &map, store.map(|s| s as &mut dyn ledger::Store))
}

#[test]
fn units_are_converted_dates_read_as_declared_and_a_form_repeats_once_a_row() {
    let mut store = Memory::new();
    let done = take(CSV, MAP, Some(&mut store)).unwrap();
    assert_eq!((done.participants, done.forms, done.queries), (2, 4, 0));
    let trial = Trial::open(Box::new(store), "HERB", Default::default()).unwrap();
    assert!(trial.verify().unwrap().holds());
    let state = trial.state();
    let p = state.participant(ParticipantId(1)).unwrap();
    assert_eq!((p.site.as_str(), p.registrations["entry"].on.to_string()), ("s1", "2020-03-05".to_owned()));
    let entry = &p.forms[&FormKey::once("entry")];
    assert_eq!(entry.value("size"), Some(&Value::Decimal("25".parse().unwrap())));
    assert_eq!(entry.value("note"), Some(&Value::text("「良好」")));
    let event = |n| &p.forms[&FormKey { form: "event".into(), visit: None, number: n }];
    assert_eq!(event(1).value("began_on"), Some(&Value::Date("2020-04-UK".parse().unwrap())));
    assert_eq!(event(2).value("grade"), Some(&Value::code("1")));
    let second = state.participant(ParticipantId(2)).unwrap();
    let entry = &second.forms[&FormKey::once("entry")];
    assert_eq!(entry.value("size"), Some(&Value::Missing(Missing::NotDone)));
    assert_eq!(entry.value("note"), Some(&Value::Missing(Missing::Unknown)));
}

#[test]
fn a_date_that_is_none_and_a_site_that_is_none_are_told() {
    let codes = |csv: &str| match take(csv, MAP, None) {
        Err(ImportError::Wrong(found)) => {
            found.into_iter().map(|d| (d.code, d.place.map_or(0, |p| p.line))).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let one = |code: &str, line| vec![(code.to_owned(), line)];
    assert_eq!(codes(&CSV.replace("2020/12/31", "2020/31/12")), one("X410", 5));
    assert_eq!(codes(&CSV.replace("2020/12/31", "2020-12-31")), one("X410", 5));
    assert_eq!(codes(&CSV.replace("2020/12/31", "2021/2/29")), one("X410", 5));
    assert_eq!(codes(&CSV.replace("2;西;E", "2;北;E")), one("X408", 5));
    assert_eq!(codes(&CSV.replace("2.5", "2,5")), one("X411", 2));
    // More digits than the form takes, and somebody who is not eligible: the law says so, at the row.
    assert_eq!(codes(&CSV.replace("2.5", "2.567")), one("X501", 2));
    assert_eq!(codes(&CSV.replace(";18;", ";17;")), one("X501", 5));
    // A day in the future of the moment that the map records.
    assert!(codes(&CSV.replace("2020/12/31", "2023/12/31")).contains(&("X501".to_owned(), 5)));
}

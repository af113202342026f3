use super::*;

fn general() -> Readings {
    let mut readings = Readings::default();
    let found = readings.add(GENERAL_NAME, GENERAL);
    assert!(found.is_empty(), "{}", protocol::render(&found, words::Lang::En, false));
    readings
}

/// A text in kana, and whether every run was covered.
fn spoken(readings: &Readings, text: &str) -> (String, bool) {
    let mut covered = true;
    let spoken = readings
        .read(text)
        .iter()
        .map(|s| match s {
            Stretch::Read { units, .. } => units
                .iter()
                .map(|(b, r)| if r.is_empty() { b.as_str() } else { r.as_str() })
                .collect::<String>(),
            Stretch::Plain(t) => (*t).to_owned(),
            Stretch::Open(t) => {
                covered = false;
                format!("[{t}]")
            }
        })
        .collect();
    (spoken, covered)
}

/// Words that analysers were seen to misread (MeCab with IPADIC: ゲンパツス, コウチュウダマ, ハザマタダシセイ, コツヅイ,
/// ナマケン, アクシン, none for 嘔気), and their kin.
#[test]
fn words_of_oncology_are_read_as_physicians_read_them() {
    let readings = general();
    for (word, reading) in [
        ("原発巣", "げんぱつそう"),
        ("好中球", "こうちゅうきゅう"),
        ("好中球減少", "こうちゅうきゅうげんしょう"),
        ("間質性", "かんしつせい"),
        ("間質性肺炎", "かんしつせいはいえん"),
        ("骨髄", "こつずい"),
        ("骨髄抑制", "こつずいよくせい"),
        ("生検", "せいけん"),
        ("針生検", "はりせいけん"),
        ("悪心", "おしん"),
        ("嘔気", "おうき"),
        ("転移巣", "てんいそう"),
        ("増悪", "ぞうあく"),
        ("腋窩", "えきか"),
        ("重篤", "じゅうとく"),
        ("局所無再発生存割合", "きょくしょむさいはつせいぞんわりあい"),
        ("無増悪生存割合", "むぞうあくせいぞんわりあい"),
    ] {
        assert_eq!(spoken(&readings, word), (reading.to_owned(), true), "{word}");
    }
}

#[test]
fn a_character_is_read_by_what_stands_around_it() {
    let readings = general();
    for (text, reading) in [
        ("100人中25人", "100にんちゅう25にん"),
        ("人が生きる", "ひとがいきる"),
        ("その間に間違い", "そのあいだにまちがい"),
        ("5人未満", "5にんみまん"),
        ("2023年1月31日", "2023ねん1がつ31にち"),
        ("2023年6月5日", "2023ねん6がついつか"),
        ("3か月", "3かげつ"),
        ("一次登録の日", "いちじとうろくのひ"),
        ("悪くなる悪化と悪心", "わるくなるあっかとおしん"),
        ("問い合わせ先", "といあわせさき"),
        ("表にして表します", "ひょうにしてあらわします"),
        ("割り算と割合", "わりざんとわりあい"),
    ] {
        assert_eq!(spoken(&readings, text), (reading.to_owned(), true), "{text}");
    }
}

#[test]
fn a_single_character_is_never_guessed_inside_a_longer_run() {
    let mut readings = Readings::default();
    readings.add("t", "人\tひと\t\t\tx\t\t\n日本\tにほん\t\t\tx\t\t");
    assert_eq!(spoken(&readings, "人は日本人"), ("ひとはにほん[人]".to_owned(), false));
    // after a digit it is a counter, and counters have entries of their own
    assert_eq!(spoken(&readings, "3人"), ("3[人]".to_owned(), false));
    assert_eq!(spoken(&general(), "嚥下"), ("[嚥下]".to_owned(), false));
}

#[test]
fn the_table_of_a_study_goes_before_the_general_one() {
    let mut readings = general();
    assert!(readings.add("readings.tsv", "増悪\tぞうお\t増:ぞう|悪:お\t\tx\t\t").is_empty());
    assert_eq!(spoken(&readings, "増悪").0, "ぞうお");
}

#[test]
fn a_line_that_does_not_add_up_is_told_with_its_place() {
    for (line, says) in [
        ("原発巣\tげんぱつそう", "7"),
        ("原発巣\tげんぱつそう\t原:げん|発:ぱつ\t\tx\t\t", "not the surface"),
        ("原発巣\tげんぱつす\t原:げん|発:ぱつ|巣:そう\t\tx\t\t", "not the reading"),
        ("原発巣\tgenpatsu\t\t\tx\t\t", "kana"),
        ("げんぱつ\tげんぱつ\t\t\tx\t\t", "without kanji"),
        ("原発巣\tげんぱつそう\t\t\t\t\t", "no source"),
        ("原発巣\tげんぱつそう\t\t\tx\tA\t", "both"),
        ("原発巣\tげんぱつそう\t\t\tx\tA\t2026-13-01", "2026-01-31"),
        ("受け\tうけ\t受|け\t\tx\t\t", "no reading"),
        ("原\tげん\t\t\tx\t\t\n原\tはら\t\t\tx\t\t", "twice"),
    ] {
        let found = Readings::default().add("readings.tsv", &format!("surface\treading\n{line}"));
        assert!(!found.is_empty(), "{line}");
        assert!(found[0].message.en.contains(says), "{line}: {}", found[0].message.en);
        let place = found[0].place.as_ref().map(|p| (p.file.as_str(), p.line));
        assert_eq!(place, Some(("readings.tsv", 1 + line.lines().count())));
    }
}

#[test]
fn no_reading_claims_a_reviewer_that_it_has_not() {
    // Until a person has read the table over, the column is empty, and a letter cannot be signed off.
    assert!(general().entries().all(|e| e.reviewer.is_empty() == e.date.is_empty()));
}

proptest::proptest! {
    /// Whatever is in the tables, readings never change the words.
    #[test]
    fn readings_never_change_the_words_they_stand_over(
        text in "[人原発巣好中球の年を0-9a日々 。<&\u{202e}\u{3099}🎌]{0,40}",
        surfaces in proptest::collection::vec("#?[人原発巣好中球の年日]{1,4}", 0..12),
    ) {
        let table: String = surfaces.iter().map(|s| format!("{s}\tよみ\t\t\tx\t\t\n")).collect();
        let mut readings = general();
        readings.add("t", &table);
        let joined: String = readings.read(&text).iter().map(|s| s.base().to_owned()).collect();
        proptest::prop_assert_eq!(&joined, &text);
        let bases: String = crate::letter::layout::read(&text, Some(&readings)).iter().map(|w| w.plain()).collect();
        proptest::prop_assert_eq!(&bases, &text);
    }
}

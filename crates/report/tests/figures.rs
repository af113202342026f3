//! Figures that are made of measurements: each from made-up data, with one patient, and with none.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "helpers/collisions.rs"]
mod collisions;

use report::Scene;
use report::figure::*;
use words::{Lang, Text};

fn arms() -> Vec<(u8, Text)> {
    vec![(0, Text::new("A群", "Arm A")), (1, Text::new("B群", "Arm B"))]
}

fn bars() -> Vec<Bar> {
    let changes = [0.62, 0.31, 0.18, 0.05, -0.04, -0.12, -0.28, -0.33, -0.41, -0.55, -0.7, -1.0, 1.4];
    let bar = |(i, change): (usize, &f64)| Bar {
        label: format!("{:02}", i + 1),
        series: (i % 2) as u8,
        change: *change,
        new_lesion: i == 0 || i == 6,
    };
    changes.iter().enumerate().map(bar).collect()
}

fn lanes() -> Vec<Lane> {
    (0..12u8)
        .map(|i| Lane {
            label: format!("{:02}", i + 1),
            series: i % 4,
            months: 2.0 + f64::from(i) * 1.7,
            ongoing: i % 3 == 0,
            signs: match i % 3 {
                0 => vec![(1.5, Sign::Response)],
                1 => vec![(1.2, Sign::Response), (2.0 + f64::from(i) * 1.7, Sign::Progression)],
                _ => vec![(2.0 + f64::from(i) * 1.7, Sign::Death)],
            },
        })
        .collect()
}

fn traces() -> Vec<Trace> {
    let point = |i: usize, k: usize| (2.0 * k as f64, (i as f64 * 0.11 - 0.5) * (k as f64 / 3.0).min(1.0));
    let trace = |i: usize| Trace {
        label: format!("{:02}", i + 1),
        series: (i % 2) as u8,
        points: (1..4 + i % 3).map(|k| point(i, k)).collect(),
    };
    (0..9).map(trace).collect()
}

fn befores() -> Vec<Pair> {
    let pair = |i: u8| Pair {
        series: i % 2,
        before: 12.0 + f64::from(i) * 2.3,
        after: 9.0 + f64::from(i % 5) * 3.1,
    };
    (0..14).map(pair).collect()
}

fn groups() -> Vec<Quartiles> {
    let group = |series: u8, name: Text, shift: f64| Quartiles {
        name,
        series,
        five: [shift, shift + 6.0, shift + 10.0, shift + 15.0, shift + 27.0],
        n: 10,
        values: (0..10).map(|i| shift + 3.0 * f64::from(i)).collect(),
    };
    arms().into_iter().map(|(s, name)| group(s, name, 4.0 + 5.0 * f64::from(s))).collect()
}

fn relation() -> (Vec<(f64, f64, u8)>, Fit) {
    let points =
        (0..20u8).map(|i| (f64::from(i), 3.0 + 0.8 * f64::from(i) + f64::from(i * 7 % 5) - 2.0, i % 2));
    let line = (0..20u8).map(|i| {
        let (x, y) = (f64::from(i), 3.0 + 0.8 * f64::from(i));
        (x, y, y - 1.5, y + 1.5)
    });
    (points.collect(), Fit { points: line.collect(), told: Text::same("r = 0.95") })
}

fn bins() -> Vec<Bin> {
    let bin = |i: u32| {
        let predicted = 0.1 + 0.2 * f64::from(i);
        Bin {
            predicted,
            observed: predicted * 0.95,
            lower: predicted * 0.8,
            upper: (predicted * 1.1).min(1.0),
            n: 20,
        }
    };
    (0..5).map(bin).collect()
}

fn moments() -> Vec<Moment> {
    let moment = |ja: &str, en: &str, day: &str, from: f64, to: f64, kind: Kind| Moment {
        name: Text::new(ja, en),
        day: Text::same(day),
        from,
        to,
        kind,
    };
    vec![
        moment("一次登録", "First registration", "2012-01-10", 0.0, 0.0, Kind::Step),
        moment("増悪", "Progression", "2013-03", 13.7, 14.7, Kind::Fact),
        moment("原発巣切除", "Resection of the primary tumour", "2013-05-01", 15.7, 15.7, Kind::Fact),
        moment("死亡", "Death", "2016-02-02", 48.8, 48.8, Kind::End),
    ]
}

fn all() -> Vec<(&'static str, Scene)> {
    let named = Text::new("血清CTX [ng/mL]", "Serum CTX [ng/mL]");
    let ends = (Text::new("投与前", "Before"), Text::new("投与後", "After"));
    let (points, fit) = relation();
    let axes = (Text::new("年齢 [歳]", "Age [years]"), named.clone());
    vec![
        ("waterfall", waterfall("waterfall", &bars(), &arms(), 2).unwrap()),
        ("swimmer", swimmer("swimmer", &lanes(), &arms()).unwrap()),
        ("course", course("course", &moments()).unwrap()),
        ("spider", spider("spider", &traces(), &arms()).unwrap()),
        (
            "pairs",
            pairs(
                "pairs",
                &befores(),
                &arms(),
                &[(0, 24.0, 15.0), (1, 26.0, 14.0)],
                (&ends.0, &ends.1),
                &named,
            )
            .unwrap(),
        ),
        ("boxes", boxes("boxes", &groups(), &named).unwrap()),
        ("scatter", scatter("scatter", &points, &arms(), Some(&fit), (&axes.0, &axes.1)).unwrap()),
        ("calibration", calibration("calibration", &bins()).unwrap()),
    ]
}

#[test]
fn each_figure_of_measurements_is_drawn_and_said_in_words() {
    for (name, scene) in all() {
        assert!(scene.description.ja.len() > 20 && scene.description.en.len() > 20, "{name}");
        for lang in Lang::ALL {
            let svg = scene.svg_file(lang);
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains('⟦'), "{name}");
            assert_eq!(collisions::collisions(&scene, lang), Vec::<String>::new(), "{name}");
        }
        insta::assert_snapshot!(name, scene);
    }
}

#[test]
fn series_differ_by_symbol_and_pattern_where_colour_is_lost() {
    let mut scene = Scene::new("x", 100.0, 100.0, Text::same("x"));
    let shapes: Vec<String> = (0..4)
        .map(|s| {
            scene.marks.clear();
            scene.symbol(s, 10.0, 10.0, 8.0);
            scene.to_string().replace(&format!(".{s}"), "")
        })
        .collect();
    let areas: Vec<usize> = (0..4)
        .map(|s| {
            scene.marks.clear();
            scene.area(s, 0.0, 0.0, 60.0, 12.0);
            scene.marks.len()
        })
        .collect();
    for i in 0..4 {
        for j in 0..i {
            assert!(shapes[i] != shapes[j] && areas[i] != areas[j], "{i} {j}");
        }
    }
}

/// An installed BIZ UDPGothic may draw ≥ as ≤ (`assets/fonts/README.md`), so a file that leaves the page carries its own.
#[test]
fn a_figure_that_leaves_the_page_carries_its_digits_and_signs_of_order() {
    let scene = waterfall("w", &bars(), &arms(), 0).unwrap();
    assert!(scene.svg_file(Lang::En).contains("@font-face{font-family:\"Shirube Digits\""));
    assert!(!scene.svg_print(Lang::En).contains("@font-face"));
}

/// The lines of a pattern stay inside their area.
#[test]
fn a_pattern_does_not_leave_its_bar() {
    let mut scene = Scene::new("x", 100.0, 100.0, Text::same("x"));
    for series in 0..4 {
        scene.area(series, 10.0, 20.0, 37.0, 11.0);
    }
    for mark in &scene.marks {
        if let report::scene::Shape::Line { from, to } = &mark.shape {
            for (x, y) in [from, to] {
                assert!((10.0 - 1e-9..=47.0 + 1e-9).contains(x) && (20.0 - 1e-9..=31.0 + 1e-9).contains(y));
            }
        }
    }
}

#[test]
fn with_nobody_there_is_no_figure_and_with_one_patient_there_is_one() {
    let (none, nan) = (f64::NAN, f64::INFINITY);
    let t = Text::same("x");
    assert!(waterfall("w", &[], &arms(), 3).is_none());
    assert!(
        waterfall("w", &[Bar { label: "1".into(), series: 0, change: none, new_lesion: false }], &[], 0)
            .is_none()
    );
    assert!(swimmer("s", &[], &arms()).is_none());
    assert!(course("c", &[]).is_none());
    assert!(course("c", &[Moment { from: none, ..moments()[0].clone() }]).is_none());
    assert!(spider("s", &[Trace { label: "1".into(), series: 0, points: vec![(1.0, nan)] }], &[]).is_none());
    assert!(pairs("p", &[], &arms(), &[], (&t, &t), &t).is_none());
    assert!(boxes("b", &[], &t).is_none());
    assert!(scatter("s", &[], &[], None, (&t, &t)).is_none());
    assert!(calibration("c", &[]).is_none());
    let one = [
        waterfall("w", &bars()[..1], &arms(), 0),
        swimmer("s", &lanes()[..1], &arms()),
        course("c", &moments()[..1]),
        spider("s", &traces()[..1], &arms()),
        pairs("p", &befores()[..1], &arms(), &[], (&t, &t), &t),
        boxes("b", &groups()[..1], &t),
        scatter("s", &relation().0[..1], &[], None, (&t, &t)),
        calibration("c", &bins()[..1]),
    ];
    for scene in one {
        let svg = scene.unwrap().svg(Lang::En);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}

//! `shirube replicate`: many runs of one plan, and where each published number lies among them.
//!
//! A run is a function of its seed alone, and runs are kept in the order of their seeds: the outcome is the same on any
//! number of threads.

use crate::failure::{Answer, Failure};
use crate::options::Format;
use crate::progress::Progress;
use crate::{opened, output};
use analysis::Results;
use conduct::{Role, View, Viewer};
use protocol::{Loaded, Protocol, Published};
use rayon::prelude::*;
use serde::Serialize;
use simulation::{Plan, Request};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use words::{Lang, Text, number};

/// One published number among the runs.
#[derive(Serialize)]
struct Among<'a> {
    id: &'a str,
    #[serde(skip)]
    published: &'a Published,
    value: &'a str,
    /// The simulation was tuned to it: agreement shows nothing.
    calibrated: bool,
    /// Runs that have the number.
    runs: usize,
    /// Percentiles 2.5, 50 and 97.5 of the runs, as rows hold them.
    low: Option<f64>,
    median: Option<f64>,
    high: Option<f64>,
    /// Share of the runs below the published number.
    percentile: Option<f64>,
    /// Outside of the middle 95 % of the runs.
    outside: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    study: &'a str,
    seeds: u32,
    hazard_ratio: Option<f64>,
    calibration: &'a Text,
    numbers: Vec<Among<'a>>,
}

/// How many runs of what.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub seeds: u32,
    pub hazard_ratio: Option<f64>,
    pub participants: Option<u32>,
}

pub fn run(
    study: &Path,
    wanted: Wanted,
    out: Option<&Path>,
    format: Format,
    lang: Lang,
) -> Result<Answer, Failure> {
    let Wanted { seeds, hazard_ratio, .. } = wanted;
    if hazard_ratio.is_some_and(|r| !(r.is_finite() && r > 0.0)) || seeds == 0 {
        return Err(Failure::Usage("--seeds is 1 or more, --hazard-ratio above 0".to_owned()));
    }
    let loaded = opened::load(study, lang)?;
    let protocol = &loaded.compiled.protocol;
    let plan = Plan::load(study).map_err(|e| Failure::Refused(e.to_string()))?;
    let truth = match (hazard_ratio, protocol.arms.keys().next()) {
        (Some(ratio), Some(reference)) => plan.with_hazard_ratio(reference, ratio),
        _ => plan.clone(),
    };
    let runs = runs(&loaded, &truth, wanted)?;
    if let Some(path) = out {
        let lines: Result<Vec<String>, _> = runs.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|e| Failure::unusable(path.display(), e))?;
        output::write_whole(path, (lines.join("\n") + "\n").as_bytes())?;
    }
    // Another truth than the one that was tuned is tuned to nothing.
    let tuned = |id: &str| hazard_ratio.is_none() && plan.calibrated.iter().any(|c| c == id);
    let answered = protocol.published.iter().filter(|p| p.row.is_some());
    let numbers = answered.filter_map(|p| among(p, &runs, tuned(&p.id))).collect();
    let told = Told { study: &protocol.study, seeds, hazard_ratio, calibration: &plan.calibration, numbers };
    match format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&told).map_err(|e| Failure::unusable("replicates", e))?;
            output::print(&format!("{json}\n"))
        }
        Format::Text => output::print(&text(&told, lang)),
    }
}

/// The runs in the order of their seeds, each with the rows that answer a published number.
fn runs(loaded: &Loaded, plan: &Plan, wanted: Wanted) -> Result<Vec<Results>, Failure> {
    let (done, progress) = (AtomicU32::new(0), Mutex::new(Progress::new()));
    let seeds = wanted.seeds;
    let one = |seed: u32| {
        let request = Request { seed: u64::from(seed), participants: wanted.participants };
        let failed = |e: &dyn std::fmt::Display| Failure::Refused(format!("seed {seed}: {e}"));
        let (trial, _) =
            simulation::rehearse(loaded, plan, request, &mut |_, _| {}).map_err(|e| failed(&e))?;
        let (adopted, state) = (trial.adopted(), trial.state());
        let viewer = Viewer::new("stat", Role::Statistician);
        let view = View::new(&adopted, &state, None, &viewer).map_err(|e| failed(&e))?;
        let results = kept(analysis::analyse(&view), &loaded.compiled.protocol);
        let n = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(mut progress) = progress.lock() {
            progress.tell(|| format!("{n} of {seeds} runs"));
        }
        Ok(results)
    };
    (1..=seeds).into_par_iter().map(one).collect()
}

/// Of the rows only those that answer a published number.
fn kept(results: Results, protocol: &Protocol) -> Results {
    let keys: Vec<String> = protocol
        .published
        .iter()
        .filter_map(|p| report::comparison::answer(&results, p).map(analysis::Row::key))
        .collect();
    let mut results = results;
    results.rows.retain(|row| keys.contains(&row.key()));
    results
}

fn among<'a>(published: &'a Published, runs: &[Results], calibrated: bool) -> Option<Among<'a>> {
    let target = report::comparison::target(published)?;
    let mut values: Vec<f64> =
        runs.iter().filter_map(|r| report::comparison::answer(r, published)?.value).collect();
    values.sort_by(f64::total_cmp);
    let percentile = report::comparison::percentile(&values, target);
    let at = |share: f64| {
        let i = (share * (values.len().saturating_sub(1)) as f64).round() as usize;
        values.get(i).copied()
    };
    Some(Among {
        id: &published.id,
        published,
        value: &published.value,
        calibrated,
        runs: values.len(),
        low: at(0.025),
        median: at(0.5),
        high: at(0.975),
        percentile,
        outside: percentile.is_some_and(|p| !(0.025..=0.975).contains(&p)),
    })
}

fn text(told: &Told<'_>, lang: Lang) -> String {
    let ja = lang == Lang::Ja;
    let say = |ja_: &str, en: &str| if ja { ja_.to_owned() } else { en.to_owned() };
    let head = [
        say("公表値", "Published number"),
        say("値", "value"),
        "2.5 %".to_owned(),
        say("中央値", "median"),
        "97.5 %".to_owned(),
        say("百分位", "percentile"),
        String::new(),
    ];
    let line = |a: &Among<'_>| {
        let show = |v: Option<f64>| v.map_or("–".to_owned(), |v| report::comparison::like(a.published, v));
        let name = if ja { &a.published.ja } else { &a.published.en };
        let unit = a.published.unit.as_deref().map_or(String::new(), |u| format!(" [{u}]"));
        let mut mark = Vec::new();
        if a.calibrated {
            mark.push(say("調整済み", "calibrated"));
        }
        if a.outside {
            mark.push(say("範囲外", "OUTSIDE"));
        }
        if a.runs < told.seeds as usize {
            mark.push(format!("n = {}", a.runs));
        }
        [
            format!("{name}{unit}"),
            a.value.to_owned(),
            show(a.low),
            show(a.median),
            show(a.high),
            a.percentile.map_or("–".to_owned(), |p| number::percent_bare(p, 1)),
            mark.join(", "),
        ]
    };
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(told.numbers.iter().map(line)).collect();
    let width = |i: usize| lines.iter().filter_map(|l| l.get(i)).map(|c| number::width(c)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut out = match (told.hazard_ratio, ja) {
        (None, true) => format!("{}: {} 回の模擬試験\n", told.study, told.seeds),
        (None, false) => format!("{}: {} simulated trials\n", told.study, told.seeds),
        (Some(r), true) => {
            format!("{}: 真のハザード比を {r} とした {} 回の模擬試験\n", told.study, told.seeds)
        }
        (Some(r), false) => {
            format!("{}: {} simulated trials with a true hazard ratio of {r}\n", told.study, told.seeds)
        }
    };
    for cells in &lines {
        let shown = cells.iter().zip(&widths).enumerate().map(|(i, (c, w))| match i {
            0 | 6 => number::pad_right(c, *w),
            _ => number::pad_left(c, *w),
        });
        out += shown.collect::<Vec<_>>().join("  ").trim_end();
        out.push('\n');
    }
    let outside = told.numbers.iter().filter(|a| a.outside).count();
    out += &match ja {
        true => format!("{} 個の公表値のうち、中央の95%の外にあるもの {outside} 個。\n", told.numbers.len()),
        false => format!(
            "{outside} of {} published numbers lie outside of the middle 95 % of the runs.\n",
            told.numbers.len()
        ),
    };
    if told.hazard_ratio.is_none() {
        out += told.calibration.get(lang);
        out.push('\n');
    }
    out
}

//! Data and timings for `bench/stats`: `speed generate N cont|days FILE`, `speed run FILE TASK REPEATS`.
//!
//! A file holds binary64 columns one after another: time, event, ten covariates, cause. Times are CPU seconds of
//! this process (minimum of the repeats), read from the kernel's scheduler statistics.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_range_loop,
    reason = "a tool for the bench folder"
)]
use std::borrow::Cow;
use std::io::Read;

use stats::random::Philox;
use stats::survival::*;

const COLUMNS: usize = 13;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("generate") => generate(args[2].parse().unwrap(), &args[3], &args[4]),
        Some("run") => run(&args[2], &args[3], args[4].parse().unwrap()),
        _ => panic!("speed generate N cont|days FILE | speed run FILE TASK REPEATS"),
    }
}

/// Five normal and five binary covariates, Weibull times, uniform censoring, 60 % of the events of cause 1.
fn generate(n: usize, kind: &str, path: &str) {
    let mut r = Philox::new(20261120, 1);
    let mut columns = vec![vec![0.0f64; n]; COLUMNS];
    for i in 0..n {
        let mut eta = 0.0;
        for j in 0..10 {
            let x = if j < 5 { r.normal() } else { f64::from(u8::from(r.uniform() < 0.5)) };
            columns[2 + j][i] = x;
            eta += x * (0.3 - 0.05 * j as f64);
        }
        let latent = (-r.uniform().ln() * (-eta).exp()).powf(1.0 / 1.3) * 1000.0;
        let censor = r.uniform() * 3000.0;
        let t = latent.min(censor);
        columns[0][i] = if kind == "days" { t.ceil().max(1.0) } else { t };
        let event = latent <= censor;
        columns[1][i] = f64::from(u8::from(event));
        let first = r.uniform() < 0.6;
        columns[12][i] = f64::from(u8::from(event)) * if first { 1.0 } else { 2.0 };
    }
    let bytes: Vec<u8> = columns.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, bytes).unwrap();
}

fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn load(path: &str, wanted: impl Fn(usize) -> bool) -> Vec<Vec<f64>> {
    let n = std::fs::metadata(path).unwrap().len() as usize / 8 / COLUMNS;
    let mut file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut bytes = [0; 8];
    (0..COLUMNS)
        .map(|k| {
            if !wanted(k) {
                file.seek_relative(8 * n as i64).unwrap();
                return Vec::new();
            }
            (0..n)
                .map(|_| {
                    file.read_exact(&mut bytes).unwrap();
                    f64::from_le_bytes(bytes)
                })
                .collect()
        })
        .collect()
}

/// The million-row model as a program calls it that has read its data: the columns are handed over. So the peak
/// is that of the data and the fit.
fn cox_of_columns_handed_over(path: &str, repeats: usize) {
    let (mut best, mut check, mut n) = (f64::INFINITY, 0.0, 0);
    for _ in 0..repeats {
        let mut columns = load(path, |k| k < 12);
        let event: Vec<bool> = columns[1].iter().map(|&e| e == 1.0).collect();
        n = event.len();
        let x = columns.split_off(2).into_iter().filter(|c| !c.is_empty()).map(Cow::Owned).collect();
        let start = cpu();
        let fit = cox(CoxData::new(Survival::new(&columns[0], &event), x), &CoxOptions::default()).unwrap();
        best = best.min(cpu() - start);
        check = fit.beta[0];
    }
    println!("cox\t{n}\tshirube\t{best:.9}\t{check:.12}\t{}", peak());
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("").trim().to_string()
}

fn run(path: &str, task: &str, repeats: usize) {
    let n = std::fs::metadata(path).unwrap().len() as usize / 8 / COLUMNS;
    if task == "cox" && n >= 100_000 {
        return cox_of_columns_handed_over(path, repeats);
    }
    let columns = load(path, |_| true);
    let event: Vec<bool> = columns[1].iter().map(|&e| e == 1.0).collect();
    let group: Vec<usize> = columns[11].iter().map(|&g| g as usize).collect();
    let cause: Vec<u32> = columns[12].iter().map(|&c| c as u32).collect();
    let survival = Survival::new(&columns[0], &event);
    let risks = Competing { time: &columns[0], cause: &cause };
    let x = |range: std::ops::Range<usize>| range.map(|k| Cow::Borrowed(&columns[k][..])).collect::<Vec<_>>();
    let coefficient = |k: std::ops::Range<usize>| {
        cox(CoxData::new(survival, x(k)), &CoxOptions::default()).unwrap().beta[0]
    };
    let (mut best, mut check) = (f64::INFINITY, 0.0);
    // Calls of a few microseconds are timed in batches.
    let batch = (200_000 / n).max(1);
    for _ in 0..repeats {
        let start = cpu();
        for _ in 0..batch {
            check = match task {
                "cox" => coefficient(2..12),
                "cox1" => coefficient(11..12),
                "km" => kaplan_meier(&survival, &KmOptions::default()).unwrap().surv.iter().sum(),
                "logrank" => {
                    logrank(&survival, &group, 2, None, &LogrankOptions::default()).unwrap().chi_square
                }
                "finegray" => {
                    fine_gray(&risks, x(2..4), 1, None, &FineGrayOptions::default()).unwrap().coefficients[0]
                        .estimate
                        .unwrap()
                }
                "gray" => gray(&risks, &group, 2, None, 1, 0.0, NearTies::Merge).unwrap().test.chi_square,
                "sort" => {
                    let mut v: Vec<(u64, u32)> =
                        columns[0].iter().enumerate().map(|(i, t)| (t.to_bits(), i as u32)).collect();
                    v.sort_unstable();
                    f64::from(v[0].1)
                }
                other => panic!("no task {other}"),
            };
        }
        best = best.min((cpu() - start) / batch as f64);
    }
    println!("{task}\t{n}\tshirube\t{best:.9}\t{check:.12}\t{}", peak());
}

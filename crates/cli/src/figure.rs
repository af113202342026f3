//! `shirube figure`: one figure from rows. A row is a line of a CSV file, or a participant of a study; a column is a name of
//! the file, or an expression over the study's items.

use crate::failure::{Answer, Failure};
use crate::opened::Opened;
use crate::options::At;
use crate::report_file::write_scene;
use clap::{Args, ValueEnum};
use conduct::{FactFound, ParticipantView, Role, View, Viewer};
use jiff::civil::{Date, date};
use report::Scene;
use report::figure::{self, Bar, Bin, Fit, Lane, Pair, Quartiles, Sign, Trace};
use rules::{Functions, Rule, Scope, Value, Verdict};
use stats::descriptive::quantile;
use stats::inference::{Alternative, Level};
use stats::model::{LogisticOptions, linear, logistic};
use stats::proportion::{BinomialMethod, Count, binomial_interval};
use stats::rank::pearson;
use stats::special::t_isf;
use std::collections::BTreeMap;
use std::path::PathBuf;
use words::{Lang, Text, number};
use workbench::table::{Column, Table};

const DAYS_PER_MONTH: f64 = analysis::DAYS_PER_MONTH;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Drawn {
    /// Best change of each participant: --before, --after (several: the best counts), or --value
    Waterfall,
    /// Change over time: --label, --time (months), --value, a row for each measurement, the first the baseline; or
    /// --before, and --after with --time as often as somebody was measured
    Spider,
    /// Time of each participant: --until, --from; signs by --response, --progression, --death; --ongoing
    Swimmer,
    /// Before and after: --before, --after
    Paired,
    /// Quartiles: --value
    Box,
    /// Points with a fitted line: --x, --y
    Scatter,
    /// Predicted and observed: --observed, and --predicted or --covariate (a logistic model is fitted)
    Calibration,
}

#[derive(Args)]
pub struct FigureArgs {
    #[arg(value_enum)]
    kind: Drawn,
    /// Rows of this CSV file; columns are given by their names
    #[arg(long, value_name = "FILE.csv", conflicts_with = "study", required_unless_present = "study")]
    data: Option<PathBuf>,
    /// Participants of this study; columns are expressions over its items, `fact:ID` (its day),
    /// `participant` (the number), or `cutoff`
    #[arg(long, value_name = "STUDY", requires = "ledger")]
    study: Option<PathBuf>,
    #[arg(long, value_name = "FILE|URL")]
    ledger: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD", requires = "study")]
    cutoff: Option<Date>,
    #[arg(long, value_name = "SEQ|TIME", requires = "study")]
    as_of: Option<String>,
    /// Only participants for whom this is true
    #[arg(long = "where", value_name = "RULE", requires = "study")]
    only: Option<String>,
    /// Name of each row; the number of the row or participant if absent
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Series: arm, sex
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    before: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    after: Vec<String>,
    /// The measurement; of a waterfall the change as a share (-0.3: 30 % smaller)
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    time: Vec<String>,
    #[arg(long, value_name = "COLUMN")]
    x: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    y: Option<String>,
    /// Begin of a time; 0 if absent. Days of a study are dates; numbers of a file are months
    #[arg(long, value_name = "COLUMN")]
    from: Option<String>,
    /// End of a time; of several the latest
    #[arg(long, value_name = "COLUMN")]
    until: Vec<String>,
    /// True where treatment goes on
    #[arg(long, value_name = "COLUMN")]
    ongoing: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    response: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    progression: Option<String>,
    #[arg(long, value_name = "COLUMN")]
    death: Option<String>,
    /// True where a new lesion was seen
    #[arg(long, value_name = "COLUMN")]
    new_lesion: Option<String>,
    /// 1 or true where it happened
    #[arg(long, value_name = "COLUMN")]
    observed: Option<String>,
    /// Probability
    #[arg(long, value_name = "COLUMN")]
    predicted: Option<String>,
    #[arg(long = "covariate", value_name = "COLUMN")]
    covariates: Vec<String>,
    /// Calibration: so many groups of alike prediction
    #[arg(long, default_value_t = 5)]
    bins: usize,
    /// What is measured, with its unit, as the axis says it; of --x and --y in this order
    #[arg(long = "name", value_name = "WORDS")]
    names: Vec<String>,
    #[arg(long, value_parser = crate::options::lang, default_value = "en")]
    lang: Lang,
    /// .svg, or .png (by the program `typeset`)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(args: &FigureArgs) -> Result<Answer, Failure> {
    let end = args.out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !["svg", "png"].contains(&end.as_str()) {
        return Err(Failure::Usage(format!("{}: a figure is written as .svg or .png", args.out.display())));
    }
    let rows = Rows::of(args)?;
    let (scene, drawn) = draw(args, &rows)?;
    let left_out = rows.n.saturating_sub(drawn);
    let Some(scene) = scene else {
        return Err(Failure::Refused(match args.lang {
            Lang::Ja => {
                format!("描くデータがありません（{} 行、うち必要な値のそろわない行 {left_out}）。", rows.n)
            }
            Lang::En => {
                format!("no data to draw: {} rows, {left_out} of them without the values it needs", rows.n)
            }
        }));
    };
    if left_out > 0 {
        eprintln!(
            "{}",
            match args.lang {
                Lang::Ja => format!("値がないため描いていない行：{left_out}"),
                Lang::En => format!("not drawn for want of a value: {left_out} rows"),
            }
        );
    }
    write_scene(&scene, args.lang, &args.out)
}

/// The columns that were named, read from a file or from participants.
struct Rows {
    n: usize,
    table: Table,
    /// Names of groups in the reader's words, where the study has them.
    arms: BTreeMap<String, Text>,
}

impl Rows {
    fn of(args: &FigureArgs) -> Result<Rows, Failure> {
        match (&args.data, &args.study, &args.ledger) {
            (Some(file), ..) => {
                let table = Table::read(file).map_err(|e| Failure::Unusable(e.to_string()))?;
                for name in named(args) {
                    table.need(name).map_err(|e| Failure::Usage(e.to_string()))?;
                }
                Ok(Rows { n: table.rows(), table, arms: BTreeMap::new() })
            }
            (None, Some(study), Some(ledger)) => {
                let at = At { ledger: ledger.clone(), cutoff: args.cutoff, as_of: args.as_of.clone() };
                participants(args, &Opened::new(study, &at, args.lang)?)
            }
            _ => Err(Failure::Usage("a figure needs --data, or --study with --ledger".to_owned())),
        }
    }

    /// Numbers of a column; what is no number is missing. True is 1.
    fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        match self.table.column(name) {
            Some(Column::Number(v)) => v.clone(),
            Some(Column::Text(v)) => v.iter().map(|t| flag(t.as_deref()?)).collect(),
            None => vec![None; self.n],
        }
    }

    fn optional(&self, name: Option<&String>) -> Vec<Option<f64>> {
        name.map_or_else(|| vec![None; self.n], |name| self.numbers(name))
    }

    fn labels(&self, name: Option<&String>) -> Vec<Option<String>> {
        let numbered = |i: usize| Some((i + 1).to_string());
        // Participants of a study have their numbers.
        match self.table.column(name.map_or(NUMBER, String::as_str)) {
            Some(column) => (0..self.n).map(|i| column.label(i)).collect(),
            None => (0..self.n).map(numbered).collect(),
        }
    }

    /// Series of each row, and their names in the order of their first letters (arms in theirs).
    fn series(&self, name: Option<&String>) -> (Vec<Option<u8>>, Vec<(u8, Text)>) {
        let Some(name) = name else { return (vec![Some(0); self.n], Vec::new()) };
        let labels = self.labels(Some(name));
        let mut levels: Vec<&String> = labels.iter().flatten().collect();
        levels.sort();
        levels.dedup();
        let of = |label: &Option<String>| {
            let at = levels.iter().position(|l| Some(*l) == label.as_ref())?;
            u8::try_from(at % 4).ok()
        };
        let name_of = |l: &String| self.arms.get(l).cloned().unwrap_or_else(|| Text::same(l));
        let names = levels.iter().enumerate().map(|(i, l)| ((i % 4) as u8, name_of(l))).collect();
        (labels.iter().map(of).collect(), names)
    }
}

fn flag(text: &str) -> Option<f64> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        other => other.parse().ok(),
    }
}

/// Every column that the options name.
fn named(args: &FigureArgs) -> Vec<&String> {
    let single = [
        &args.label,
        &args.group,
        &args.before,
        &args.value,
        &args.x,
        &args.y,
        &args.from,
        &args.ongoing,
        &args.response,
        &args.progression,
        &args.death,
        &args.new_lesion,
        &args.observed,
        &args.predicted,
    ];
    let many = args.after.iter().chain(&args.time).chain(&args.until).chain(&args.covariates);
    let mut all: Vec<&String> = single.into_iter().flatten().chain(many).collect();
    all.sort();
    all.dedup();
    all
}

/// What is asked of each participant.
enum Asked {
    Expression(Rule),
    Fact(String),
    Cutoff,
    Number,
}

/// The column of the participants' numbers.
const NUMBER: &str = "participant";

/// Participants as rows. Outcomes beside arms are results by arm: refused where these are.
fn participants(args: &FigureArgs, opened: &Opened) -> Result<Rows, Failure> {
    let compiled = opened.compiled();
    let rule = |source: &str, kind: Option<&rules::Type>| {
        let scope = Scope::new(&compiled.dictionary);
        Rule::compile_value(source, &scope, &Functions::default(), kind).map_err(|found| {
            let first = found.first().map(|d| d.message.get(args.lang).to_owned()).unwrap_or_default();
            Failure::Usage(format!("`{source}`: {first}"))
        })
    };
    let only = args.only.as_deref().map(|s| rule(s, Some(&rules::Type::Boolean))).transpose()?;
    let mut asked = Vec::new();
    let number = NUMBER.to_owned();
    let mut columns = named(args);
    if args.label.is_none() {
        columns.push(&number);
    }
    for name in columns {
        let ask = match name.strip_prefix("fact:") {
            Some(id) if compiled.protocol.facts.contains_key(id) => Asked::Fact(id.to_owned()),
            Some(id) => {
                let known: Vec<&str> = compiled.protocol.facts.keys().map(String::as_str).collect();
                return Err(Failure::Usage(format!("no fact `{id}`; known: {}", known.join(", "))));
            }
            None if name == "cutoff" => Asked::Cutoff,
            None if name == NUMBER => Asked::Number,
            None => Asked::Expression(rule(name, None)?),
        };
        asked.push((name, ask));
    }
    let viewer = Viewer::new("data", Role::DataManager);
    let adopted = opened.trial.adopted();
    let refused = |r: conduct::Refusal| Failure::Refused(crate::told::reasons(&r, args.lang));
    let view = View::new(&adopted, &opened.state, opened.cutoff, &viewer).map_err(refused)?;
    view.results_by_arm().map_err(refused)?;
    let day = opened.cutoff.or_else(|| view.last_day()).unwrap_or(compiled.protocol.effective);
    let wanted = |p: &&ParticipantView<'_>| {
        only.as_ref().is_none_or(|r| matches!(r.verdict(p.environment()), Verdict::True))
    };
    let people: Vec<&ParticipantView<'_>> = view.participants().iter().filter(wanted).collect();
    let mut table = Table::empty(people.len());
    for (name, ask) in asked {
        let values: Vec<Value> = people
            .iter()
            .map(|p| match &ask {
                Asked::Cutoff => Value::Date(day.into()),
                Asked::Number => Value::Integer(i64::from(p.id().0)),
                Asked::Fact(id) => match p.fact(id) {
                    FactFound::On(day) => Value::Date(day.into()),
                    _ => Value::NOT_YET_KNOWN,
                },
                Asked::Expression(rule) => rule.value(p.environment()).unwrap_or(Value::NOT_YET_KNOWN),
            })
            .collect();
        let set = table.set(name, column(&values));
        set.map_err(|e| Failure::Usage(e.to_string()))?;
    }
    let arms = compiled
        .protocol
        .arms
        .iter()
        .map(|(id, a)| (id.clone(), a.short.clone().unwrap_or_else(|| Text::new(&a.ja, &a.en))));
    Ok(Rows { n: people.len(), table, arms: arms.collect() })
}

/// Values as a column: dates are months since 2000.
fn column(values: &[Value]) -> Column {
    let months = |d: Date| f64::from((d - date(2000, 1, 1)).get_days()) / DAYS_PER_MONTH;
    let number = |v: &Value| match v {
        Value::Integer(n) => Some(*n as f64),
        Value::Decimal(d) => d.to_string().parse().ok(),
        Value::Boolean(b) => Some(f64::from(u8::from(*b))),
        Value::Date(d) => d.day().map(months),
        _ => None,
    };
    let text = |v: &Value| match v {
        Value::Code(c) => Some(c.to_string()),
        Value::Text(t) => Some(t.to_string()),
        _ => None,
    };
    if values.iter().any(|v| text(v).is_some()) {
        Column::Text(values.iter().map(|v| text(v).or_else(|| number(v).map(|x| x.to_string()))).collect())
    } else {
        Column::Number(values.iter().map(number).collect())
    }
}

fn need<'a>(option: &'a Option<String>, name: &str) -> Result<&'a String, Failure> {
    option.as_ref().ok_or_else(|| Failure::Usage(format!("this figure needs --{name}")))
}

/// The scene, if there is something to draw, and how many rows are in it.
fn draw(args: &FigureArgs, rows: &Rows) -> Result<(Option<Scene>, usize), Failure> {
    let (series, names) = rows.series(args.group.as_ref());
    let named = |i: usize, other: &str| Text::same(args.names.get(i).map_or(other, String::as_str));
    Ok(match args.kind {
        Drawn::Waterfall => waterfall(args, rows, &series, &names)?,
        Drawn::Spider => spider(args, rows, &series, &names)?,
        Drawn::Swimmer => swimmer(args, rows, &series, &names)?,
        Drawn::Paired => {
            let (before, after) = (need(&args.before, "before")?, first(&args.after, "after")?);
            let pair = |((s, b), a): ((&Option<u8>, Option<f64>), Option<f64>)| {
                Some(Pair { series: (*s)?, before: b?, after: a? })
            };
            let all = series.iter().zip(rows.numbers(before)).zip(rows.numbers(after));
            let all: Vec<Pair> = all.filter_map(pair).collect();
            let names = if names.is_empty() { vec![(0, Text::default())] } else { names };
            let median =
                |s: u8, of: fn(&Pair) -> f64| middle(all.iter().filter(|p| p.series == s).map(of).collect());
            let medians: Vec<(u8, f64, f64)> = names
                .iter()
                .filter_map(|(s, _)| Some((*s, median(*s, |p| p.before)?, median(*s, |p| p.after)?)))
                .collect();
            let ends = (Text::new("前", "Before"), Text::new("後", "After"));
            let scene =
                figure::pairs("paired", &all, &names, &medians, (&ends.0, &ends.1), &named(0, before));
            (scene, all.len())
        }
        Drawn::Box => {
            let value = need(&args.value, "value")?;
            let names = if names.is_empty() { vec![(0, Text::default())] } else { names };
            let values = rows.numbers(value);
            let group = |(s, name): &(u8, Text)| {
                let mine = series.iter().zip(&values).filter(|(x, _)| **x == Some(*s));
                let mut mine: Vec<f64> = mine.filter_map(|(_, v)| *v).collect();
                mine.sort_by(f64::total_cmp);
                let at = |p: f64| quantile(&mine, p).ok();
                let five = [at(0.0)?, at(0.25)?, at(0.5)?, at(0.75)?, at(1.0)?];
                let n = u32::try_from(mine.len()).ok()?;
                Some(Quartiles { name: name.clone(), series: *s, five, n, values: mine })
            };
            let groups: Vec<Quartiles> = names.iter().filter_map(group).collect();
            let drawn = groups.iter().map(|g| g.values.len()).sum();
            (figure::boxes("box", &groups, &named(0, value)), drawn)
        }
        Drawn::Scatter => {
            let (x, y) = (need(&args.x, "x")?, need(&args.y, "y")?);
            let all = rows.numbers(x).into_iter().zip(rows.numbers(y)).zip(&series);
            let points: Vec<(f64, f64, u8)> = all.filter_map(|((x, y), s)| Some((x?, y?, (*s)?))).collect();
            let fit = fitted(&points, args.lang);
            let axes = (named(0, x), named(1, y));
            let scene = figure::scatter("scatter", &points, &names, fit.as_ref(), (&axes.0, &axes.1));
            (scene, points.len())
        }
        Drawn::Calibration => calibration(args, rows)?,
    })
}

fn first<'a>(all: &'a [String], name: &str) -> Result<&'a String, Failure> {
    all.first().ok_or_else(|| Failure::Usage(format!("this figure needs --{name}")))
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5).ok()
}

type Made = (Option<Scene>, usize);
type Numbers = Vec<Option<f64>>;
type Names = [(u8, Text)];

fn waterfall(args: &FigureArgs, rows: &Rows, series: &[Option<u8>], names: &Names) -> Result<Made, Failure> {
    let new = rows.optional(args.new_lesion.as_ref());
    let labels = rows.labels(args.label.as_ref());
    let changes: Vec<Option<f64>> = match (&args.value, &args.before) {
        (Some(value), _) => rows.numbers(value),
        (None, before) => {
            let before = rows.numbers(need(before, "before or --value")?);
            first(&args.after, "after")?;
            let after: Vec<Vec<Option<f64>>> = args.after.iter().map(|a| rows.numbers(a)).collect();
            let best = |i: usize| after.iter().filter_map(|a| a.get(i).copied().flatten()).reduce(f64::min);
            // Nothing can be a share of a baseline of 0.
            let change = |(i, b): (usize, &Option<f64>)| {
                let b = b.filter(|b| *b > 0.0)?;
                Some((best(i)? - b) / b)
            };
            before.iter().enumerate().map(change).collect()
        }
    };
    let bar = |i: usize| {
        Some(Bar {
            label: labels.get(i).cloned().flatten().unwrap_or_default(),
            series: series.get(i).copied().flatten()?,
            change: changes.get(i).copied().flatten()?,
            new_lesion: new.get(i).copied().flatten() == Some(1.0),
        })
    };
    let bars: Vec<Bar> = (0..rows.n).filter_map(bar).collect();
    let without = rows.n - bars.len();
    Ok((figure::waterfall("waterfall", &bars, names, without), bars.len()))
}

fn spider(args: &FigureArgs, rows: &Rows, series: &[Option<u8>], names: &Names) -> Result<Made, Failure> {
    if let Some(before) = &args.before {
        return spider_of_rows(args, rows, before, series, names);
    }
    let labels = rows.labels(Some(need(&args.label, "label")?));
    let times = rows.numbers(first(&args.time, "time")?);
    let values = rows.numbers(need(&args.value, "value")?);
    let mut of: BTreeMap<String, (u8, Vec<(f64, f64)>)> = BTreeMap::new();
    let mut drawn = 0;
    for i in 0..rows.n {
        let at = |v: &[Option<f64>]| v.get(i).copied().flatten();
        let label = labels.get(i).cloned().flatten();
        let (Some(label), Some(time), Some(value)) = (label, at(&times), at(&values)) else { continue };
        let Some(series) = series.get(i).copied().flatten() else { continue };
        drawn += 1;
        of.entry(label).or_insert((series, Vec::new())).1.push((time, value));
    }
    let trace = |(label, (series, mut points)): (String, (u8, Vec<(f64, f64)>))| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (start, base) = *points.first().filter(|(_, base)| *base > 0.0)?;
        let points = points.iter().skip(1).map(|(t, v)| (t - start, (v - base) / base)).collect();
        Some(Trace { label, series, points })
    };
    let traces: Vec<Trace> = of.into_iter().filter_map(trace).collect();
    Ok((figure::spider("spider", &traces, names), drawn))
}

/// A row for each participant, a column for each measurement.
fn spider_of_rows(
    args: &FigureArgs,
    rows: &Rows,
    before: &str,
    series: &[Option<u8>],
    names: &Names,
) -> Result<Made, Failure> {
    if args.after.is_empty() || args.after.len() != args.time.len() {
        return Err(Failure::Usage("this figure needs --after and --time, one for the other".to_owned()));
    }
    let labels = rows.labels(args.label.as_ref());
    let before = rows.numbers(before);
    let from = args.from.as_ref().map_or_else(|| vec![Some(0.0); rows.n], |c| rows.numbers(c));
    let columns = args.time.iter().zip(&args.after).map(|(t, a)| (rows.numbers(t), rows.numbers(a)));
    let columns: Vec<(Numbers, Numbers)> = columns.collect();
    let trace = |i: usize| {
        let at = |v: &[Option<f64>]| v.get(i).copied().flatten();
        let (base, from) = (at(&before).filter(|b| *b > 0.0)?, at(&from)?);
        let point =
            |(t, a): &(Vec<Option<f64>>, Vec<Option<f64>>)| Some((at(t)? - from, (at(a)? - base) / base));
        let points: Vec<(f64, f64)> = columns.iter().filter_map(point).collect();
        let label = labels.get(i).cloned().flatten().unwrap_or_default();
        (!points.is_empty()).then_some(Trace { label, series: series.get(i).copied().flatten()?, points })
    };
    let traces: Vec<Trace> = (0..rows.n).filter_map(trace).collect();
    Ok((figure::spider("spider", &traces, names), traces.len()))
}

fn swimmer(args: &FigureArgs, rows: &Rows, series: &[Option<u8>], names: &Names) -> Result<Made, Failure> {
    let labels = rows.labels(args.label.as_ref());
    let from = args.from.as_ref().map_or_else(|| vec![Some(0.0); rows.n], |c| rows.numbers(c));
    first(&args.until, "until")?;
    let until: Vec<Vec<Option<f64>>> = args.until.iter().map(|c| rows.numbers(c)).collect();
    let ongoing = rows.optional(args.ongoing.as_ref());
    let signs = [
        (rows.optional(args.response.as_ref()), Sign::Response),
        (rows.optional(args.progression.as_ref()), Sign::Progression),
        (rows.optional(args.death.as_ref()), Sign::Death),
    ];
    let lane = |i: usize| {
        let at = |v: &[Option<f64>]| v.get(i).copied().flatten();
        let from = at(&from)?;
        let until = until.iter().filter_map(|u| at(u)).reduce(f64::max)?;
        let signs = signs.iter().filter_map(|(when, sign)| Some((at(when)? - from, *sign)));
        Some(Lane {
            label: labels.get(i).cloned().flatten().unwrap_or_default(),
            series: series.get(i).copied().flatten()?,
            months: until - from,
            ongoing: at(&ongoing) == Some(1.0),
            // What happened before the bar begins is not drawn on it.
            signs: signs.filter(|(when, _)| *when >= 0.0).collect(),
        })
    };
    let lanes: Vec<Lane> = (0..rows.n).filter_map(lane).filter(|l| l.months >= 0.0).collect();
    Ok((figure::swimmer("swimmer", &lanes, names), lanes.len()))
}

/// The line of least squares with its 95 % band of the mean, and Pearson's r.
fn fitted(points: &[(f64, f64, u8)], lang: Lang) -> Option<Fit> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().map(|p| (p.0, p.1)).unzip();
    let fit = linear(&ys, &[&xs], Level::default()).ok()?;
    let [Some(a), Some(b)] = fit.coefficients.as_slice() else { return None };
    let (a, slope) = (a.estimate.estimate, &b.estimate);
    let cell = |i: usize, j: usize| fit.covariance.get(i).and_then(|r| r.get(j)).copied();
    let (aa, ab, bb) = (cell(0, 0)?, cell(0, 1)?, cell(1, 1)?);
    let t = t_isf(0.025, fit.df);
    let low = xs.iter().copied().fold(f64::MAX, f64::min);
    let high = xs.iter().copied().fold(f64::MIN, f64::max);
    let at = |i: i32| {
        let x = low + (high - low) * f64::from(i) / 40.0;
        let y = a + slope.estimate * x;
        let half = t * (aa + 2.0 * x * ab + x * x * bb).max(0.0).sqrt();
        (x, y, y - half, y + half)
    };
    let r = pearson(&xs, &ys, Alternative::TwoSided, Level::default()).ok()?.estimate.estimate;
    let three = |v: f64| number::fixed(v, 3);
    let limits = number::interval(Some(three(slope.lower)), Some(three(slope.upper)), lang);
    let (slope, r) = (three(slope.estimate), three(r));
    Some(Fit {
        points: (0..=40).map(at).collect(),
        told: Text::new(
            format!("傾き {slope}（95%信頼区間 {limits}）、r = {r}、n = {}", xs.len()),
            format!("slope {slope} (95% CI {limits}), r = {r}, n = {}", xs.len()),
        ),
    })
}

fn calibration(args: &FigureArgs, rows: &Rows) -> Result<Made, Failure> {
    let observed = rows.numbers(need(&args.observed, "observed")?);
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    if let Some(predicted) = &args.predicted {
        let all = rows.numbers(predicted).into_iter().zip(&observed);
        pairs.extend(all.filter_map(|(p, o)| Some((p?, (*o)?))));
        if let Some((p, _)) = pairs.iter().find(|(p, _)| !(0.0..=1.0).contains(p)) {
            return Err(Failure::Refused(format!("--predicted: {p} is no probability")));
        }
    } else {
        first(&args.covariates, "predicted or --covariate")?;
        let covariates: Vec<Vec<Option<f64>>> = args.covariates.iter().map(|c| rows.numbers(c)).collect();
        let row = |i: usize| -> Option<(f64, Vec<f64>)> {
            let x: Option<Vec<f64>> = covariates.iter().map(|c| c.get(i).copied().flatten()).collect();
            Some((observed.get(i).copied().flatten()?, x?))
        };
        let complete: Vec<(f64, Vec<f64>)> = (0..rows.n).filter_map(row).collect();
        if !complete.is_empty() {
            let y: Vec<f64> = complete.iter().map(|r| r.0).collect();
            let column = |j: usize| complete.iter().filter_map(|r| r.1.get(j).copied()).collect::<Vec<f64>>();
            let columns: Vec<Vec<f64>> = (0..covariates.len()).map(column).collect();
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let options = LogisticOptions { profile: false, ..LogisticOptions::default() };
            let fit = logistic(&y, &columns, options).map_err(|e| Failure::Refused(e.to_string()))?;
            pairs.extend(fit.fitted.into_iter().zip(y));
        }
    }
    if let Some((_, o)) = pairs.iter().find(|(_, o)| *o != 0.0 && *o != 1.0) {
        return Err(Failure::Refused(format!("--observed: {o} is neither 0 nor 1")));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let per = pairs.len().div_ceil(args.bins.max(1)).max(1);
    let mut bins = Vec::new();
    for bin in pairs.chunks(per) {
        let events = bin.iter().filter(|(_, o)| *o == 1.0).count() as u64;
        let interval = binomial_interval(
            Count::new(events, bin.len() as u64),
            BinomialMethod::ClopperPearson,
            Level::default(),
        );
        let interval = interval.map_err(|e| Failure::Refused(e.to_string()))?;
        bins.push(Bin {
            predicted: bin.iter().map(|p| p.0).sum::<f64>() / bin.len() as f64,
            observed: interval.estimate,
            lower: interval.lower,
            upper: interval.upper,
            n: u32::try_from(bin.len()).unwrap_or(u32::MAX),
        });
    }
    Ok((figure::calibration("calibration", &bins), pairs.len()))
}

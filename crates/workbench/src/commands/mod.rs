//! `shirube stats METHOD`: one method on one CSV file, result rows out.
mod comparisons;
mod competing;
mod diagnostics;
mod input;
mod multiplicity;
mod parametric;
mod proportions;
pub(crate) mod regression;
mod repeated;
mod resampling;
mod rows;
mod sample;
mod survival;
mod switching;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

pub use input::{Followed, Input, need};
pub use rows::{Row, Rows};

use crate::reference::{Format, qualification_record, reference};
use crate::{WorkbenchError, commands::input::load};

/// A method of the command line. To add one, write a function and list it in a table below.
pub struct Command {
    pub name: &'static str,
    /// What it does, for the list of methods.
    pub about: &'static str,
    pub run: fn(&StatsArgs, &Input) -> Result<Rows, WorkbenchError>,
}

/// The tables of methods, by family.
const COMMANDS: &[&[Command]] = &[
    survival::COMMANDS,
    regression::COMMANDS,
    competing::COMMANDS,
    parametric::COMMANDS,
    proportions::COMMANDS,
    comparisons::COMMANDS,
    repeated::COMMANDS,
    diagnostics::COMMANDS,
    resampling::COMMANDS,
    multiplicity::COMMANDS,
    switching::COMMANDS,
];

/// Options of a time-to-event method that would change the question; one that a method does not use is refused,
/// never ignored.
const USES: &[(&str, &[&str])] = &[
    ("km", &["--entry", "--group", "--weights", "--cluster", "--time", "--event"]),
    ("logrank", &["--entry", "--group", "--strata", "--time", "--event"]),
    ("logrank-trend", &["--entry", "--group", "--strata", "--time", "--event"]),
    ("maxcombo", &["--entry", "--group", "--strata", "--time", "--event"]),
    ("landmark", &["--entry", "--group", "--time", "--event"]),
    ("onesample", &["--time", "--event"]),
    ("conditional", &["--entry", "--group", "--weights", "--time", "--event"]),
    ("cox", COX),
    ("zph", COX),
    ("coxresiduals", COX),
    ("coxcurve", COX),
    ("concordance", &["--entry", "--strata", "--covariates", "--weights", "--cluster", "--time", "--event"]),
    ("rmst", &["--entry", "--group", "--covariates", "--time", "--event"]),
    ("cuminc", &["--group", "--strata", "--time", "--event"]),
    ("finegray", &["--group", "--strata", "--covariates", "--time", "--event"]),
    ("parametric", &["--covariates", "--time", "--event"]),
    ("piecewise", &["--entry", "--group", "--time", "--event"]),
    ("turnbull", &["--time", "--event"]),
    ("rpsft", &["--group", "--time", "--event"]),
    ("ipcw", &["--entry", "--group", "--strata", "--covariates", "--cluster", "--time", "--event"]),
    ("binomial", &["--cluster", "--outcome"]),
    ("proportions", &["--group", "--outcome"]),
    ("contingency", &["--group", "--cluster", "--outcome"]),
    ("mantel-haenszel", &["--group", "--strata", "--outcome"]),
    ("trend", &["--group", "--outcome"]),
    ("mcnemar", &["--cluster"]),
    ("ranksum", &["--group", "--outcome"]),
    ("signrank", &[]),
    ("kruskal", &["--group", "--outcome"]),
    ("correlation", &[]),
    ("ttest", &["--group", "--outcome"]),
    ("ancova", &["--group", "--covariates", "--outcome"]),
    ("linear", &["--covariates", "--outcome"]),
    ("logistic", &["--covariates", "--outcome"]),
    ("gee", &["--covariates", "--cluster", "--offset", "--outcome"]),
    ("mmrm", &["--covariates", "--cluster", "--time", "--outcome"]),
    ("accuracy", &[]),
    ("paired-accuracy", &[]),
    ("roc", &["--outcome"]),
    ("kappa", &[]),
    ("bland-altman", &[]),
    ("icc", &["--outcome", "--cluster"]),
    ("impute", &["--group", "--covariates", "--outcome"]),
    ("pool", &[]),
    ("bootstrap", &["--group", "--cluster", "--outcome"]),
    ("adjust", &[]),
    ("graph", &[]),
];

const COX: &[&str] = &[
    "--entry",
    "--group",
    "--strata",
    "--covariates",
    "--weights",
    "--offset",
    "--cluster",
    "--robust",
    "--time",
    "--event",
];

/// Options of few methods, with those methods.
const ONLY: &[(&str, &[&str])] = &[
    ("--at", &["km", "landmark", "coxcurve", "cuminc", "conditional", "piecewise", "turnbull"]),
    ("--probs", &["km"]),
    ("--tau", &["rmst", "cuminc"]),
    ("--rho", &["logrank", "cuminc"]),
    ("--gamma", &["logrank"]),
    ("--t-star", &["logrank"]),
    ("--firth", &["cox", "zph", "coxresiduals", "coxcurve", "logistic", "impute"]),
    ("--null", &["binomial", "proportions", "ttest"]),
    ("--x", &["binomial"]),
    ("--n", &["binomial"]),
    ("--conf-type", &["km", "cox", "coxcurve", "cuminc", "conditional", "binomial"]),
];

fn refuse_unused(args: &StatsArgs) -> Result<(), WorkbenchError> {
    let given = [
        ("--at", !args.at.is_empty()),
        ("--probs", !args.probs.is_empty()),
        ("--tau", args.tau.is_some()),
        ("--rho", args.rho.is_some()),
        ("--gamma", args.gamma.is_some()),
        ("--t-star", args.t_star.is_some()),
        ("--firth", args.firth),
        ("--null", args.null.is_some()),
        ("--x", args.x.is_some()),
        ("--n", args.n.is_some()),
        ("--conf-type", args.conf_type.is_some()),
    ];
    for (name, _) in given.iter().filter(|g| g.1) {
        if ONLY.iter().any(|(option, methods)| option == name && !methods.contains(&args.method.as_str())) {
            return Err(WorkbenchError::Usage(format!("{} does not use {name}", args.method)));
        }
    }
    let Some((_, uses)) = USES.iter().find(|u| u.0 == args.method) else { return Ok(()) };
    let given = [
        ("--entry", args.entry.is_some()),
        ("--group", args.group.is_some()),
        ("--strata", !args.strata.is_empty()),
        ("--covariates", !args.covariates.is_empty()),
        ("--weights", args.weights.is_some()),
        ("--offset", args.offset.is_some()),
        ("--cluster", args.cluster.is_some()),
        ("--robust", args.robust),
        ("--time", args.time.is_some()),
        ("--event", args.event.is_some()),
        ("--outcome", args.outcome.is_some()),
    ];
    match given.iter().find(|(name, on)| *on && !uses.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(WorkbenchError::Usage(format!("{} does not use {name}", args.method))),
    }
}

/// All methods, for help texts.
pub fn commands() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().flat_map(|table| table.iter())
}

/// Options of `shirube stats`.
#[derive(Debug, Clone, Default, Args)]
pub struct StatsArgs {
    /// km, logrank, cox, ...; `list` prints all; `reference FOLDER` recomputes reference records
    pub method: String,
    /// Folder of reference records (with the method `reference`)
    pub folder: Option<PathBuf>,
    /// CSV file with a header row; empty cells and NA are missing
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// New column, NAME=EXPRESSION, before everything else
    #[arg(long, value_name = "NAME=EXPRESSION")]
    pub derive: Vec<String>,
    /// Keep only the rows on which the condition is true
    #[arg(long, value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// End of follow-up
    #[arg(long)]
    pub time: Option<String>,
    /// Event column: 1 = event, 0 = censored; competing risks: 0 = censored, k = cause k
    #[arg(long)]
    pub event: Option<String>,
    /// The value of the event column that means an event, when it is not 1
    #[arg(long, value_name = "VALUE")]
    pub event_code: Option<String>,
    /// Delayed entry: the row is at risk in (entry, time]
    #[arg(long)]
    pub entry: Option<String>,
    /// Column of the groups to compare
    #[arg(long)]
    pub group: Option<String>,
    /// Order of the groups; the first is the reference
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub group_levels: Vec<String>,
    /// Stratification columns
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub strata: Vec<String>,
    /// Covariates; text columns are treatment coded, `sex:age` is a product, `factor(grade)` makes a factor
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub covariates: Vec<String>,
    /// Case weights
    #[arg(long)]
    pub weights: Option<String>,
    /// Known part of the linear predictor
    #[arg(long)]
    pub offset: Option<String>,
    /// Rows that belong together (robust variance)
    #[arg(long)]
    pub cluster: Option<String>,
    /// Robust variance
    #[arg(long)]
    pub robust: bool,
    /// efron, breslow or exact
    #[arg(long, default_value = "efron")]
    pub ties: String,
    /// Times at which to report
    #[arg(long, value_delimiter = ',', value_name = "T,...")]
    pub at: Vec<f64>,
    /// Quantiles to report, as proportions with the event
    #[arg(long, value_delimiter = ',', value_name = "P,...")]
    pub probs: Vec<f64>,
    /// Confidence level
    #[arg(long, default_value_t = 0.95)]
    pub conf: f64,
    /// Interval type; curves: log-log, log, plain, arcsin or logit; cox: wald or profile; binomial: see its output
    #[arg(long)]
    pub conf_type: Option<String>,
    /// Compare times bit by bit instead of merging near-tied ones
    #[arg(long)]
    pub exact_times: bool,
    /// Horizon of restricted means and of survival differences
    #[arg(long)]
    pub tau: Option<f64>,
    /// Weight S(t-)^rho (1-S(t-))^gamma of the log-rank test
    #[arg(long)]
    pub rho: Option<f64>,
    /// The other exponent of that weight
    #[arg(long)]
    pub gamma: Option<f64>,
    /// Modestly weighted log-rank: 1 / max(S(t-), S(t*))
    #[arg(long, value_name = "T")]
    pub t_star: Option<f64>,
    /// Cause of interest (competing risks)
    #[arg(long, default_value_t = 1)]
    pub cause: u32,
    /// Firth's correction
    #[arg(long)]
    pub firth: bool,
    /// Outcome column (proportions, ranks, models)
    #[arg(long, short = 'y')]
    pub outcome: Option<String>,
    /// Number with the property (proportions without a file)
    #[arg(long, short = 'x')]
    pub x: Option<u64>,
    /// Number of trials (proportions without a file)
    #[arg(long, short = 'n')]
    pub n: Option<u64>,
    /// Hypothesised value
    #[arg(long)]
    pub null: Option<f64>,
    /// Further option of a method, KEY=VALUE
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// text or json
    #[arg(long, default_value = "text")]
    pub format: String,
    /// With `reference`: write a printable record (HTML) here
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// With `record`: the date to print
    #[arg(long)]
    pub date: Option<String>,
    /// The keys of `--set` that the method asked for
    #[arg(skip)]
    pub asked: Asked,
}

/// Keys that were asked for; copies share them.
pub type Asked = std::rc::Rc<std::cell::RefCell<std::collections::BTreeSet<String>>>;

impl StatsArgs {
    pub fn format(&self) -> Result<Format, WorkbenchError> {
        match self.format.as_str() {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            other => Err(WorkbenchError::Usage(format!("--format {other}: text or json"))),
        }
    }

    /// The value of `--set KEY=VALUE`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(key.to_string());
        self.set.iter().find_map(|s| s.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v))
    }
}

/// A `--set` that the method never asked for would be ignored: it is refused.
fn refuse_unknown_settings(args: &StatsArgs) -> Result<(), WorkbenchError> {
    let asked = args.asked.borrow();
    let key = |s: &str| s.split_once('=').map_or(s, |(k, _)| k).to_string();
    match args.set.iter().map(|s| key(s)).find(|k| !asked.contains(k)) {
        None => Ok(()),
        Some(k) if asked.is_empty() => {
            Err(WorkbenchError::Usage(format!("{} knows no --set {k}", args.method)))
        }
        Some(k) => {
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            Err(WorkbenchError::Usage(format!(
                "{} does not use --set {k} here; it asked for {}",
                args.method,
                known.join(", ")
            )))
        }
    }
}

/// Runs one method and writes its rows.
pub fn run(args: &StatsArgs, out: &mut dyn Write) -> Result<(), WorkbenchError> {
    let format = args.format()?;
    match args.method.as_str() {
        "list" => {
            for c in commands() {
                writeln!(out, "{:16} {}", c.name, c.about)?;
            }
            return Ok(());
        }
        "reference" => {
            let folder = args
                .folder
                .as_deref()
                .ok_or_else(|| WorkbenchError::Usage("stats reference needs a folder".into()))?;
            let outcome = reference(folder, format, out)?;
            if let Some(path) = &args.record {
                let date = args.date.as_deref().unwrap_or("____-__-__");
                let page = qualification_record(&outcome, &folder.display().to_string(), date);
                std::fs::write(path, page)
                    .map_err(|source| WorkbenchError::File { path: path.clone(), source })?;
            }
            return match outcome.total().wrong {
                0 => Ok(()),
                count => Err(WorkbenchError::Wrong { count }),
            };
        }
        _ => {}
    }
    let command = commands().find(|c| c.name == args.method).ok_or_else(|| {
        let known: Vec<&str> = commands().map(|c| c.name).collect();
        WorkbenchError::Usage(format!("no method {}; there are {}", args.method, known.join(", ")))
    })?;
    refuse_unused(args)?;
    let input = load(args)?;
    let rows = (command.run)(args, &input)?;
    refuse_unknown_settings(args)?;
    rows.write(format, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_a_method_would_ignore_is_refused() {
        let args = StatsArgs { method: "rmst".into(), strata: vec!["sex".into()], ..StatsArgs::default() };
        assert!(matches!(refuse_unused(&args), Err(WorkbenchError::Usage(_))));
        let args = StatsArgs { method: "logrank".into(), ..args };
        assert!(refuse_unused(&args).is_ok());
        assert!(USES.iter().all(|u| commands().any(|c| c.name == u.0)));
        for c in commands() {
            assert!(USES.iter().any(|u| u.0 == c.name), "{} says nothing of its options", c.name);
        }
    }
}

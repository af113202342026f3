//! Several hypotheses on the command line: adjusted p-values and graphical procedures.
use stats::multiplicity::{Adjustment, Graph, adjust, fallback, fixed_sequence, graphical};

use super::input::Input;
use super::sample::{numbers, setting};
use super::{Command, Rows, StatsArgs};
use crate::WorkbenchError;

pub(super) const COMMANDS: &[Command] = &[
    Command { name: "adjust", about: "adjusted p-values: --set p=.01,.02 --set method=holm", run: adjusted },
    Command {
        name: "graph",
        about: "graphical procedure: --set p=.01,.02 --set weights=.5,.5 --set transitions=0,1/1,0 \
                --set alpha=.025",
        run: graph,
    },
];

fn adjusted(args: &StatsArgs, _: &Input) -> Result<Rows, WorkbenchError> {
    let mut rows = Rows::new("adjust");
    let p = numbers(args, "p")?;
    let chosen = args.setting("method");
    if let Some(name) = chosen.filter(|n| !Adjustment::ALL.iter().any(|m| m.name() == *n)) {
        let known: Vec<&str> = Adjustment::ALL.iter().map(|m| m.name()).collect();
        return Err(WorkbenchError::Usage(format!("--set method={name}: {}", known.join(", "))));
    }
    for method in Adjustment::ALL.into_iter().filter(|m| chosen.is_none_or(|c| c == m.name())) {
        for (k, (raw, value)) in p.iter().zip(adjust(&p, method)?).enumerate() {
            rows.variable(&format!("H{}", k + 1))
                .level(method.name())
                .push("p", *raw)
                .push("adjusted", value);
        }
    }
    Ok(rows)
}

fn graph(args: &StatsArgs, _: &Input) -> Result<Rows, WorkbenchError> {
    let p = numbers(args, "p")?;
    let alpha = match numbers(args, "alpha")?.as_slice() {
        [a] => *a,
        _ => return Err(WorkbenchError::Usage("--set alpha: one number".into())),
    };
    let (graph, name) = match (args.setting("procedure"), args.setting("transitions")) {
        (Some("fixed-sequence"), None) => (fixed_sequence(p.len()), "fixed sequence"),
        (Some("fallback"), None) => (fallback(&numbers(args, "weights")?), "fallback"),
        (None, Some(text)) => {
            let row = |line: &str| -> Result<Vec<f64>, WorkbenchError> {
                super::sample::parse_numbers("transitions", line)
            };
            let transitions = text.split('/').map(row).collect::<Result<_, _>>()?;
            (Graph { weights: numbers(args, "weights")?, transitions }, "graph of weights and transitions")
        }
        _ => {
            return Err(WorkbenchError::Usage(
                "--set weights= with --set transitions=, or --set procedure=fixed-sequence|fallback".into(),
            ));
        }
    };
    let r = graphical(&p, &graph, alpha)?;
    let mut rows = Rows::new("graph");
    rows.whole().push("alpha", alpha);
    for (k, raw) in p.iter().enumerate() {
        let place = r.order.iter().position(|&j| j == k).map(|i| i as f64 + 1.0);
        rows.variable(
            &setting(args, "names")
                .ok()
                .and_then(|n| n.split(',').nth(k))
                .map_or_else(|| format!("H{}", k + 1), |name| name.trim().to_string()),
        )
        .push("p", *raw)
        .push("weight", graph.weights[k])
        .push("adjusted", r.adjusted[k])
        .push("rejected", f64::from(u8::from(r.rejected[k])))
        .optional("order", place);
    }
    rows.remarks(&["graphical procedure (Bretz 2009)", name], &[]);
    Ok(rows)
}

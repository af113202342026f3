//! How long the analyses of a ledger take: `cargo run --release -p analysis --example timing -- LEDGER STUDY`.

use conduct::{Role, View, Viewer};
use ledger::Mode;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(study)) = (args.next(), args.next()) else {
        return Err("give a ledger file and the name of a study".into());
    };
    let store = ledger::open(&path, Mode::ReadOnly)?;
    let (state, adopted) = conduct::load(store.as_ref(), &study, u64::MAX)?;
    // A fresh view each time, as a page has it: nothing is kept from the run before.
    let view = || {
        View::new(&adopted, &state, None, &Viewer::new("stat", Role::Statistician))
            .map_err(|r| r.reasons.first().map(|reason| reason.text.en.clone()).unwrap_or_default())
    };
    let best = |run: &dyn Fn(&View<'_>) -> usize| -> Result<(f64, usize), String> {
        let mut found = (f64::INFINITY, 0);
        for _ in 0..5 {
            let view = view()?;
            let start = Instant::now();
            let rows = run(&view);
            found = (found.0.min(start.elapsed().as_secs_f64() * 1e3), rows);
        }
        Ok(found)
    };
    let (ms, rows) = best(&|view| analysis::analyse(view).rows.len())?;
    println!("{ms:8.1} ms  {rows:6} rows  all");
    let ids: Vec<String> = view()?.protocol().protocol.analyses.keys().cloned().collect();
    for id in ids {
        let (ms, rows) = best(&|view| analysis::analyse_one(view, &id).len())?;
        println!("{ms:8.1} ms  {rows:6} rows  {id}");
    }
    Ok(())
}

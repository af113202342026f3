//! Writes all figures and reports of the tests' made-up study, to be looked at:
//! `cargo run -p report --example gallery -- FOLDER`
#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool for those who change the figures")]

use analysis::Results;
use std::path::Path;
use words::Lang;

fn main() {
    let out = std::env::args().nth(1).unwrap_or_else(|| "target/gallery".to_owned());
    let out = Path::new(&out);
    std::fs::create_dir_all(out).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = protocol::load(&here.join("tests/study")).unwrap();
    let protocol = &loaded.compiled.protocol;
    for name in ["full", "empty", "one_patient", "refused"] {
        let json = std::fs::read_to_string(here.join(format!("tests/data/{name}.json"))).unwrap();
        let results: Results = serde_json::from_str(&json).unwrap();
        for lang in Lang::ALL {
            std::fs::write(
                out.join(format!("{name}.{lang}.html")),
                report::html(&results, &loaded.compiled, lang),
            )
            .unwrap();
            std::fs::write(
                out.join(format!("{name}.{lang}.txt")),
                report::text(&results, &loaded.compiled, lang),
            )
            .unwrap();
            for (figure, scene) in [
                ("flow", report::figure::flow(&results.of("flow"), protocol, "flow")),
                ("accrual", report::figure::accrual(&results.of("accrual"), protocol, "accrual")),
                ("survival", report::figure::survival(&results.of("os"), protocol, "os")),
                ("forest", report::figure::forest(&results.of("os"), protocol, "os")),
                ("grades", report::figure::grades(&results.of("ae"), protocol, "ae")),
            ] {
                if let Some(scene) = scene {
                    std::fs::write(out.join(format!("{name}.{figure}.{lang}.svg")), scene.svg_file(lang))
                        .unwrap();
                }
            }
        }
    }
}

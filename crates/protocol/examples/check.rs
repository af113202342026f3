//! Loads a study folder and prints what is wrong with it.

use std::path::PathBuf;
use words::Lang;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "studies/jcog1017".into()));
    let start = std::time::Instant::now();
    let loaded = protocol::load(&folder);
    let took = start.elapsed();
    for lang in Lang::ALL {
        match &loaded {
            Ok(loaded) => print!("{}", protocol::render(&loaded.warnings, lang, true)),
            Err(found) => print!("{}", protocol::render(found, lang, true)),
        }
    }
    if let Ok(loaded) = loaded {
        println!("{} bytes canonical, {} items", loaded.canonical.len(), loaded.compiled.dictionary.len());
    }
    println!("{took:?}");
}

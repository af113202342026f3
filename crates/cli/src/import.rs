//! `shirube import`: a CSV file into a new ledger.

use crate::failure::{Answer, Failure};
use crate::{ledger_file, opened, output};
use exchange::{File, ImportError, Imported};
use ledger::Mode;
use std::io::IsTerminal;
use std::path::Path;
use words::Lang;

/// Without `ledger` everything is done but nothing written.
pub fn run(
    study: &Path,
    file: &Path,
    map: &Path,
    ledger: Option<&str>,
    lang: Lang,
) -> Result<Answer, Failure> {
    let loaded = opened::load(study, lang)?;
    let (file_name, bytes) = read(file)?;
    let (map_name, map_bytes) = read(map)?;
    let file = File { name: &file_name, bytes: &bytes };
    let map = File { name: &map_name, bytes: &map_bytes };
    // A dry run in memory first: a mistake leaves no empty ledger behind.
    let there = ledger.filter(|l| !l.contains("://")).is_none_or(|l| Path::new(l).exists());
    if ledger.is_some() && !there {
        exchange::import(&loaded, &file, &map, None).map_err(|e| failed(e, lang))?;
    }
    let mut store = ledger.map(|l| ledger_file::store(l, Mode::Create, lang)).transpose()?;
    let done = match &mut store {
        Some(store) => exchange::import(&loaded, &file, &map, Some(store.as_mut())),
        None => exchange::import(&loaded, &file, &map, None),
    };
    let done = done.map_err(|e| failed(e, lang))?;
    let color = std::io::stdout().is_terminal();
    let mut out = String::new();
    if !done.warnings.is_empty() {
        out += &protocol::render(&done.warnings, lang, color);
    }
    out += &told(&done, &file_name, ledger, lang);
    output::print(&out)
}

fn read(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::unusable(path.display(), e))?;
    let name =
        path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    Ok((name, bytes))
}

fn failed(error: ImportError, lang: Lang) -> Failure {
    let told = error.told().get(lang).to_owned();
    match error {
        ImportError::Wrong(found) => {
            let color = std::io::stderr().is_terminal();
            Failure::Refused(format!("{told}\n{}", protocol::render(&found, lang, color)))
        }
        ImportError::Already { .. } => Failure::Refused(told),
        ImportError::Trial(conduct::TrialError::Refused(_)) => Failure::Refused(told),
        ImportError::Trial(_) | ImportError::Ledger(_) => Failure::Unusable(told),
    }
}

/// What came in, in aligned lines.
fn told(done: &Imported, name: &str, ledger: Option<&str>, lang: Lang) -> String {
    let ja = lang == Lang::Ja;
    let line = |label_ja: &str, label_en: &str, text: String| {
        format!("{}  {text}\n", if ja { format!("{label_ja:　<6}") } else { format!("{label_en:<12}") })
    };
    let rows = done.rows;
    let mut out = line(
        "ファイル",
        "file",
        if ja {
            format!("{name}、{rows} 行、SHA-256 {}", done.file)
        } else {
            format!("{name}, {rows} rows, SHA-256 {}", done.file)
        },
    );
    out += &line("対応表", "map", format!("SHA-256 {}", done.map));
    for column in &done.ignored {
        out += &line("除いた列", "left out", column.clone());
    }
    for text in &done.constructed {
        out += &line("作られた値", "constructed", text.get(lang).to_owned());
    }
    let registered: Vec<String> = done.registered.iter().map(|(step, n)| format!("{step} {n}")).collect();
    let counts = if ja {
        format!(
            "患者 {} 名、登録 {}、取り込まれた群 {} 件、症例報告書 {} 枚（未完了 {}）、問い合わせ {} 件",
            done.participants,
            registered.join("、"),
            done.arms,
            done.forms,
            done.incomplete,
            done.queries
        )
    } else {
        format!(
            "participants {}; registered {}; arms told {}; forms {} ({} incomplete); queries {}",
            done.participants,
            registered.join(", "),
            done.arms,
            done.forms,
            done.incomplete,
            done.queries
        )
    };
    out += &line("内容", "content", counts);
    out += &line("先頭", "head", format!("{} {}", done.head.seq, done.head.hash));
    let written = match (ledger, ja) {
        (Some(ledger), true) => format!("{ledger} に書き込みました"),
        (Some(ledger), false) => format!("written to {ledger}"),
        (None, true) => "試行のみ。何も書き込んでいません".to_owned(),
        (None, false) => "a dry run; nothing was written".to_owned(),
    };
    out + &line("結果", "result", written)
}

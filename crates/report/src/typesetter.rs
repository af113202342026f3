//! The program `typeset` as a child that is kept alive: documents out, PDF and PNG back.

use crate::Document;
use crate::say;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use words::{Lang, Text};

/// Names the program where it is not beside `shirube` or in the search path.
pub const VARIABLE: &str = "SHIRUBE_TYPESET";

/// How to get the program.
pub const BUILD: &str = "cargo build --release -p typeset";

/// A running `typeset`. It ends with this value.
pub struct Typesetter {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

/// What came back, and what a reader should know about it: characters without a glyph.
#[derive(Clone, Debug, PartialEq)]
pub struct Typeset {
    pub bytes: Vec<u8>,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum TypesetError {
    #[error("no program `typeset`")]
    Absent,
    #[error("{program}: {source}")]
    Start { program: String, source: std::io::Error },
    /// The child stopped or answered what is no answer.
    #[error("typeset stopped: {0}")]
    Broken(String),
    /// The document cannot be set: template, field and reason in the program's words.
    #[error("{0}")]
    Refused(String),
}

impl TypesetError {
    /// What happened and what to do.
    pub fn told(&self) -> Text {
        match self {
            TypesetError::Absent => Text::new(
                format!(
                    "PDF を組む別のプログラム typeset が見つかりません。`{BUILD}` で作り、shirube と同じ場所に置くか、環境変数 {VARIABLE} に場所を書いてください。HTML で書き出すなら要りません。"
                ),
                format!(
                    "PDF needs a program of its own, `typeset`, and it is not here. Build it with `{BUILD}` and put it beside `shirube`, or name it in {VARIABLE}. HTML needs none."
                ),
            ),
            TypesetError::Start { program, source } => Text::new(
                format!("{program} を起動できません: {source}"),
                format!("cannot start {program}: {source}"),
            ),
            TypesetError::Broken(why) => {
                Text::new(format!("typeset が止まりました: {why}"), format!("typeset stopped: {why}"))
            }
            TypesetError::Refused(why) => {
                Text::new(format!("文書を組めません: {why}"), format!("the document cannot be set: {why}"))
            }
        }
    }
}

/// Where the program is: beside the running one, where the variable says, or in the search path.
pub fn locate() -> Option<PathBuf> {
    let here = std::env::current_exe().ok();
    among(here.as_deref(), std::env::var_os(VARIABLE), std::env::var_os("PATH"))
}

fn among(program: Option<&Path>, named: Option<OsString>, path: Option<OsString>) -> Option<PathBuf> {
    let name = format!("typeset{}", std::env::consts::EXE_SUFFIX);
    let beside = program.and_then(Path::parent).map(|folder| folder.join(&name));
    let searched = path.iter().flat_map(std::env::split_paths).map(|folder| folder.join(&name));
    beside.into_iter().chain(named.map(PathBuf::from)).chain(searched).find(|file| file.is_file())
}

impl Typesetter {
    /// Whether the program is here at all.
    pub fn available() -> bool {
        locate().is_some()
    }

    /// Starts the program where it is found: beside this one, in `SHIRUBE_TYPESET`, or on the path.
    pub fn start() -> Result<Typesetter, TypesetError> {
        Typesetter::start_at(&locate().ok_or(TypesetError::Absent)?)
    }

    pub fn start_at(program: &Path) -> Result<Typesetter, TypesetError> {
        let failed = |source| TypesetError::Start { program: program.display().to_string(), source };
        let mut child =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let Some(from) = from else { return Err(TypesetError::Broken("no output".into())) };
        let mut started = Typesetter { child, to, from: BufReader::new(from) };
        // A program of the same name that is not ours says something else.
        started.ask(&json!({ "hello": true }))?;
        Ok(started)
    }

    /// A document as PDF/A-2a and PDF/UA-1. The same document gives the same bytes.
    pub fn pdf(&mut self, document: &Document) -> Result<Typeset, TypesetError> {
        let get = |key| say::get(document.lang, key);
        let labels = json!({ "contents": get("contents"), "notes": get("notes") });
        self.ask(&json!({ "set": document, "labels": labels }))
    }

    /// A figure as PNG, `scale` times its size in pixels.
    pub fn png(&mut self, scene: &crate::Scene, lang: Lang, scale: f64) -> Result<Vec<u8>, TypesetError> {
        self.ask(&json!({ "paint": scene.svg_print(lang), "scale": scale })).map(|made| made.bytes)
    }

    fn ask(&mut self, request: &Value) -> Result<Typeset, TypesetError> {
        let broken = |e: std::io::Error| TypesetError::Broken(e.to_string());
        let Some(to) = &mut self.to else { return Err(TypesetError::Broken("no input".into())) };
        let line = serde_json::to_vec(request).map_err(|e| TypesetError::Broken(e.to_string()))?;
        to.write_all(&line).and_then(|()| to.write_all(b"\n")).and_then(|()| to.flush()).map_err(broken)?;
        let mut head = String::new();
        self.from.read_line(&mut head).map_err(broken)?;
        let head: Value =
            serde_json::from_str(&head).map_err(|_| TypesetError::Broken("it gave no answer".to_owned()))?;
        if let Some(error) = head.get("error") {
            let said = error.get("said").and_then(Value::as_str).unwrap_or("no reason");
            return Err(TypesetError::Refused(said.to_owned()));
        }
        let length = head.get("bytes").and_then(Value::as_u64).unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.from.read_exact(&mut bytes).map_err(broken)?;
        let warnings = head.get("warnings").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let warnings = warnings.iter().filter_map(|w| w.as_str().map(str::to_owned)).collect();
        Ok(Typeset { bytes, warnings })
    }
}

impl Drop for Typesetter {
    fn drop(&mut self) {
        // Without input it ends by itself; one that hangs is ended.
        self.to = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_looked_for_beside_then_where_named_then_in_the_search_path() {
        let folder = std::env::temp_dir().join(format!("shirube-locate-{}", std::process::id()));
        let at = |name: &str| folder.join(name).join("typeset");
        for name in ["beside", "path"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
            std::fs::write(at(name), "").unwrap();
        }
        std::fs::write(folder.join("named"), "").unwrap();
        let beside = folder.join("beside/shirube");
        let path = Some(OsString::from(folder.join("path")));
        let named = Some(OsString::from(folder.join("named")));
        assert_eq!(among(Some(&beside), named.clone(), path.clone()), Some(at("beside")));
        let nowhere = folder.join("nowhere/shirube");
        assert_eq!(among(Some(&nowhere), named, path.clone()), Some(folder.join("named")));
        assert_eq!(among(Some(&nowhere), None, path), Some(at("path")));
        assert_eq!(among(Some(&nowhere), None, None), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn without_the_program_the_message_says_how_to_make_it() {
        let told = TypesetError::Absent.told();
        assert!(told.ja.contains(BUILD) && told.en.contains(BUILD));
    }
}

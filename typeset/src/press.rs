//! Typst over what stands inside this program: templates, typefaces and the one document of a request.

use crate::faces::Faces;
use crate::wire::Failure;
use serde_json::{Value, json};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

const TEMPLATES: [(&str, &str); 3] = [
    ("document.typ", include_str!("../templates/document.typ")),
    ("words.typ", include_str!("../templates/words.typ")),
    ("table.typ", include_str!("../templates/table.typ")),
];

/// What never changes between requests.
pub struct Press {
    library: LazyHash<Library>,
    faces: Faces,
    sources: Vec<Source>,
    main: FileId,
    data: FileId,
}

/// One request's world.
struct Job<'a> {
    press: &'a Press,
    document: Bytes,
    day: Option<Datetime>,
}

fn id(name: &str) -> Result<FileId, Failure> {
    let path = VirtualPath::new(name).map_err(|e| Failure::request(name, format!("{e:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl Press {
    pub fn new() -> Result<Press, Failure> {
        let features = [Feature::A11yExtras].into_iter().collect();
        let mut sources = Vec::new();
        for (name, text) in TEMPLATES {
            sources.push(Source::new(id(name)?, text.to_owned()));
        }
        Ok(Press {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            faces: Faces::new(),
            sources,
            main: id(TEMPLATES[0].0)?,
            data: id("document.json")?,
        })
    }

    pub fn faces(&self) -> &Faces {
        &self.faces
    }

    /// The PDF of a document that has the right shape: PDF/A-2a and PDF/UA-1.
    pub fn set(&self, document: &Value) -> Result<Vec<u8>, Failure> {
        self.try_set(document).map_err(|failure| self.blame(document, failure))
    }

    fn try_set(&self, document: &Value) -> Result<Vec<u8>, Failure> {
        let number = |i: usize| document.get("day").and_then(|d| d.get(i)).and_then(Value::as_i64);
        let day = match (number(0), number(1), number(2)) {
            (Some(y), Some(m), Some(d)) => {
                let small = |v: i64| u8::try_from(v).unwrap_or(0);
                Datetime::from_ymd(i32::try_from(y).unwrap_or(0), small(m), small(d))
            }
            _ => None,
        };
        let json = serde_json::to_vec(document).map_err(|e| Failure::request("", e.to_string()))?;
        let job = Job { press: self, document: Bytes::new(json), day };
        let paged = typst::compile::<PagedDocument>(&job).output.map_err(|e| job.told(&e))?;
        let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
            .map_err(|e| Failure::request("", e.message().to_string()))?;
        let stamp = document.get("stamp").map(Value::to_string).unwrap_or_default();
        let title = document.get("title").and_then(Value::as_str).unwrap_or_default();
        let options = PdfOptions {
            ident: Smart::Custom(format!("{title} {stamp}")),
            creator: Smart::Custom(Some(format!("shirube typeset {}", env!("CARGO_PKG_VERSION")))),
            standards,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&paged, &options).map_err(|e| job.told(&e))
    }

    /// A document that fails is set again block by block, and a table row by row, so that the message has a place.
    fn blame(&self, document: &Value, failure: Failure) -> Failure {
        let blocks = document.get("blocks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let alone = |block: Value| {
            let mut document = document.clone();
            // A heading of level 2 alone would be refused for standing first.
            let first =
                json!({ "block": "heading", "level": 1, "id": "", "text": [{ "run": "text", "text": "-" }] });
            document["blocks"] = json!([first, block]);
            self.try_set(&document)
        };
        for (i, block) in blocks.iter().enumerate() {
            let Err(found) = alone(block.clone()) else { continue };
            let rows = block.pointer("/table/rows").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (j, row) in rows.iter().enumerate() {
                let mut block = block.clone();
                block["table"]["rows"] = Value::Array(vec![row.clone()]);
                if let Err(found) = alone(block) {
                    return Failure { field: format!("blocks[{i}].table.rows[{j}]"), ..found };
                }
            }
            return Failure { field: format!("blocks[{i}]"), ..found };
        }
        failure
    }
}

impl Job<'_> {
    /// The first mistake, with the template and line where it was met.
    fn told(&self, mistakes: &[SourceDiagnostic]) -> Failure {
        let Some(first) = mistakes.first() else { return Failure::request("", "failed without a reason") };
        let place = first.span.id().map(|file| {
            let name = file.vpath().get_without_slash().to_owned();
            let line = self
                .range(first.span)
                .and_then(|range| self.source(file).ok()?.lines().byte_to_line(range.start))
                .map(|line| format!(" line {}", line + 1))
                .unwrap_or_default();
            format!("{name}{line}")
        });
        let hints: String = first.hints.iter().map(|h| format!(" ({})", h.v)).collect();
        Failure {
            template: place.unwrap_or_else(|| "document.typ".into()),
            field: String::new(),
            message: format!("{}{hints}", first.message),
        }
    }
}

impl World for Job<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.press.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.press.faces.book
    }

    fn main(&self) -> FileId {
        self.press.main
    }

    fn source(&self, file: FileId) -> FileResult<Source> {
        let found = self.press.sources.iter().find(|s| s.id() == file);
        found.cloned().ok_or_else(|| FileError::NotFound(file.vpath().get_without_slash().into()))
    }

    fn file(&self, file: FileId) -> FileResult<Bytes> {
        if file == self.press.data {
            return Ok(self.document.clone());
        }
        self.source(file).map(|s| Bytes::from_string(s.text().to_owned()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.press.faces.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        self.day
    }
}

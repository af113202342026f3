//! What the workbench refuses, with what to do.
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum WorkbenchError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} cannot be read as CSV: {why}")]
    Csv { path: PathBuf, why: String },
    #[error("{path} cannot be read as reference records: {why}")]
    Records { path: PathBuf, why: String },
    #[error("no column {name}; the file has {known}")]
    NoColumn { name: String, known: String },
    #[error(
        "column {name} holds \"{cell}\" where numbers are needed; correct it, or leave the cell empty when the \
         value is missing"
    )]
    NotNumeric { name: String, cell: String },
    #[error("expression \"{text}\": {why}")]
    Expression { text: String, why: String },
    #[error("{0}")]
    Data(String),
    #[error("{0}")]
    Usage(String),
    #[error("{count} numbers of the reference records are wrong")]
    Wrong { count: usize },
    #[error(transparent)]
    Stats(#[from] stats::StatsError),
    #[error("the result cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

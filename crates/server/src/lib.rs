//! The web pages and the JSON API.
//!
//! Every page is a function of (protocol, ledger, cut-off, viewer) and works by plain GET and POST. The first form
//! has no sign-in: it is a demonstration in which one chooses as whom to act, served on a loopback address only.
#![forbid(unsafe_code)]

mod ask;
mod assets;
mod desk;
mod error;
mod fields;
mod figures;
mod pages;
mod routes;
mod shell;
mod study;
mod told;
mod tongue;

pub use error::StartError;
pub use routes::PAGES;

use axum::Router;
use conduct::Trial;
use jiff::Timestamp;
use report::letter::Letters;
use std::collections::BTreeMap;
use std::sync::Arc;
use study::Study;
use tokio::net::TcpListener;

/// Tells the time. The server's is the system clock; tests and the demonstration bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The server before and while it runs: the open studies and a clock.
#[derive(Clone)]
pub struct App {
    studies: Arc<BTreeMap<String, Arc<Study>>>,
    clock: Clock,
}

impl App {
    pub fn new(clock: Clock) -> Result<App, StartError> {
        tongue::prepare()?;
        Ok(App { studies: Arc::default(), clock })
    }

    /// Adds a study. The trial is the one that decides for it; nobody else writes to it meanwhile.
    pub fn open(&mut self, trial: impl Into<Arc<Trial>>) -> Result<(), StartError> {
        self.open_with(trial, None)
    }

    /// As [`open`](App::open), with the study's letters and what goes with them.
    pub fn open_with(
        &mut self,
        trial: impl Into<Arc<Trial>>,
        texts: Option<Letters>,
    ) -> Result<(), StartError> {
        let study = Arc::new(Study::new(trial.into(), texts));
        let mut studies = (*self.studies).clone();
        if studies.contains_key(&study.name) {
            return Err(StartError::Twice(study.name.clone()));
        }
        studies.insert(study.name.clone(), study);
        self.studies = Arc::new(studies);
        Ok(())
    }

    /// All routes with their layers.
    pub fn router(self) -> Router {
        routes::router(self)
    }

    fn study(&self, name: &str) -> Option<Arc<Study>> {
        self.studies.get(name).cloned()
    }

    fn studies(&self) -> impl Iterator<Item = &Arc<Study>> {
        self.studies.values()
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// Serves until the future is dropped. Refuses any address that other machines can reach.
pub async fn serve(listener: TcpListener, app: App) -> Result<(), StartError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    axum::serve(listener, app.router()).await?;
    Ok(())
}

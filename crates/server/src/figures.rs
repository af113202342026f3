//! The figures that pages show: planned analyses at the view's cut-off, drawn as the report draws them.

use analysis::{Results, Row, Rows};
use conduct::View;
use protocol::Protocol;
use report::{Document, Scene, TypesetError, Typesetter};
use std::sync::{Mutex, PoisonError};
use words::Lang;

/// How a figure is made of the rows of one analysis.
type Drawing = fn(&Rows<'_>, &Protocol, &str) -> Option<Scene>;

/// The accrual curve against its plan as SVG; empty when there is nothing to draw.
pub fn accrual(view: &View<'_>, id: &str, lang: Lang) -> String {
    draw(view, id, lang, report::figure::accrual)
}

/// The survival curves of an analysis. Who may see them is for the caller to ask.
pub fn survival(view: &View<'_>, id: &str, lang: Lang) -> String {
    draw(view, id, lang, report::figure::survival)
}

fn draw(view: &View<'_>, id: &str, lang: Lang, figure: Drawing) -> String {
    let rows: Vec<Row> = analysis::analyse_curves(view, id);
    figure(&Rows::new(&rows), &view.protocol().protocol, id).map(|scene| scene.svg(lang)).unwrap_or_default()
}

/// The report as a document with the rows behind it: what its files are made of.
pub fn document(view: &View<'_>, lang: Lang) -> (Document, Results) {
    let results = analysis::analyse(view);
    (report::document(&results, view.protocol(), lang), results)
}

/// One `typeset` for all who ask, one after the other; started when it is first needed, and again after it stopped.
static TYPESETTER: Mutex<Option<Typesetter>> = Mutex::new(None);

/// Asks the typesetter. A child that broke is let go, so that the next request starts another.
pub fn typeset<T>(ask: impl FnOnce(&mut Typesetter) -> Result<T, TypesetError>) -> Result<T, TypesetError> {
    let mut slot = TYPESETTER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = match slot.take() {
        Some(running) => running,
        None => Typesetter::start()?,
    };
    let answer = ask(&mut running);
    if !matches!(answer, Err(TypesetError::Broken(_))) {
        *slot = Some(running);
    }
    answer
}

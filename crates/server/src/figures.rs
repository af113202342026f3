//! The figures that pages show: planned analyses at the view's cut-off, drawn as the report draws them.

use analysis::{Row, Rows};
use conduct::View;
use protocol::Protocol;
use report::Scene;
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
    let rows: Vec<Row> = analysis::analyse_one(view, id);
    figure(&Rows::new(&rows), &view.protocol().protocol, id).map(|scene| scene.svg(lang)).unwrap_or_default()
}

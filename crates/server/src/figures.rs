//! The figures and the report that pages show: planned analyses at the view's cut-off, drawn as the report draws them.

use conduct::View;
use words::Lang;

pub fn accrual(_view: &View<'_>, _id: &str, _lang: Lang) -> String {
    String::new()
}
pub fn survival(_view: &View<'_>, _id: &str, _lang: Lang) -> String {
    String::new()
}
pub fn report(_view: &View<'_>, _lang: Lang) -> String {
    String::new()
}

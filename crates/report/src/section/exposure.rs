//! How long and how much of a treatment was given, and what of it no form collects.

use super::{Sheet, characteristics};
use crate::figure;
use crate::page::Section;
use analysis::Rows;
use protocol::Exposure;

pub(super) fn exposure(sheet: Sheet<'_>, id: &str, plan: &Exposure, rows: &Rows<'_>, section: &mut Section) {
    characteristics::baseline(sheet, rows, section);
    if section.notice.is_some() {
        return;
    }
    section
        .figures
        .extend(figure::durations(rows, sheet.protocol, id).map(|s| sheet.figure(s, "caption-durations")));
    if plan.ongoing.is_some() {
        section.notes.push(sheet.say("note-ongoing"));
    }
}

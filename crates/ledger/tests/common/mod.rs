//! What every store must do, said once: `store_conformance!(name, open)` runs it against one store.
#![allow(dead_code)]

#[cfg(feature = "postgres")]
pub mod server;

use ledger::{Batch, Blob, Draft, Entry, Head, Store};

/// Whether all rounds are wanted (`./test --slow`), or their short forms.
pub fn slow() -> bool {
    std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1")
}

/// Opens an empty ledger, and the same ledger again.
pub trait Bench {
    fn store(&mut self) -> &mut dyn Store;
    /// Closes the store and opens it again, where it can be kept.
    fn reopen(&mut self);
}

pub fn draft(n: u64) -> Draft {
    Draft {
        at: jiff::Timestamp::from_microsecond(1_775_034_000_000_000 + n as i64 * 1_000_003).unwrap(),
        actor: format!("actor{}", n % 7),
        role: "investigator".into(),
        site: (n % 3 != 0).then(|| format!("site{:03}", n % 11)),
        on_behalf: (n % 5 == 0).then(|| "dr-suzuki".into()),
        kind: if n % 2 == 0 { "form_saved".into() } else { "registered".into() },
        kind_version: (n % 3) as u16 + 1,
        payload: format!(r#"{{"n":{n},"text":"症例 {n}"}}"#).into_bytes(),
        reason: (n % 4 == 0).then(|| format!("訂正 {n}")),
        meaning: (n % 6 == 0).then(|| "I approve this form".into()),
        request: Some(format!("R-{n:04}")),
        attachments: vec![],
        salt: ledger::Hash::of(&n.to_be_bytes()).0,
    }
}

pub fn batch<'a>(study: &'a str, expected: u64, drafts: &'a [Draft]) -> Batch<'a> {
    Batch { study, expected, drafts, blobs: &[] }
}

/// Appends drafts `from..=to` one batch each.
pub fn fill(store: &mut dyn Store, study: &str, from: u64, to: u64) -> Head {
    for n in from..=to {
        store.append(&[batch(study, n - 1, &[draft(n)])]).unwrap();
    }
    store.head(study).unwrap()
}

/// Appends one event with a file.
pub fn attach(store: &mut dyn Store, study: &str, bytes: &[u8]) -> Head {
    let expected = store.head(study).unwrap().seq;
    let blob = Blob::new(bytes.to_vec());
    let drafts = [Draft { attachments: vec![blob.hash()], ..draft(expected + 1) }];
    let done = store.append(&[Batch { study, expected, drafts: &drafts, blobs: &[blob] }]).unwrap();
    done[0].head
}

pub fn all(store: &dyn Store, study: &str) -> Vec<Entry> {
    range(store, study, 0, u64::MAX)
}

pub fn range(store: &dyn Store, study: &str, from: u64, to: u64) -> Vec<Entry> {
    let mut found = Vec::new();
    store
        .read(study, from, to, &mut |e| {
            found.push(e);
            Ok(())
        })
        .unwrap();
    found
}

#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $open:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::store_conformance!(@tests $open;
                an_event_is_read_as_it_was_written,
                a_batch_is_stored_whole_or_not_at_all,
                a_writer_that_knew_another_head_gets_a_conflict,
                studies_do_not_mix,
                several_batches_of_one_study_follow_each_other_in_one_commit,
                reading_as_of_a_position_gives_the_prefix,
                a_reader_can_stop,
                the_ledgers_own_kinds_are_refused,
                an_unfit_draft_is_refused_and_nothing_is_stored,
                a_file_is_kept_by_its_digest,
                a_file_that_no_event_attaches_is_refused,
                an_attachment_without_its_file_is_refused,
                a_redaction_takes_the_content_and_the_chain_still_verifies,
                a_redaction_needs_a_reason_and_something_to_erase,
                the_record_of_an_erasure_cannot_be_erased,
                a_file_can_be_erased,
                extreme_values_come_back_unchanged,
                nothing_stored_verifies_as_nothing,
                a_study_can_be_taken_from_another_store,
                a_study_that_is_there_is_not_taken_in_again,
                a_broken_study_is_not_taken_in,
                what_was_stored_is_there_after_reopening,
            );
        }
    };
    (@tests $open:expr; $($test:ident,)*) => {
        $(#[test] fn $test() { let mut bench = $open; $crate::suite::$test(&mut bench); })*
    };
}

//! Everything that can go wrong with a ledger, told in both languages: what, where, and what to do.

use crate::event::{Head, Unfit};
use crate::hash::Hash;
use std::fmt;
use words::Text;

/// Why the ledger could not do what was asked. Nothing was stored, changed or created when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// No file at the path, and none was to be created.
    Missing { place: String },
    /// A file is already where a new one is to be written.
    Exists { place: String },
    /// The path is a folder.
    Folder { place: String },
    /// A file of another program, or of none.
    NotALedger { place: String },
    /// The file is shorter than it says of itself. Both in bytes.
    Truncated { place: String, expected: u64, found: u64 },
    /// The file may not be written.
    ReadOnlyFile { place: String },
    /// A store that was opened for reading was asked to write.
    ReadOnly,
    /// Written by a later release: its format is not known here.
    Newer { place: String, found: i64, known: i64 },
    /// The store's tables or triggers are not those of a ledger.
    Schema { place: String, object: String },
    /// SQLite's locks do not hold on a network file system.
    NetworkFolder { place: String, kind: String },
    /// The path or the database could not be opened.
    CannotOpen { place: String, detail: String },
    /// The study's head is not the one that the writer knew.
    Conflict { study: String, expected: u64, head: Head },
    /// The event cannot be stored on any store.
    Draft { study: String, field: &'static str, why: Unfit },
    /// What a redaction names cannot be erased.
    Redaction { study: String, why: CannotErase },
    /// A study that is to be taken in is already there.
    Occupied { study: String, head: Head },
    /// No space left.
    Full,
    /// Another process held the store longer than we wait.
    Busy,
    /// Reading or writing failed below the store.
    Io { detail: String },
    /// The store's own structure is broken.
    Damaged { detail: String },
    /// A stored value cannot be read as what it must be.
    Row { study: String, seq: u64, column: &'static str },
    /// The stored file's bytes do not give its digest.
    Blob { hash: Hash },
    /// The connection to the database is gone.
    Disconnected { detail: String },
    /// Another process serves the study.
    Taken { study: String },
    /// The writer has stopped.
    Closed,
    /// A reader's callback stopped the reading, for a reason of its own.
    Reader(Text),
}

/// Why something cannot be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotErase {
    /// The redaction names nothing.
    Nothing,
    /// No reason was given.
    NoReason,
    NoSuchEntry(u64),
    Already(u64),
    /// A record of an erasure stays for ever.
    IsRedaction(u64),
    NoSuchAttachment(Hash),
}

impl LedgerError {
    /// What went wrong and what to do, in both languages.
    pub fn told(&self) -> Text {
        use LedgerError::*;
        let t = |ja: String, en: String| Text { ja, en };
        match self {
            Missing { place } => t(
                format!("台帳ファイル「{place}」がありません。パスを確かめてください。"),
                format!("There is no ledger at {place}. Check the path."),
            ),
            Exists { place } => t(
                format!("「{place}」はすでにあります。別の名前を指定してください。"),
                format!("{place} is already there. Give another name."),
            ),
            Folder { place } => t(
                format!("「{place}」はフォルダーです。台帳のファイルを指定してください。"),
                format!("{place} is a folder. Name the ledger's file."),
            ),
            NotALedger { place } => t(
                format!("「{place}」は Shirube の台帳ではありません。ファイルは変更していません。"),
                format!("{place} is not a Shirube ledger. It was left as it is."),
            ),
            Truncated { place, expected, found } => t(
                format!(
                    "台帳「{place}」は途中で切れています({expected} バイトのはずが {found} バイト)。バックアップから戻してください。"
                ),
                format!(
                    "The ledger {place} is cut short: {found} of {expected} bytes. Restore it from a back-up."
                ),
            ),
            ReadOnlyFile { place } => t(
                format!(
                    "台帳「{place}」は書き込み禁止です。ファイルの権限を確かめるか、閲覧用に開いてください。"
                ),
                format!(
                    "The ledger {place} is write-protected. Check the file's permissions, or open it for reading."
                ),
            ),
            ReadOnly => t(
                "この台帳は閲覧用に開かれているため、書き込めません。".into(),
                "This ledger was opened for reading and cannot be written to.".into(),
            ),
            Newer { place, found, known } => t(
                format!(
                    "台帳「{place}」の形式は第 {found} 版です。このプログラムが読めるのは第 {known} 版までです。新しい Shirube で開いてください。"
                ),
                format!(
                    "The ledger {place} has format {found}; this program knows formats up to {known}. Open it with a newer Shirube."
                ),
            ),
            Schema { place, object } => t(
                format!(
                    "台帳「{place}」の表またはトリガー「{object}」が本来の定義と異なります。手を加えられた可能性があります。"
                ),
                format!(
                    "In the ledger {place}, the table or trigger `{object}` is not as a ledger has it; someone may have altered it."
                ),
            ),
            NetworkFolder { place, kind } => t(
                format!(
                    "「{place}」はネットワーク上のファイルシステム({kind})にあります。ロックが効かないため、手元のディスクに置いてください。"
                ),
                format!(
                    "{place} lies on a network file system ({kind}), where locks do not hold. Keep the ledger on a local disk."
                ),
            ),
            CannotOpen { place, detail } => t(
                format!("台帳「{place}」を開けません: {detail}"),
                format!("The ledger {place} cannot be opened: {detail}"),
            ),
            Conflict { study, expected, head } => t(
                format!(
                    "試験「{study}」の台帳は {expected} 番の続きとして書こうとしましたが、すでに {} 番まで進んでいます。読み直してからやり直してください。",
                    head.seq
                ),
                format!(
                    "The ledger of {study} was to be continued after entry {expected}, but its last entry is {}. Read again and retry.",
                    head.seq
                ),
            ),
            Draft { study, field, why } => {
                let (ja, en) = why.words();
                t(
                    format!("試験「{study}」のイベントを記録できません: 項目 {field} は{ja}。"),
                    format!("An event of {study} cannot be stored: its {field} {en}."),
                )
            }
            Redaction { study, why } => {
                let (ja, en) = why.words();
                t(
                    format!("試験「{study}」で消去できません: {ja}。"),
                    format!("Nothing was erased in {study}: {en}."),
                )
            }
            Occupied { study, head } => t(
                format!("試験「{study}」はすでにこの台帳にあります({} 番まで)。", head.seq),
                format!("The study {study} is already in this ledger, with {} entries.", head.seq),
            ),
            Full => t(
                "ディスクに空きがなく、記録できませんでした。空きを作ってからやり直してください。".into(),
                "The disk is full; nothing was stored. Make room and retry.".into(),
            ),
            Busy => t(
                "ほかの処理が台帳を使用中です。しばらくしてからやり直してください。".into(),
                "Another process is using the ledger. Retry in a moment.".into(),
            ),
            Io { detail } => t(
                format!("台帳の読み書きに失敗しました: {detail}"),
                format!("Reading or writing the ledger failed: {detail}"),
            ),
            Damaged { detail } => t(
                format!("台帳のファイルが壊れています: {detail}。バックアップから戻してください。"),
                format!("The ledger's store is damaged: {detail}. Restore it from a back-up."),
            ),
            Row { study, seq, column } => t(
                format!("試験「{study}」の {seq} 番: 列 {column} の値を読めません。"),
                format!("Entry {seq} of {study}: the value in column {column} cannot be read."),
            ),
            Blob { hash } => t(
                format!("添付ファイル {} の内容が記録と一致しません。", hash.short()),
                format!("The attachment {} does not have the content that was recorded.", hash.short()),
            ),
            Disconnected { detail } => t(
                format!("データベースとの接続が切れました: {detail}"),
                format!("The connection to the database was lost: {detail}"),
            ),
            Taken { study } => t(
                format!("試験「{study}」は別のサーバーが受け持っています。"),
                format!("Another server is in charge of {study}."),
            ),
            Closed => {
                t("台帳への書き込みは終了しています。".into(), "The ledger's writer has stopped.".into())
            }
            Reader(why) => why.clone(),
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told().en)
    }
}

impl std::error::Error for LedgerError {}

impl Unfit {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Unfit::Empty => ("空欄です", "is empty"),
            Unfit::Long => ("長すぎます", "is too long"),
            Unfit::Control => ("制御文字を含みます", "holds a control character"),
            Unfit::Space => ("前後に空白があります", "begins or ends with a space"),
            Unfit::Time => ("記録できる範囲を超えた日時です", "is beyond the moments that can be stored"),
            Unfit::Reserved => ("台帳自身のための名前です", "is reserved for the ledger itself"),
            Unfit::Unattached => {
                ("どのイベントにも添付されていません", "holds a file that no event attaches")
            }
            Unfit::NoFile => {
                ("保存されていないファイルを指しています", "name a file that is not in the ledger")
            }
        }
    }
}

impl CannotErase {
    fn words(self) -> (String, String) {
        match self {
            CannotErase::Nothing => ("対象がありません".into(), "nothing was named".into()),
            CannotErase::NoReason => ("理由が必要です".into(), "a reason is needed".into()),
            CannotErase::NoSuchEntry(n) => (format!("{n} 番はありません"), format!("there is no entry {n}")),
            CannotErase::Already(n) => {
                (format!("{n} 番はすでに消去されています"), format!("entry {n} is already erased"))
            }
            CannotErase::IsRedaction(n) => (
                format!("{n} 番は消去の記録であり、消去できません"),
                format!("entry {n} records an erasure and stays"),
            ),
            CannotErase::NoSuchAttachment(h) => (
                format!("添付ファイル {} はありません", h.short()),
                format!("there is no attachment {}", h.short()),
            ),
        }
    }
}

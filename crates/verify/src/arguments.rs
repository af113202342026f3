//! The command line.

use words::{Lang, Text};

pub const HELP: [&str; 2] = [
    "\
shirube-verify LEDGER.db [--study STUDY]… [--key KEY]… [--checkpoint FILE]… [--lang ja|en]
shirube-verify --proof FILE --key KEY

台帳ファイル(または書き出した試験のファイル)の連鎖、本文、消去の記録、添付ファイルを検証します。
  --checkpoint FILE  チェックポイント(それを含むメールや印刷物の写しも可)とも照合します。--key がなければ署名は検証しません
  --key KEY          署名者の公開鍵(name+id+base64)またはそのファイル
  --proof FILE       一部の記録だけを示す証明を検証します
終了コード: 0 問題なし、1 不一致あり、2 検証できない",
    "\
shirube-verify LEDGER.db [--study STUDY]… [--key KEY]… [--checkpoint FILE]… [--lang ja|en]
shirube-verify --proof FILE --key KEY

Verifies the chain, the content, the erasures and the files of a ledger, or of a study exported from one.
  --checkpoint FILE  must fit this checkpoint, too (or one in a mail or page);
                     without --key its signature is not checked
  --key KEY          the signer's public key (name+id+base64), or a file that holds it
  --proof FILE       verify a proof that shows some entries only
Exit codes: 0 all holds, 1 something does not, 2 it could not be checked",
];

#[derive(Debug)]
pub struct Arguments {
    pub ledger: String,
    pub proof: Option<String>,
    pub studies: Vec<String>,
    pub keys: Vec<String>,
    pub checkpoints: Vec<String>,
    pub lang: Lang,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Misuse {
    Unknown(String),
    NoValue(String),
    NoLedger,
    TwoLedgers(String),
    NoKey,
    NotALanguage(String),
}

impl Misuse {
    pub fn told(&self) -> Text {
        let t = |ja: String, en: String| Text { ja, en };
        match self {
            Misuse::Unknown(o) => t(
                format!("「{o}」という指定はありません。--help を見てください。"),
                format!("There is no option {o}. See --help."),
            ),
            Misuse::NoValue(o) => t(format!("{o} には値が必要です。"), format!("{o} needs a value.")),
            Misuse::NoLedger => {
                t("台帳ファイルを指定してください。".into(), "Name the ledger's file. See --help.".into())
            }
            Misuse::TwoLedgers(o) => t(
                format!("台帳ファイルは一つだけ指定してください(余分: {o})。"),
                format!("Name one ledger only (also given: {o})."),
            ),
            Misuse::NoKey => t(
                "証明の検証には --key で公開鍵が必要です。".into(),
                "A proof needs the signer's public key: --key.".into(),
            ),
            Misuse::NotALanguage(o) => {
                t(format!("言語は ja か en です(「{o}」)。"), format!("The language is ja or en, not {o}."))
            }
        }
    }
}

/// The language of the environment: Japanese where it says so, English otherwise.
pub fn language() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
    set.and_then(|tag| Lang::from_tag(&tag)).unwrap_or(Lang::En)
}

impl Arguments {
    /// `None` when help was asked for and given.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Option<Arguments>, Misuse> {
        let mut words = words;
        let mut found = Arguments {
            ledger: String::new(),
            proof: None,
            studies: Vec::new(),
            keys: Vec::new(),
            checkpoints: Vec::new(),
            lang: language(),
        };
        let mut help = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Misuse::NoValue(word.clone()));
            match word.as_str() {
                "--study" => found.studies.push(value()?),
                "--key" => found.keys.push(value()?),
                "--checkpoint" => found.checkpoints.push(value()?),
                "--proof" => found.proof = Some(value()?),
                "--ledger" => set(&mut found.ledger, value()?)?,
                "--lang" => {
                    let tag = value()?;
                    found.lang = Lang::from_tag(&tag).ok_or(Misuse::NotALanguage(tag))?;
                }
                "--help" | "-h" => help = true,
                option if option.starts_with('-') => return Err(Misuse::Unknown(word)),
                _ => set(&mut found.ledger, word)?,
            }
        }
        if help {
            let [ja, en] = HELP;
            println!("{}", if found.lang == Lang::Ja { ja } else { en });
            return Ok(None);
        }
        if found.ledger.is_empty() && found.proof.is_none() {
            return Err(Misuse::NoLedger);
        }
        if found.keys.is_empty() && found.proof.is_some() {
            return Err(Misuse::NoKey);
        }
        Ok(Some(found))
    }
}

fn set(ledger: &mut String, word: String) -> Result<(), Misuse> {
    if !ledger.is_empty() {
        return Err(Misuse::TwoLedgers(word));
    }
    *ledger = word;
    Ok(())
}

//! What is said about a ledger, in a few aligned lines.

use ledger::{Checkpoint, Entry, Fault, Verified};
use words::{Lang, Text};

pub enum Finding<'a> {
    Study { study: &'a str, verified: Verified, erased: &'a [u64], signed: &'a [Checkpoint], keyed: bool },
    Shown { checkpoint: &'a Checkpoint, entries: &'a [Entry] },
    End { studies: usize },
}

fn counted(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

pub struct Report {
    lang: Lang,
    pub faults: usize,
}

impl Report {
    pub fn new(lang: Lang) -> Report {
        Report { lang, faults: 0 }
    }

    fn line(&self, text: Text) {
        println!("{}", text.get(self.lang));
    }

    pub fn fault(&mut self, fault: &Fault) {
        self.faults += 1;
        self.line(fault.told.map(|lang, words| match lang {
            Lang::Ja => format!("不一致  {words}"),
            Lang::En => format!("FAULT   {words}"),
        }));
    }

    pub fn say(&self, finding: &Finding<'_>) {
        match finding {
            Finding::Study { study, verified, erased, signed, keyed } => {
                let Verified { head, root } = verified;
                self.line(Text::new(format!("正しい  {study}"), format!("holds   {study}")));
                self.line(Text::new(format!("  記録    {}", head.seq), format!("  entries {}", head.seq)));
                self.line(Text::new(format!("  末尾    {}", head.hash), format!("  head    {}", head.hash)));
                self.line(Text::new(format!("  木の根  {root}"), format!("  root    {root}")));
                if !erased.is_empty() {
                    let list: Vec<String> = erased.iter().map(u64::to_string).collect();
                    let (n, list) = (erased.len(), list.join(", "));
                    self.line(Text::new(
                        format!("  消去    {n} 件(記録あり): {list}"),
                        format!("  erased  {n}, each on record: {list}"),
                    ));
                }
                for checkpoint in *signed {
                    let (size, origin) = (checkpoint.size, &checkpoint.origin);
                    let unchecked = match keyed {
                        true => Text::default(),
                        false => Text::new(
                            "(署名は未検証。--key で公開鍵を指定)",
                            "; its signature was NOT checked: give --key",
                        ),
                    };
                    self.line(unchecked.map(|lang, more| match lang {
                        Lang::Ja => format!("  署名    {size} 番まで、{origin} のチェックポイントと一致{more}"),
                        Lang::En => {
                            format!("  signed  up to entry {size}, fits the checkpoint of {origin}{more}")
                        }
                    }));
                }
            }
            Finding::Shown { checkpoint, entries } => {
                let (size, origin) = (checkpoint.size, &checkpoint.origin);
                self.line(Text::new(
                    format!("正しい  {origin}({size} 件)に含まれる記録 {} 件", entries.len()),
                    format!("holds   {} entries of {origin}, which has {size}", entries.len()),
                ));
                for entry in *entries {
                    let content = match entry.payload.as_deref().map(std::str::from_utf8) {
                        None => Text::new("(消去済み)", "(erased)"),
                        Some(Err(_)) => Text::new("(文字でない本文)", "(not text)"),
                        Some(Ok(text)) => Text::same(text),
                    };
                    let (seq, at, actor, kind) = (entry.seq, entry.at, &entry.actor, &entry.kind);
                    self.line(content.map(|_, c| format!("  {seq}  {at}  {actor}  {kind}  {c}")));
                }
            }
            Finding::End { studies } if self.faults == 0 => self.line(Text::new(
                format!("検証済み: {studies} 試験。試験の規則に照らした再判定は shirube verify で行います。"),
                format!("Verified: {}. Decisions were not re-decided under the trial's rules: `shirube verify` does that.", counted(*studies, "study", "studies")),
            )),
            Finding::End { .. } => self.line(Text::new(
                format!("不一致が {} 件あります。", self.faults),
                format!("{}.", counted(self.faults, "fault", "faults")),
            )),
        }
    }
}

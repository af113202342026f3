//! `shirube follow`: from a number to its row, the participants behind it, their values and ledger entries; and from a
//! value or an entry to the rows that it enters.

use crate::failure::{Answer, Failure};
use crate::options::At;
use crate::{opened, output, told};
use analysis::{Origin, Row, Tracer};
use conduct::{FormKey, ParticipantId, Role, View, Viewer};
use protocol::Protocol;
use report::home;
use rules::Value;
use std::fmt::Write;
use std::path::Path;
use words::{Lang, number, thousands};

/// What to follow; exactly one of `row`, `value` and `entry`.
pub struct Wanted<'a> {
    pub row: Option<&'a str>,
    pub participant: Option<u32>,
    /// `FORM.ITEM`, of the participant.
    pub value: Option<&'a str>,
    pub visit: Option<&'a str>,
    pub number: u32,
    pub entry: Option<u64>,
}

pub fn run(study: &Path, at: &At, wanted: &Wanted<'_>, lang: Lang) -> Result<Answer, Failure> {
    let opened = opened::Opened::new(study, at, lang)?;
    let viewer = Viewer::new("stat", Role::Statistician);
    let adopted = opened.trial.adopted();
    let view = View::new(&adopted, &opened.state, opened.cutoff, &viewer)
        .map_err(|r| Failure::Refused(told::reasons(&r, lang)))?;
    let teller = Teller { view: &view, protocol: &view.protocol().protocol, lang };
    let text = match (wanted.row, wanted.value, wanted.entry) {
        (Some(address), None, None) => teller.row(address, wanted.participant)?,
        (None, Some(value), None) => teller.value(value, wanted)?,
        (None, None, Some(seq)) => {
            let results = analysis::analyse(&view);
            teller.rows(&Tracer::new(&view).entry(&results, seq))
        }
        _ => {
            return Err(Failure::Usage(
                teller
                    .say("--row、--value、--entry のどれか一つを指定", "give one of --row, --value, --entry"),
            ));
        }
    };
    output::print(&text)
}

struct Teller<'v, 'a> {
    view: &'v View<'a>,
    protocol: &'v Protocol,
    lang: Lang,
}

impl Teller<'_, '_> {
    fn say(&self, ja: &str, en: &str) -> String {
        if self.lang == Lang::Ja { ja.to_owned() } else { en.to_owned() }
    }

    /// The line of an address, who stands behind it, and of one of them the values.
    fn row(&self, address: &str, participant: Option<u32>) -> Result<String, Failure> {
        let analysis = address.split('|').next().unwrap_or_default();
        let rows = match self.protocol.analyses.contains_key(analysis) {
            true => analysis::analyse_one(self.view, analysis),
            false => Vec::new(),
        };
        let of: Vec<&Row> =
            rows.iter().filter(|r| home::has_address(r, address) && r.method != "refused").collect();
        let Some(first) = of.first() else {
            return Err(Failure::Refused(self.say(
                &format!("この番地の行はありません: {address}"),
                &format!("no row has the address {address}"),
            )));
        };
        let mut out = String::new();
        self.facts(&of, first, &mut out);
        let tracer = Tracer::of(self.view, analysis);
        let trace = tracer.row(first);
        match participant.map(ParticipantId) {
            None => {
                let mut lines = Vec::new();
                for part in &trace.parts {
                    let arm = part.group.as_deref().map(|g| format!("{g}  ")).unwrap_or_default();
                    let what = part.contribution.text();
                    lines.push([part.id.to_string(), format!("{arm}{}", what.get(self.lang))]);
                }
                let n = thousands(trace.parts.len() as i64);
                let _ = writeln!(
                    out,
                    "{}",
                    match trace.counts {
                        true => self.say(&format!("数えた患者 {n} 人"), &format!("{n} participants counted")),
                        false => self
                            .say(&format!("行に関わる患者 {n} 人"), &format!("{n} participants behind it")),
                    }
                );
                out += &columns(&lines);
            }
            Some(id) => {
                let part = trace.parts.iter().find(|p| p.id == id).ok_or_else(|| {
                    Failure::Refused(self.say(
                        &format!("患者 {id} はこの行に関わりません"),
                        &format!("participant {id} does not stand behind this row"),
                    ))
                })?;
                let who = self.say(&format!("患者 {id}"), &format!("participant {id}"));
                let _ = writeln!(out, "{who}: {}", part.contribution.text().get(self.lang));
                let sources = tracer.sources(first, id);
                let lines = sources.iter().map(|source| {
                    let (what, on) = self.origin(&source.origin);
                    let value = source.value.as_ref().map(|v| self.shown(&source.origin, v)).unwrap_or(on);
                    let decides = if source.decides { "*" } else { "" };
                    [format!("#{}{decides}", source.seq), what, value]
                });
                out += &columns(&lines.collect::<Vec<_>>());
                out += &self.say(
                    "# は台帳の記載番号、* は時点・該当を決めた値\n",
                    "# is the ledger entry; * marks what decided\n",
                );
            }
        }
        Ok(out)
    }

    fn facts(&self, of: &[&Row], first: &Row, out: &mut String) {
        let planned = self.protocol.analyses.get(&first.analysis);
        let name =
            planned.map_or(first.analysis.as_str(), |a| if self.lang == Lang::Ja { &a.ja } else { &a.en });
        let values: Vec<String> =
            of.iter().map(|r| format!("{} {}", home::stat(&r.stat, self.lang), home::value(r))).collect();
        let count = |n: Option<u32>| n.map_or_else(String::new, |n| n.to_string());
        let warning = first.warning.as_ref().map_or("", |w| w.get(self.lang));
        let lines: Vec<[String; 2]> = [
            (self.say("解析", "analysis"), name.to_owned()),
            (self.say("対象", "of"), home::about(self.protocol, first, self.lang)),
            (self.say("値", "values"), values.join("; ")),
            (self.say("解析対象集団", "set"), home::set(self.protocol, first, self.lang)),
            (self.say("方法", "method"), home::method(&first.method, self.lang)),
            (self.say("規約", "options"), home::options(first)),
            (self.say("人数", "entered"), count(first.n)),
            (self.say("除外", "left out"), count(first.missing)),
            (self.say("注意", "warning"), warning.to_owned()),
            (self.say("データカットオフ", "cut-off"), first.cutoff.to_string()),
            (self.say("台帳", "ledger entry"), first.seq.to_string()),
            (self.say("番地", "address"), home::address(first)),
        ]
        .into_iter()
        .filter(|(_, v)| !v.is_empty())
        .map(|(k, v)| [k, v])
        .collect();
        *out += &columns(&lines);
    }

    fn origin(&self, origin: &Origin) -> (String, String) {
        match origin {
            Origin::Registered { step, on } => (self.say("登録", "registered") + " " + step, on.to_string()),
            Origin::Allocated { allocation, on } => {
                (self.say("割付", "allocated") + " " + allocation, on.to_string())
            }
            Origin::Refused { step, on } => (self.say("登録不可", "refused") + " " + step, on.to_string()),
            Origin::Withdrew { scope, on } => {
                (self.say("同意撤回", "withdrew") + " " + scope, on.to_string())
            }
            Origin::Value { form, item } => {
                let visit = form.visit.as_ref().map(|v| format!(" {v} {}", form.number));
                (format!("{}.{item}{}", form.form, visit.unwrap_or_default()), String::new())
            }
        }
    }

    /// A value as its form shows it; of a list how many records it has.
    fn shown(&self, origin: &Origin, value: &Value) -> String {
        let item = match origin {
            Origin::Value { form, item } => {
                self.protocol.forms.get(form.form.as_str()).and_then(|f| f.item(item))
            }
            _ => None,
        };
        let unit = item.and_then(|i| i.unit.as_deref()).map_or_else(String::new, |u| format!(" {u}"));
        match value {
            Value::Missing(kind) => kind.text().get(self.lang).to_owned(),
            Value::Boolean(b) => {
                if *b {
                    self.say("はい", "yes")
                } else {
                    self.say("いいえ", "no")
                }
            }
            Value::Integer(n) => format!("{n}{unit}"),
            Value::Decimal(d) => format!("{d}{unit}"),
            Value::Code(code) => {
                let words = item.and_then(|i| i.codes.get(&**code)).map(|w| w.get(self.lang));
                words.map_or_else(|| code.to_string(), |w| format!("{code} ({w})"))
            }
            Value::Text(text) => text.to_string(),
            Value::Date(day) => day.to_string(),
            Value::Duration(d) => d.text().get(self.lang).to_owned(),
            Value::List(list) => {
                let n = list.records.len();
                self.say(&format!("{n} 件"), &format!("{n} records"))
            }
        }
    }

    /// The rows that a value of a participant enters.
    fn value(&self, path: &str, wanted: &Wanted<'_>) -> Result<String, Failure> {
        let (Some((form, item)), Some(participant)) = (path.split_once('.'), wanted.participant) else {
            return Err(Failure::Usage(self.say(
                "--value フォーム.項目 には --participant が必要",
                "--value FORM.ITEM goes with --participant",
            )));
        };
        let key = FormKey { form: form.into(), visit: wanted.visit.map(Into::into), number: wanted.number };
        let id = ParticipantId(participant);
        let given =
            self.view.participant(id).and_then(|p| p.filled(&key).and_then(|f| f.value(item).cloned()));
        let Some(given) = given else {
            return Err(Failure::Refused(self.say(
                &format!("患者 {id} に {path} の値はありません（--visit、--number を確認）"),
                &format!("participant {id} has no value of {path} (see --visit and --number)"),
            )));
        };
        let results = analysis::analyse(self.view);
        let rows = Tracer::new(self.view).rows(&results, id, &key, item);
        let given = self.shown(&Origin::Value { form: key, item: item.to_owned() }, &given);
        Ok(format!("{path}  {given}\n{}", self.rows(&rows)))
    }

    fn rows(&self, rows: &[&Row]) -> String {
        if rows.is_empty() {
            return self.say("どの結果にも入りません。\n", "It enters no result.\n");
        }
        let mut lines: Vec<[String; 2]> = Vec::new();
        for row in rows {
            let at = home::address(row);
            let value = format!("{} {}", home::stat(&row.stat, self.lang), home::value(row));
            match lines.last_mut().filter(|l| l[0] == at) {
                Some(line) => line[1] = format!("{}; {value}", line[1]),
                None => lines.push([at, value]),
            }
        }
        let n = thousands(rows.len() as i64);
        let head = self.say(&format!("{n} 行の結果に入る\n"), &format!("It enters {n} result rows\n"));
        head + &columns(&lines)
    }
}

/// Cells under each other, two blanks between columns.
fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |i: usize| lines.iter().map(|l| number::width(&l[i])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(widths).map(|(c, w)| number::pad_right(c, w)).collect();
        out += cells.join("  ").trim_end();
        out.push('\n');
    }
    out
}

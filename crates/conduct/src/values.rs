//! Whether values may be entered on a form: all that is wrong, item by item.

use crate::environment::Environment;
use crate::event::Values;
use crate::ids::*;
use crate::reason::Reason;
use crate::state::*;
use crate::view::due;
use jiff::civil::Date;
use protocol::{Compiled, Item, ItemKind};
use rules::{Value, Verdict};
use std::collections::BTreeMap;
use words::Text;

/// No text is longer, in characters.
const LONGEST: usize = 10_000;

/// Whether there is such a form at such a visit for this participant now.
pub(crate) fn key(compiled: &Compiled, p: &Participant, key: &FormKey) -> Option<Reason> {
    let reason =
        |code: &str, ja: String, en: String| Some(Reason::new(code, ja, en).about([key.form.as_str()]));
    let id = key.form.as_str();
    let Some(form) = compiled.protocol.forms.get(id) else {
        return reason(
            "no_form",
            format!("症例報告書「{id}」はありません。"),
            format!("There is no form \"{id}\"."),
        );
    };
    let of_a_step = compiled.protocol.steps.values().any(|s| s.form == id);
    if !of_a_step && p.registrations.is_empty() {
        return reason(
            "not_registered",
            format!("登録前の患者に「{}」は入力できません。", form.ja),
            format!("\"{}\" cannot be entered before a registration.", form.en),
        );
    }
    let repeats = compiled.protocol.repeats(id);
    let Some(visit_id) = &key.visit else {
        if !form.repeats && compiled.protocol.schedule.values().any(|v| v.form == id) {
            return reason(
                "visit_needed",
                format!("「{}」はどの来院のものかを指定してください。", form.ja),
                format!("Say to which visit \"{}\" belongs.", form.en),
            );
        }
        let most = if repeats { next_number(p, key) } else { 1 };
        return if numbered(key, most) { None } else { bad_number(key, most) };
    };
    let Some(visit) = compiled.protocol.schedule.get(visit_id.as_str()).filter(|v| v.form == id) else {
        return reason(
            "no_visit",
            format!("来院「{visit_id}」に「{}」はありません。", form.ja),
            format!("Visit \"{visit_id}\" has no \"{}\".", form.en),
        );
    };
    let Some(anchor) = p.registrations.get(visit.anchor.as_str()) else {
        return reason(
            "visit_not_started",
            format!("来院「{}」の起点となる登録がまだありません。", visit.ja),
            format!("The registration from which \"{}\" is counted has not taken place.", visit.en),
        );
    };
    if visit.every.is_none() {
        let most = if form.repeats { next_number(p, key) } else { 1 };
        return if numbered(key, most) { None } else { bad_number(key, most) };
    }
    let last = visit.last.and_then(|l| l.add_to(anchor.on));
    let there = due(visit, anchor.on, key.number).is_some_and(|due| last.is_none_or(|last| due <= last));
    if there { None } else { bad_number(key, 0) }
}

fn next_number(p: &Participant, key: &FormKey) -> u32 {
    let same = p.forms.keys().filter(|k| k.form == key.form && k.visit == key.visit);
    same.map(|k| k.number).max().unwrap_or(0) + 1
}

fn numbered(key: &FormKey, most: u32) -> bool {
    (1..=most).contains(&key.number)
}

fn bad_number(key: &FormKey, next: u32) -> Option<Reason> {
    let (ja, en) = match next {
        0 => (String::new(), String::new()),
        n => (format!("次は {n} です。"), format!(" The next is {n}.")),
    };
    Some(
        Reason::new(
            "form_number",
            format!("「{}」の番号 {} は使えません。{ja}", key.form, key.number),
            format!("\"{}\" cannot have number {}.{en}", key.form, key.number),
        )
        .about([key.form.as_str()]),
    )
}

/// Everything that is wrong with these values on this form. `after` is the participant with the values entered.
pub(crate) fn faults(
    compiled: &Compiled,
    key: &FormKey,
    values: &Values,
    after: &Environment,
    today: Date,
) -> Vec<Reason> {
    let Some((form, rules)) = compiled.form(key.form.as_str()) else { return Vec::new() };
    let mut out = Vec::new();
    for (id, value) in values {
        let Some(item) = form.item(id.as_str()) else {
            out.push(
                Reason::new(
                    "no_item",
                    format!("「{}」に項目「{id}」はありません。", form.ja),
                    format!("\"{}\" has no item \"{id}\".", form.en),
                )
                .about([id.as_str()]),
            );
            continue;
        };
        if item.derive.is_some() {
            out.push(about(
                item,
                "item_derived",
                "計算される項目なので入力できません",
                "is computed and takes no value",
            ));
            continue;
        }
        fault(item, value, &mut out);
        if let (true, Value::Date(day)) = (*id.as_str() == *form.dated_by, value)
            && day.earliest() > today
        {
            out.push(about(item, "date_future", "未来の日付です", "lies in the future"));
        }
        if let (Some(when), None) = (rules.when.get(&item.id), value.missing())
            && asked(compiled, key, when, after) == Some(false)
        {
            out.push(about(
                item,
                "not_asked",
                "この患者では入力しない項目です",
                "is not asked of this participant",
            ));
        }
    }
    out
}

fn about(item: &Item, code: &str, ja: &str, en: &str) -> Reason {
    Reason::new(code, format!("「{}」: {ja}。", item.ja), format!("\"{}\" {en}.", item.en))
        .about([item.id.as_str()])
}

fn fault(item: &Item, value: &Value, out: &mut Vec<Reason>) {
    if let Err(error) = value.check(&item.rule_type()) {
        let expected = item.rule_type().name();
        let code = if matches!(error, rules::ValueError::Code { .. }) { "value_code" } else { "value_type" };
        out.push(
            Reason::new(
                code,
                format!("「{}」には{}を入力してください。", item.ja, expected.ja),
                format!("\"{}\" takes {}.", item.en, expected.en),
            )
            .about([item.id.as_str()]),
        );
        return;
    }
    match value {
        Value::Date(day) if day.day().is_none() && !item.partial => out.push(about(
            item,
            "date_partial",
            "年月日すべてが必要です。不明なら「不明」を選んでください",
            "needs the full date; if it is not known, say unknown",
        )),
        Value::Decimal(number) => {
            if let Some(places) = item.decimals.filter(|d| number.normalize().scale() > u32::from(*d)) {
                out.push(
                    Reason::new(
                        "too_many_decimals",
                        format!("「{}」は小数第 {places} 位までです。", item.ja),
                        format!("\"{}\" takes at most {places} decimal places.", item.en),
                    )
                    .about([item.id.as_str()]),
                );
            }
        }
        Value::Text(text) if text.chars().count() > LONGEST => {
            out.push(about(item, "text_long", "10,000 文字までです", "takes at most 10,000 characters"));
        }
        Value::List(list) if item.kind == ItemKind::Group => {
            for record in &list.records {
                for (field, value) in item.items.iter().zip(record.iter()) {
                    fault(field, value, out);
                }
            }
        }
        _ => {}
    }
}

/// The day that a filled form tells of, if it is fully known: what `on` means in its rules.
pub(crate) fn day(compiled: &Compiled, p: &Participant, key: &FormKey) -> Option<Date> {
    let dated_by = &compiled.protocol.forms.get(key.form.as_str())?.dated_by;
    match p.forms.get(key)?.value(dated_by)? {
        Value::Date(day) => day.day(),
        _ => None,
    }
}

/// Whether the condition of an item holds for this filling of the form; `None` when it cannot be told.
pub(crate) fn asked(
    compiled: &Compiled,
    key: &FormKey,
    when: &rules::Rule,
    environment: &Environment,
) -> Option<bool> {
    let verdict = match record(environment, key) {
        Some(record) => when.verdict(&compiled.in_record(&environment.values, record)),
        None => when.verdict(&environment.values),
    };
    match verdict {
        Verdict::True => Some(true),
        Verdict::False => Some(false),
        Verdict::Unknown(_) | Verdict::Error(_) => None,
    }
}

pub(crate) fn record<'e>(environment: &'e Environment, key: &FormKey) -> Option<&'e [Value]> {
    let records = environment.records.get(&key.form)?;
    records.iter().find(|(k, _)| k == key).map(|(_, r)| &**r)
}

/// Items that must be answered before the form is complete and are not: one reason each.
pub(crate) fn unanswered(
    compiled: &Compiled,
    key: &FormKey,
    filled: &Filled,
    environment: &Environment,
) -> Vec<Reason> {
    let Some((form, rules)) = compiled.form(key.form.as_str()) else { return Vec::new() };
    let open = form.items().filter(|item| {
        item.required
            && item.derive.is_none()
            && filled.value(&item.id).is_none_or(|v| *v == Value::NOT_YET_KNOWN)
            && rules
                .when
                .get(&item.id)
                .is_none_or(|when| asked(compiled, key, when, environment) == Some(true))
    });
    open.map(|item| {
        about(item, "required", "必須の項目が未入力です", "must be answered before the form is complete")
    })
    .collect()
}

/// The column names of values that are lists of records.
pub(crate) fn columns(compiled: &Compiled, form: &str, values: &Values) -> BTreeMap<ItemId, Vec<String>> {
    let lists = values.iter().filter(|(_, v)| matches!(v, Value::List(_)));
    let found = lists.filter_map(|(id, _)| {
        let item = compiled.protocol.forms.get(form)?.item(id.as_str())?;
        Some((id.clone(), item.items.iter().map(|i| i.id.clone()).collect()))
    });
    found.collect()
}

/// A form's check, range or item that a saved form leaves false: what its query says.
pub(crate) struct Doubt {
    pub form: FormKey,
    pub item: ItemId,
    pub check: String,
    pub text: Text,
}

/// What the checks of this form, and of other forms that look at it, find false after `changed` were saved. A doubt
/// that has a query which is not closed is not raised again; one whose query was closed, only if what the check looks
/// at was changed now.
pub(crate) fn doubts(
    compiled: &Compiled,
    state: &State,
    p: &Participant,
    key: &FormKey,
    changed: &Values,
    environment: &Environment,
) -> Vec<Doubt> {
    let mut out = Vec::new();
    let known = |form: &FormKey, check: &str| -> Option<QueryStatus> {
        let queries = p.queries.iter().rev().filter_map(|q| state.query(*q));
        let mut same = queries.filter(|q| q.form == *form && q.check == check);
        same.next().map(|q| q.status)
    };
    if let Some(form) = compiled.protocol.forms.get(key.form.as_str()) {
        for (id, value) in changed {
            let Some(item) = form.item(id.as_str()) else { continue };
            let check = format!("range.{id}");
            if let Some(text) = out_of_range(item, value)
                && known(key, &check).is_none_or(|s| s == QueryStatus::Closed)
            {
                out.push(Doubt { form: key.clone(), item: id.clone(), check, text });
            }
        }
    }
    let touched = |slot: &rules::Slot, dictionary: &rules::Dictionary| {
        dictionary.item(*slot).is_some_and(|i| match i.path.split_once('.') {
            Some((form, item)) => form == key.form.as_str() && changed.contains_key(item),
            None => i.path == key.form.as_str(),
        })
    };
    for (other, filled) in p.forms.iter().filter(|(_, f)| f.status != FormStatus::NotApplicable) {
        let Some((form, rules)) = compiled.form(other.form.as_str()) else { continue };
        let dictionary = compiled.records.get(other.form.as_str()).unwrap_or(&compiled.dictionary);
        for check in &rules.checks {
            // Own form: every check; another form: those that look at what was changed.
            let changed_now = check.rule.slots().iter().any(|slot| touched(slot, dictionary));
            if other != key && !changed_now {
                continue;
            }
            let raise = match known(other, &check.id) {
                None => true,
                Some(QueryStatus::Closed) => changed_now,
                Some(QueryStatus::Open | QueryStatus::Answered) => false,
            };
            if !raise {
                continue;
            }
            let mut values = environment.values.clone();
            if let (Some(on), Some(Value::Date(day))) =
                (compiled.dictionary.slot("on"), filled.value(&form.dated_by))
            {
                values.put(on, Value::Date(*day));
            }
            let verdict = match record(environment, other) {
                Some(record) => check.rule.verdict(&compiled.in_record(&values, record)),
                None => check.rule.verdict(&values),
            };
            if verdict == Verdict::False {
                let said = form.checks.iter().find(|c| c.id == check.id);
                let text = said.map_or(Text::same(&check.id), |c| Text::new(&c.ja, &c.en));
                let item = check.item.as_str().into();
                out.push(Doubt { form: other.clone(), item, check: check.id.clone(), text });
            }
        }
    }
    out
}

fn out_of_range(item: &Item, value: &Value) -> Option<Text> {
    if let Value::List(list) = value {
        let mut fields = list.records.iter().flat_map(|r| item.items.iter().zip(r.iter()));
        return fields.find_map(|(field, value)| out_of_range(field, value));
    }
    if item.in_range(value) {
        return None;
    }
    let number = match value {
        Value::Integer(n) => n.to_string(),
        Value::Decimal(d) => d.to_string(),
        _ => return None,
    };
    let range = item.range.as_ref()?;
    let show = |d: Option<words::Decimal>| d.map_or(String::new(), |d| d.normalize().to_string());
    let unit = item.unit.as_deref().map_or(String::new(), |u| format!(" {u}"));
    let (min, max) = (show(range.min), show(range.max));
    Some(Text::new(
        format!("「{}」の値 {number}{unit} は範囲({min}〜{max}{unit})の外です。確認してください。", item.ja),
        format!(
            "\"{}\" is {number}{unit}, outside of the range {min} to {max}{unit}. Please check.",
            item.en
        ),
    ))
}

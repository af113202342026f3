//! The law of letters: what is adopted, signed off, issued, asked and handed over, and what must have gone before.

use super::{Author, Law, filled_in, future};
use crate::adopted::Adopted;
use crate::event::{Event, Nature};
use crate::ids::ParticipantId;
use crate::letter::{AdoptedLetter, LetterAdopted, LetterReader, Vital};
use crate::reason::Reason;
use crate::state::State;
use crate::view::{FactFound, ParticipantView};
use jiff::civil::Date;
use ledger::Hash;

/// The law of events about letters.
pub(super) fn lawful(
    adopted: &Adopted,
    state: &State,
    author: &Author<'_>,
    event: &Event,
) -> Result<Law, Law> {
    let action = event.action();
    match event {
        Event::LetterAdopted(a) => {
            author.permit(state, action, None)?;
            adopt(state, author, a)?;
        }
        Event::LetterCommented { text, comment } => {
            author.permit(state, action, None)?;
            filled_in(comment, "意見(なければその旨)", "what was said, or that there was nothing to say")?;
            known(state, text)?;
        }
        Event::LetterSigned { text } => {
            author.permit(state, action, None)?;
            sign_off(state, known(state, text)?)?;
        }
        Event::LetterIssued { text, how } => {
            author.permit(state, action, None)?;
            filled_in(how, "公表の方法", "to whom or where it goes")?;
            issue(state, known(state, text)?, author.day)?;
        }
        Event::LetterAsked { participant, vital, on, .. } => {
            let p = author.participant(state, *participant, action)?;
            future(*on, author.day, "確認日", "The day of asking")?;
            if *vital == Vital::Alive
                && let Some((_, compiled)) = adopted.in_force(state, p.site.as_str(), author.day)
            {
                let view = ParticipantView::new(compiled, p, None, true);
                let ends = compiled.protocol.facts.iter().filter(|(_, f)| f.ends);
                for (fact, _) in ends {
                    if matches!(view.fact(fact), FactFound::On(_) | FactFound::Within(_)) {
                        return Err(refuse(
                            "known_dead",
                            "死亡の報告があります。生存確認をやり直すか、報告を訂正してください。",
                            "A form reports that she has died. Check again, or correct the form.",
                        ));
                    }
                }
            }
        }
        Event::LetterHandedOver { participant, text, on, how } => {
            author.participant(state, *participant, action)?;
            future(*on, author.day, "お渡しした日", "The day of hand-over")?;
            filled_in(how, "お渡しの方法", "how it was handed over")?;
            hand_over(state, *participant, known(state, text)?, *on)?;
        }
        _ => {}
    }
    Ok(Law::Lawful)
}

fn refuse(code: &str, ja: &str, en: &str) -> Law {
    Reason::new(code, ja, en).into()
}

fn known<'s>(state: &'s State, text: &Hash) -> Result<&'s AdoptedLetter, Law> {
    state
        .letters
        .text(text)
        .ok_or_else(|| refuse("no_text", "この文面は採用されていません。", "This text was not adopted."))
}

fn adopt(state: &State, author: &Author<'_>, a: &LetterAdopted) -> Result<(), Law> {
    if !["letter", "press", "summary"].contains(&a.letter.kind.as_str())
        || !["ja", "en"].contains(&a.letter.lang.as_str())
        || (a.letter.kind != "letter" && a.letter.reader == LetterReader::Bereaved)
        || (a.letter.kind == "letter" && a.embargo.is_some())
    {
        return Err(refuse("no_kind", "この種類の文面はありません。", "There is no such kind of text."));
    }
    future(a.cutoff, author.day, "データカットオフ", "The data cut-off")?;
    if a.position == 0 || a.position > state.head.seq {
        return Err(refuse("position", "台帳にない位置です。", "The ledger has no such position."));
    }
    // Results by arm leave the data centre by a planned look only.
    let look = state.looks.iter().any(|l| l.cutoff == a.cutoff);
    if state.nature() == Some(Nature::Real) && !look {
        return Err(refuse(
            "no_look",
            "このデータカットオフについて、計画された解析の記録がありません。",
            "No planned look was recorded for this data cut-off.",
        ));
    }
    if state.letters.text(&a.text).is_some() {
        return Err(refuse(
            "text_known",
            "同じ文面がすでに採用されています。",
            "The same words were adopted before.",
        ));
    }
    if a.version != state.letters.versions(&a.letter) + 1 {
        return Err(refuse("version", "版の番号が続いていません。", "The version does not follow the last."));
    }
    Ok(())
}

fn sign_off(state: &State, t: &AdoptedLetter) -> Result<(), Law> {
    let mut reasons = Vec::new();
    if t.signed.is_some() {
        reasons.push(Reason::new("signed", "すでに承認されています。", "It is signed off already."));
    }
    if state.letters.newest(&t.adopted.letter).is_some_and(|n| n.seq != t.seq) {
        reasons.push(Reason::new(
            "newer_version",
            "新しい版があります。承認できるのは最新の版です。",
            "There is a newer version; only the newest is signed off.",
        ));
    }
    if t.adopted.findings > 0 {
        reasons.push(Reason::new(
            "findings",
            format!("文面の規則に合わないところが {} 件あります。", t.adopted.findings),
            format!("The rules for texts found {} things to mend.", t.adopted.findings),
        ));
    }
    if t.adopted.unreviewed > 0 {
        reasons.push(Reason::new(
            "readings_unreviewed",
            format!("人が確認していない読み仮名が {} 語あります。", t.adopted.unreviewed),
            format!("{} readings were not reviewed by a person.", t.adopted.unreviewed),
        ));
    }
    if t.comments.is_empty() {
        reasons.push(Reason::new(
            "no_comment",
            "患者代表の意見が記録されていません。",
            "No comment of the patient representatives is recorded.",
        ));
    }
    if reasons.is_empty() { Ok(()) } else { Err(Law::Broken(reasons)) }
}

/// Nothing is told to the public before its day, and nothing that the chair has not signed off.
fn issue(state: &State, t: &AdoptedLetter, today: Date) -> Result<(), Law> {
    let mut reasons = Vec::new();
    if t.adopted.letter.kind == "letter" {
        reasons.push(Reason::new(
            "no_kind",
            "参加者への文面は公表せず、お一人ずつお渡しします。",
            "A letter is not issued; it is handed over, participant by participant.",
        ));
    }
    if t.signed.is_none() {
        reasons.push(Reason::new(
            "not_signed",
            "承認されていない文面は公表できません。",
            "A text that is not signed off is not issued.",
        ));
    }
    if t.issued.is_some() {
        reasons.push(Reason::new("issued", "すでに公表しています。", "It was issued before."));
    }
    if state.letters.newest(&t.adopted.letter).is_some_and(|n| n.seq != t.seq) {
        reasons.push(Reason::new(
            "newer_version",
            "新しい版があります。公表できるのは最新の版です。",
            "There is a newer version; only the newest is issued.",
        ));
    }
    match t.adopted.embargo {
        Some(day) if today < day => reasons.push(Reason::new(
            "embargo",
            format!("報道解禁日({day})より前には公表できません。"),
            format!("It is under embargo until {day} and is not issued before."),
        )),
        None if t.adopted.letter.kind != "letter" => reasons.push(Reason::new(
            "no_embargo_day",
            "報道解禁日が決まっていません。numbers.yaml の embargo に書き、新しい版を採用してください。",
            "The day of release is not fixed. Write it as `embargo` in numbers.yaml and adopt a new version.",
        )),
        _ => {}
    }
    if reasons.is_empty() { Ok(()) } else { Err(Law::Broken(reasons)) }
}

fn hand_over(state: &State, id: ParticipantId, t: &AdoptedLetter, on: Date) -> Result<(), Law> {
    if t.adopted.letter.kind != "letter" {
        return Err(refuse(
            "no_kind",
            "参加者への文面ではありません。",
            "This text is not for participants.",
        ));
    }
    let Some((signed, _)) = t.signed else {
        return Err(refuse(
            "not_signed",
            "承認されていない文面は渡せません。",
            "A text that is not signed off is not handed over.",
        ));
    };
    let Some(asked) = state.letters.asked.get(&id).filter(|a| a.on >= signed && a.on <= on) else {
        return Err(refuse(
            "not_asked",
            "承認のあとに、生存状況と、結果を知りたいかどうかを確認してください。",
            "Since the sign-off nobody has checked whether she lives and whether she wishes to know.",
        ));
    };
    if !asked.wishes {
        return Err(refuse(
            "no_wish",
            "結果を知ることを希望されていません。",
            "She or her family does not wish to know.",
        ));
    }
    let fits = match asked.vital {
        Vital::Alive => t.adopted.letter.reader == LetterReader::Participant,
        Vital::Dead => t.adopted.letter.reader == LetterReader::Bereaved,
        Vital::Unknown => false,
    };
    if !fits {
        return Err(match asked.vital {
            Vital::Alive => refuse(
                "wrong_reader",
                "ご本人には、ご本人向けの文面を渡してください。",
                "She lives: hand over the version for participants.",
            ),
            Vital::Dead => refuse(
                "wrong_reader",
                "亡くなられています。ご遺族向けの文面を使ってください。",
                "She has died: use the version for the bereaved.",
            ),
            Vital::Unknown => refuse(
                "vital_unknown",
                "生存状況が分からないため、渡せません。",
                "It is not known whether she lives: nothing is handed over.",
            ),
        });
    }
    if state.letters.handed.iter().any(|h| h.participant == id && h.text == t.adopted.text) {
        return Err(refuse(
            "handed_over",
            "この文面はすでにお渡ししています。",
            "This text was handed over before.",
        ));
    }
    Ok(())
}

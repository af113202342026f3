//! Visits: whether they can fall due, and be told apart.

use super::registration::reversed;
use super::{Checker, Named};
use crate::Visit;
use crate::tree::path;
use rules::Duration;
use words::Text;

impl Checker<'_> {
    pub(super) fn schedule(&mut self) {
        let p = self.protocol;
        for (id, visit) in &p.schedule {
            self.refers(path!["schedule", id, "form"], Named::Form, &visit.form);
            if let Some((step, _)) = p.steps.iter().find(|(_, s)| s.form == visit.form && !p.repeats(&s.form))
            {
                self.error(
                    path!["schedule", id, "form"],
                    "P0419",
                    Text::new(
                        format!("用紙「{}」は登録段階「{step}」で記入する用紙です。", visit.form),
                        format!("Form \"{}\" is filled at step \"{step}\".", visit.form),
                    ),
                    Text::new("来院には別の用紙を使ってください。", "Use another form for the visit."),
                );
            }
            self.refers(path!["schedule", id, "anchor"], Named::Step, &visit.anchor);
            self.times(id, visit);
            for (i, until) in visit.until.iter().enumerate() {
                let at = path!["schedule", id, "until", i];
                let known = p.facts.contains_key(until) || p.steps.contains_key(until);
                if !known {
                    let names = p.facts.keys().chain(p.steps.keys()).map(String::as_str).collect();
                    self.unknown(at, &Text::new("事象または登録段階", "fact or step"), until, names);
                } else if *until == visit.anchor || p.steps_before(&visit.anchor).contains(&until.as_str()) {
                    self.error(
                        at,
                        "P0412",
                        Text::new(
                            format!("「{until}」は起点の登録より後には来ないので、この来院は決して期日を迎えません。"),
                            format!("\"{until}\" comes no later than the anchor, so this visit never falls due."),
                        ),
                        Text::new("起点より後の登録段階か事象を書いてください。", "Name a later step, or a fact."),
                    );
                }
            }
        }
    }

    fn times(&mut self, id: &str, visit: &Visit) {
        let negative = |d: Duration| d.day_bounds().0 < 0;
        let window = [visit.window.before, visit.window.after];
        for (key, value) in [("before", window[0]), ("after", window[1])] {
            if value.is_some_and(negative) {
                self.error(
                    path!["schedule", id, "window", key],
                    "P0413",
                    Text::new("許容幅が負です。", "The width of the window is negative."),
                    Text::new("0 days 以上で書いてください。", "Write 0 days or more."),
                );
            }
        }
        if negative(visit.at) {
            self.error(
                path!["schedule", id, "at"],
                "P0414",
                Text::new("期日が起点より前です。", "The visit falls due before its anchor."),
                Text::new("0 days 以上で書いてください。", "Write 0 days or more."),
            );
        }
        if let Some(every) = visit.every {
            // The least gap between two due days, and the most that two windows take of it.
            let (least, _) = every.day_bounds();
            let taken: i64 = window.iter().flatten().map(|d| d.day_bounds().1).sum();
            if least <= 0 {
                self.error(
                    path!["schedule", id, "every"],
                    "P0415",
                    Text::new("間隔が 0 日以下です。", "The interval is not a positive length of time."),
                    Text::new("「6 months」のように書いてください。", "Write, for example, `6 months`."),
                );
            } else if taken >= least {
                self.error(
                    path!["schedule", id, "window"],
                    "P0416",
                    Text::new(
                        format!("隣り合う来院の許容幅（あわせて最大 {taken} 日）が間隔（最短 {least} 日）に重なります。"),
                        format!("The windows of neighbouring visits overlap: {taken} days within an interval of {least}."),
                    ),
                    Text::new(
                        "どの来院の用紙か決められなくなります。許容幅を狭めるか間隔を広げてください。",
                        "One could not tell to which visit a form belongs. Narrow the window or widen the interval.",
                    ),
                );
            }
        }
        match (visit.last, visit.every) {
            (Some(_), None) => self.key_error(
                path!["schedule", id, "last"],
                "P0417",
                Text::new(
                    "繰り返さない来院に last があります。",
                    "There is `last`, but the visit does not repeat.",
                ),
                Text::new("every を書くか、last を消してください。", "Write `every`, or remove `last`."),
            ),
            (last @ Some(_), Some(_)) if reversed(Some(visit.at), last) => self.error(
                path!["schedule", id, "last"],
                "P0418",
                Text::new(
                    "last が最初の期日より前なので、この来院は決して期日を迎えません。",
                    "`last` lies before the first due day, so this visit never falls due.",
                ),
                Text::new("at と last を確かめてください。", "Check `at` and `last`."),
            ),
            _ => {}
        }
    }
}

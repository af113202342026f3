//! What is being asked: language, study, up to when, by whom. Every page begins here.

use crate::App;
use crate::error::Trouble;
use crate::study::{Done, Picture, Study};
use crate::tongue::{Tongue, role_key};
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::Uri;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use conduct::{Action, Command, Context, Reach, Role, SiteId, TrialError, View, Viewer, reach};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::Compiled;
use std::collections::BTreeMap;
use std::sync::Arc;
use words::Lang;

/// The cookie that remembers, for the demonstration, as whom one acts.
pub const COOKIE_NAME: &str = "shirube_acts_as";

pub struct Ask {
    pub t: Tongue,
    pub study: Arc<Study>,
    pub picture: Picture,
    pub viewer: Viewer,
    pub cutoff: Option<Date>,
    /// Whether the address names a cut-off.
    pub cutoff_asked: bool,
    pub as_of: Option<u64>,
    pub uri: Uri,
    pub query: BTreeMap<String, String>,
    path: BTreeMap<String, String>,
    pub now: Timestamp,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Ask, Trouble> {
        let path: BTreeMap<String, String> = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Trouble::Missing)?
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let query = pairs(parts.uri.query().unwrap_or(""));
        // Within the study's routes the address is cut; people need it whole.
        let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |o| &o.0).clone();
        // Pages carry the language in the path, the API in the query.
        let tag = path.get("lang").or_else(|| query.get("lang")).map_or("en", String::as_str);
        let lang = Lang::ALL.into_iter().find(|l| l.tag() == tag).ok_or(Trouble::Missing)?;
        let study = path.get("study").and_then(|name| app.study(name)).ok_or(Trouble::Missing)?;
        let as_of = number(&query, "as_of")?;
        let cutoff = match query.get("cutoff").map(String::as_str).filter(|d| !d.is_empty()) {
            Some(day) => Some(day.parse::<Date>().map_err(|_| Trouble::Bad("cutoff"))?),
            None => None,
        };
        if as_of == Some(0) {
            return Err(Trouble::Missing);
        }
        let picture = match as_of {
            Some(_) => {
                let study = Arc::clone(&study);
                blocking(move || study.at(as_of).map_err(Trouble::from)).await?
            }
            None => study.now(),
        };
        let wanted = parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|c| c.to_str().ok())
            .flat_map(|c| c.split(';'))
            .filter_map(|c| c.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .map(|(_, value)| value.to_owned());
        // Rights are read from the study as it is now at each request, never from the cookie.
        let present = study.now();
        let cast = cast(&present);
        let viewer = wanted
            .and_then(|key| cast.iter().find(|v| cast_key(v) == key).cloned())
            .or_else(|| cast.iter().find(|v| v.role == Role::DataManager).cloned())
            .or_else(|| cast.first().cloned())
            .ok_or(Trouble::Missing)?;
        Ok(Ask {
            t: Tongue(lang),
            study,
            picture,
            viewer,
            cutoff,
            cutoff_asked: cutoff.is_some(),
            as_of,
            uri: whole,
            query,
            path,
            now: app.now(),
        })
    }
}

/// Everyone who holds a role, in the order of roles.
fn cast(picture: &Picture) -> Vec<Viewer> {
    let mut cast: Vec<Viewer> = picture
        .state
        .people
        .iter()
        .flat_map(|(person, known)| {
            known.roles.iter().map(|(role, site)| Viewer {
                person: person.clone(),
                role: *role,
                site: site.clone(),
            })
        })
        .filter(|v| v.role != Role::System)
        .collect();
    cast.sort_by(|a, b| (a.role, &a.site, &a.person).cmp(&(b.role, &b.site, &b.person)));
    cast
}

/// A viewer as a cookie and a form value: hex of person, role and site.
pub fn cast_key(viewer: &Viewer) -> String {
    let site = viewer.site.as_ref().map_or("", SiteId::as_str);
    format!("{}\n{}\n{site}", viewer.person, viewer.role.name()).bytes().map(|b| format!("{b:02x}")).collect()
}

/// `a=b&c=d` with percent-encoding undone; of a repeated name the last holds.
pub fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text as one segment of a path or one value of a query.
pub fn segment(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn number(query: &BTreeMap<String, String>, name: &str) -> Result<Option<u64>, Trouble> {
    match query.get(name).map(String::as_str).filter(|n| !n.is_empty()) {
        Some(text) => text.parse().map(Some).map_err(|_| Trouble::Bad("number")),
        None => Ok(None),
    }
}

/// Runs what takes long away from the threads that answer.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Trouble::Broken(e.to_string()))?
}

impl Ask {
    /// A part of the address.
    pub fn part(&self, name: &str) -> Result<&str, Trouble> {
        self.path.get(name).map(String::as_str).ok_or(Trouble::Missing)
    }

    pub fn part_number(&self, name: &str) -> Result<u64, Trouble> {
        self.part(name)?.parse().map_err(|_| Trouble::Missing)
    }

    pub fn asked(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub fn view(&self) -> Result<View<'_>, Trouble> {
        self.view_at(self.cutoff)
    }

    pub fn view_at(&self, cutoff: Option<Date>) -> Result<View<'_>, Trouble> {
        let view = View::new(&self.picture.adopted, &self.picture.state, cutoff, &self.viewer);
        view.map_err(|refusal| Trouble::Refused(refusal.reasons))
    }

    pub fn protocol(&self) -> Result<&Arc<Compiled>, Trouble> {
        self.picture.adopted.current(&self.picture.state).ok_or(Trouble::Missing)
    }

    pub fn title(&self) -> String {
        self.protocol().map_or_else(|_| String::new(), |c| self.t.of(&c.protocol.title).to_owned())
    }

    pub fn reach(&self, action: Action) -> Reach {
        reach(self.viewer.role, action)
    }

    pub fn may(&self, action: Action) -> bool {
        self.reach(action) != Reach::Nothing
    }

    /// The day up to which expectations are judged: the cut-off, or the last day of the ledger.
    pub fn day(&self) -> Date {
        self.cutoff.unwrap_or_else(|| self.last_day())
    }

    /// Whether something can be entered at all: by right, and not while looking at the past.
    pub fn may_now(&self, action: Action) -> bool {
        self.may(action) && !self.is_past()
    }

    /// Whether the frame links this page.
    pub fn may_open(&self, path: &str) -> bool {
        match path {
            "participants" | "queries" => self.may(Action::SeeParticipants),
            "register" => self.may(Action::Register),
            "letters" => {
                [Action::AdoptLetter, Action::SignLetter, Action::AskForLetter, Action::SeeResultsByArm]
                    .into_iter()
                    .any(|action| self.may(action))
            }
            "ledger" => self.may(Action::SeeLedger),
            // The report tells results by arm; one without them is not made yet.
            "report" => self.may(Action::SeeResultsByArm),
            _ => self.may(Action::SeeStudy),
        }
    }

    /// The page is there for those who may see it; for others it does not exist.
    pub fn must(&self, action: Action) -> Result<(), Trouble> {
        if self.may(action) { Ok(()) } else { Err(Trouble::Missing) }
    }

    pub fn must_be_now(&self) -> Result<(), Trouble> {
        if self.is_past() { Err(Trouble::Past) } else { Ok(()) }
    }

    pub fn is_past(&self) -> bool {
        self.as_of.is_some() && self.picture.state.head.seq < self.study.now().state.head.seq
    }

    pub fn cast(&self) -> Vec<Viewer> {
        cast(&self.study.now())
    }

    /// A person's name in the reader's language.
    pub fn person(&self, id: &str) -> String {
        self.picture.state.people.get(id).map_or_else(|| id.to_owned(), |p| self.t.of(&p.name).to_owned())
    }

    pub fn role(&self, role: Role, site: Option<&SiteId>) -> String {
        let role = self.t.say(&role_key(role)).into_owned();
        match site {
            Some(site) => format!("{role} · {}", self.site_name(site)),
            None => role,
        }
    }

    pub fn site_name(&self, site: &SiteId) -> String {
        self.picture.state.sites.get(site).map_or_else(|| site.to_string(), |s| self.t.of(&s.name).to_owned())
    }

    pub fn zone(&self) -> TimeZone {
        self.picture.state.opening.as_ref().map_or(TimeZone::UTC, |o| o.timezone.clone())
    }

    pub fn moment(&self, at: &Timestamp) -> String {
        self.t.moment(at, &self.zone())
    }

    /// The day of the last entry: where the cut-off stands when nobody chose one.
    pub fn last_day(&self) -> Date {
        let state = &self.picture.state;
        state.day(state.last_at.unwrap_or(self.now))
    }

    pub fn today(&self) -> Date {
        self.picture.state.day(self.now)
    }

    /// An address within the study that keeps cut-off and position.
    pub fn to(&self, path: &str) -> String {
        self.to_with(path, &[])
    }

    pub fn to_with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut out = self.to_bare(path);
        let cutoff = self.cutoff.filter(|_| self.cutoff_asked).map(|d| d.to_string());
        let as_of = self.as_of.map(|n| n.to_string());
        let kept = [("cutoff", cutoff.as_deref()), ("as_of", as_of.as_deref())];
        let all = kept.into_iter().filter_map(|(k, v)| Some((k, v?))).chain(more.iter().copied());
        for (i, (name, value)) in all.enumerate() {
            out.push(if i == 0 { '?' } else { '&' });
            out.push_str(&format!("{name}={}", segment(value)));
        }
        out
    }

    /// An address within the study, now and without cut-off.
    pub fn to_bare(&self, path: &str) -> String {
        let base = format!("/{}/{}", self.t.tag(), segment(&self.study.name));
        if path.is_empty() { base } else { format!("{base}/{path}") }
    }

    /// What of the address a form by GET has to carry on.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let cutoff = self.cutoff.filter(|_| self.cutoff_asked).map(|d| ("cutoff", d.to_string()));
        cutoff.into_iter().chain(self.as_of.map(|n| ("as_of", n.to_string()))).collect()
    }

    /// A name for one write, put into a form when it is shown.
    pub fn new_token(&self) -> Result<String, Trouble> {
        let chance: String = random::<16>()?.iter().map(|b| format!("{b:02x}")).collect();
        Ok(self.study.token(&chance))
    }

    /// The context of a command by this person. The token makes a repeat harmless.
    pub fn context(&self, token: &str, reason: Option<&str>) -> Result<Context, Trouble> {
        if token.is_empty()
            || token.len() > 80
            || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(Trouble::Bad("token"));
        }
        let mut context =
            Context::new(self.now, self.viewer.person.as_str(), self.viewer.role, random::<32>()?);
        context.site = self.viewer.site.clone();
        context.reason = reason.map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned);
        context.request = Some(token.to_owned());
        Ok(context)
    }
}

/// Carries out a command away from the threads that answer.
pub async fn execute(study: &Arc<Study>, command: Command, context: Context) -> Result<Done, TrialError> {
    let study = Arc::clone(study);
    let done = tokio::task::spawn_blocking(move || study.execute(&command, &context)).await;
    done.unwrap_or_else(|e| Err(TrialError::Ledger(ledger::LedgerError::Io { detail: e.to_string() })))
}

fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Trouble::Broken(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_into_an_address_is_read_back() {
        for text in ["", "JCOG1017", "乳癌 a/b?c&d=e%f+g", "100%"] {
            assert_eq!(decode(&segment(text)), text);
        }
        assert_eq!(pairs("a=1&b=%E4%B9%B3+x&c")["b"], "乳 x");
        assert_eq!(decode("%zz%2"), "%zz%2");
    }
}

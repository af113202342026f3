//! One plain-text mail through a mail server on this machine or a trusted network.

use crate::failure::Failure;
use lettre::message::header::ContentType;
use lettre::transport::smtp::SmtpTransport;
use lettre::{Message, Transport};
use std::time::Duration;

/// Sends `body` and returns when the server has taken it. Nothing is encrypted: `server` is a relay that one trusts.
pub fn send(server: &str, from: &str, to: &str, subject: &str, body: &str) -> Result<(), Failure> {
    let (host, port) = server
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
        .ok_or_else(|| Failure::Usage(format!("--smtp {server}: write HOST:PORT")))?;
    let address = |text: &str| text.parse().map_err(|e| Failure::Usage(format!("{text}: {e}")));
    let message = Message::builder()
        .from(address(from)?)
        .to(address(to)?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body.to_owned())
        .map_err(|e| Failure::unusable(to, e))?;
    SmtpTransport::builder_dangerous(host)
        .port(port)
        .timeout(Some(Duration::from_secs(30)))
        .build()
        .send(&message)
        .map_err(|e| Failure::unusable(format!("{to} was not mailed, {server}"), e))?;
    Ok(())
}

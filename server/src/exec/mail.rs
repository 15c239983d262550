//! Hands one mail to the owner's mail server, and says what the server answered.

use std::time::Duration;

use ccc_core::{
    config::{Password, Security, Smtp},
    ticket::Outcome,
};
use ccc_protocol::{bodies::MailView, visible};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, MIME_VERSION_1_0},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        response::Response,
    },
};
use serde_json::json;

/// The mail server, as the config names it. Each mail is a connection of its own.
#[derive(Debug)]
pub(super) struct Mailer {
    smtp: Smtp,
}

/// The usual ports: RFC 6409, RFC 8314, RFC 5321.
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
const RELAY_PORT: u16 = 25;

impl Mailer {
    /// Nothing is connected yet. The password, where there is one, has been read.
    #[must_use]
    pub(super) fn new(smtp: Smtp) -> Self {
        Self { smtp }
    }

    /// Sends the mail just as it was shown.
    pub(super) async fn send(&self, mail: &MailView, seconds_max: u64) -> Outcome {
        let message = match message(mail) {
            Ok(message) => message,
            Err(reason) => return Outcome::failure(reason),
        };
        let transport = match self.transport() {
            Ok(transport) => transport,
            Err(reason) => return Outcome::failure(reason),
        };
        match tokio::time::timeout(Duration::from_secs(seconds_max), transport.send(message)).await {
            Ok(Ok(answer)) => Outcome::success(json!({ "smtp": said(&answer) })),
            Ok(Err(error)) => self.refused(&error),
            Err(_) => {
                tracing::warn!(host = self.smtp.host, "the mail server did not answer in time");
                Outcome::failure(format!(
                    "the mail server did not answer within {seconds_max} s: whether it took the mail is unknown"
                ))
            }
        }
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
        let Smtp { host, port, security, user, password, .. } = &self.smtp;
        let parameters = || {
            TlsParameters::new(host.clone()).map_err(|error| {
                tracing::error!(host, ?error, "TLS to the mail server cannot be set up");
                "the connection to the mail server could not be secured: nothing was sent".to_owned()
            })
        };
        let (tls, usual_port) = match security {
            Security::StartTls => (Tls::Required(parameters()?), SUBMISSION_PORT),
            Security::Tls => (Tls::Wrapper(parameters()?), SUBMISSIONS_PORT),
            Security::None => (Tls::None, RELAY_PORT),
        };
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port.unwrap_or(usual_port)).tls(tls);
        match (user, password) {
            (Some(user), Some(Password::Inline(password))) => {
                Ok(builder.credentials(Credentials::new(user.clone(), password.clone())).build())
            }
            (Some(_), _) => Err("the mail server's password could not be read: nothing was sent".to_owned()),
            (None, _) => Ok(builder.build()),
        }
    }

    fn refused(&self, error: &lettre::transport::smtp::Error) -> Outcome {
        tracing::warn!(host = self.smtp.host, error = ?error, "a mail was not taken");
        match error.status() {
            Some(code) => {
                let lasting = if error.is_permanent() { "for good" } else { "for now" };
                let outcome = Outcome::failure(format!("the mail server refused the mail {lasting}, with {code}"));
                Outcome { result: Some(json!({ "smtp": code.to_string() })), ..outcome }
            }
            None if error.is_tls() => {
                Outcome::failure("the connection to the mail server could not be secured: nothing was sent")
            }
            None => Outcome::failure("the mail server could not be reached, or broke off: the log has the cause"),
        }
    }
}

fn message(mail: &MailView) -> Result<Message, String> {
    let address = |what: &str, text: &str| {
        text.parse::<Mailbox>().map_err(|_| format!("the {what} `{}` is no mail address", visible::escaped(text)))
    };
    Message::builder()
        .from(address("sender", &mail.from)?)
        .to(address("recipient", &mail.to)?)
        .subject(mail.subject.clone())
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone())
        .map_err(|error| {
            tracing::warn!(%error, "a mail cannot be built");
            "the mail could not be built as it was shown: nothing was sent".to_owned()
        })
}

/// The server's answer: its code and lines.
fn said(answer: &Response) -> String {
    let lines: Vec<_> = answer.message().collect();
    format!("{} {}", answer.code(), lines.join(" "))
}

#[cfg(test)]
mod tests;

//! Hands one mail to the owner's mail server, and says what the server answered.

mod line_by_line;

use std::{io, time::Duration};

use ccc_core::{
    config::{Password, Security, Smtp},
    ticket::Outcome,
};
use ccc_protocol::{bodies::MailView, hex, visible};
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, MIME_VERSION_1_0},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use self::line_by_line::LineByLine;
use crate::random;

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

    /// Sends the mail just as it was shown. Until the server has said that it waits for the mail's text, whatever goes
    /// wrong is a failure; from then on only the server's answer says whether it took the mail.
    pub(super) async fn send(&self, mail: &MailView, seconds_max: u64) -> Outcome {
        let message = match message(mail) {
            Ok(message) => message,
            Err(reason) => return Outcome::failure(reason),
        };
        let deadline = Instant::now() + Duration::from_secs(seconds_max);
        let mut connection = match timeout_at(deadline, self.offer(&message)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(fault)) => return self.not_sent(&fault),
            Err(_) => return self.not_sent(&Fault::Late(seconds_max)),
        };
        match timeout_at(deadline, connection.message(&message.formatted())).await {
            Ok(Ok(answer)) => {
                // It is taken, whatever the server says to our going.
                tokio::spawn(timeout_at(deadline, async move { connection.quit().await.is_ok() }));
                Outcome::success(json!({ "smtp": said(&answer) }))
            }
            Ok(Err(error)) if error.status().is_some() => self.not_sent(&Fault::Smtp(Stage::Mail, error)),
            Ok(Err(error)) => self.unknown(&error),
            Err(late) => self.unknown(&late),
        }
    }

    /// Comes as far as the server's word that it waits for the text of this mail.
    async fn offer(&self, message: &Message) -> Result<AsyncSmtpConnection, Fault> {
        let mut connection = self.connect().await?;
        self.log_in(&mut connection).await?;
        let at = |stage| move |error| Fault::Smtp(stage, error);
        let mut options = vec![];
        if !message.formatted().is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err(Fault::Said("the mail server takes ASCII alone: nothing was sent"));
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let envelope = message.envelope();
        connection.command(Mail::new(envelope.from().cloned(), options)).await.map_err(at(Stage::Mail))?;
        for to in envelope.to() {
            connection.command(Rcpt::new(Address::clone(to), vec![])).await.map_err(at(Stage::Mail))?;
        }
        connection.command(Data).await.map_err(at(Stage::Mail))?;
        Ok(connection)
    }

    /// Connects, and secures the connection as the config says. Answers are read a line at a time, so that nothing that
    /// came in the clear is left over to be taken for an answer under TLS (CVE-2011-0411 and its kind).
    async fn connect(&self) -> Result<AsyncSmtpConnection, Fault> {
        let Smtp { host, port, security, .. } = &self.smtp;
        let usual_port = match security {
            Security::StartTls => SUBMISSION_PORT,
            Security::Tls => SUBMISSIONS_PORT,
            Security::None => RELAY_PORT,
        };
        let address = (host.as_str(), port.unwrap_or(usual_port));
        let (hello, at) = (ClientId::default(), |stage| move |error| Fault::Smtp(stage, error));
        if *security == Security::Tls {
            let connected = AsyncSmtpConnection::connect_tokio1(address, None, &hello, Some(self.tls()?), None).await;
            return connected.map_err(at(Stage::Tls));
        }
        let stream = TcpStream::connect(address).await.map_err(Fault::Unreachable)?;
        let stream = Box::new(LineByLine::new(stream));
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(stream, &hello).await.map_err(at(Stage::Greeting))?;
        if *security == Security::StartTls {
            if !connection.can_starttls() {
                return Err(Fault::Said("the mail server offers no STARTTLS: nothing was sent"));
            }
            connection.starttls(self.tls()?, &hello).await.map_err(at(Stage::Tls))?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, Fault> {
        TlsParameters::new(self.smtp.host.clone()).map_err(|error| Fault::Smtp(Stage::Tls, error))
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Fault> {
        let credentials = match (&self.smtp.user, &self.smtp.password) {
            (Some(user), Some(Password::Inline(password))) => Credentials::new(user.clone(), password.clone()),
            (Some(_), _) => return Err(Fault::Said("the mail server's password could not be read: nothing was sent")),
            (None, _) => return Ok(()),
        };
        let logged_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        logged_in.map(drop).map_err(|error| Fault::Smtp(Stage::Login, error))
    }

    fn not_sent(&self, fault: &Fault) -> Outcome {
        tracing::warn!(host = self.smtp.host, %fault, cause = ?fault.cause(), "a mail was not taken");
        let outcome = Outcome::failure(fault.to_string());
        Outcome { result: fault.code().map(|code| json!({ "smtp": code })), ..outcome }
    }

    fn unknown(&self, error: &dyn std::fmt::Debug) -> Outcome {
        tracing::warn!(host = self.smtp.host, ?error, "the mail server got a mail and did not answer");
        Outcome::unknown(
            "the mail server got the mail and did not say that it took it: whether it did is unknown, and it is not sent again",
        )
    }
}

/// How far the talk had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Tls,
    Login,
    Mail,
}

/// Why nothing was sent.
#[derive(Debug)]
enum Fault {
    Said(&'static str),
    Late(u64),
    Unreachable(io::Error),
    Smtp(Stage, Error),
}

impl Fault {
    /// For the log.
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Said(_) | Self::Late(_) => None,
            Self::Unreachable(error) => Some(error),
            Self::Smtp(_, error) => Some(error),
        }
    }

    /// The server's code, where it was the server who refused.
    fn code(&self) -> Option<String> {
        match self {
            Self::Smtp(_, error) => error.status().map(|code| code.to_string()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (stage, error) = match self {
            Self::Said(why) => return f.write_str(why),
            Self::Late(seconds) => {
                return write!(f, "the mail server did not answer within {seconds} s: nothing was sent");
            }
            Self::Unreachable(_) => return f.write_str("the mail server could not be reached: the log has the cause"),
            Self::Smtp(stage, error) => (stage, error),
        };
        match (stage, error.status()) {
            (Stage::Login, Some(code)) => write!(f, "the mail server refused the login with {code}: nothing was sent"),
            (Stage::Login, None) => f.write_str("the login at the mail server failed: nothing was sent"),
            (_, Some(code)) => {
                let lasting = if error.is_permanent() { "for good" } else { "for now" };
                write!(f, "the mail server refused the mail {lasting}, with {code}")
            }
            (Stage::Tls, None) if is_of_the_network(error) => {
                f.write_str("the mail server could not be reached: the log has the cause")
            }
            (Stage::Tls, None) => f.write_str(
                "the connection to the mail server could not be secured: nothing was sent; the log has the cause",
            ),
            (Stage::Greeting | Stage::Mail, None) => {
                f.write_str("the mail server broke off before it got the mail: the log has the cause")
            }
        }
    }
}

/// True where the system refused the connection, rather than TLS what came over it.
fn is_of_the_network(error: &Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| cause.raw_os_error().is_some())
}

fn message(mail: &MailView) -> Result<Message, String> {
    let address = |what: &str, text: &str| {
        text.parse::<Mailbox>().map_err(|_| format!("the {what} `{}` is no mail address", visible::escaped(text)))
    };
    Message::builder()
        .from(address("sender", &mail.from)?)
        .to(address("recipient", &mail.to)?)
        .subject(mail.subject.clone())
        .message_id(Some(message_id(mail)))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone())
        .map_err(|error| {
            tracing::warn!(%error, "a mail cannot be built");
            "the mail could not be built as it was shown: nothing was sent".to_owned()
        })
}

/// A name for this mail that is the bridge's own, at its sender's domain: nobody on the way has to make one up, and the
/// mail is found by it in servers' logs.
fn message_id(mail: &MailView) -> String {
    let domain = mail.from.rsplit('@').next().unwrap_or_default().trim_end_matches(['>', ' ']);
    format!("<{}@{domain}>", hex::encode(&random::bytes()))
}

/// The server's answer: its code and lines.
fn said(answer: &Response) -> String {
    let lines: Vec<_> = answer.message().collect();
    format!("{} {}", answer.code(), lines.join(" "))
}

#[cfg(test)]
mod tests;

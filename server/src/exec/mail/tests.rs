//! What sending promises, against a mail server of a few lines on loopback.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Takes,
    RefusesRecipient,
    IsSilent,
    HangsUp,
    HangsUpAtData,
    HangsUpAfterTheText,
    RefusesLogin,
    RefusesTheText,
    InjectsBehindStartTls,
}

/// Serves one connection, and gives back every line that was said to it.
async fn server(manner: Manner) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        match manner {
            Manner::IsSilent => {
                let _ = stream.read_to_end(&mut vec![]).await;
                return vec![];
            }
            Manner::HangsUp => return vec![],
            _ => {}
        }
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        let (mut heard, mut in_data) = (vec![], false);
        writer.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                _ if in_data && line == "." && manner == Manner::HangsUpAfterTheText => return heard,
                _ if in_data && line == "." && manner == Manner::RefusesTheText => {
                    in_data = false;
                    "554 5.6.0 not this text\r\n"
                }
                _ if in_data && line == "." => {
                    in_data = false;
                    "250 2.0.0 queued as 4711\r\n"
                }
                _ if in_data => "",
                "EHLO" if manner == Manner::RefusesLogin => "250-mail.test\r\n250 AUTH PLAIN\r\n",
                "EHLO" if manner == Manner::InjectsBehindStartTls => "250-mail.test\r\n250 STARTTLS\r\n",
                "STARTTLS" => "220 go on\r\n250-mail.test\r\n250 AUTH PLAIN\r\n",
                "AUTH" => "535 5.7.8 no\r\n",
                "EHLO" => "250-mail.test\r\n250 8BITMIME\r\n",
                "RCPT" if manner == Manner::RefusesRecipient => "550 5.1.1 no such user\r\n",
                "DATA" if manner == Manner::HangsUpAtData => {
                    let _ = writer.write_all(b"354 go on\r\n").await;
                    return heard;
                }
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            heard.push(line);
            if writer.write_all(answer.as_bytes()).await.is_err() {
                break;
            }
        }
        heard
    });
    (port, served)
}

fn mailer(port: u16, security: Security) -> Mailer {
    Mailer::new(Smtp {
        host: "127.0.0.1".into(),
        port: Some(port),
        security,
        user: None,
        password: None,
        from: "bridge@example.org".into(),
    })
}

fn mail() -> MailView {
    MailView {
        from: "bridge@example.org".into(),
        to: "boss@example.com".into(),
        subject: "Grüße".into(),
        body: "first line\n.second line\n".into(),
    }
}

#[tokio::test]
async fn a_mail_that_is_taken_has_the_servers_answer_as_its_result() {
    let (port, served) = server(Manner::Takes).await;
    let outcome = mailer(port, Security::None).send(&mail(), 10).await;
    assert!(outcome.succeeded, "{outcome:?}");
    assert_eq!(outcome.result.unwrap()["smtp"], "250 2.0.0 queued as 4711");
    let heard = served.await.unwrap();
    assert!(heard.iter().any(|line| line.starts_with("MAIL FROM:<bridge@example.org>")), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| line.starts_with("RCPT TO:<boss@example.com>")).count(), 1);
    assert_eq!(heard.iter().filter(|line| *line == "MIME-Version: 1.0").count(), 1, "{heard:?}");
    assert!(heard.contains(&"first line".to_owned()) && heard.contains(&"..second line".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_refusal_is_a_failure_with_its_code() {
    let (port, served) = server(Manner::RefusesRecipient).await;
    let outcome = mailer(port, Security::None).send(&mail(), 10).await;
    assert!(!outcome.succeeded);
    assert_eq!(outcome.reason.as_deref(), Some("the mail server refused the mail for good, with 550"));
    assert!(!served.await.unwrap().iter().any(|line| line == "DATA"));
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_longer_than_the_limit() {
    let (port, _served) = server(Manner::IsSilent).await;
    let outcome = mailer(port, Security::None).send(&mail(), 1).await;
    assert!(!outcome.succeeded && outcome.reason.unwrap().contains("did not answer within 1 s"));
}

#[tokio::test]
async fn a_server_that_hangs_up_or_is_not_there_is_a_failure() {
    let (port, served) = server(Manner::HangsUp).await;
    assert!(!mailer(port, Security::None).send(&mail(), 10).await.succeeded);
    served.await.unwrap();
    // Nobody listens there any more.
    assert!(!mailer(port, Security::None).send(&mail(), 10).await.succeeded);
}

#[tokio::test]
async fn nothing_is_said_about_the_mail_where_tls_was_asked_for_and_is_not_offered() {
    let (port, served) = server(Manner::Takes).await;
    assert!(!mailer(port, Security::StartTls).send(&mail(), 10).await.succeeded);
    let heard = served.await.unwrap();
    assert!(!heard.iter().any(|line| line.contains("example")), "{heard:?}");
}

#[tokio::test]
async fn what_is_no_address_is_not_sent() {
    for to in ["boss", "boss@example.com\r\nRCPT TO:<eve@example.org>", "a@b.example, c@d.example", ""] {
        let outcome = mailer(1, Security::None).send(&MailView { to: to.into(), ..mail() }, 10).await;
        assert!(outcome.reason.unwrap().contains("no mail address"), "{to:?}");
    }
    let injected = MailView { subject: "a\r\nBcc: eve@example.org".into(), ..mail() };
    let (port, served) = server(Manner::Takes).await;
    mailer(port, Security::None).send(&injected, 10).await;
    assert!(!served.await.unwrap().iter().any(|line| line.starts_with("Bcc")));
}

#[test]
fn the_password_is_never_shown() {
    let smtp = Smtp {
        host: "h".into(),
        port: None,
        security: Security::Tls,
        user: Some("u".into()),
        password: Some(Password::Inline("hunter2".into())),
        from: "a@b".into(),
    };
    assert!(!format!("{:?}", Mailer::new(smtp)).contains("hunter2"));
}

#[tokio::test]
async fn a_connection_that_ends_once_the_server_waits_for_the_text_leaves_it_unknown() {
    for manner in [Manner::HangsUpAtData, Manner::HangsUpAfterTheText] {
        let (port, _served) = server(manner).await;
        let outcome = mailer(port, Security::None).send(&mail(), 10).await;
        assert!(outcome.is_unknown && !outcome.succeeded, "{outcome:?}");
        assert!(outcome.reason.unwrap().contains("unknown"));
    }
    for manner in [Manner::HangsUp, Manner::RefusesRecipient, Manner::RefusesTheText] {
        let (port, _served) = server(manner).await;
        let outcome = mailer(port, Security::None).send(&mail(), 10).await;
        assert!(!outcome.is_unknown && !outcome.succeeded, "{outcome:?}");
    }
}

#[tokio::test]
async fn what_came_in_the_clear_behind_the_answer_to_starttls_is_no_answer_under_tls() {
    let (port, _served) = server(Manner::InjectsBehindStartTls).await;
    // The server never answers the handshake: it fails by what was put before it, or not at all.
    let outcome = mailer(port, Security::StartTls).send(&mail(), 60).await;
    assert!(outcome.reason.unwrap().contains("could not be secured"));
}

#[tokio::test]
async fn a_refused_login_and_a_failed_handshake_say_so() {
    let (port, _served) = server(Manner::RefusesLogin).await;
    let mut login = mailer(port, Security::None);
    (login.smtp.user, login.smtp.password) = (Some("u".into()), Some(Password::Inline("p".into())));
    let refused = login.send(&mail(), 10).await;
    assert!(refused.reason.unwrap().contains("refused the login with 535"));
    assert_eq!(refused.result.unwrap()["smtp"], "535");
    let (port, _served) = server(Manner::Takes).await;
    let plain = mailer(port, Security::Tls).send(&mail(), 10).await.reason.unwrap();
    assert!(plain.contains("could not be secured"), "{plain}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap().port();
    drop(listener);
    let unreachable = mailer(nobody, Security::Tls).send(&mail(), 10).await.reason.unwrap();
    assert!(unreachable.contains("could not be reached"), "{unreachable}");
}

#[tokio::test]
async fn each_mail_has_a_message_id_of_its_own_at_its_senders_domain() {
    let mut ids = std::collections::HashSet::new();
    for _ in 0..2 {
        let (port, served) = server(Manner::Takes).await;
        mailer(port, Security::None).send(&mail(), 10).await;
        let heard = served.await.unwrap();
        let mut of_mail =
            heard.into_iter().filter(|line| line.starts_with("Message-ID: <") && line.ends_with("@example.org>"));
        ids.insert(of_mail.next().unwrap());
        assert_eq!(of_mail.next(), None);
    }
    assert_eq!(ids.len(), 2);
}

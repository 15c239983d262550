//! A mail server of a few lines on loopback: takes what it is given, but for recipients that it does not know.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The one recipient it refuses.
pub const UNKNOWN: &str = "nobody@example.com";

/// A mail as it came: the envelope's recipient and every line of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient of the envelope.
    pub to: String,
    /// Headers and text.
    pub text: String,
}

/// The server. It lives as long as the test's process.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    received: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Vec<Mail>>>::default();
        let taken = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that goes in mid-sentence ends its own conversation alone.
                let _ = converse(stream, &taken);
            }
        });
        Self { port, received }
    }

    /// The `[smtp]` table that names it.
    #[must_use]
    pub fn config(&self) -> String {
        format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"bridge@example.com\"\n",
            self.port
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What was taken so far.
    #[must_use]
    pub fn received(&self) -> Vec<Mail> {
        self.received.lock().unwrap().clone()
    }
}

fn converse(mut stream: TcpStream, taken: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut to = String::new();
    stream.write_all(b"220 mail.test ESMTP\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME\r\n",
            "RCPT" if line.contains(UNKNOWN) => "550 5.1.1 no such user\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let text =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect::<Vec<_>>().join("\n");
                taken.lock().unwrap().push(Mail { to: to.clone(), text });
                "250 2.0.0 queued as 4711\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

//! Replies and reports of terminals, and pastes, byte for byte: none of them decides, types into the word, or makes the keys that stop
//! and leave be missed.

#![cfg(test)]

mod support;

use std::time::Duration;

use ccc_protocol::bodies::{Care, Gravity, Verdict};
use ccc_queue::view::theme::Rgb;
use ccc_queue::{
    console::message::Command,
    keys::Context,
    surface::{decode::Decoder, screen::message},
};
use proptest::prelude::*;
use support::{BURST, Desk, id, plan_of, preview, ticket};

/// What terminals are known to send without a key being pressed.
const REPLIES: &[&[u8]] = &[
    b"\x1b[?997;1n", b"\x1b[?2026;2$y", b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    b"\x1b]10;rgb:0000/0000/0000\x1b\\", b"\x1b]52;c;eXkheSE=\x1b\\", b"\x1bP>|XTerm(390)\x1b\\",
    b"\x1bP1+r524742=38\x1b\\", b"\x1bP1$r0 q\x1b\\", b"\x1bP!|7E565445\x1b\\", b"\x1b_Gi=1;OK\x1b\\", b"\x1b[?62;c",
    b"\x1b[?1;2c", b"\x1b[>0;276;0c", b"\x1b[=0;0;0c", b"\x1b[24;80R", b"\x1b[1;1R", b"\x1b[?24;80;1R", b"\x1b[0n",
    b"\x1b[?0u", b"\x1b[4;600;800t", b"\x1b[8;24;80t", b"\x1b[2;1;1;112;112;1;0x", b"\x1b[>4;1m", b"\x1b[M",
    b"\x1b[<0;1;1M", b"\x1b[<0;1;1m", b"\x1b[121;1:3u", b"\x1b[I",
];

const WORD: &str = "paste.example";

/// A console behind the bytes of a terminal.
struct Wire {
    decoder: Decoder,
    desk: Desk,
}

impl Wire {
    /// Three requests wait, and a key would decide.
    fn ready() -> Self {
        let mut desk = Desk::new(120, 30);
        desk.waiting([1, 2, 3]);
        desk.wait(1100);
        Self { decoder: Decoder::new(false), desk }
    }

    /// The question that asks for the word of a grave request is in front, and letters count.
    fn asking() -> Self {
        let mut grave = ticket(1);
        let (headline, short) = ("SENDS SECRETS".to_owned(), "secrets out".to_owned());
        let word = WORD.parse().unwrap();
        grave.verdict =
            Some(Verdict { gravity: Gravity::Grave, headline, short, objects: vec![], care: Care::Always, word });
        let mut desk = Desk::new(120, 30);
        desk.waits(preview(&grave, &plan_of(1)));
        for key in ["]", "y"] {
            desk.wait(1100);
            desk.keys(key);
        }
        desk.wait(1100);
        assert_eq!(desk.model.context(), Context::Word);
        Self { decoder: Decoder::new(false), desk }
    }

    /// Bytes that come at once.
    fn sends(&mut self, bytes: &[u8]) {
        let events = self.decoder.feed(bytes, Duration::ZERO);
        events.into_iter().filter_map(message).for_each(|message| drop(self.desk.take(message)));
    }

    /// Nothing comes for so long.
    fn pauses(&mut self, millis: u64) {
        if self.decoder.patience().is_some_and(|patience| patience <= Duration::from_millis(millis)) {
            let events = self.decoder.give_up();
            events.into_iter().filter_map(message).for_each(|message| drop(self.desk.take(message)));
        }
        self.desk.wait(millis);
    }

    fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.pauses(80);
            self.sends(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.pauses(BURST);
    }
}

/// After this nothing is decided; what stops and what leaves is heard at once.
fn harms_nothing(noise: &[Vec<u8>], gap: u64, rest: u64) {
    let says = || noise.iter().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>();
    let after = |wire: &mut Wire| {
        for piece in noise {
            wire.sends(piece);
            wire.pauses(gap);
        }
        wire.pauses(rest);
        assert!(wire.desk.decisions().is_empty(), "{:?} decided", says());
        wire.desk.asked.clear();
    };
    for (keys, stops) in [(&b"!!"[..], true), (b"q", false), (b"\x03", false)] {
        let mut wire = Wire::ready();
        after(&mut wire);
        wire.sends(keys);
        let heard = wire.desk.asked.iter().any(|command| match command {
            Command::Freeze { frozen: true, .. } => stops,
            Command::Quit => !stops,
            _ => false,
        });
        assert!(heard, "{} is missed after {:?}: {:?}", keys.escape_ascii(), says(), wire.desk.asked);
    }
    let mut wire = Wire::asking();
    after(&mut wire);
    wire.pauses(1100);
    wire.types(WORD);
    let [Command::Approve { leave, .. }] = wire.desk.decisions()[..] else {
        panic!("{:?} typed into the word: {}", says(), wire.desk.screen())
    };
    assert_eq!(leave.id(), id(1));
}

#[test]
fn no_known_reply_acts_as_a_key_or_deafens() {
    for reply in REPLIES {
        harms_nothing(&[reply.to_vec()], 0, 0);
        harms_nothing(&[reply.to_vec(), reply.to_vec()], 0, 0);
    }
    harms_nothing(&REPLIES.iter().map(|reply| reply.to_vec()).collect::<Vec<_>>(), 0, 0);
}

#[test]
fn a_reply_that_comes_in_pieces_or_stops_in_the_middle_deafens_for_a_moment_only() {
    for reply in REPLIES {
        for cut in 1..reply.len() {
            let (begun, rest) = reply.split_at(cut);
            harms_nothing(&[begun.to_vec(), rest.to_vec()], 0, 0);
            // An `ESC` alone is a key: it leaves the question in front, as it should.
            if cut > 1 {
                harms_nothing(&[begun.to_vec()], 0, 250);
            }
        }
    }
    harms_nothing(&[b"\x1b[200~yyy\ny".to_vec()], 0, 1000);
}

#[test]
fn no_known_reply_is_read_as_a_key() {
    for reply in REPLIES {
        let mut decoder = Decoder::new(true);
        let read = decoder.feed(reply, Duration::ZERO).into_iter().filter_map(message);
        let keys: Vec<String> = read.map(named).filter(|name| !name.starts_with(['C', 'F'])).collect();
        assert!(keys.is_empty(), "{}: {keys:?}", reply.escape_ascii());
    }
}

#[test]
fn the_background_is_read_from_its_reply_and_from_nothing_else() {
    let told = |bytes: &[u8]| {
        let mut decoder = Decoder::new(false);
        assert!(decoder.feed(bytes, Duration::ZERO).is_empty(), "{}", bytes.escape_ascii());
        decoder.background()
    };
    assert_eq!(told(b"\x1b]11;rgb:ffff/8080/0000\x1b\\"), Some(Rgb(255, 128, 0)));
    assert_eq!(told(b"\x1b]11;rgb:1e/1e/1e\x07"), Some(Rgb(0x1e, 0x1e, 0x1e)));
    assert_eq!(told(b"\x1b]11;rgb:f/0/f\x07"), Some(Rgb(255, 0, 255)));
    for other in [
        &b"\x1b]10;rgb:ffff/ffff/ffff\x07"[..],
        b"\x1b]11;?\x07",
        b"\x1b]11;rgb:ffff/ffff\x07",
        b"\x1b]11;rgb:/0/0\x07",
        b"\x1b]11;rgb:fffff/0/0\x07",
        b"\x1b]11;rgb:+1/0/0\x07",
        b"\x1bP11;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1b]11;rgb:ff/ff/ff",
    ] {
        assert_eq!(told(other), None, "{}", other.escape_ascii());
    }
    let long = [b"\x1b]11;rgb:ff/ff/ff".as_slice(), &[b'f'; 100], b"\x07"].concat();
    assert_eq!(told(&long), None);
}

#[test]
fn ctrl_c_is_heard_in_the_middle_of_whatever_has_begun() {
    for begun in
        [&b"\x1b"[..], b"\x1b[", b"\x1b[1;", b"\x1b[[", b"\x1bO", b"\x1b]11;rgb", b"\x1bP>|", b"\x1b_G", b"\xe7\x95"]
    {
        let mut wire = Wire::ready();
        wire.sends(begun);
        wire.sends(b"\x03");
        assert!(matches!(wire.desk.asked.as_slice(), [Command::Quit]), "{}", begun.escape_ascii());
    }
}

#[test]
fn keys_are_read_as_terminals_send_them() {
    let known: &[(&[u8], &str)] = &[
        (b"y", "y"),
        ("ë".as_bytes(), "ë"),
        ("界".as_bytes(), "界"),
        (b"\r", "enter"),
        (b"\t", "tab"),
        (b"\x7f", "backspace"),
        (b"\x13", "ctrl-s"),
        (b"\x1b[A", "up"),
        (b"\x1bOB", "down"),
        (b"\x1b[1;2A", "shift-up"),
        (b"\x1b[1;5C", "ctrl-right"),
        (b"\x1b[1;3D", "alt-left"),
        (b"\x1b[Z", "shift-tab"),
        (b"\x1b[H", "home"),
        (b"\x1b[4~", "end"),
        (b"\x1b[3~", "delete"),
        (b"\x1b[5~", "page-up"),
        (b"\x1b[6;5~", "ctrl-page-down"),
        (b"\x1bOP", "f1"),
        (b"\x1b[[B", "f2"),
        (b"\x1b[15~", "f5"),
        (b"\x1b[24~", "f12"),
        (b"\x1bx", "alt-x"),
        (b"\x1b[99;5u", "ctrl-c"),
    ];
    for (bytes, name) in known {
        let mut decoder = Decoder::new(false);
        let read: Vec<String> =
            decoder.feed(bytes, Duration::ZERO).into_iter().filter_map(message).map(named).collect();
        assert_eq!(
            (read.as_slice(), decoder.patience()),
            (&[(*name).to_owned()][..], None),
            "{}",
            bytes.escape_ascii()
        );
    }
}

fn named(message: ccc_queue::console::message::Message) -> String {
    match message {
        ccc_queue::console::message::Message::Key(chord) => chord.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn an_escape_alone_is_the_key_once_nothing_came_after_it() {
    let mut decoder = Decoder::new(false);
    assert!(decoder.feed(b"\x1b", Duration::ZERO).is_empty());
    assert_eq!(decoder.give_up().into_iter().filter_map(message).map(named).collect::<Vec<_>>(), ["esc"]);
    assert!(decoder.feed(b"\x1b", Duration::ZERO).is_empty());
    let late = decoder.feed(b"v", Duration::from_millis(50));
    assert_eq!(late.into_iter().filter_map(message).map(named).collect::<Vec<_>>(), ["esc", "v"]);
}

#[test]
fn a_click_in_the_oldest_form_is_no_three_keys() {
    let mut decoder = Decoder::new(true);
    assert!(decoder.feed(b"\x1b[M !!", Duration::ZERO).is_empty());
    let click = decoder.feed(b"\x1b[<0;10;4M", Duration::ZERO).into_iter().filter_map(message).map(named);
    assert_eq!(click.collect::<Vec<_>>(), ["Click { column: 9, line: 3 }"]);
}

/// Parameters of a report, which no key has: they begin with a mark, or the end is none of a key.
fn report() -> impl Strategy<Value = Vec<u8>> {
    let text = proptest::collection::vec(prop_oneof![9 => 0x20_u8..0x7f, 1 => 0x80_u8..=0xff], 0..80);
    prop_oneof![
        "\u{1b}\\[[?>=][0-9;:]{0,70}[ -/]{0,2}[@-~]".prop_map(String::into_bytes),
        "\u{1b}\\[[0-9;:]{0,20}[ -/]{0,1}[cnRtxymLr]".prop_map(String::into_bytes),
        (prop_oneof![Just(b']'), Just(b'P'), Just(b'_'), Just(b'^'), Just(b'X')], text.clone())
            .prop_map(|(kind, text)| [&[0x1b, kind], text.as_slice(), b"\x1b\\"].concat()),
        text.prop_map(|text| [b"\x1b]".as_slice(), text.as_slice(), b"\x07"].concat()),
        (0..REPLIES.len()).prop_map(|at| REPLIES[at].to_vec()),
    ]
}

/// A paste, with brackets or without. What opens a field, stops or leaves is no noise, and left out.
fn pasted() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~\r\n\té界\u{1b}]{0,60}".prop_map(|text| format!("\x1b[200~{text}\x1b[201~").into_bytes()),
        "[yneYkjo sz]{3,40}".prop_map(String::into_bytes),
        prop_oneof![Just("okay"), Just("yyyy"), Just("eye"), Just("nyy")].prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_report_or_paste_decides_types_or_deafens(
        noise in proptest::collection::vec(prop_oneof![3 => report(), 2 => pasted()], 1..5),
        gap in prop_oneof![Just(0_u64), Just(10), Just(29), Just(400), Just(1100)],
    ) {
        harms_nothing(&noise, gap, 0);
    }

    #[test]
    fn no_bytes_are_too_much_and_a_moment_later_keys_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(true);
        decoder.feed(&bytes, Duration::ZERO);
        let heard = decoder.feed(b"!", Duration::from_secs(1));
        prop_assert_eq!(heard.into_iter().filter_map(message).map(named).next_back(), Some("!".to_owned()));
        prop_assert_eq!(decoder.patience(), None);
    }
}

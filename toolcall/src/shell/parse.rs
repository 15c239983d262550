//! The grammar: lists, pipelines, compound commands and simple commands, as in POSIX.1-2024 §2.9 and bash's manual.
//!
//! A part that cannot be read stops the reading: the rest of the input is then [`Opaque::Syntax`], which is a question for a person.

mod compound;
mod documents;
mod simple;

pub(super) use self::compound::compared;

use super::scan::ends_word;
use super::{NESTING_MAX, Opaque, Script, SimpleCommand, Word};

/// A reading in progress: one text, and the script that it adds to.
pub(super) struct Parser<'o> {
    pub(super) chars: Vec<char>,
    pub(super) pos: usize,
    pub(super) out: &'o mut Reading,
    pub(super) depth: usize,
    pub(super) fed: bool,
    scope: usize,
    substitution: bool,
    conditional: bool,
    looped: bool,
    after_success: bool,
    piped_from: Option<usize>,
    fed_from: Option<usize>,
    pending: Vec<Pending>,
}

/// What the parsers of nested texts share.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) commands: Vec<SimpleCommand>,
    pub(super) script: Script,
    documents: Vec<Document>,
}

/// The text of a here-document, and the redirection it belongs to once that command is emitted.
struct Document {
    text: Word,
    command: Option<usize>,
    redirect: usize,
}

/// A here-document whose text comes after the next newline.
struct Pending {
    /// Index into [`Reading::documents`].
    document: usize,
    delimiter: String,
    quoted: bool,
    tabs_stripped: bool,
}

/// Reads `text` in `scope`, at `depth` levels of nesting: its commands, wrappers still on. Scopes and unknowns go into `script`.
pub(super) fn read(script: &mut Script, text: &str, scope: usize, depth: usize) -> Vec<SimpleCommand> {
    let mut out = Reading { script: std::mem::take(script), ..Reading::default() };
    Parser::new(text.chars().collect(), &mut out, scope, depth).whole();
    out.place_documents();
    *script = out.script;
    out.commands
}

impl Reading {
    /// Puts the texts of here-documents where they belong.
    fn place_documents(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let command = document.command.and_then(|command| self.commands.get_mut(command));
            if let Some(redirect) = command.and_then(|command| command.redirects.get_mut(document.redirect)) {
                redirect.target = document.text;
            }
        }
    }
}

impl<'o> Parser<'o> {
    fn new(chars: Vec<char>, out: &'o mut Reading, scope: usize, depth: usize) -> Self {
        Self {
            chars,
            pos: 0,
            out,
            depth,
            fed: false,
            scope,
            substitution: false,
            conditional: false,
            looped: false,
            after_success: false,
            piped_from: None,
            fed_from: None,
            pending: Vec::new(),
        }
    }

    fn whole(&mut self) {
        self.list(&[]);
        if self.pos < self.chars.len() {
            self.fail(Opaque::Syntax("an operator where a command should be"));
        }
    }

    /// Notes why the rest cannot be known, and ends the reading.
    pub(super) fn fail(&mut self, opaque: Opaque) {
        self.out.script.note(opaque);
        self.pos = self.chars.len();
    }

    /// One level deeper; false, with the reading ended, where that is one too many.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            self.depth -= 1;
            self.fail(Opaque::TooDeep);
            return false;
        }
        true
    }

    /// One level up again.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The list of a `$( … )` or `<( … )` in its own scope, to `close`.
    pub(super) fn nested_list(&mut self, close: char) {
        if !self.enter() {
            return;
        }
        let outer = (self.scope, self.substitution, self.piped_from.take());
        let fed_from = self.fed_from.take();
        let pending = std::mem::take(&mut self.pending);
        self.scope = self.out.script.open_scope(outer.0, true);
        self.substitution = true;
        self.list(&[]);
        if !self.eat(close) || !self.pending.is_empty() {
            self.fail(Opaque::Syntax("a substitution is not closed"));
        }
        (self.scope, self.substitution, self.piped_from) = outer;
        self.fed_from = fed_from;
        self.pending = pending;
        self.leave();
    }

    /// The commands of a backtick substitution, which have a text of their own.
    pub(super) fn nested_text(&mut self, text: Vec<char>) {
        if !self.enter() {
            return;
        }
        let scope = self.out.script.open_scope(self.scope, true);
        let mut inner = Parser::new(text, self.out, scope, self.depth);
        inner.substitution = true;
        (inner.conditional, inner.looped) = (self.conditional, self.looped);
        inner.whole();
        self.leave();
    }

    /// Commands up to the end, a closing parenthesis, `;;`, or one of the reserved words `until`.
    fn list(&mut self, until: &[&str]) {
        let outer = self.after_success;
        loop {
            self.skip_newlines();
            let start = self.pos;
            match self.peek() {
                None | Some(')' | ';') => break,
                _ if until.iter().any(|word| self.at_reserved(word)) => break,
                Some('&' | '|') => return self.fail(Opaque::Syntax("an operator where a command should be")),
                Some(_) => self.and_or(),
            }
            self.skip_blanks();
            if self.peek() == Some(';') && !matches!(self.peek_at(1), Some(';' | '&')) {
                self.pos += 1;
            }
            if self.pos == start {
                return self.fail(Opaque::Syntax("nothing that can be read"));
            }
        }
        self.after_success = outer;
    }

    fn and_or(&mut self) {
        let first = self.out.commands.len();
        let outer = self.conditional;
        self.after_success = false;
        loop {
            self.pipeline();
            self.skip_blanks();
            let success = self.eat_str("&&");
            if !success && !self.eat_str("||") {
                break;
            }
            self.after_success = success;
            self.conditional = true;
            self.skip_newlines();
        }
        self.conditional = outer;
        if self.peek() == Some('&') {
            self.pos += 1;
            for command in self.out.commands.iter_mut().skip(first) {
                command.context.background = true;
            }
        }
    }

    fn pipeline(&mut self) {
        let outer = (self.scope, self.fed, self.piped_from.take());
        let fed_from = self.fed_from;
        let mut elements = 0_usize;
        loop {
            self.scope = self.out.script.open_scope(outer.0, elements > 0);
            let first = self.out.commands.len();
            self.bang();
            self.command();
            self.skip_blanks();
            let piped = self.peek() == Some('|') && self.peek_at(1) != Some('|');
            if !piped {
                break;
            }
            self.pos += 1;
            let with_errors = self.eat('&');
            self.pipe_from(first);
            if with_errors {
                // Messages are no names, whatever lists some.
                (self.piped_from, self.fed_from) = (None, None);
            }
            elements += 1;
            self.skip_newlines();
        }
        (self.scope, self.fed, self.piped_from) = outer;
        self.fed_from = fed_from;
    }

    /// What was just read since `first` is the left side of a `|`.
    fn pipe_from(&mut self, first: usize) {
        if let Some(scope) = self.out.script.scopes.get_mut(self.scope) {
            scope.isolated = true;
        }
        for command in self.out.commands.iter_mut().skip(first) {
            command.context.piped_into |= command.context.scope == self.scope;
        }
        let last = self.out.commands.len().checked_sub(1).filter(|last| *last >= first);
        self.piped_from =
            last.filter(|last| self.out.commands.get(*last).is_some_and(|c| c.context.scope == self.scope));
        self.fed_from = self.piped_from;
        self.fed = true;
    }

    fn bang(&mut self) {
        loop {
            self.skip_blanks();
            if !self.at_reserved("!") {
                return;
            }
            self.pos += 1;
        }
    }

    fn command(&mut self) {
        self.skip_blanks();
        match self.peek() {
            Some('(') if self.peek_at(1) == Some('(') => self.arithmetic(),
            Some('(') => {
                self.pos += 1;
                self.subshell();
            }
            Some(c) if ends_word(c) && !matches!(c, '<' | '>') => {
                self.fail(Opaque::Syntax("an operator where a command should be"));
            }
            Some(_) => self.reserved_or_simple(),
            None => self.fail(Opaque::Syntax("a command is missing")),
        }
    }

    /// `(( … ))`; a shell without it sees two subshells, so what could be a command there is refused.
    fn arithmetic(&mut self) {
        self.pos += 2;
        let start = self.pos;
        let evaluated = self.inside("))", true);
        self.evaluates(evaluated);
        let text = self.chars.get(start..self.pos).unwrap_or_default();
        let name_then_word = |three: &[char]| {
            matches!(three, [a, ' ' | '\t', b] if (a.is_alphanumeric() || *a == '_') && (b.is_alphabetic() || matches!(b, '_' | '$')))
                || matches!(three, [' ' | '\t', '-', b] if b.is_alphabetic())
        };
        if text.windows(3).any(name_then_word)
            || text.windows(2).any(|two| matches!(two, ['>', '/']))
            || text.contains(&'~')
            || text.contains(&';')
            || text.contains(&'\n')
        {
            self.fail(Opaque::Syntax("`((` that some shells read as commands"));
        }
        self.compound_redirects();
    }

    fn subshell(&mut self) {
        if !self.enter() {
            return;
        }
        let outer = self.scope;
        self.scope = self.out.script.open_scope(outer, true);
        self.list(&[]);
        if !self.eat(')') {
            self.fail(Opaque::Syntax("a parenthesis is not closed"));
        }
        self.scope = outer;
        self.leave();
        self.compound_redirects();
    }

    /// Blanks, comments, newlines, and the here-documents that begin after a newline.
    fn skip_newlines(&mut self) {
        loop {
            self.skip_blanks();
            if !self.eat('\n') {
                return;
            }
            self.documents();
        }
    }

    /// True where the unquoted reserved word `word` stands at the cursor, whole.
    fn at_reserved(&self, word: &str) -> bool {
        let length = word.chars().count();
        word.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c))
            && self.peek_at(length).is_none_or(ends_word)
    }

    fn expect_reserved(&mut self, word: &str) {
        if self.at_reserved(word) {
            self.pos += word.chars().count();
        } else {
            self.fail(Opaque::Syntax("a compound command is not closed"));
        }
    }
}

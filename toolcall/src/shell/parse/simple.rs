//! Simple commands: assignments, words and redirections (POSIX.1-2024 §2.9.1 and §2.7).

use super::{Document, Parser, Pending};
use crate::shell::scan::ends_word;
use crate::shell::{Assignment, COMMANDS_MAX, Context, Opaque, Redirect, RedirectOp, SimpleCommand, Word};

impl Parser<'_> {
    pub(super) fn simple(&mut self) {
        let mut command = SimpleCommand::default();
        let mut documents = Vec::new();
        loop {
            self.skip_blanks();
            if self.redirect(&mut command, &mut documents) {
                continue;
            }
            match self.peek() {
                None => break,
                Some('(') if command.args.is_empty() && command.program.is_some() => return self.definition(),
                Some('(') => return self.fail(Opaque::Syntax("a parenthesis inside a command")),
                Some(_) if self.at_end_of_words() => break,
                Some(_) if command.program.is_none() && self.assignment(&mut command) => {}
                Some(_) => {
                    let word = self.word();
                    self.descriptor(&word);
                    match command.program {
                        None => command.program = Some(word),
                        Some(_) => command.args.push(word),
                    }
                }
            }
        }
        self.emit_with(command, &documents);
    }

    /// `{NAME}` before a redirection sets the variable to the descriptor's number.
    fn descriptor(&mut self, word: &Word) {
        if !matches!(self.peek(), Some('<' | '>')) {
            return;
        }
        if let Some((name, index)) = word.indexed_in_braces() {
            self.evaluates(index);
            let value = Word::unknown();
            self.out.script.defaults.push(Assignment { name, value, each: false, listed: false });
            return;
        }
        let text = word.literal().unwrap_or_default();
        if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            let (name, value) = (name.to_owned(), Word::unknown());
            self.out.script.defaults.push(Assignment { name, value, each: false, listed: false });
        }
    }

    /// `NAME () command`
    pub(super) fn definition(&mut self) {
        self.pos += 1;
        self.skip_blanks();
        if !self.eat(')') {
            return self.fail(Opaque::Syntax("a parenthesis inside a command"));
        }
        let outer = (self.conditional, self.looped);
        (self.conditional, self.looped) = (true, true);
        self.function_body();
        (self.conditional, self.looped) = outer;
    }

    /// Reads `NAME=value`, `NAME+=value`, `NAME[i]=value` or `NAME=( … )`; false, with nothing read, where it is a plain word.
    pub(super) fn assignment(&mut self, command: &mut SimpleCommand) -> bool {
        let start = self.pos;
        let name = self.name();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.pos = start;
            return false;
        }
        let indexed = self.index();
        let added = self.eat('+');
        if !self.eat('=') {
            self.pos = start;
            return false;
        }
        if self.eat('(') {
            self.array(&name, command);
            return true;
        }
        let value = if self.at_end_of_words() { Word::default() } else { self.word() };
        let value = if added || indexed { Word::unknown() } else { value };
        command.assignments.push(Assignment { name, value, each: false, listed: false });
        true
    }

    /// `[i]` after a name, where it holds no expansion.
    fn index(&mut self) -> bool {
        let start = self.pos;
        if !self.eat('[') {
            return false;
        }
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@')) {
            self.pos += 1;
        }
        let end = self.pos;
        if !self.eat(']') {
            self.pos = start;
            return false;
        }
        let text: String = self.chars.get(start + 1..end).unwrap_or_default().iter().collect();
        self.evaluates(Word::of(&text));
        true
    }

    pub(super) fn array(&mut self, name: &str, command: &mut SimpleCommand) {
        loop {
            self.skip_newlines();
            if self.eat(')') {
                return;
            }
            if self.at_end_of_words() {
                return self.fail(Opaque::Syntax("an array is not closed"));
            }
            let value = self.word();
            if value.opens_index() {
                self.evaluates(value.clone());
            }
            command.assignments.push(Assignment { name: name.to_owned(), value, each: false, listed: true });
        }
    }

    /// True where no word starts at the cursor; `<(` and `>(` start one.
    pub(super) fn at_end_of_words(&self) -> bool {
        let process = matches!(self.peek(), Some('<' | '>')) && self.peek_at(1) == Some('(');
        !process && self.peek().is_none_or(ends_word)
    }

    /// Reads one redirection, if one starts here.
    pub(super) fn redirect(&mut self, command: &mut SimpleCommand, documents: &mut Vec<usize>) -> bool {
        let Some((op, length)) = self.redirect_operator() else { return false };
        let here = op == RedirectOp::HereDocument;
        let tabs_stripped = here && self.peek_at(length.saturating_sub(1)) == Some('-');
        self.pos += length;
        self.skip_blanks();
        if self.at_end_of_words() {
            self.fail(Opaque::Syntax("a redirection without a target"));
            return true;
        }
        if self.peek() == Some('!') {
            // One shell takes `>!` for an operator, the target behind it.
            self.fail(Opaque::Syntax("a redirection that some shells read otherwise"));
            return true;
        }
        let target = self.word();
        if here {
            documents.push(self.await_document(&target, command.redirects.len(), tabs_stripped));
        }
        let descriptor =
            target.literal().is_some_and(|t| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit() || c == '-'));
        let op = if op == RedirectOp::Duplicate && !descriptor { RedirectOp::Write } else { op };
        command.redirects.push(Redirect { op, target });
        true
    }

    /// Awaits the text of a here-document after the next newline; the index into [`Reading::documents`].
    pub(super) fn await_document(&mut self, delimiter: &Word, redirect: usize, tabs_stripped: bool) -> usize {
        let document = self.out.documents.len();
        // Until the text is read the target is unknown, which is also right where it never comes.
        self.out.documents.push(Document { text: Word::unknown(), command: None, redirect });
        match delimiter.literal().filter(|text| !text.contains('\n')) {
            Some(text) => {
                self.pending.push(Pending { document, delimiter: text, quoted: delimiter.quoted, tabs_stripped });
            }
            None => self.fail(Opaque::Syntax("the delimiter of a here-document is not literal")),
        }
        document
    }

    /// The redirection operator at the cursor, a descriptor before it included, and its length.
    pub(super) fn redirect_operator(&self) -> Option<(RedirectOp, usize)> {
        let mut length = 0;
        while self.peek_at(length).is_some_and(|c| c.is_ascii_digit()) {
            length += 1;
        }
        let rest = |text: &str| text.chars().enumerate().all(|(ahead, c)| self.peek_at(length + ahead) == Some(c));
        if rest("<(") || rest(">(") {
            return None;
        }
        let (text, op) = OPERATORS.iter().find(|(text, _)| rest(text))?;
        if text.starts_with('&') && length > 0 {
            return None;
        }
        Some((*op, length + text.len()))
    }

    /// Redirections after a compound command, as a command of their own.
    pub(super) fn compound_redirects(&mut self) {
        let mut command = SimpleCommand::default();
        let mut documents = Vec::new();
        loop {
            self.skip_blanks();
            if !self.redirect(&mut command, &mut documents) {
                break;
            }
        }
        if !command.redirects.is_empty() {
            self.emit_with(command, &documents);
        }
    }

    pub(super) fn emit(&mut self, command: SimpleCommand) {
        self.emit_with(command, &[]);
    }

    /// Adds a command; `documents` are the here-documents of its redirections.
    pub(super) fn emit_with(&mut self, mut command: SimpleCommand, documents: &[usize]) {
        if self.out.commands.len() >= COMMANDS_MAX {
            return self.fail(Opaque::TooMany);
        }
        command.context = Context {
            scope: self.scope,
            piped_from: self.piped_from,
            fed_from: self.fed_from,
            fed: self.fed,
            substitution: self.substitution,
            conditional: self.conditional,
            looped: self.looped,
            after_success: self.after_success,
            ..Context::default()
        };
        let index = self.out.commands.len();
        for document in documents {
            if let Some(document) = self.out.documents.get_mut(*document) {
                document.command = Some(index);
            }
        }
        self.out.commands.push(command);
    }
}

/// Redirection operators, the longest first.
const OPERATORS: &[(&str, RedirectOp)] = &[
    ("&>>", RedirectOp::Write),
    ("&>", RedirectOp::Write),
    ("<<<", RedirectOp::HereString),
    ("<<-", RedirectOp::HereDocument),
    ("<<", RedirectOp::HereDocument),
    ("<>", RedirectOp::ReadWrite),
    ("<&", RedirectOp::Duplicate),
    ("<", RedirectOp::Read),
    (">>", RedirectOp::Write),
    (">|", RedirectOp::Write),
    (">&", RedirectOp::Duplicate),
    (">", RedirectOp::Write),
];

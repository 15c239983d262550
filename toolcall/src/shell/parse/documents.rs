//! Here-documents, whose text begins after the newline that ends their command (POSIX.1-2024 §2.7.4).

use super::{Parser, Pending};
use crate::shell::{Opaque, Word};

impl Parser<'_> {
    pub(super) fn documents(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let (start, end) = self.document_lines(&pending);
            let text = self.chars.get(start..end).unwrap_or_default().to_vec();
            let body =
                if pending.quoted { Word::of(&text.iter().collect::<String>()) } else { self.document_word(text) };
            if let Some(document) = self.out.documents.get_mut(pending.document) {
                document.text = body;
            }
        }
    }

    /// Where the text of a here-document lies; the cursor ends after its delimiter.
    pub(super) fn document_lines(&mut self, pending: &Pending) -> (usize, usize) {
        let start = self.pos;
        loop {
            let line = self.pos;
            while pending.tabs_stripped && self.eat('\t') {}
            let matched = self.eat_str(&pending.delimiter) && self.peek().is_none_or(|c| c == '\n');
            if matched || self.peek().is_none() {
                // The newline after the delimiter goes too: it ended no command.
                self.eat('\n');
                return (start, if matched { line } else { self.pos });
            }
            if self.document_line() && !pending.quoted {
                self.fail(Opaque::Syntax("a continued line in a here-document"));
            }
        }
    }

    /// Skips one line; true where it ends in a backslash, which could hide the delimiter.
    pub(super) fn document_line(&mut self) -> bool {
        let mut last = None;
        while let Some(c) = self.bump() {
            if c == '\n' {
                return last == Some('\\');
            }
            last = Some(c);
        }
        false
    }

    /// An unquoted here-document, whose substitutions are commands.
    pub(super) fn document_word(&mut self, text: Vec<char>) -> Word {
        let mut word = Word { quoted: true, ..Word::default() };
        if !self.enter() {
            return Word::unknown();
        }
        let mut inner = Parser::new(text, self.out, self.scope, self.depth);
        inner.substitution = true;
        inner.conditional = self.conditional;
        while inner.peek().is_some() {
            inner.expanding(&mut word, false);
        }
        inner.indexed(&word);
        self.leave();
        word
    }
}

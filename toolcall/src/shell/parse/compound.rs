//! Compound commands: loops, branches, `case`, `[[ … ]]`, functions (POSIX.1-2024 §2.9.4).

use super::Parser;
use crate::shell::scan::ends_word;
use crate::shell::{Assignment, Opaque, SimpleCommand, Word};

impl Parser<'_> {
    pub(super) fn reserved_or_simple(&mut self) {
        let Some(word) = RESERVED.iter().find(|word| self.at_reserved(word)) else { return self.simple() };
        self.pos += word.chars().count();
        if !self.enter() {
            return;
        }
        let outer = (self.conditional, self.looped);
        self.conditional |= !matches!(*word, "{" | "[[");
        self.looped |= matches!(*word, "while" | "until" | "for" | "select" | "function");
        match *word {
            "{" => self.body("}"),
            "if" => self.branches(),
            "while" | "until" => {
                self.body("do");
                self.body("done");
            }
            "for" | "select" => self.each(),
            "case" => self.case(),
            "[[" => self.test(),
            "function" => self.function(),
            _ => self.fail(Opaque::Syntax("a reserved word that is not read here")),
        }
        (self.conditional, self.looped) = outer;
        self.leave();
        self.compound_redirects();
    }

    /// A list and the reserved word that ends it.
    pub(super) fn body(&mut self, end: &str) {
        self.list(&[end]);
        self.expect_reserved(end);
    }

    pub(super) fn branches(&mut self) {
        self.body("then");
        loop {
            self.list(&["elif", "else", "fi"]);
            if self.at_reserved("elif") {
                self.pos += 4;
                self.body("then");
            } else if self.at_reserved("else") {
                self.pos += 4;
            } else {
                return self.expect_reserved("fi");
            }
        }
    }

    /// `for NAME in …; do …; done`, `select`, and `for (( … ))`.
    pub(super) fn each(&mut self) {
        self.skip_blanks();
        if self.eat_str("((") {
            let text = self.inside("))", true);
            self.evaluates(text);
        } else {
            let name = self.name();
            if name.is_empty() {
                return self.fail(Opaque::Syntax("a loop without a variable"));
            }
            self.skip_newlines();
            let values = if self.at_reserved("in") { self.loop_words() } else { vec![Word::unknown()] };
            let assignments = values
                .into_iter()
                .map(|value| Assignment { name: name.clone(), value, each: true, listed: true })
                .collect();
            self.emit(SimpleCommand { assignments, ..SimpleCommand::default() });
        }
        self.skip_blanks();
        self.eat(';');
        self.skip_newlines();
        if self.at_reserved("{") {
            self.pos += 1;
            return self.body("}");
        }
        self.expect_reserved("do");
        self.body("done");
    }

    pub(super) fn loop_words(&mut self) -> Vec<Word> {
        self.pos += 2;
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            if self.at_end_of_words() {
                return words;
            }
            words.push(self.word());
        }
    }

    pub(super) fn case(&mut self) {
        self.skip_blanks();
        self.word();
        self.skip_newlines();
        if !self.at_reserved("in") {
            return self.fail(Opaque::Syntax("`case` without `in`"));
        }
        self.pos += 2;
        loop {
            self.skip_newlines();
            if self.at_reserved("esac") || self.peek().is_none() {
                return self.expect_reserved("esac");
            }
            self.patterns();
            self.list(&["esac"]);
            if self.eat_str(";;&") || self.eat_str(";;") || self.eat_str(";&") {
                continue;
            }
            if self.peek() == Some(')') {
                return self.fail(Opaque::Syntax("`case` without `esac`"));
            }
        }
    }

    pub(super) fn patterns(&mut self) {
        self.eat('(');
        loop {
            self.skip_blanks();
            if self.peek().is_none_or(ends_word) {
                return self.fail(Opaque::Syntax("a pattern is missing"));
            }
            self.word();
            self.skip_blanks();
            if self.eat(')') {
                return;
            }
            if !self.eat('|') {
                return self.fail(Opaque::Syntax("a pattern is not closed"));
            }
        }
    }

    /// `[[ … ]]`, where operators of the shell are operators of the test.
    pub(super) fn test(&mut self) {
        let mut command = SimpleCommand { program: Some(Word::of("[[")), ..SimpleCommand::default() };
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return self.fail(Opaque::Syntax("`[[` without `]]`")),
                // Shells without `[[` see redirections and further commands here.
                Some('<' | '>' | ';' | '\n') => {
                    return self.fail(Opaque::Syntax("an operator in `[[` that some shells read otherwise"));
                }
                Some('&' | '|') if !self.joins_tests(&command) => {
                    return self.fail(Opaque::Syntax("an operator in `[[` that some shells read otherwise"));
                }
                Some('&' | '|') => self.pos += if self.peek() == self.peek_at(1) { 2 } else { 1 },
                Some(c) if ends_word(c) => self.pos += 1,
                Some(_) => {
                    let word = self.word();
                    if !word.quoted && word.literal().as_deref() == Some("]]") {
                        break;
                    }
                    command.args.push(word);
                }
            }
        }
        for text in compared(&command.args, true) {
            self.evaluates(text);
        }
        self.emit(command);
    }

    /// `&&` or `||` with another test behind it, which is no command in a shell without `[[`; or an alternative in a pattern.
    fn joins_tests(&self, command: &SimpleCommand) -> bool {
        let double = self.peek() == self.peek_at(1);
        let mut ahead = 2;
        while matches!(self.peek_at(ahead), Some(' ' | '\t')) {
            ahead += 1;
        }
        let test = matches!(self.peek_at(ahead), Some('-' | '!' | '$' | '"' | '('));
        let pattern = command.args.iter().any(|word| word.literal().as_deref() == Some("=~"));
        double && test || !double && pattern && self.peek() == Some('|')
    }

    pub(super) fn function(&mut self) {
        self.skip_blanks();
        if self.peek().is_none_or(ends_word) {
            return self.fail(Opaque::Syntax("a function without a name"));
        }
        self.word();
        self.skip_blanks();
        if self.eat('(') {
            self.skip_blanks();
            self.eat(')');
        }
        self.function_body();
    }

    pub(super) fn function_body(&mut self) {
        self.out.script.note(Opaque::Function);
        self.skip_newlines();
        if self.enter() {
            self.command();
            self.leave();
        }
    }
}

/// The operands of a test that it evaluates as arithmetic: with `numbers` both sides of a comparison of such, and what may hold an index.
pub(in crate::shell) fn compared(words: &[Word], numbers: bool) -> Vec<Word> {
    let is = |at: Option<usize>, operators: &[&str]| {
        let text = at.and_then(|at| words.get(at)).and_then(Word::literal);
        text.is_some_and(|text| operators.contains(&text.as_str()))
    };
    let chosen = |(at, word): &(usize, &Word)| {
        let before = at.checked_sub(1);
        let name = word.literal().is_some_and(|text| !text.contains('['));
        numbers && (is(before, NUMERIC) || is(Some(at + 1), NUMERIC)) || is(before, NAMED) && !name
    };
    words.iter().enumerate().filter(chosen).map(|(_, word)| word.clone()).collect()
}

/// Tests of `[[` that compare numbers.
const NUMERIC: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-t"];
/// Tests of `[[` that take a variable's name.
const NAMED: &[&str] = &["-v", "-R"];

/// Reserved words that begin a command.
const RESERVED: &[&str] = &["{", "if", "while", "until", "for", "select", "case", "[[", "function", "coproc"];

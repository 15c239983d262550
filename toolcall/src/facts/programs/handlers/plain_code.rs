//! Short code on a command line, in Python or JavaScript, that only computes and prints.
//!
//! Every name in it must be one that is listed, or one that the code itself binds: a name that is not is a door to all others. So must
//! be what is taken from a module. The files that it opens by a literal name are facts.

use std::collections::HashSet;

use crate::facts::args::Arg;
use crate::facts::gather::Gather;
use crate::facts::programs::Call;
use crate::facts::{Access, Class};

/// The most bytes of code that are read.
const BYTES_MAX: usize = 4096;

/// A piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Number,
    Sign(char),
}

/// What is known of a language.
struct Language {
    /// Keywords, and functions that compute or print.
    names: &'static [&'static str],
    /// Modules and objects, each with what may be taken of it.
    modules: &'static [(&'static str, &'static [&'static str])],
    /// Beginnings of names by which an object leads to all others.
    doors: &'static [&'static str],
    /// The function that reads the file of a literal name.
    opens: &'static str,
    /// True where `/` only divides.
    divides: bool,
}

/// Adds what code in Python does.
pub(in crate::facts::programs) fn python(call: &Call<'_>, code: &Arg, gather: &mut Gather) {
    judge(call, code, &PYTHON, gather);
}

/// Adds what code in JavaScript does.
pub(in crate::facts::programs) fn javascript(call: &Call<'_>, code: &Arg, gather: &mut Gather) {
    judge(call, code, &JAVASCRIPT, gather);
}

fn judge(call: &Call<'_>, code: &Arg, language: &Language, gather: &mut Gather) {
    match language.files(&code.text).filter(|_| code.exact) {
        Some(files) => {
            gather.class(Class::Reads, format!("`{}` computes and prints", call.name));
            if code.text.contains("import") && language.opens == "open" {
                call.in_project(Class::Builds, "loads modules, perhaps of where it starts", gather);
            }
            for (file, access) in files {
                call.path(&Arg::known(file), access, gather);
            }
        }
        None => call.unknown(gather, format!("`{}` runs code that is not read here", call.name)),
    }
}

impl Language {
    /// The files that the code opens; `None` where it is not plain.
    fn files(&self, code: &str) -> Option<Vec<(String, Access)>> {
        let tokens = tokens(code).filter(|_| code.len() <= BYTES_MAX && code.is_ascii())?;
        // Where `/` begins a pattern or a comment is not told.
        if !self.divides && tokens.contains(&Token::Sign('/')) {
            return None;
        }
        let bound = bound(&tokens);
        let mut files = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            let rest = tokens.get(at + 1..).unwrap_or_default();
            if self.doors.iter().any(|door| name.starts_with(door)) {
                return None;
            }
            // The name of a field.
            let key = matches!(before, Some(Token::Sign('{' | ','))) && rest.first() == Some(&Token::Sign(':'));
            if before == Some(&Token::Sign('.')) || key && !self.divides {
                continue;
            }
            if name == self.opens {
                files.push(opened(rest, self)?);
            } else if let Some((_, parts)) = self.modules.iter().find(|(module, _)| module == name) {
                let imported = imports(tokens.get(..at).unwrap_or_default());
                let part = matches!(rest, [Token::Sign('.'), Token::Name(part), ..] if parts.contains(&part.as_str()));
                let renamed =
                    matches!(rest, [Token::Sign('.'), ..]) || matches!(rest, [Token::Name(next), ..] if next == "as");
                if imported == part || imported && renamed || bound.contains(name.as_str()) {
                    return None;
                }
            } else {
                let known = self.names.contains(&name.as_str()) || bound.contains(name.as_str());
                if !known || BUILTIN.contains(&name.as_str()) {
                    return None;
                }
            }
        }
        indexes_plainly(&tokens, self).then_some(files)
    }
}

/// The file that is opened where `(` and a literal name follow, and how.
fn opened(rest: &[Token], language: &Language) -> Option<(String, Access)> {
    match rest {
        [Token::Sign('('), Token::Text(file), Token::Sign(')'), ..] => {
            let data = language.opens == "open" || file.starts_with('.') && file.ends_with(".json");
            data.then(|| (file.clone(), Access::Read))
        }
        [Token::Sign('('), Token::Text(file), Token::Sign(','), Token::Text(mode), Token::Sign(')'), ..]
            if language.opens == "open" =>
        {
            let access = if matches!(mode.as_str(), "r" | "rb" | "rt") { Access::Read } else { Access::Write };
            Some((file.clone(), access))
        }
        _ => None,
    }
}

/// True behind `import`, where only modules and commas stand between.
fn imports(before: &[Token]) -> bool {
    let mut earlier = before.iter().rev().filter(|token| **token != Token::Sign(','));
    earlier
        .find(|token| !matches!(token, Token::Name(name) if PYTHON.modules.iter().any(|(module, _)| module == name)))
        .is_some_and(|token| *token == Token::Name("import".to_owned()))
}

/// The names that the code binds itself: before `=`, in a loop's head, behind `as`, `const` and the like, before and behind `=>`.
fn bound(tokens: &[Token]) -> HashSet<&str> {
    let mut bound = HashSet::new();
    let mut in_head = false;
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else {
            in_head &= matches!(token, Token::Sign(',' | '(' | ')'));
            continue;
        };
        let next = tokens.get(at + 1);
        let after_next = tokens.get(at + 2);
        let assigned = next == Some(&Token::Sign('=')) && after_next != Some(&Token::Sign('='));
        if in_head || assigned {
            bound.insert(name.as_str());
        }
        in_head = match name.as_str() {
            "for" | "as" | "lambda" | "const" | "let" | "var" => true,
            "in" | "of" => false,
            _ => in_head,
        };
    }
    bound
}

/// True where brackets behind a value hold no text that could name anything: in JavaScript `x["constructor"]` is `x.constructor`.
fn indexes_plainly(tokens: &[Token], language: &Language) -> bool {
    language.opens == "open"
        || tokens.windows(3).all(|three| match three {
            [Token::Name(_) | Token::Text(_) | Token::Sign(')' | ']'), Token::Sign('['), inside] => {
                matches!(inside, Token::Number)
            }
            _ => true,
        })
}

/// The pieces of the code; `None` where it is not plain where they end.
fn tokens(code: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push(Token::Sign(c)),
            c if c.is_whitespace() => {}
            '\\' | '`' | '#' | '@' => return None,
            '\'' | '"' => {
                let formats = matches!(out.last(), Some(Token::Name(prefix)) if is_prefix(prefix));
                if formats {
                    return None;
                }
                let mut text = String::new();
                loop {
                    match chars.next()? {
                        '\\' => text.extend(chars.next()),
                        '\n' => return None,
                        end if end == c => break,
                        other => text.push(other),
                    }
                }
                // Three in a row begin a text of several lines.
                if text.is_empty() && chars.peek() == Some(&c) {
                    return None;
                }
                out.push(Token::Text(text));
            }
            c if c.is_ascii_digit() => {
                while chars.peek().is_some_and(|c| c.is_ascii_alphanumeric() || *c == '.') {
                    chars.next();
                }
                out.push(Token::Number);
            }
            c if c == '_' || c == '$' || c.is_ascii_alphabetic() => {
                let mut name = String::from(c);
                while let Some(c) = chars.next_if(|c| *c == '_' || *c == '$' || c.is_ascii_alphanumeric()) {
                    name.push(c);
                }
                out.push(Token::Name(name));
            }
            sign => out.push(Token::Sign(sign)),
        }
    }
    Some(out)
}

/// True for what in front of a quote says that the text holds code or escapes of its own.
fn is_prefix(name: &str) -> bool {
    name.len() <= 2 && name.chars().all(|c| "fFrRbBuUtT".contains(c))
}

/// Functions of both languages that lead to all others, whatever binds them.
const BUILTIN: &[&str] = &[
    "exec", "eval", "compile", "getattr", "setattr", "delattr", "globals", "locals", "vars", "dir", "breakpoint",
    "help", "super", "type", "object", "memoryview", "Function", "globalThis", "global", "module", "exports",
    "process", "fetch", "WebAssembly", "Reflect", "Proxy", "setTimeout", "setInterval", "queueMicrotask",
];

const PYTHON: Language = Language {
    names: &[
        "import", "if", "else", "elif", "for", "in", "while", "not", "and", "or", "is", "None", "True", "False",
        "with", "as", "try", "except", "pass", "break", "continue", "lambda", "del", "print", "len", "sum", "min",
        "max", "sorted", "str", "int", "float", "list", "dict", "set", "tuple", "range", "enumerate", "zip", "map",
        "filter", "any", "all", "abs", "round", "repr", "isinstance", "bool", "reversed", "iter", "next", "chr", "ord",
        "hex", "bin", "oct", "divmod", "pow", "bytes", "Exception", "KeyError", "ValueError",
    ],
    modules: &[
        ("json", &["load", "loads", "dump", "dumps", "JSONDecodeError"]),
        ("sys", &["stdin", "stdout", "stderr", "version", "version_info", "argv", "maxsize", "platform", "executable"]),
        ("re", &["findall", "match", "search", "sub", "split", "finditer", "compile", "fullmatch", "I", "M", "S"]),
        (
            "math",
            &["pi", "e", "sqrt", "log", "log2", "log10", "exp", "ceil", "floor", "factorial", "gcd", "comb", "sin"],
        ),
        ("collections", &["Counter", "defaultdict", "OrderedDict", "deque"]),
        ("datetime", &["datetime", "date", "timedelta", "timezone"]),
        ("statistics", &["mean", "median", "stdev", "mode"]),
        ("time", &["time", "strftime", "gmtime", "localtime"]),
    ],
    doors: &["_", "gi_", "f_", "cr_", "ag_", "tb_", "co_", "func_", "format"],
    opens: "open",
    divides: true,
};

const JAVASCRIPT: Language = Language {
    names: &[
        "const", "let", "var", "if", "else", "for", "of", "in", "return", "typeof", "new", "true", "false", "null",
        "undefined", "NaN", "String", "Number", "Boolean", "parseInt", "parseFloat", "isNaN", "Date", "Set", "Map",
        "encodeURIComponent", "decodeURIComponent",
    ],
    modules: &[
        ("console", &["log", "error", "table", "info", "warn"]),
        ("process", &["version", "versions", "platform", "arch"]),
        ("JSON", &["parse", "stringify"]),
        ("Object", &["keys", "values", "entries", "fromEntries"]),
        ("Array", &["from", "isArray", "of"]),
        ("Math", &["max", "min", "floor", "ceil", "round", "abs", "sqrt", "pow", "random", "PI", "log", "log2"]),
    ],
    doors: &["_", "constructor", "prototype", "caller", "callee", "arguments", "call", "apply", "bind", "$"],
    opens: "require",
    divides: false,
};

#[cfg(test)]
mod tests {
    use super::{JAVASCRIPT, PYTHON};

    #[test]
    fn python_that_computes_is_told_from_python_that_reaches_further() {
        for code in [
            "print(1+1)",
            "import json,sys; d=json.load(sys.stdin); print(d['a'][0]['b'])",
            "import sys; print(sys.version)",
            "import json; print(json.dumps(json.load(open('a.json')), indent=2))",
            "import math\nfor i in range(3): print(math.sqrt(i))",
            "print(len([x for x in [1, 2] if x > 1]))",
            "print('eval(x)', \"__import__\")",
        ] {
            assert!(PYTHON.files(code).is_some(), "{code}");
        }
        for code in [
            "import os; os.system('id')",
            "__import__('os').system('id')",
            "import json; json.codecs.builtins.eval('1')",
            "import json as j; j.codecs",
            "from json import codecs",
            "import json; x = json; x.codecs.open('a')",
            "eval('1')",
            "eval = eval; eval('1')",
            "print(().__class__)",
            "(x for x in []).gi_frame.f_builtins",
            "import sys; sys.modules['os']",
            "open(x)",
            "o = open; o('x', 'w')",
            "print(f'{eval(1)}')",
            "import sys, os",
            "import sys\nimport json.codecs",
            "print(getattr(1, 'x'))",
            "exec(open('x').read())",
            "'{0.a}'.format(1)",
            "json = 1; import sys",
        ] {
            assert!(PYTHON.files(code).is_none(), "{code}");
        }
        let files = PYTHON.files("open('a.txt', 'w').write('x')").unwrap();
        assert_eq!(files, [("a.txt".to_owned(), crate::facts::Access::Write)]);
    }

    #[test]
    fn javascript_that_computes_is_told_from_javascript_that_reaches_further() {
        for code in [
            "console.log(process.version)",
            "console.log(1 + 1)",
            "console.log(require('./package.json').version)",
            "JSON.stringify({a: [1, 2]})",
            "const x = [3, 1]; console.log(x[0], Math.max(1, 2))",
        ] {
            assert!(JAVASCRIPT.files(code).is_some(), "{code}");
        }
        for code in [
            "require('child_process').execSync('id')",
            "require('./evil').x",
            "process.env",
            "process['env']",
            "console.log(process.mainModule)",
            "[].constructor.constructor('return 1')()",
            "[]['constructor']",
            "x = 'a'; [][x]",
            "const p = process; p.env",
            "import('fs')",
            "Function('x')()",
            "globalThis.process",
            "fetch('http://x')",
            "const {env} = process",
            "process",
        ] {
            assert!(JAVASCRIPT.files(code).is_none(), "{code}");
        }
    }
}

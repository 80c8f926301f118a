//! Scripts: commands, pipes, compounds. Tolerant: what is not understood is told and left out.

use std::ops::Range;

use super::ast::{Assigned, Assignment, Item, List, Node, Simple, Word};
use crate::limits::{MAX_DEPTH, MAX_WORDS};

/// How deep compounds and substitutions may lie in each other. Deeper than scripts call scripts: each level of a
/// script is a handful of these.
pub(super) const MAX_NESTING: usize = 4 * MAX_DEPTH;

/// Reads a text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) end: usize,
    /// Whether `*` and `?` are kept, as in the patterns of a `case`.
    pub(super) patterns: bool,
    pub(super) depth: usize,
    /// Here-documents that begin behind this line: end word, whether tabs are left out, and where the body goes.
    pending: Vec<(String, bool)>,
    bodies: Vec<Range<usize>>,
    notes: Vec<(usize, &'static str)>,
}

/// Reads a script; the notes say where something was not understood, by byte.
pub(super) fn parse(text: &str) -> (List, Vec<(usize, &'static str)>) {
    let mut parser = Parser {
        text,
        at: 0,
        end: text.len(),
        patterns: false,
        depth: 0,
        pending: Vec::new(),
        bodies: Vec::new(),
        notes: Vec::new(),
    };
    let mut list = List::new();
    while parser.at < parser.end {
        list.append(&mut parser.list());
        if parser.at < parser.end {
            // A word or bracket that closes what was never opened.
            parser.note(parser.at, "something is closed here that was not opened");
            let before = parser.at;
            let _ = parser.word(false);
            if parser.at == before {
                parser.bump();
            }
        }
    }
    (list, parser.notes)
}

/// Words that end the list in which they stand.
const CLOSERS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end { self.text.as_bytes().get(at).copied() } else { None }
    }

    pub(super) fn find(&self, from: usize, byte: u8) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..self.end)?;
        memchr::memchr(byte, rest).map(|at| from + at)
    }

    pub(super) fn note(&mut self, at: usize, reason: &'static str) {
        // One note tells enough: what follows is mostly its consequence.
        if self.notes.is_empty() {
            self.notes.push((at, reason));
        }
    }

    pub(super) fn bump(&mut self) {
        self.at += 1;
        while self.at < self.end && !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    pub(super) fn blanks(&mut self) {
        loop {
            match (self.peek(), self.byte(1)) {
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                (Some(b'\\'), Some(b'\r')) if self.byte(2) == Some(b'\n') => self.at += 3,
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        if self.peek() == Some(b'#') {
            self.at = self.find(self.at, b'\n').unwrap_or(self.end);
        }
    }

    /// Line ends, comments and blanks; here-documents begin behind a line end.
    pub(super) fn lines(&mut self) {
        loop {
            self.blanks();
            self.comment();
            match self.peek() {
                Some(b'\n') => self.line_end(),
                _ => return,
            }
        }
    }

    fn line_end(&mut self) {
        self.at += 1;
        for (name, tabs) in std::mem::take(&mut self.pending) {
            let start = self.at;
            let mut end = self.end;
            while self.at < self.end {
                let line_end = self.find(self.at, b'\n').unwrap_or(self.end);
                let line = self.text.get(self.at..line_end).unwrap_or_default().trim_end_matches('\r');
                let is_end = (if tabs { line.trim_start_matches('\t') } else { line }) == name;
                let line_start = self.at;
                self.at = (line_end + 1).min(self.end);
                if is_end {
                    end = line_start;
                    break;
                }
            }
            self.bodies.push(start..end);
        }
    }

    /// Reads inside a range of the same text, as if it were a script.
    pub(super) fn inside(&mut self, range: Range<usize>) -> List {
        let (at, end) = (self.at, self.end);
        (self.at, self.end) = (range.start, range.end.min(end));
        let list = self.list();
        (self.at, self.end) = (at, end);
        list
    }

    /// Reads up to a closing bracket, which it takes.
    pub(super) fn enclosed(&mut self, open: usize, closer: &'static str) -> List {
        let patterns = std::mem::replace(&mut self.patterns, false);
        let list = self.list();
        self.patterns = patterns;
        self.lines();
        if self.text.get(self.at..self.end).unwrap_or_default().starts_with(closer) {
            self.at += closer.len();
        } else {
            self.note(open, "a bracket that is not closed");
        }
        list
    }

    /// Commands up to a closing word in command position, or a closing bracket. Takes none of them.
    pub(super) fn list(&mut self) -> List {
        let mut list = List::new();
        if self.depth >= MAX_NESTING {
            self.note(self.at, "nested too deeply: the rest is not read");
            self.at = self.end;
            return list;
        }
        self.depth += 1;
        let mut piped = false;
        loop {
            self.lines();
            attach(&mut list, std::mem::take(&mut self.bodies));
            let closes = self.keyword().is_some_and(|word| CLOSERS.contains(&word));
            if closes || matches!(self.peek(), None | Some(b')')) || self.starts_with(";;") {
                break;
            }
            let before = self.at;
            if let Some(node) = self.command() {
                list.push(Item { node, piped });
            }
            piped = self.connector();
            if self.at == before {
                self.note(self.at, "something that is no command");
                self.bump();
            }
        }
        self.depth -= 1;
        list
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.text.get(self.at..self.end).is_some_and(|rest| rest.starts_with(text))
    }

    /// What stands between two commands; whether the next one is piped to.
    pub(super) fn connector(&mut self) -> bool {
        self.blanks();
        if self.starts_with(";;") {
            return false;
        }
        for (mark, piped) in [("||", false), ("&&", false), ("|&", true), ("|", true)] {
            if self.starts_with(mark) {
                self.at += mark.len();
                return piped;
            }
        }
        match self.peek() {
            Some(b';' | b'&') => self.at += 1,
            Some(b'#') => self.comment(),
            _ => {}
        }
        false
    }

    /// The bare word at this place, without taking it.
    pub(super) fn keyword(&self) -> Option<&str> {
        let rest = self.text.get(self.at..self.end)?;
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let length = if length == 0 && rest.starts_with(['{', '}', '!']) { 1 } else { length };
        let ends = rest.as_bytes().get(length).is_none_or(|byte| b" \t\r\n;&|()".contains(byte));
        (length > 0 && ends).then(|| &rest[..length])
    }

    pub(super) fn take_keyword(&mut self, word: &str) -> bool {
        self.lines();
        let found = self.keyword() == Some(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn expect(&mut self, open: usize, word: &str, reason: &'static str) {
        if !self.take_keyword(word) {
            self.note(open, reason);
        }
    }

    pub(super) fn command(&mut self) -> Option<Node> {
        while let Some(word @ ("!" | "time" | "coproc")) = self.keyword() {
            self.at += word.len();
            self.blanks();
        }
        let open = self.at;
        match self.keyword() {
            Some("if") => Some(self.branch(open)),
            Some("while" | "until") => {
                self.at += 5;
                let condition = self.list();
                let body = self.do_done(open);
                Some(Node::Loop { condition, body })
            }
            Some(word @ ("for" | "select")) => {
                self.at += word.len();
                Some(self.for_loop(open))
            }
            Some("case") => Some(self.case(open)),
            Some("function") => {
                self.at += "function".len();
                self.blanks();
                let name = self.word(false)?.bare().unwrap_or_default().to_owned();
                self.function(name)
            }
            Some("{") => {
                self.at += 1;
                let list = self.list();
                self.expect(open, "}", "a `{` without its `}`");
                self.redirections();
                Some(Node::Group(list))
            }
            _ if self.starts_with("((") => {
                self.at = self.find(self.at, b'\n').unwrap_or(self.end).min(self.after("))"));
                None
            }
            _ if self.peek() == Some(b'(') => {
                self.at += 1;
                let list = self.enclosed(open, ")");
                self.redirections();
                Some(Node::Subshell(list))
            }
            _ => self.simple(),
        }
    }

    fn simple(&mut self) -> Option<Node> {
        let mut simple = Simple::default();
        loop {
            self.blanks();
            let in_test = simple.words.first().and_then(Word::bare) == Some("[[");
            if self.peek() == Some(b'#') {
                break;
            }
            if !in_test && self.redirection(&mut simple) {
                continue;
            }
            if simple.words.is_empty() && self.assignment(&mut simple) {
                continue;
            }
            if in_test && self.peek() == Some(b'\n') {
                self.at += 1;
                continue;
            }
            let Some(word) = self.word(in_test) else { break };
            let ends_test = in_test && word.bare() == Some("]]");
            // `name () …` defines a function.
            if simple.words.is_empty() && simple.assignments.is_empty() && self.opens_function() {
                let name = word.bare().unwrap_or_default().to_owned();
                return self.function(name);
            }
            if simple.words.len() < MAX_WORDS {
                simple.words.push(word);
            }
            if ends_test {
                self.blanks();
                while self.redirection(&mut simple) {
                    self.blanks();
                }
                break;
            }
        }
        let empty = simple.words.is_empty() && simple.assignments.is_empty();
        (!empty).then_some(Node::Simple(simple))
    }

    fn opens_function(&self) -> bool {
        let rest = self.text.get(self.at..self.end).unwrap_or_default().trim_start_matches([' ', '\t']);
        rest.strip_prefix('(').is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(')'))
    }

    fn assignment(&mut self, simple: &mut Simple) -> bool {
        let start = self.at;
        let name = self.name();
        let mut item = false;
        if !name.is_empty() && self.peek() == Some(b'[') {
            let line_end = self.find(self.at, b'\n').unwrap_or(self.end);
            if let Some(end) = self.find(self.at, b']').filter(|end| *end < line_end) {
                self.at = end + 1;
                item = true;
            }
        }
        let appends = self.starts_with("+=");
        if name.is_empty() || !(appends || self.peek() == Some(b'=')) {
            self.at = start;
            return false;
        }
        self.at += if appends { 2 } else { 1 };
        let value = if self.peek() == Some(b'(') {
            Assigned::Array(self.array())
        } else {
            Assigned::Word(self.word(false).unwrap_or(Word { parts: Vec::new(), range: self.at..self.at }))
        };
        let value = if item { Assigned::Item } else { value };
        simple.assignments.push(Assignment { name, value, appends });
        true
    }

    fn array(&mut self) -> Vec<Word> {
        let open = self.at;
        self.at += 1;
        let mut words = Vec::new();
        loop {
            self.lines();
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return words;
                }
                None => {
                    self.note(open, "a list that is not closed");
                    return words;
                }
                _ => match self.word(false) {
                    Some(word) if words.len() < MAX_WORDS => words.push(word),
                    Some(_) => {}
                    None => self.bump(),
                },
            }
        }
    }

    pub(super) fn redirections(&mut self) {
        let mut ignored = Simple::default();
        self.blanks();
        while self.redirection(&mut ignored) {
            self.blanks();
        }
    }

    /// Reads a redirection, if one stands here.
    fn redirection(&mut self, simple: &mut Simple) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.peek() == Some(b'&') && self.byte(1) == Some(b'>') {
            self.at += 1;
        }
        if !matches!(self.peek(), Some(b'<' | b'>')) || (self.byte(1) == Some(b'(')) {
            self.at = start;
            return false;
        }
        if self.starts_with("<<<") {
            self.at += 3;
            self.blanks();
            simple.here_string = self.word(false);
            return true;
        }
        if self.starts_with("<<") {
            self.at += 2;
            let tabs = self.peek() == Some(b'-');
            self.at += usize::from(tabs);
            self.blanks();
            let start = self.at;
            let _ = self.word(false);
            let name = self.text.get(start..self.at).unwrap_or_default();
            self.pending.push((name.replace(['"', '\'', '\\'], ""), tabs));
            return true;
        }
        while matches!(self.peek(), Some(b'<' | b'>' | b'&' | b'|')) {
            self.at += 1;
        }
        self.blanks();
        let _ = self.word(false);
        true
    }
}

/// Gives bodies of here-documents to the last command that has none.
fn attach(list: &mut List, documents: Vec<Range<usize>>) {
    let Some(document) = documents.into_iter().next() else { return };
    if let Some(Item { node: Node::Simple(simple), .. }) = list.last_mut() {
        simple.document.get_or_insert(document);
    }
}

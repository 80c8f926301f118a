//! Compounds: `if`, loops, `case`, functions.

use std::rc::Rc;

use super::ast::{Item, List, Node, Word};
use super::parse::{MAX_NESTING, Parser};
use crate::limits::MAX_WORDS;

impl Parser<'_> {
    pub(super) fn after(&self, mark: &str) -> usize {
        let rest = self.text.get(self.at..self.end).unwrap_or_default();
        rest.find(mark).map_or(self.end, |at| self.at + at + mark.len())
    }

    pub(super) fn branch(&mut self, open: usize) -> Node {
        self.at += 2;
        let mut conditions = self.list();
        let mut arms = Vec::new();
        self.expect(open, "then", "an `if` without its `then`");
        arms.push(self.list());
        loop {
            if self.take_keyword("elif") {
                conditions.append(&mut self.list());
                self.expect(open, "then", "an `elif` without its `then`");
                arms.push(self.list());
            } else if self.take_keyword("else") {
                arms.push(self.list());
            } else {
                break;
            }
        }
        self.expect(open, "fi", "an `if` without its `fi`");
        self.redirections();
        Node::Branch { conditions, arms }
    }

    pub(super) fn do_done(&mut self, open: usize) -> List {
        self.connector();
        self.expect(open, "do", "a loop without its `do`");
        let body = self.list();
        self.expect(open, "done", "a loop without its `done`");
        self.redirections();
        body
    }

    pub(super) fn for_loop(&mut self, open: usize) -> Node {
        self.blanks();
        let name = self.name();
        let mut words = Vec::new();
        if self.starts_with("((") {
            self.at = self.after("))");
        } else if self.take_keyword("in") {
            self.blanks();
            while let Some(word) = self.word(false) {
                words.push(word);
                self.blanks();
                if words.len() >= MAX_WORDS {
                    break;
                }
            }
        }
        Node::For { name, words, body: self.do_done(open) }
    }

    pub(super) fn case(&mut self, open: usize) -> Node {
        self.at += "case".len();
        self.blanks();
        let word = self.word(false).unwrap_or_default();
        self.expect(open, "in", "a `case` without its `in`");
        let (mut patterns, mut arms) = (Vec::new(), Vec::new());
        loop {
            self.lines();
            if self.take_keyword("esac") {
                break;
            }
            if self.at >= self.end {
                self.note(open, "a `case` without its `esac`");
                break;
            }
            let before = self.at;
            self.case_patterns(&mut patterns);
            arms.push(self.list());
            self.lines();
            for mark in [";;&", ";;", ";&"] {
                if self.starts_with(mark) {
                    self.at += mark.len();
                    break;
                }
            }
            if self.at == before {
                self.bump();
            }
        }
        self.redirections();
        Node::Case { word, patterns, arms }
    }

    /// `(a | b)`, with or without the opening bracket.
    fn case_patterns(&mut self, patterns: &mut Vec<Word>) {
        self.patterns = true;
        if self.peek() == Some(b'(') {
            self.at += 1;
        }
        loop {
            self.blanks();
            match self.peek() {
                Some(b'|') => self.at += 1,
                Some(b')') => {
                    self.at += 1;
                    break;
                }
                Some(b'\n') | None => break,
                _ => match self.word(false) {
                    Some(word) => patterns.push(word),
                    None => break,
                },
            }
        }
        self.patterns = false;
    }

    pub(super) fn function(&mut self, name: String) -> Option<Node> {
        self.blanks();
        if self.peek() == Some(b'(') {
            self.at += 1;
            self.blanks();
            if self.peek() == Some(b')') {
                self.at += 1;
            }
        }
        self.lines();
        if self.depth >= MAX_NESTING {
            return None;
        }
        self.depth += 1;
        let body = self.command();
        self.depth -= 1;
        body.map(|node| Node::Function { name, body: Rc::new(vec![Item { node, piped: false }]) })
    }
}

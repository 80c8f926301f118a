//! `explain`: what a rule, an entry, an error message or a whole log means.

use std::io::{self, Read};

use lambark_images::Error;
use lambark_knowledge::{Diagnosis, Entry, Scan, Scanner, diagnose, scan};
use lambark_rules::{Rule, rule};

use super::knowledge::usage::Use;
use super::knowledge::{self, Shelf};
use crate::exit;
use crate::failure::Failure;
use crate::words::nearest;

/// Bytes that are read from a stream at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What is to be explained.
pub enum What<'a> {
    /// A rule's name, an entry's id, or text.
    Text(&'a str),
    /// A log.
    Log(&'a mut dyn Read),
}

/// What it means.
#[derive(Debug)]
pub enum Outcome {
    /// A rule.
    Rule(&'static Rule),
    /// An entry, and what it was used for.
    Entry(Box<Entry>, Use),
    /// A text or log.
    Log(Box<Log>),
}

/// What a text or log holds.
#[derive(Debug)]
pub struct Log {
    /// What is known.
    pub shelf: Shelf,
    /// What was found.
    pub scan: Scan,
}

impl Log {
    /// What it means.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis<'_> {
        diagnose(&self.shelf.knowledge, &self.scan)
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.diagnosis().matches.is_empty() { exit::FINDINGS } else { exit::FINE }
    }
}

/// Explains.
///
/// # Errors
/// When a single word is nearly a rule's name, or the log cannot be read.
pub fn run(what: What<'_>, settings: &knowledge::Settings) -> Result<Outcome, Failure> {
    if let What::Text(text) = &what
        && let Some(rule) = rule(text)
    {
        return Ok(Outcome::Rule(rule));
    }
    let mut shelf = Shelf::load(settings)?;
    let scan = match what {
        What::Text(text) => {
            if let Some(entry) = shelf.knowledge.entry(text) {
                return Ok(Outcome::Entry(Box::new(entry.clone()), shelf.usage.of(text)));
            }
            let scan = scan(&shelf.knowledge, text);
            if is_name(text) && diagnose(&shelf.knowledge, &scan).matches.is_empty() {
                misspelt(text, &shelf)?;
            }
            scan
        }
        What::Log(log) => read(&shelf, log)?,
    };
    let ids: Vec<String> =
        diagnose(&shelf.knowledge, &scan).matches.iter().map(|found| found.entry.id.clone()).collect();
    if !ids.is_empty() {
        shelf.count(ids.iter().map(String::as_str), settings);
    }
    Ok(Outcome::Log(Box::new(Log { shelf, scan })))
}

/// Searches a log while it comes in.
pub(super) fn read(shelf: &Shelf, log: &mut dyn Read) -> Result<Scan, Failure> {
    let mut scanner = Scanner::new(&shelf.knowledge);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match log.read(&mut piece) {
            Ok(0) => return Ok(scanner.finish()),
            Ok(bytes) => scanner.feed(&piece[..bytes]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Read { path: "standard input".into(), source }.into()),
        }
    }
}

/// Whether a text could be meant as a name: no message is one word of small letters.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Tells the rule or entry that was probably meant.
fn misspelt(text: &str, shelf: &Shelf) -> Result<(), Failure> {
    if let Some(nearest) = nearest(text, super::rule_names()) {
        return Err(Failure::UnknownRule { name: text.to_owned(), nearest: Some(nearest) });
    }
    match shelf.entry(text) {
        Err(Failure::Knowledge(knowledge::Error::Unknown { nearest: None, .. })) => Ok(()),
        known => known.map(|_| ()),
    }
}

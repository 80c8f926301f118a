//! The matcher: a log comes in piece by piece, what it holds comes out. Memory does not grow with the log.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::{Captures, Regex};

use crate::clean;
use crate::knowledge::{Knowledge, Target};
use crate::limits::{
    CHUNK_BYTES, MAX_MISSES, MAX_MISSES_OF_A_SHAPE, MAX_OCCURRENCES, MAX_SEGMENT_BYTES, MAX_SHAPES, MAX_SHOWN_CHARS,
    MAX_WINDOW_BYTES, NEIGHBOURS,
};
use crate::pattern::Pattern;
use crate::places::{Place, Places};
use crate::squeeze;
use crate::wrappers::{Peeled, peel};

/// What a log holds.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Entries that match, by their index, in the order of their first line.
    pub(crate) matches: Vec<Matched>,
    /// Signals that were seen, by their index.
    pub(crate) signals: BTreeMap<usize, Line>,
    /// Images that are named.
    pub images: Vec<Place>,
    /// Functions that are named.
    pub functions: Vec<Place>,
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

impl Scan {
    /// Whether no entry matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty()
    }
}

/// One entry's matches.
#[derive(Clone, Debug)]
pub(crate) struct Matched {
    pub(crate) entry: usize,
    /// The first line, counted from 1.
    pub(crate) line: u64,
    /// How often, at least if that is the limit.
    pub(crate) count: u32,
    /// The first line's text without its wrappers.
    pub(crate) peeled: Peeled,
    /// What the pattern's named groups took.
    pub(crate) captures: Vec<(String, String)>,
    /// The line of the newest occurrence.
    last: u64,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) text: String,
}

/// A line, or a piece of one that is too long.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where it lies in the buffer.
    start: usize,
    end: usize,
    /// Its line, counted from 1.
    line: u64,
    /// Where its letters begin in the squeezed text.
    squeezed: usize,
}

/// A pattern, a line's letters without their digits, and whether its neighbours were looked at with it.
type Shape = (usize, u64, bool);

/// A segment that was looked at closely.
#[derive(Debug)]
struct Looked {
    segment: usize,
    /// Without what it picked up on the way, as soon as somebody asks.
    text: Option<String>,
    shape: u64,
}

/// A number for letters of which the digits do not matter (FNV-1a). Two shapes with one number would at worst share
/// their count of misses.
fn shape(letters: &[u8]) -> u64 {
    letters.iter().fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        let letter = if letter.is_ascii_digit() { b'0' } else { *letter };
        (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Reads a log.
#[derive(Debug)]
pub struct Scanner<'k> {
    knowledge: &'k Knowledge,
    buffer: Vec<u8>,
    squeezed: Vec<u8>,
    segments: Vec<Segment>,
    /// How many segments at the buffer's beginning were searched already and are only there as neighbours.
    settled: usize,
    /// The line of the buffer's first segment.
    line: u64,
    /// Whether the last piece ended with a line end; nothing at all has no open line either.
    ended: bool,
    /// How often each pattern was found.
    occurrences: Vec<u32>,
    /// How often each pattern was looked for in vain across lines.
    misses: Vec<u32>,
    /// How often each pattern was looked for in vain in lines of a shape.
    shapes: BTreeMap<Shape, u32>,
    /// What is known of the segment that was looked at last: several patterns look at one, one after the other.
    looked: Option<Looked>,
    /// For each pattern of a place that was found often enough, its newest line, not looked at yet: only the one
    /// nearest to a message counts.
    waiting: BTreeMap<usize, (u64, Vec<u8>)>,
    places: Places,
    scan: Scan,
}

impl<'k> Scanner<'k> {
    /// A scanner that has read nothing.
    #[must_use]
    pub fn new(knowledge: &'k Knowledge) -> Scanner<'k> {
        Scanner {
            knowledge,
            buffer: Vec::with_capacity(2 * CHUNK_BYTES),
            squeezed: Vec::with_capacity(2 * CHUNK_BYTES),
            segments: Vec::new(),
            settled: 0,
            line: 1,
            ended: true,
            occurrences: vec![0; knowledge.patterns.len()],
            misses: vec![0; knowledge.patterns.len()],
            shapes: BTreeMap::new(),
            looked: None,
            waiting: BTreeMap::new(),
            places: Places::default(),
            scan: Scan::default(),
        }
    }

    /// Reads the next piece.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.scan.bytes += bytes.len() as u64;
        self.scan.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.ended = *last == b'\n';
        for piece in bytes.chunks(CHUNK_BYTES) {
            self.buffer.extend_from_slice(piece);
            if self.buffer.len() >= CHUNK_BYTES {
                self.search(false);
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Scan {
        self.search(true);
        self.look_at_waiting();
        self.scan.lines += u64::from(!self.ended);
        self.scan.images = self.places.images;
        self.scan.functions = self.places.functions;
        self.scan.matches.sort_by_key(|matched| matched.line);
        self.scan
    }

    /// Searches what is in the buffer; unless it is the last, the end is kept until its neighbours are there.
    fn search(&mut self, last: bool) {
        self.cut(last);
        self.looked = None;
        for (pattern, segment) in self.hits(last) {
            self.look(pattern, segment);
        }
        self.forget();
    }

    /// Cuts the buffer into segments and squeezes them. A last line without an end is left out unless it is the last of
    /// all or too long to wait for.
    fn cut(&mut self, last: bool) {
        self.segments.clear();
        self.squeezed.clear();
        let (mut start, mut line) = (0, self.line);
        while start < self.buffer.len() {
            let rest = &self.buffer[start..];
            let look = &rest[..rest.len().min(MAX_SEGMENT_BYTES)];
            let (end, next) = match memchr::memchr(b'\n', look) {
                Some(end) => (start + end + 1, line + 1),
                None if look.len() == MAX_SEGMENT_BYTES => (start + MAX_SEGMENT_BYTES, line),
                None if last => (self.buffer.len(), line),
                None => break,
            };
            self.segments.push(Segment { start, end, line, squeezed: self.squeezed.len() });
            squeeze::push(&mut self.squeezed, &self.buffer[start..end]);
            (start, line) = (end, next);
        }
    }

    /// Patterns whose needle is there, each with the segment in which the needle ends.
    fn hits(&self, last: bool) -> Vec<(usize, usize)> {
        let searched = if last { self.segments.len() } else { self.segments.len().saturating_sub(NEIGHBOURS) };
        let mut hits: Vec<(usize, usize)> = Vec::new();
        let mut segment = 0;
        for found in self.knowledge.automaton.find_overlapping_iter(&self.squeezed) {
            // Needles end in ascending order, so the segments are walked through once.
            while self.segments.get(segment + 1).is_some_and(|next| next.squeezed < found.end()) {
                segment += 1;
            }
            if segment >= searched {
                break;
            }
            if segment < self.settled {
                continue;
            }
            for pattern in &self.knowledge.patterns_of[found.pattern().as_usize()] {
                let enough = match self.knowledge.patterns[*pattern].0 {
                    Target::Entry(_) => self.occurrences[*pattern] >= MAX_OCCURRENCES,
                    // The first line is all that is asked of a signal.
                    Target::Signal(_) => self.occurrences[*pattern] > 0,
                    Target::Place(_) => false,
                };
                if !enough && hits.last() != Some(&(*pattern, segment)) {
                    hits.push((*pattern, segment));
                }
            }
        }
        hits
    }

    /// Looks closely whether a pattern matches in a segment, or across it and its neighbours.
    fn look(&mut self, index: usize, segment: usize) {
        let knowledge = self.knowledge;
        let (target, pattern) = &knowledge.patterns[index];
        let here = self.segments[segment];
        let shape = self.looked_at(segment).shape;
        if !self.is_dull((index, shape, false)) && pattern.may_match(self.letters(segment, segment + 1)) {
            let raw = &self.buffer[here.start..here.end];
            if matches!(target, Target::Place(_)) && self.occurrences[index] >= MAX_OCCURRENCES {
                let (line, waiting) = self.waiting.entry(index).or_default();
                *line = here.line;
                waiting.clear();
                waiting.extend_from_slice(raw);
                return;
            }
            match Found::in_line(pattern, self.text(segment)) {
                Some(found) => return self.note(index, *target, here.line, found),
                None => self.missed((index, shape, false)),
            }
        }
        // Only messages are long enough to be broken.
        let Target::Entry(_) = target else { return };
        let enough = self.occurrences[index] >= MAX_OCCURRENCES || self.misses[index] >= MAX_MISSES;
        if enough || self.is_dull((index, shape, true)) {
            return;
        }
        let (from, to) = self.neighbours(segment);
        if pattern.may_match(self.letters(from, to)) {
            let clean = |piece: &Segment| clean::line(&self.buffer[piece.start..piece.end]);
            let lines: Vec<String> = self.segments[from..to].iter().map(clean).collect();
            match Found::across(pattern, &lines, segment - from) {
                Some(found) => self.note(index, *target, here.line, found),
                None => self.misses[index] += 1,
            }
        } else {
            self.missed((index, shape, true));
        }
    }

    /// What is known of a segment.
    fn looked_at(&mut self, segment: usize) -> &mut Looked {
        let known = self.looked.take().filter(|looked| looked.segment == segment);
        let new = || Looked { segment, text: None, shape: shape(self.letters(segment, segment + 1)) };
        let looked = known.unwrap_or_else(new);
        self.looked.insert(looked)
    }

    /// A segment's text without what it picked up on the way.
    fn text(&mut self, segment: usize) -> &str {
        let text = self.looked_at(segment).text.take();
        let here = self.segments[segment];
        let text = text.unwrap_or_else(|| clean::line(&self.buffer[here.start..here.end]));
        self.looked_at(segment).text.insert(text)
    }

    /// Whether a pattern was looked for in vain so often in such lines that the next one is not worth it.
    fn is_dull(&self, shape: Shape) -> bool {
        self.shapes.get(&shape).is_some_and(|misses| *misses >= MAX_MISSES_OF_A_SHAPE)
    }

    fn missed(&mut self, shape: Shape) {
        if let Some(misses) = self.shapes.get_mut(&shape) {
            *misses += 1;
        } else if self.shapes.len() < MAX_SHAPES {
            self.shapes.insert(shape, 1);
        }
    }

    /// Looks at the lines that were put aside.
    fn look_at_waiting(&mut self) {
        for (index, (line, raw)) in std::mem::take(&mut self.waiting) {
            let (target, pattern) = &self.knowledge.patterns[index];
            if let Some(found) = Found::in_line(pattern, &clean::line(&raw)) {
                self.note(index, *target, line, found);
            }
        }
    }

    /// The letters of some segments.
    fn letters(&self, from: usize, to: usize) -> &[u8] {
        let end = self.segments.get(to).map_or(self.squeezed.len(), |next| next.squeezed);
        &self.squeezed[self.segments[from].squeezed..end]
    }

    /// The segments around one, as far as they may belong together.
    fn neighbours(&self, segment: usize) -> (usize, usize) {
        let (mut from, mut to) = (segment, segment + 1);
        let mut bytes = self.segments[segment].end - self.segments[segment].start;
        for step in 1..=NEIGHBOURS {
            for candidate in [segment.checked_sub(step), Some(segment + step)].into_iter().flatten() {
                let Some(piece) = self.segments.get(candidate) else { continue };
                bytes += piece.end - piece.start;
                if bytes > MAX_WINDOW_BYTES {
                    return (from, to);
                }
                (from, to) = (from.min(candidate), to.max(candidate + 1));
            }
        }
        (from, to)
    }

    fn note(&mut self, pattern: usize, target: Target, line: u64, found: Found) {
        self.occurrences[pattern] += 1;
        match target {
            Target::Signal(signal) => {
                let text = shown(&found.text, found.range);
                self.scan.signals.entry(signal).or_insert(Line { number: line, text });
            }
            Target::Place(kind) => {
                let groups: Vec<&str> = found.groups.iter().map(String::as_str).collect();
                self.places.take(kind, &groups, line);
            }
            Target::Entry(entry) => match self.scan.matches.iter_mut().find(|matched| matched.entry == entry) {
                // The same message, found by another pattern of the same entry or in a neighbour's window.
                Some(matched) if line.abs_diff(matched.last) <= found.reach => {}
                Some(matched) => {
                    matched.count += 1;
                    matched.last = line;
                }
                None => {
                    self.look_at_waiting();
                    let mut peeled = peel(&found.text);
                    if found.reach > 0 || peeled.message.chars().count() > MAX_SHOWN_CHARS {
                        peeled.message = shown(&found.text, found.range);
                    }
                    self.scan.matches.push(Matched {
                        entry,
                        line,
                        count: 1,
                        peeled,
                        captures: found.captures,
                        last: line,
                    });
                }
            },
        }
    }

    /// Keeps only what the next piece needs: the segments that were not searched, and their neighbours before them.
    fn forget(&mut self) {
        let keep = self.segments.len().saturating_sub(2 * NEIGHBOURS);
        self.settled = self.segments.len().saturating_sub(NEIGHBOURS) - keep;
        if let Some(first) = self.segments.get(keep) {
            self.line = first.line;
            self.buffer.drain(..first.start);
        }
    }
}

/// One match.
struct Found {
    /// The text in which it was found, for people.
    text: String,
    /// Where in that text.
    range: Range<usize>,
    captures: Vec<(String, String)>,
    groups: Vec<String>,
    /// Lines within which another match of the same entry is the same message.
    reach: u64,
}

impl Found {
    fn in_line(pattern: &Pattern, text: &str) -> Option<Found> {
        let regex = pattern.regex()?;
        let captures = regex.captures(text)?;
        let (range, named, groups) = (captures.get(0)?.range(), named(regex, &captures), groups(&captures));
        Some(Found { range, captures: named, groups, reach: 0, text: text.to_owned() })
    }

    /// A match that begins or ends in another line than `here`: with a blank for each line end, or without any white
    /// space at all, since tables break words.
    fn across(pattern: &Pattern, lines: &[String], here: usize) -> Option<Found> {
        let joined = lines.join(" ");
        let start = lines[..here].iter().map(|line| line.len() + 1).sum();
        let shown = start..start + lines[here].len();
        let squeezed: Vec<String> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
        let without = squeezed.concat();
        let start = squeezed[..here].iter().map(String::len).sum();
        let place = start..start + squeezed[here].len();
        let tries = [(pattern.regex(), &joined, &shown), (pattern.squeezed(), &without, &place)];
        let found = tries.iter().find_map(|(regex, text, place)| {
            let regex = (*regex)?;
            let touches = |captures: &Captures<'_>| {
                captures.get(0).is_some_and(|all| all.start() < place.end && all.end() > place.start)
            };
            let captures = regex.captures_iter(text).find(touches)?;
            Some((named(regex, &captures), groups(&captures)))
        });
        let (captures, groups) = found?;
        Some(Found { text: joined, range: shown, captures, groups, reach: 2 * NEIGHBOURS as u64 })
    }
}

fn named(regex: &Regex, captures: &Captures<'_>) -> Vec<(String, String)> {
    let value = |name: &str| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()));
    regex.capture_names().flatten().filter_map(value).collect()
}

fn groups(captures: &Captures<'_>) -> Vec<String> {
    captures.iter().skip(1).flatten().map(|group| group.as_str().to_owned()).collect()
}

/// At most [`MAX_SHOWN_CHARS`] of a text, with that range in it.
fn shown(text: &str, range: Range<usize>) -> String {
    let Range { start, end } = range;
    if text.chars().count() <= MAX_SHOWN_CHARS {
        return text.to_owned();
    }
    let room = MAX_SHOWN_CHARS.saturating_sub(text[start..end].chars().count()) / 2;
    let from = text[..start].char_indices().rev().take(room).last().map_or(start, |(at, _)| at);
    let part: String = text[from..].chars().take(MAX_SHOWN_CHARS).collect();
    let (before, after) = (if from > 0 { "…" } else { "" }, if from + part.len() < text.len() { "…" } else { "" });
    format!("{before}{part}{after}")
}

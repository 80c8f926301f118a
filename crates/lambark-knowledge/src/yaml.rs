//! Front matter: a small tree of text, lists and maps. Types are for whoever reads it; `2026-05` stays a text.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::limits::{MAX_YAML_DEPTH, MAX_YAML_VALUES};

/// A value of front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text, a number, a date: as written. Nothing at all is the empty text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order written, each key with its line, counted from 1.
    Map(Vec<(String, usize, Value)>),
}

/// Why front matter cannot be read, and in which of its lines, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl Value {
    /// The text, or each text of a list. Maps have none.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Value::Text(text) if text.is_empty() => Vec::new(),
            Value::Text(text) => vec![text.clone()],
            Value::List(values) => values.iter().flat_map(Value::texts).collect(),
            Value::Map(_) => Vec::new(),
        }
    }
}

/// Reads one document whose root is a map.
pub(crate) fn read(text: &str) -> Result<Vec<(String, usize, Value)>, Malformed> {
    let mut reader = Reader { parser: Parser::new_from_str(text), values: 0 };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Vec::new()),
            event => {
                return match reader.value(event, span, 0)? {
                    Value::Map(map) => Ok(map),
                    Value::Text(text) if text.is_empty() => Ok(Vec::new()),
                    _ => Err(Malformed { line: span.start.line(), reason: "`key: value` is expected".to_owned() }),
                };
            }
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    values: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Malformed> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Malformed { line: error.marker().line(), reason: error.info().to_owned() }),
            None => Err(Malformed { line: 1, reason: "it ends too early".to_owned() }),
        }
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Value, Malformed> {
        let line = span.start.line();
        self.values += 1;
        if depth > MAX_YAML_DEPTH || self.values > MAX_YAML_VALUES {
            return Err(Malformed { line, reason: "it is nested too deeply or too long".to_owned() });
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let nothing = style == ScalarStyle::Plain && matches!(&*text, "~" | "null");
                Ok(Value::Text(if nothing { String::new() } else { text.into_owned() }))
            }
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Ok(Value::List(list)),
                        (event, span) => list.push(self.value(event, span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => self.map(depth),
            // An alias may repeat a value that repeats a value …: nobody needs it here.
            Event::Alias(_) => Err(Malformed { line, reason: "aliases are not read here".to_owned() }),
            _ => Err(Malformed { line, reason: "a value is expected".to_owned() }),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Malformed> {
        let mut map: Vec<(String, usize, Value)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            if event == Event::MappingEnd {
                return Ok(Value::Map(map));
            }
            let Value::Text(key) = self.value(event, span, depth + 1)? else {
                return Err(Malformed { line, reason: "a key has to be a word".to_owned() });
            };
            if map.iter().any(|(known, ..)| *known == key) {
                return Err(Malformed { line, reason: format!("`{key}` is there twice") });
            }
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1)?;
            map.push((key, line, value));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn texts_lists_and_maps() {
        let read = read("a: 2026-05\nb: [x, 'y: z']\nc:\n  - |\n    two\n    lines\nd: {e: ~}\nf:\n").unwrap();
        assert_eq!(read[0], ("a".to_owned(), 1, text("2026-05")));
        assert_eq!(read[1].2, Value::List(vec![text("x"), text("y: z")]));
        assert_eq!(read[2].2.texts(), ["two\nlines\n"]);
        assert_eq!(read[3].2, Value::Map(vec![("e".to_owned(), 7, text(""))]));
        assert_eq!(read[4].2.texts(), [""; 0]);
    }

    #[test]
    fn what_is_malformed_names_its_line() {
        for (given, line) in
            [("a: 1\nb: [", 3), ("a: 1\na: 2", 2), ("- a", 1), ("a: &x 1\nb: *x", 2), ("a: {? [b] : c}", 1)]
        {
            let error = read(given).unwrap_err();
            assert_eq!(error.line, line, "{given}: {error:?}");
        }
    }

    #[test]
    fn depth_and_length_end() {
        assert!(read(&format!("a: {}", "[".repeat(100_000))).is_err());
        assert!(read(&format!("a: [{}]", "x,".repeat(100_000))).is_err());
        assert_eq!(read("").unwrap(), []);
    }
}

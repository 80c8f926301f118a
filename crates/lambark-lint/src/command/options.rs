//! Options of a command line.

use crate::shell::Arg;
use crate::source::Span;
use crate::step::{Opt, Value};

/// What a tool's options are like.
pub(super) struct Grammar {
    /// Long options that take a value, without dashes.
    pub(super) valued: &'static [&'static str],
    /// Short options that take a value, and the long ones that they stand for.
    pub(super) short: &'static [(char, &'static str)],
}

/// A command line's words behind the command's name.
pub(super) struct Parsed {
    pub(super) options: Vec<Opt>,
    pub(super) positional: Vec<Arg>,
    /// Whether there may be more options than these.
    pub(super) more: bool,
}

/// Tells options and other words apart. `wanted` is how many other words the command takes: a variable may stand for
/// one of these, or for further options.
pub(super) fn parse(args: &[Arg], grammar: &Grammar, wanted: usize) -> Parsed {
    let mut parsed = Parsed { options: Vec::new(), positional: Vec::new(), more: false };
    let mut unknown = Vec::new();
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        let text = arg.text();
        if text == "--" {
            parsed.positional.extend(words.by_ref().cloned());
        } else if let Some(long) = text.strip_prefix("--").filter(|long| !long.starts_with('$')) {
            parsed.options.push(match long.split_once('=') {
                Some((name, value)) => joined(arg, name, value),
                None if grammar.valued.contains(&long) => separate(arg, long, words.next()),
                None => flag(arg, long),
            });
        } else if text.starts_with('-') && text.len() > 1 && !text.starts_with("-$") {
            short(arg, grammar, &mut words, &mut parsed.options);
        } else if arg.open {
            unknown.push(arg.clone());
        } else {
            parsed.positional.push(arg.clone());
        }
    }
    // `docker build $FLAGS .`: the dot is the context, so the variable holds options.
    for arg in unknown {
        if parsed.positional.len() < wanted && !parsed.more {
            parsed.positional.push(arg);
        } else {
            parsed.more = true;
        }
    }
    parsed
}

/// `--name=value`.
fn joined(arg: &Arg, name: &str, value: &str) -> Opt {
    let text = value.trim_matches(['"', '\'']).to_owned();
    let own = &arg.value.span;
    // The value stands behind the `=` if the word is plain; else the word as a whole has to do.
    let span = if arg.value.literal {
        Span { start: own.start + 2 + name.len() + 1, ..own.clone() }
    } else {
        arg.whole.clone()
    };
    let literal = arg.value.literal && text == value;
    Opt {
        name: name.to_owned(),
        value: Value { known: arg.value.known || !text.contains('$'), text, span, literal },
        span: arg.whole.clone(),
        literal: arg.constant,
    }
}

/// `--name value`.
fn separate(arg: &Arg, name: &str, value: Option<&Arg>) -> Opt {
    match value {
        Some(value) => Opt {
            name: name.to_owned(),
            value: value.value.clone(),
            span: arg.whole.to(&value.whole),
            literal: arg.constant && value.constant,
        },
        None => flag(arg, name),
    }
}

/// `--name`.
fn flag(arg: &Arg, name: &str) -> Opt {
    Opt {
        name: name.to_owned(),
        value: Value { text: "true".to_owned(), known: true, span: arg.whole.clone(), literal: false },
        span: arg.whole.clone(),
        literal: arg.constant,
    }
}

/// `-t value`, `-tvalue`, `-t=value`, `-qt value`.
fn short<'a>(arg: &Arg, grammar: &Grammar, words: &mut impl Iterator<Item = &'a Arg>, options: &mut Vec<Opt>) {
    let letters = &arg.text()[1..];
    for (at, letter) in letters.char_indices() {
        let name = grammar.short.iter().find(|(short, _)| *short == letter).map(|(_, name)| *name);
        let Some(name) = name else {
            options.push(flag(arg, &letter.to_string()));
            if !letter.is_ascii_alphanumeric() {
                return;
            }
            continue;
        };
        let rest = &letters[at + letter.len_utf8()..];
        let opt = match rest.strip_prefix('=').unwrap_or(rest) {
            "" => separate(arg, name, words.next()),
            value => Opt {
                name: name.to_owned(),
                value: Value { text: value.to_owned(), literal: false, ..arg.value.clone() },
                span: arg.whole.clone(),
                literal: arg.constant,
            },
        };
        options.push(opt);
        return;
    }
}

/// The value of the last option of that name.
pub(super) fn value(options: &[Opt], name: &str) -> Option<Value> {
    options.iter().rev().find(|option| option.name == name).map(|option| option.value.clone())
}

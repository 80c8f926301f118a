//! From HCL expressions to texts with spans.

use std::ops::Range;

use hcl_edit::expr::{Expression, FuncCall, ObjectKey, TraversalOperator};
use hcl_edit::structure::Body;
use hcl_edit::template::Element;

use super::Document;
use crate::fragment::Fragment;
use crate::source::SourceFile;
use crate::step::Value;

/// What a name such as `var.tag` or `TAG` stands for, if that is known.
pub type Names<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// No name stands for anything.
pub const NO_NAMES: Names<'static> = &|_| None;

/// How deep templates hold expressions that hold templates. The parser's own limit is 64.
const MAX_DEPTH: usize = 64;

impl Document<'_> {
    /// An expression as one text. What is not known stands in it as `${expression}`.
    #[must_use]
    pub fn value(&self, expression: &Expression, names: Names<'_>) -> Value {
        let (fragment, known) = self.fragment(expression, names);
        let value = fragment.to_value(known);
        // An empty text has no pieces that could say where it stands.
        if value.text.is_empty() { Value { span: self.file.span(self.range(expression)), ..value } } else { value }
    }

    /// The expression's text with the way back to the file, and whether all of it is known.
    #[must_use]
    pub fn fragment(&self, expression: &Expression, names: Names<'_>) -> (Fragment, bool) {
        let mut builder = Builder { document: self, names, fragment: Fragment::new(self.file), known: true };
        builder.expression(expression, self.range(expression), 0);
        (builder.fragment, builder.known)
    }

    /// An attribute's text.
    #[must_use]
    pub fn attribute(&self, body: &Body, key: &str, names: Names<'_>) -> Option<Value> {
        body.get_attribute(key).map(|attribute| self.value(&attribute.value, names))
    }

    /// The elements of a list, or the single value; `None` if neither can be told apart.
    #[must_use]
    pub fn list(&self, expression: &Expression, names: Names<'_>) -> Option<Vec<Value>> {
        match expression {
            Expression::Array(array) => Some(array.iter().map(|element| self.value(element, names)).collect()),
            Expression::Parenthesis(inner) => self.list(inner.inner(), names),
            Expression::String(_) | Expression::StringTemplate(_) => Some(vec![self.value(expression, names)]),
            Expression::Null(_) => Some(Vec::new()),
            _ => None,
        }
    }

    /// The entries of an object: key, value and the bytes of both; `None` if it is no object.
    #[must_use]
    pub fn entries(&self, expression: &Expression, names: Names<'_>) -> Option<Vec<(Value, Value, Range<usize>)>> {
        let Expression::Object(object) = expression else { return None };
        let entries = object.iter().map(|(key, value)| {
            let key_value = match key {
                ObjectKey::Ident(name) => Value::literal(name.as_str(), self.file.span(self.range(key))),
                ObjectKey::Expression(key) => self.value(key, names),
            };
            let range = self.range(key).start..self.range(value.expr()).end;
            (key_value, self.value(value.expr(), names), range)
        });
        Some(entries.collect())
    }
}

/// The dotted name that an expression is, such as `aws_ecr_repository.app.repository_url`; `None` for anything else.
/// What stands in brackets is left out: it chooses one of several that are written once.
#[must_use]
pub fn path_of(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Variable(name) => Some(name.as_str().to_owned()),
        Expression::Traversal(traversal) => {
            let mut path = path_of(&traversal.expr)?;
            for operator in &traversal.operators {
                match operator.value() {
                    TraversalOperator::GetAttr(name) => {
                        path.push('.');
                        path.push_str(name.as_str());
                    }
                    TraversalOperator::Index(_) | TraversalOperator::LegacyIndex(_) => {}
                    TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return None,
                }
            }
            Some(path)
        }
        _ => None,
    }
}

struct Builder<'a> {
    document: &'a Document<'a>,
    names: Names<'a>,
    fragment: Fragment,
    known: bool,
}

impl Builder<'_> {
    /// `range` is what the expression takes up, with the `${}` around it where it is part of a text.
    fn expression(&mut self, expression: &Expression, range: Range<usize>, depth: usize) {
        let file = self.document.file;
        if depth > MAX_DEPTH {
            self.known = false;
            return;
        }
        match expression {
            Expression::String(value) => {
                let range = self.document.range(expression);
                let inner = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                self.literal(inner, value.as_str());
            }
            Expression::Bool(_) | Expression::Number(_) => self.fragment.push(file, self.document.range(expression)),
            Expression::StringTemplate(template) => self.elements(template.iter(), depth),
            Expression::HeredocTemplate(heredoc) => self.elements(heredoc.template.iter(), depth),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), range, depth + 1),
            Expression::Null(_) => {}
            Expression::FuncCall(call) if self.call(call, &range, depth) => {}
            other => match path_of(other).and_then(|path| (self.names)(&path)) {
                Some(value) => {
                    self.known &= value.known;
                    self.fragment.push_as(range, &value.text);
                }
                None => {
                    self.known = false;
                    let written = &file.text()[self.document.range(other)];
                    self.fragment.push_as(range, &format!("${{{written}}}"));
                }
            },
        }
    }

    /// Puts in what a function gives, if it is one of the few that matter here.
    fn call(&mut self, call: &FuncCall, range: &Range<usize>, depth: usize) -> bool {
        let mut arguments = call.args.iter();
        match (call.name.name.as_str(), arguments.next()) {
            // Paths are relative to the repository here, so one made absolute stays what it was.
            ("abspath", Some(path)) => self.expression(path, range.clone(), depth + 1),
            ("format", Some(Expression::String(template))) => {
                let mut parts = template.as_str().split('%');
                self.fragment.push_as(range.clone(), parts.next().unwrap_or_default());
                for part in parts {
                    let (Some('s' | 'v' | 'd'), Some(argument)) = (part.chars().next(), arguments.next()) else {
                        self.known = false;
                        return true;
                    };
                    self.expression(argument, range.clone(), depth + 1);
                    self.fragment.push_as(range.clone(), &part[1..]);
                }
            }
            _ => return false,
        }
        true
    }

    fn elements<'e>(&mut self, elements: impl Iterator<Item = &'e Element>, depth: usize) {
        for element in elements {
            let range = self.document.range(element);
            match element {
                Element::Literal(value) => self.literal(range, value.as_str()),
                Element::Interpolation(interpolation) => self.expression(&interpolation.expr, range, depth + 1),
                Element::Directive(_) => {
                    self.known = false;
                    self.fragment.push_as(range.clone(), &self.document.file.text()[range]);
                }
            }
        }
    }

    /// Text that may be written otherwise in the file: with escapes, or indented in a here-document.
    fn literal(&mut self, range: Range<usize>, value: &str) {
        let file = self.document.file;
        let raw = file.text().get(range.clone()).unwrap_or_default();
        if raw == value {
            return self.fragment.push(file, range);
        }
        if !indented(&mut self.fragment, file, &range, value) {
            escaped(&mut self.fragment, file, &range, value);
        }
    }
}

/// Lines of a here-document without their indentation. Nothing is added if the text is no such thing.
fn indented(fragment: &mut Fragment, file: &SourceFile, range: &Range<usize>, value: &str) -> bool {
    let raw = &file.text()[range.clone()];
    let is_dedented = |(raw, value): (&str, &str)| {
        raw.strip_suffix(value).is_some_and(|indentation| indentation.trim_start_matches([' ', '\t']).is_empty())
    };
    if raw.split('\n').count() != value.split('\n').count() || !raw.split('\n').zip(value.split('\n')).all(is_dedented)
    {
        return false;
    }
    let mut end = range.start;
    for (line, value) in raw.split('\n').zip(value.split('\n')) {
        if end > range.start {
            fragment.push_as(end - 1..end, "\n");
        }
        end += line.len();
        fragment.push(file, end - value.len()..end);
        end += 1;
    }
    true
}

/// Text with escapes: what is the same is pushed as it stands, escapes as what they mean.
fn escaped(fragment: &mut Fragment, file: &SourceFile, range: &Range<usize>, value: &str) {
    let text = file.text();
    let mut at = range.start;
    let mut run = at;
    let mut rest = value;
    while let Some(next) = rest.chars().next() {
        let raw = &text[at..range.end];
        let taken = match raw.as_bytes() {
            [b'\\', b'u', ..] => 6,
            [b'\\', b'U', ..] => 10,
            [b'\\', _, ..] => 2,
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => 2,
            _ if raw.starts_with(next) => {
                at += next.len_utf8();
                rest = &rest[next.len_utf8()..];
                continue;
            }
            _ => raw.len(),
        };
        let end = at + taken;
        fragment.push(file, run..at);
        if taken == raw.len() || !text.is_char_boundary(end) || end > range.end {
            return fragment.push_as(at..range.end, rest);
        }
        fragment.push_as(at..end, &rest[..next.len_utf8()]);
        rest = &rest[next.len_utf8()..];
        at = end;
        run = end;
    }
    fragment.push(file, run..at);
}

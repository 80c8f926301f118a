//! Bake files in HCL.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block};

use super::{Bakefile, MAX_TARGETS, Target, option_name};
use crate::hcl::{Document, NO_NAMES, insertion, path_of};
use crate::source::{Note, SourceFile};
use crate::step::{Dialect, Opt, Value};

/// How far variables are followed that stand for variables.
const MAX_VARIABLES: usize = 8;

/// Most parts of a text that is split into a list.
const MAX_PARTS: usize = 64;

pub(super) fn read(file: &SourceFile) -> (Bakefile, Vec<Note>) {
    let document = Document::read(file);
    let mut bakefile = Bakefile::default();
    {
        let reader = Reader::new(&document);
        for block in document.body().get_blocks("group") {
            let name = block.labels.first().map(|label| label.as_str().to_owned()).unwrap_or_default();
            bakefile.groups.insert(name, reader.names(block, "targets"));
        }
        bakefile
            .targets
            .extend(document.body().get_blocks("target").take(MAX_TARGETS).map(|block| reader.target(block)));
    }
    (bakefile, document.into_notes())
}

struct Reader<'d> {
    document: &'d Document<'d>,
    /// Variables with their defaults. Whoever runs bake may set others; what is judged is what happens if not.
    variables: BTreeMap<&'d str, &'d Expression>,
}

impl<'d> Reader<'d> {
    fn new(document: &'d Document<'d>) -> Reader<'d> {
        let declared = document
            .body()
            .get_blocks("variable")
            .filter_map(|block| Some((block.labels.first()?.as_str(), &block.body.get_attribute("default")?.value)));
        let assigned = document.body().attributes().map(|attribute| (attribute.key.as_str(), &attribute.value));
        Reader { document, variables: declared.chain(assigned).collect() }
    }

    fn target(&self, block: &'d Block) -> Target {
        let text = |key| block.body.get_attribute(key).map(|attribute| self.value(&attribute.value, MAX_VARIABLES));
        Target {
            name: block.labels.first().map(|label| label.as_str().to_owned()).unwrap_or_default(),
            span: self.document.header(block),
            inherits: self.names(block, "inherits"),
            context: text("context"),
            dockerfile: text("dockerfile"),
            options: block.body.attributes().flat_map(|attribute| self.options(attribute)).collect(),
            insertion: insertion(self.document, block, Dialect::BakeHcl),
        }
    }

    fn names(&self, block: &'d Block, key: &str) -> Vec<String> {
        let Some(attribute) = block.body.get_attribute(key) else { return Vec::new() };
        let elements = self.elements(&attribute.value).unwrap_or_default();
        elements.into_iter().map(|element| self.value(element, MAX_VARIABLES).text).collect()
    }

    /// An expression as text, with what variables hold by default.
    fn value(&self, expression: &Expression, depth: usize) -> Value {
        let names = |name: &str| {
            let default = self.variables.get(name).filter(|_| depth > 0)?;
            Some(self.value(default, depth - 1))
        };
        self.document.value(expression, &names)
    }

    /// A list's elements, be it a variable that holds the list.
    fn elements(&self, mut expression: &'d Expression) -> Option<Vec<&'d Expression>> {
        for _ in 0..MAX_VARIABLES {
            match path_of(expression).and_then(|name| self.variables.get(name.as_str())) {
                Some(default) => expression = default,
                None => break,
            }
        }
        match expression {
            Expression::Array(array) => Some(array.iter().collect()),
            Expression::Null(_) => Some(Vec::new()),
            _ => None,
        }
    }

    /// `split(",", PLATFORMS)`: a list may come from outside as one text.
    fn split(&self, expression: &Expression) -> Option<Vec<Value>> {
        let Expression::FuncCall(call) = expression else { return None };
        let (Some(separator), Some(text)) = (call.args.iter().next()?.as_str(), call.args.iter().nth(1)) else {
            return None;
        };
        if call.name.name.as_str() != "split" || separator.is_empty() {
            return None;
        }
        let text = self.value(text, MAX_VARIABLES);
        let parts =
            text.text.split(separator).map(|part| Value { text: part.to_owned(), literal: false, ..text.clone() });
        Some(parts.take(MAX_PARTS).collect())
    }

    fn options(&self, attribute: &'d Attribute) -> Vec<Opt> {
        let key = attribute.key.as_str();
        let name = option_name(key).to_owned();
        let whole = self.document.file().span(self.document.range(attribute));
        match key {
            "inherits" | "context" | "dockerfile" | "matrix" | "name" => Vec::new(),
            "args" => self.arguments(attribute),
            _ => match (self.elements(&attribute.value), self.split(&attribute.value)) {
                (Some(elements), _) => elements.into_iter().map(|element| self.element(&name, element)).collect(),
                (None, Some(parts)) => {
                    let option = |value| Opt { name: name.clone(), value, span: whole.clone(), literal: false };
                    parts.into_iter().map(option).collect()
                }
                (None, None) => {
                    let value = self.option_value(key, &attribute.value);
                    vec![Opt { name, value, span: whole, literal: true }]
                }
            },
        }
    }

    /// Names and tags of images are mostly set from outside: what a variable holds by default says little there.
    fn option_value(&self, key: &str, expression: &Expression) -> Value {
        let depth = if option_name(key) == "tag" { 0 } else { MAX_VARIABLES };
        self.value(expression, depth)
    }

    fn element(&self, name: &str, element: &Expression) -> Opt {
        let span = self.document.file().span(self.document.range(element));
        let value = match self.document.entries(element, NO_NAMES) {
            // `{ type = "provenance", disabled = "true" }` as the command line spells it.
            Some(entries) => {
                let text: Vec<String> =
                    entries.iter().map(|(key, value, _)| format!("{}={}", key.text, value.text)).collect();
                let known = entries.iter().all(|(key, value, _)| key.known && value.known);
                Value { text: text.join(","), known, span: span.clone(), literal: false }
            }
            None => self.option_value(name, element),
        };
        Opt { name: name.to_owned(), value, span, literal: false }
    }

    fn arguments(&self, attribute: &Attribute) -> Vec<Opt> {
        let names = |name: &str| self.variables.get(name).map(|default| self.value(default, MAX_VARIABLES));
        let entries = self.document.entries(&attribute.value, &names).unwrap_or_default();
        let options = entries.into_iter().map(|(key, value, range)| {
            let span = self.document.file().span(range);
            let known = key.known && value.known;
            let value =
                Value { text: format!("{}={}", key.text, value.text), known, span: span.clone(), literal: false };
            Opt { name: "build-arg".to_owned(), value, span, literal: false }
        });
        options.collect()
    }
}

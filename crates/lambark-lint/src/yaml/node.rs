//! Looking at a document's nodes.

use std::ops::Range;

use super::scalar;
use super::{Data, Document, Id, Kind, MAX_ALIASES, Style, Syntax};
use crate::fragment::Fragment;
use crate::source::Span;
use crate::step::Value;

/// How many mappings merge keys may bring into one: they can name each other in ways that double at each level.
const MAX_MERGED_MAPPINGS: usize = 100;

/// How many entries are gathered through merge keys: the search for doubles is quadratic.
const MAX_MERGED_ENTRIES: usize = 2_000;

/// Why what several places of a document share is not edited.
pub const SHARED: &str = "a YAML anchor lets other places share it";

/// A node: an alias is seen as what it stands for.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    id: Id,
    /// Whether an alias or a merge key was passed on the way here.
    borrowed: bool,
}

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    /// The key.
    pub key: Node<'d>,
    /// The value.
    pub value: Node<'d>,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:?}", &self.document.text()[self.range()], self.range())
    }
}

impl<'d> Node<'d> {
    pub(super) fn new(document: &'d Document<'d>, id: Id) -> Node<'d> {
        Node { document, id, borrowed: false }.behind_aliases()
    }

    fn child(&self, id: Id) -> Node<'d> {
        Node { document: self.document, id, borrowed: self.borrowed }.behind_aliases()
    }

    fn behind_aliases(mut self) -> Node<'d> {
        for _ in 0..MAX_ALIASES {
            match self.data().kind {
                Kind::Alias(Some(target)) => self = Node { id: target, borrowed: true, ..self },
                _ => break,
            }
        }
        self
    }

    pub(super) fn data(&self) -> &'d Data {
        &self.document.nodes[self.id]
    }

    /// The document it is in.
    #[must_use]
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Its bytes, without tag and anchor.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.data().span.clone()
    }

    /// The place of its bytes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.document.file.span(self.range())
    }

    /// Where it begins with its tag and its anchor.
    #[must_use]
    pub fn outer_start(&self) -> usize {
        self.data().outer_start.min(self.data().span.start)
    }

    /// Its tag, such as `!Sub`.
    #[must_use]
    pub fn tag(&self) -> Option<&'d str> {
        self.data().tag.as_deref()
    }

    /// Whether the same bytes stand for other places of the document too, so that an edit would change those as well.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let mut at = Some(self.id);
        while let Some(id) = at {
            let data = &self.document.nodes[id];
            if data.aliased {
                return true;
            }
            at = data.parent;
        }
        self.borrowed
    }

    /// A scalar's value.
    #[must_use]
    pub fn as_str(&self) -> Option<&'d str> {
        match &self.data().kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// A scalar's style.
    #[must_use]
    pub fn style(&self) -> Option<Style> {
        match &self.data().kind {
            Kind::Scalar { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// Whether nothing was written, or `null` or `~`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.style() == Some(Style::Plain) && matches!(self.as_str(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// A truth value: `true` or `false` in any of YAML's three spellings, quoted or not, since most readers of such
    /// files look at the text alone.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_str()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A scalar's value, tied to the bytes that it comes from.
    #[must_use]
    pub fn fragment(&self) -> Option<Fragment> {
        let Kind::Scalar { value, style } = &self.data().kind else { return None };
        let mut fragment = scalar::fragment(self.document.file, &self.data().span, value, *style);
        if self.is_shared() {
            fragment.forbid_edits(SHARED);
        }
        Some(fragment)
    }

    /// A scalar as a value of the model.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        let value = self.fragment()?.to_value(true);
        Some(if value.text.is_empty() { Value::derived("", self.span()) } else { value })
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_mapping(&self) -> bool {
        matches!(self.data().kind, Kind::Mapping { .. })
    }

    /// Whether it is a sequence.
    #[must_use]
    pub fn is_sequence(&self) -> bool {
        matches!(self.data().kind, Kind::Sequence { .. })
    }

    /// Whether it is a collection in brackets, as all of JSON's are.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        match self.data().kind {
            Kind::Sequence { flow, .. } | Kind::Mapping { flow, .. } => flow || self.document.syntax == Syntax::Json,
            _ => false,
        }
    }

    /// A sequence's items; none for anything else.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = Node<'d>> + use<'d> {
        let node = *self;
        let items: &'d [Id] = match &self.data().kind {
            Kind::Sequence { items, .. } => items,
            _ => &[],
        };
        items.iter().map(move |&id| node.child(id))
    }

    /// A mapping's entries as written, without those that a merge key brings; none for anything else.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'d>> + use<'d> {
        let node = *self;
        let entries: &'d [(Id, Id)] = match &self.data().kind {
            Kind::Mapping { entries, .. } => entries,
            _ => &[],
        };
        entries.iter().map(move |&(key, value)| Entry { key: node.child(key), value: node.child(value) })
    }

    /// A mapping's entry under a key as written; the last one, if there are several.
    #[must_use]
    pub fn own_entry(&self, key: &str) -> Option<Entry<'d>> {
        self.entries().rev().find(|entry| entry.key.as_str() == Some(key))
    }

    /// A mapping's entry under a key, be it brought by a merge key (`<<`).
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<Entry<'d>> {
        self.with_merged().find_map(|mapping| mapping.own_entry(key))
    }

    /// The mapping itself, then those that its merge keys name, the nearest first.
    fn with_merged(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let mut waiting = vec![*self];
        let mut seen = 0;
        std::iter::from_fn(move || {
            let mapping = waiting.pop()?;
            seen += 1;
            if let Some(merge) = mapping.own_entry("<<").filter(|_| seen < MAX_MERGED_MAPPINGS) {
                let merged = Node { borrowed: true, ..merge.value };
                waiting.extend(merged.items().rev());
                waiting.extend(merged.is_mapping().then_some(merged));
            }
            Some(mapping)
        })
    }

    /// A mapping's value under a key, be it brought by a merge key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Node<'d>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// The value under several keys, one inside the other.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<Node<'d>> {
        path.iter().try_fold(*self, |node, key| node.get(key))
    }

    /// All entries, with those that merge keys bring and that are not written over.
    #[must_use]
    pub fn merged_entries(&self) -> Vec<Entry<'d>> {
        let mut found: Vec<Entry<'d>> = Vec::new();
        for entry in self.with_merged().flat_map(|mapping| mapping.entries()).take(MAX_MERGED_ENTRIES) {
            let key = entry.key.as_str();
            if key != Some("<<") && !found.iter().any(|known| known.key.as_str() == key) {
                found.push(entry);
            }
        }
        found
    }
}

//! The keys of `lambark.toml` that mean something: any other is a mistake, and the nearest is named.

use toml::de::{DeTable, DeValue};

use crate::words::nearest;

/// The keys of a table.
pub(super) struct Keys {
    known: &'static [(&'static str, Inner)],
}

/// What lies under a key.
enum Inner {
    /// A value whose type serde checks.
    Value,
    /// A table with these keys.
    Table(&'static Keys),
    /// A table whose keys are the user's own names, each a table with these keys.
    Named(&'static Keys),
    /// A list of tables with these keys.
    List(&'static Keys),
}

use Inner::{List, Named, Table, Value};

pub(super) static ROOT: Keys = Keys {
    known: &[("policy", Table(&POLICY)), ("aws", Table(&AWS)), ("lint", Table(&LINT)), ("service", Named(&SERVICE))],
};
static POLICY: Keys = Keys { known: &[("manifest", Value), ("fail-on", Value)] };
static LINT: Keys = Keys { known: &[("ignore", Value), ("assume-lambda", Value)] };
static AWS: Keys = Keys { known: &[("region", Value), ("profile", Value), ("endpoint-url", Value)] };
static SERVICE: Keys = Keys {
    known: &[
        ("dockerfile", Value),
        ("context", Value),
        ("repository", Value),
        ("function", Value),
        ("architecture", Value),
        ("alias", Value),
        ("tests", List(&TEST)),
    ],
};
static TEST: Keys = Keys {
    known: &[
        ("event", Value),
        ("url", Value),
        ("method", Value),
        ("body", Value),
        ("headers", Value),
        ("expect", Table(&EXPECT)),
    ],
};
static EXPECT: Keys = Keys { known: &[("status", Value), ("headers", Value), ("json", Value)] };

/// The first key that means nothing: where it is, its full name, the nearest key that means something.
pub(super) fn unknown(
    table: &DeTable<'_>,
    keys: &'static Keys,
    path: &str,
) -> Option<(usize, String, Option<&'static str>)> {
    table.iter().find_map(|(key, value)| {
        let name: &str = key.get_ref();
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let Some((_, inner)) = keys.known.iter().find(|(known, _)| *known == name) else {
            return Some((key.span().start, full, nearest(name, keys.known.iter().map(|(known, _)| *known))));
        };
        match (inner, value.get_ref()) {
            (Table(keys), DeValue::Table(table)) => unknown(table, keys, &full),
            (Named(keys), DeValue::Table(named)) => named.iter().find_map(|(name, value)| match value.get_ref() {
                DeValue::Table(table) => unknown(table, keys, &format!("{full}.{}", name.get_ref())),
                _ => None,
            }),
            (List(keys), DeValue::Array(list)) => list.iter().find_map(|value| match value.get_ref() {
                DeValue::Table(table) => unknown(table, keys, &full),
                _ => None,
            }),
            _ => None,
        }
    })
}

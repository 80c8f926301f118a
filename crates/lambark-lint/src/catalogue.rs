//! The catalogue: every rule, in the order in which findings are shown.

use crate::rule::Rule;

/// Every rule.
pub static CATALOGUE: &[&Rule] = &[];

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.name == name)
}

//! The catalogue: every rule, in the order in which findings are shown.

use crate::image;
use crate::rule::Rule;

/// Every rule.
pub static CATALOGUE: &[&Rule] = &[&image::image_index::RULE];

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().copied().find(|rule| rule.name == name)
}

//! `explain`: what a rule means.

use lambark_rules::{Rule, rule};

use crate::failure::Failure;
use crate::words::nearest;

/// The rule of that name.
///
/// # Errors
/// [`Failure::UnknownRule`], with the rule that was probably meant.
pub fn run(name: &str) -> Result<&'static Rule, Failure> {
    rule(name)
        .ok_or_else(|| Failure::UnknownRule { name: name.to_owned(), nearest: nearest(name, super::rule_names()) })
}

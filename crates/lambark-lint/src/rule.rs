//! What a rule is.

use lambark_rules::{Confidence, Safety, Severity};

use crate::finding::Finding;
use crate::repository::Repository;

/// One way in which a repository gives an image that Lambda refuses, or fools itself about one.
#[derive(Debug)]
pub struct Rule {
    /// Public and stable; names the bad pattern, so that it reads well after "ignore".
    pub name: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// How bad a finding is at the worst; a single finding may be milder.
    pub severity: Severity,
    /// How sure we are, at the surest.
    pub confidence: Confidence,
    /// What `lambark lint --fix` can do about it, at the best.
    pub fix: Option<Safety>,
    /// Where the facts come from: a page's address, or an issue as `owner/repository#number`.
    pub sources: &'static [&'static str],
    /// The rule's page, in Markdown.
    pub doc: &'static str,
    /// The model in, findings out.
    pub check: fn(&Repository<'_>, &mut Vec<Finding>),
}

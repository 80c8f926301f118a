//! What a rule found in a repository, and the edit that mends it.

use lambark_rules::{Confidence, Safety, Severity};

use crate::rule::Rule;
use crate::source::Span;

/// One thing that will give an image which Lambda refuses, or that looks like a fix and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where it is written.
    pub span: Span,
    /// Other places that matter, each with a few words.
    pub related: Vec<(Span, String)>,
    /// Facts that help; each a line.
    pub notes: Vec<String>,
    /// The remedy.
    pub fix: Option<Fix>,
}

/// A remedy: in words always, as edits where edits are sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Who can do it: `Manual` where there are no edits.
    pub safety: Safety,
    /// What is done, as an imperative in one line.
    pub summary: String,
    /// Replacements in the original text; they do not overlap.
    pub edits: Vec<Edit>,
}

/// A replacement in a file's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes; empty to insert.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Finding {
    /// A finding with the rule's own severity and confidence.
    #[must_use]
    pub fn new(rule: &Rule, span: &Span, message: impl Into<String>) -> Finding {
        Finding {
            rule: rule.name,
            severity: rule.severity,
            confidence: rule.confidence,
            message: message.into(),
            span: span.clone(),
            related: Vec::new(),
            notes: Vec::new(),
            fix: None,
        }
    }

    /// The same finding, milder or graver than the rule's own severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    /// The same finding with another confidence.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Finding {
        self.confidence = confidence;
        self
    }

    /// Adds a line that helps to understand.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Finding {
        self.notes.push(note.into());
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, span: &Span, words: impl Into<String>) -> Finding {
        self.related.push((span.clone(), words.into()));
        self
    }

    /// Adds a remedy that a person has to carry out.
    #[must_use]
    pub fn help(mut self, summary: impl Into<String>) -> Finding {
        self.fix = Some(Fix { safety: Safety::Manual, summary: summary.into(), edits: Vec::new() });
        self
    }

    /// Adds a remedy as edits; without any it is one for a person.
    #[must_use]
    pub fn fix(mut self, safety: Safety, summary: impl Into<String>, edits: Vec<Edit>) -> Finding {
        let safety = if edits.is_empty() { Safety::Manual } else { safety };
        self.fix = Some(Fix { safety, summary: summary.into(), edits });
        self
    }
}

//! A Dockerfile as the rules see it.

use std::sync::Arc;

use crate::source::Span;
use crate::step::Value;

/// A Dockerfile.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// Its path, relative to the repository's root.
    pub path: Arc<str>,
    /// `ARG`s before the first `FROM`.
    pub arguments: Vec<Instruction>,
    /// Its stages, in order; the last one is the image unless a build asks for another.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, in lower case as BuildKit compares it.
    pub name: Option<String>,
    /// What it begins with: an image, or an earlier stage.
    pub base: Value,
    /// `--platform`.
    pub platform: Option<Value>,
    /// The `FROM` line.
    pub span: Span,
    /// What follows.
    pub instructions: Vec<Instruction>,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// In upper case.
    pub keyword: String,
    /// `--chmod=…` and its like, names without dashes.
    pub flags: Vec<(String, Value)>,
    /// What follows, by kind.
    pub arguments: Arguments,
    /// The whole instruction, with continuation lines.
    pub span: Span,
}

/// What follows a keyword.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// The JSON form.
    Exec(Vec<Value>),
    /// Words or a command for the shell, continuation lines joined; here-documents are left out.
    Text(Value),
}

impl Dockerfile {
    /// The stages that the image consists of, the last one first: a stage and the stages that it begins with.
    #[must_use]
    pub fn lineage(&self, target: Option<&str>) -> Vec<&Stage> {
        let Some(mut at) = self.position(target) else { return Vec::new() };
        let mut lineage = vec![&self.stages[at]];
        // A stage begins only with an earlier one, so this ends.
        while let Some(parent) = self.parent(at) {
            lineage.push(&self.stages[parent]);
            at = parent;
        }
        lineage
    }

    fn position(&self, target: Option<&str>) -> Option<usize> {
        match target {
            None => self.stages.len().checked_sub(1),
            Some(target) => self
                .stages
                .iter()
                .rposition(|stage| stage.name.as_deref() == Some(&*target.to_lowercase()))
                .or_else(|| target.parse().ok().filter(|number| *number < self.stages.len())),
        }
    }

    fn parent(&self, at: usize) -> Option<usize> {
        let base = self.stages[at].base.known()?.to_lowercase();
        self.stages[..at].iter().rposition(|stage| stage.name.as_deref() == Some(&*base))
    }
}

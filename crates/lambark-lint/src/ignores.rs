//! Comments that ignore: `# lambark: ignore[rule] reason`, on the line of the finding or on the line above it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalogue;
use crate::finding::Finding;
use crate::source::{Note, SourceFile, Tree};

const MARK: &str = "lambark: ignore[";

/// The ignoring comments of the files in which something was found.
pub(crate) struct Ignores<'a> {
    tree: &'a dyn Tree,
    files: BTreeMap<Arc<str>, Vec<Ignore>>,
}

/// A comment.
struct Ignore {
    /// The line that it is for, counted from 1; a comment alone on its line is for the next one too.
    lines: std::ops::RangeInclusive<usize>,
    rules: Vec<String>,
}

impl<'a> Ignores<'a> {
    pub(crate) fn new(tree: &'a dyn Tree) -> Ignores<'a> {
        Ignores { tree, files: BTreeMap::new() }
    }

    /// The findings that are not ignored, and how many are. A comment that names no rule that exists is told.
    pub(crate) fn apply(&mut self, findings: Vec<Finding>, notes: &mut Vec<Note>) -> (Vec<Finding>, usize) {
        let before = findings.len();
        let kept: Vec<Finding> = findings.into_iter().filter(|finding| !self.ignores(finding, notes)).collect();
        let ignored = before - kept.len();
        (kept, ignored)
    }

    fn ignores(&mut self, finding: &Finding, notes: &mut Vec<Note>) -> bool {
        let Some(file) = self.tree.read(&finding.span.file) else { return false };
        let first = file.position(finding.span.start).line;
        let ignores = self.files.entry(Arc::clone(file.path())).or_insert_with(|| read(&file, notes));
        ignores
            .iter()
            .any(|ignore| ignore.lines.contains(&first) && ignore.rules.iter().any(|rule| rule == finding.rule))
    }
}

fn read(file: &SourceFile, notes: &mut Vec<Note>) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    if !file.text().contains(MARK) {
        return ignores;
    }
    let mut offset = 0;
    for (index, line) in file.text().split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        let Some(at) = line.find(MARK) else { continue };
        let Some((inside, _)) = line[at + MARK.len()..].split_once(']') else { continue };
        let rules: Vec<String> = inside.split(',').map(|rule| rule.trim().to_owned()).collect();
        for rule in rules.iter().filter(|rule| catalogue::rule(rule).is_none()) {
            let span = file.span(start + at..start + at + MARK.len() + inside.len() + 1);
            notes.push(Note { span, reason: format!("there is no rule `{rule}` to ignore") });
        }
        let before = line[..at].trim();
        let alone = before.is_empty() || matches!(before, "#" | "//" | "/*");
        let number = index + 1;
        ignores.push(Ignore { lines: number..=number + usize::from(alone), rules });
    }
    ignores
}

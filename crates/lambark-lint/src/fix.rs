//! Edits, made.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambark_rules::Safety;

use crate::finding::{Edit, Finding};
use crate::source::Tree;

/// Which edits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Those that change nothing but what Lambda would refuse.
    Safe,
    /// Also those that change what somebody may have wanted.
    Unsafe,
}

/// How often a repository is read and edited until nothing is left to edit. An edit may make place for another (a
/// legacy builder becomes BuildKit, which then gets its flag); more than a few in a row would go round in circles.
pub const MAX_PASSES: usize = 8;

/// Files with their new text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new texts, by path.
    pub files: BTreeMap<Arc<str>, String>,
    /// How many findings were mended.
    pub mended: usize,
}

/// Makes the edits of one pass: all of a finding, or none of it. Edits that touch each other wait for the next pass.
#[must_use]
pub fn fix(findings: &[Finding], tree: &dyn Tree, level: Level) -> Fixed {
    let mut accepted: BTreeMap<Arc<str>, Vec<&Edit>> = BTreeMap::new();
    let mut mended = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let wanted = match fix.safety {
            Safety::Safe => true,
            Safety::Unsafe => level == Level::Unsafe,
            Safety::Manual => false,
        };
        let free = |edit: &Edit| {
            let others = accepted.get(&edit.span.file).map_or(&[][..], Vec::as_slice);
            others.iter().all(|other| edit.span.end < other.span.start || other.span.end < edit.span.start)
        };
        if wanted && !fix.edits.is_empty() && fix.edits.iter().all(|edit| free(edit) || same_edit(&accepted, edit)) {
            for edit in &fix.edits {
                if !same_edit(&accepted, edit) {
                    accepted.entry(Arc::clone(&edit.span.file)).or_default().push(edit);
                }
            }
            mended += 1;
        }
    }
    let files = accepted.into_iter().filter_map(|(path, edits)| Some((Arc::clone(&path), edited(tree, &path, edits)?)));
    Fixed { files: files.collect(), mended }
}

fn same_edit(accepted: &BTreeMap<Arc<str>, Vec<&Edit>>, edit: &Edit) -> bool {
    accepted.get(&edit.span.file).is_some_and(|others| others.contains(&edit))
}

fn edited(tree: &dyn Tree, path: &str, mut edits: Vec<&Edit>) -> Option<String> {
    let mut text = tree.read(path)?.text().to_owned();
    // From the end, so that places before stay where they are.
    edits.sort_by(|a, b| b.span.cmp(&a.span));
    for edit in edits {
        if text.get(edit.span.start..edit.span.end).is_some() {
            text.replace_range(edit.span.start..edit.span.end, &edit.text);
        }
    }
    Some(text)
}

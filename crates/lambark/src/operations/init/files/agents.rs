//! What coding agents are told: a marked block in their instruction files, and a skill.

use super::built_services;
use crate::operations::init::fill::fill;
use crate::operations::init::find::Findings;
use crate::operations::init::plan::{Draft, Form, Marks};

const BLOCK: &str = include_str!("../templates/agents.md");
const SKILL: &str = include_str!("../templates/skill.md");

/// Most tools read this one; it is made if it is not there.
const AGENTS: &str = "AGENTS.md";
/// One that reads a file of its own gets the block there too, if the file exists: a second file with the same text would
/// only drift.
const OTHERS: [&str; 1] = ["CLAUDE.md"];
/// Skills are found by their place, and this is the only one that a tool looks at by itself.
const SKILL_PATH: &str = ".claude/skills/lambark/SKILL.md";

pub(super) fn drafts(findings: &Findings, there: &dyn Fn(&str) -> Option<String>) -> Vec<Draft> {
    let names: Vec<String> = built_services(findings).map(|service| format!("`{}`", service.name)).collect();
    let services = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    let one = built_services(findings).next().map_or("SERVICE", |service| &service.name);
    let values = [("SERVICES", services.as_str()), ("SERVICE", one)];
    let block = fill(BLOCK, &values);
    // A link from one to the other is one file: what it leads to has the block.
    let others = OTHERS.into_iter().filter(|path| there(path).is_some());
    let mut drafts: Vec<Draft> = std::iter::once(AGENTS)
        .chain(others)
        .map(|path| Draft {
            path: path.to_owned(),
            what: "what coding agents have to know",
            form: Form::Block(Marks::Markdown, block.trim_end().to_owned()),
        })
        .collect();
    drafts.push(Draft {
        path: SKILL_PATH.to_owned(),
        what: "how an agent deploys and finds faults",
        form: Form::Whole(fill(SKILL, &values)),
    });
    drafts
}

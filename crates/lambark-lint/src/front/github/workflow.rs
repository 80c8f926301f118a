//! Workflows: jobs in the order of `needs`.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::job::{Runner, inputs};
use super::matrix;
use crate::front::FrontResult;
use crate::shell::Scope;
use crate::source::{SourceFile, Tree, join};
use crate::step::Sequence;
use crate::yaml::{Document, Entry, Node};

/// Most jobs of a workflow. GitHub's own limit for a matrix is 256.
const MAX_JOBS: usize = 256;

/// Reads a workflow: a sequence for each group of jobs that `needs` ties together.
pub(super) fn read(file: &SourceFile, root: &Node<'_>, tree: &dyn Tree, result: &mut FrontResult) {
    for jobs in groups(root) {
        let mut context = Context::new(Scope::new(""));
        prepare(root, &mut context);
        let name = name(&jobs);
        let mut runner = Runner::new(file, tree, result);
        run(&jobs, &mut context, &mut runner);
        let steps = runner.into_steps();
        result.sequences.push(Sequence { name, steps });
    }
}

/// What holds in all jobs of a workflow.
fn prepare(root: &Node<'_>, context: &mut Context) {
    context.export(root.get("env"));
    context.default_to(root.get("defaults"));
}

fn name(jobs: &[Entry<'_>]) -> String {
    let names: Vec<&str> = jobs.iter().filter_map(|job| job.key.as_str()).collect();
    format!("{} {}", if names.len() == 1 { "job" } else { "jobs" }, names.join(", "))
}

fn run(jobs: &[Entry<'_>], context: &mut Context, runner: &mut Runner<'_>) {
    for job in jobs {
        let name = job.key.as_str().unwrap_or_default();
        let is_off = job.value.get("if").is_some_and(|condition| condition.as_bool() == Some(false));
        if is_off {
            continue;
        }
        let mut outputs = Vec::new();
        for mut inner in matrix::contexts(&job.value, context) {
            inner.export(job.value.get("env"));
            inner.default_to(job.value.get("defaults"));
            if let Some(uses) = job.value.get("uses").and_then(|uses| uses.as_str()) {
                reusable(uses, &job.value, &inner, runner);
            } else if let Some(steps) = job.value.get("steps").filter(|_| !is_foreign(&job.value)) {
                runner.steps(&steps, &mut inner);
            }
            for output in job.value.get("outputs").iter().flat_map(Node::merged_entries) {
                if let (Some(key), Some(value)) = (output.key.as_str(), inner.value(&output.value)) {
                    outputs.push((format!("needs.{name}.outputs.{key}"), value));
                }
            }
        }
        for (name, value) in outputs {
            context.set(name, value);
        }
    }
}

/// Whether a job runs on Windows, where scripts are PowerShell's unless they say otherwise.
fn is_foreign(job: &Node<'_>) -> bool {
    job.get("runs-on").and_then(|runner| runner.as_str()).is_some_and(|runner| runner.contains("windows"))
}

/// A workflow of this repository that a job calls.
fn reusable(uses: &str, job: &Node<'_>, caller: &Context, runner: &mut Runner<'_>) {
    let Some(uses) = uses.strip_prefix("./") else { return };
    let Some(file) = join("", uses).and_then(|path| runner.tree.read(&path)) else { return };
    let document = Document::yaml(&file);
    let Some(root) = document.root() else { return };
    if !runner.enter(&file) {
        return;
    }
    let declared = root.at(&["on", "workflow_call", "inputs"]);
    let mut context = inputs(declared, job.get("with"), caller);
    // The caller's environment does not reach the called workflow.
    context.scope = Scope::new("");
    prepare(&root, &mut context);
    for jobs in groups(&root) {
        runner.followed(&file, &name(&jobs));
        run(&jobs, &mut context, runner);
    }
    runner.leave();
}

/// The jobs, together with those that they need or that need them, in an order that `needs` allows.
fn groups<'d>(root: &Node<'d>) -> Vec<Vec<Entry<'d>>> {
    let jobs: Vec<Entry<'d>> = root.get("jobs").map(|jobs| jobs.merged_entries()).unwrap_or_default();
    let jobs: BTreeMap<&str, (usize, Entry<'d>)> = jobs
        .into_iter()
        .take(MAX_JOBS)
        .enumerate()
        .filter_map(|(at, job)| Some((job.key.as_str()?, (at, job))))
        .collect();
    let needs: BTreeMap<&str, Vec<&str>> = jobs.iter().map(|(name, (_, job))| (*name, needs(job))).collect();
    let mut left: Vec<&str> = jobs.keys().copied().collect();
    left.sort_by_key(|name| jobs[name].0);
    let mut groups = Vec::new();
    while let Some(first) = left.first().copied() {
        let group = connected(first, &needs);
        left.retain(|name| !group.contains(name));
        let mut order: Vec<&str> = Vec::new();
        let mut waiting: Vec<&str> = jobs.keys().copied().filter(|name| group.contains(name)).collect();
        waiting.sort_by_key(|name| jobs[name].0);
        while !waiting.is_empty() {
            let is_ready =
                |name: &&str| needs[*name].iter().all(|need| order.contains(need) || !jobs.contains_key(need));
            // Jobs that need each other never run; they are read in the order of the file.
            let next = waiting.iter().position(is_ready).unwrap_or(0);
            order.push(waiting.remove(next));
        }
        groups.push(order.into_iter().map(|name| jobs[name].1).collect());
    }
    groups
}

fn needs<'d>(job: &Entry<'d>) -> Vec<&'d str> {
    let Some(needs) = job.value.get("needs") else { return Vec::new() };
    match needs.as_str() {
        Some(one) => vec![one],
        None => needs.items().filter_map(|need| need.as_str()).collect(),
    }
}

/// All jobs that are tied to one by `needs`, in either direction.
fn connected<'d>(first: &'d str, needs: &BTreeMap<&'d str, Vec<&'d str>>) -> BTreeSet<&'d str> {
    let mut group = BTreeSet::from([first]);
    loop {
        let before = group.len();
        for (name, needed) in needs {
            let known = needed.iter().filter(|need| needs.contains_key(*need));
            if group.contains(name) {
                group.extend(known);
            } else if known.into_iter().any(|need| group.contains(need)) {
                group.insert(name);
            }
        }
        if group.len() == before {
            return group;
        }
    }
}

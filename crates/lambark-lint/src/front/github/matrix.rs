//! A job's matrix: which values its steps see.

use super::context::Context;
use crate::step::Value;
use crate::yaml::Node;

/// Most combinations that are gone through; of a larger matrix nothing is known.
const MAX_COMBINATIONS: usize = 16;

/// Names under `matrix.` and what they stand for.
type Combination = Vec<(String, Value)>;

/// The contexts in which a job runs: one for each combination of its matrix.
pub(super) fn contexts(job: &Node<'_>, context: &Context) -> Vec<Context> {
    let combinations = job.at(&["strategy", "matrix"]).and_then(|matrix| combinations(&matrix, context));
    let with = |combination: Combination| {
        let mut context = context.clone();
        for (name, value) in combination {
            context.set(format!("matrix.{name}"), value);
        }
        context
    };
    combinations.unwrap_or_else(|| vec![Vec::new()]).into_iter().map(with).collect()
}

/// `None` if there are too many, or if an expression says what they are.
fn combinations(matrix: &Node<'_>, context: &Context) -> Option<Vec<Combination>> {
    if matrix.as_str().is_some() {
        return None;
    }
    let mut all: Vec<Combination> = vec![Vec::new()];
    for entry in matrix.merged_entries() {
        let name = entry.key.as_str()?;
        if matches!(name, "include" | "exclude") {
            continue;
        }
        let items: Vec<Node<'_>> = entry.value.items().collect();
        if items.is_empty() || items.len() * all.len() > MAX_COMBINATIONS {
            return None;
        }
        let extended = all.iter().flat_map(|combination| {
            items.iter().map(|item| {
                let mut combination = combination.clone();
                add(name, item, context, &mut combination);
                combination
            })
        });
        all = extended.collect();
    }
    for excluded in matrix.get("exclude").iter().flat_map(Node::items) {
        let excluded = names(&excluded, context);
        all.retain(|combination| !excluded.iter().all(|(name, value)| text(combination, name) == Some(&value.text)));
    }
    for included in matrix.get("include").iter().flat_map(Node::items) {
        include(&mut all, &names(&included, context));
    }
    all.retain(|combination| !combination.is_empty());
    (!all.is_empty() && all.len() <= MAX_COMBINATIONS).then_some(all)
}

/// An entry of `include` goes to the combinations that it does not contradict, or else is one of its own.
fn include(all: &mut Vec<Combination>, included: &Combination) {
    let mut fits = false;
    for combination in all.iter_mut().filter(|combination| !combination.is_empty()) {
        let same = included.iter().filter(|(name, _)| text(combination, name).is_some());
        let (shared, agreed) = same.fold((0, 0), |(shared, agreed), (name, value)| {
            (shared + 1, agreed + usize::from(text(combination, name) == Some(&value.text)))
        });
        if shared == agreed && shared > 0 {
            fits = true;
            for (name, value) in included {
                if text(combination, name).is_none() {
                    combination.push((name.clone(), value.clone()));
                }
            }
        }
    }
    if !fits {
        all.push(included.clone());
    }
}

fn text<'c>(combination: &'c Combination, name: &str) -> Option<&'c String> {
    combination.iter().find(|(known, _)| known == name).map(|(_, value)| &value.text)
}

fn names(mapping: &Node<'_>, context: &Context) -> Combination {
    let mut names = Vec::new();
    for entry in mapping.merged_entries() {
        if let Some(name) = entry.key.as_str() {
            add(name, &entry.value, context, &mut names);
        }
    }
    names
}

/// A scalar under its name, or a mapping's scalars under theirs: `matrix.service.name`.
fn add(name: &str, item: &Node<'_>, context: &Context, combination: &mut Combination) {
    if let Some(value) = context.value(item) {
        combination.push((name.to_owned(), Value { literal: false, ..value }));
    }
    for entry in item.merged_entries() {
        if let (Some(key), Some(value)) = (entry.key.as_str(), context.value(&entry.value)) {
            combination.push((format!("{name}.{key}"), Value { literal: false, ..value }));
        }
    }
}

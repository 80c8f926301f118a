//! Actions of others that build, push and deploy images.

use super::bake;
use super::context::Context;
use super::job::Runner;
use crate::front::options::{context_and_dockerfile, entry_span, parts};
use crate::source::{Span, join};
use crate::step::{Action, Build, Call, CallKind, Dialect, Opt, Step, Tool, Value};
use crate::yaml::{Entry, Node, insertion};

/// What an action does, and what it hands to later steps.
#[derive(Default)]
pub(super) struct Found {
    pub(super) steps: Vec<Step>,
    pub(super) outputs: Vec<(&'static str, Value)>,
}

/// What the action of a `uses:` line does.
pub(super) fn actions(uses: &Entry<'_>, step: &Node<'_>, context: &Context, runner: &mut Runner<'_>) -> Found {
    let mut found = Found::default();
    let Some((name, _)) = uses.value.as_str().and_then(|uses| uses.split_once('@')) else { return found };
    let inputs = Inputs { step, context };
    let line = entry_span(uses);
    match name.to_ascii_lowercase().as_str() {
        "docker/build-push-action" => {
            let build = build_push(&inputs, &line, version(uses));
            found.outputs.extend(build.option("tag").map(|tag| ("imageid", tag.value.clone())));
            found.steps.push(Step::new(Action::Build(build), line));
        }
        "docker/bake-action" => {
            found.steps = bake::steps(&inputs, version(uses), line, runner);
        }
        "docker/setup-buildx-action" => {
            found.steps.push(Step::new(Action::Builder { options: inputs.options() }, line));
        }
        "docker/metadata-action" => found.outputs.extend(metadata(&inputs)),
        "aws-actions/aws-lambda-deploy" | "appleboy/lambda-action" | "int128/deploy-lambda-action" => {
            found.steps.extend(deploy(&inputs).map(|call| Step::new(Action::Lambda(call), line)));
        }
        _ => {}
    }
    found
}

/// The inputs of an action.
pub(super) struct Inputs<'d, 'c> {
    pub(super) step: &'c Node<'d>,
    pub(super) context: &'c Context,
}

/// Inputs that are lists, an item a line; the flag says whether a comma separates items too.
const LISTS: [(&str, bool); 14] = [
    ("annotations", false),
    ("attests", false),
    ("build-args", false),
    ("build-contexts", false),
    ("cache-from", false),
    ("cache-to", false),
    ("files", true),
    ("images", false),
    ("labels", false),
    ("outputs", false),
    ("platforms", true),
    ("set", false),
    ("tags", true),
    ("targets", true),
];

impl<'d> Inputs<'d, '_> {
    pub(super) fn with(&self) -> Option<Node<'d>> {
        self.step.get("with")
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.context.value(&self.with()?.get(name)?)
    }

    /// All inputs in the vocabulary of `docker buildx build`.
    pub(super) fn options(&self) -> Vec<Opt> {
        let entries = self.with().map(|with| with.merged_entries()).unwrap_or_default();
        entries.iter().flat_map(|entry| self.option(entry)).collect()
    }

    fn option(&self, entry: &Entry<'_>) -> Vec<Opt> {
        let Some(input) = entry.key.as_str() else { return Vec::new() };
        let name = match input {
            "attests" => "attest",
            "build-args" => "build-arg",
            "outputs" => "output",
            "platforms" => "platform",
            "tags" => "tag",
            other => other,
        };
        let whole = entry_span(entry);
        let literal = !entry.value.is_shared();
        let option = |value: Value, span: Span, literal| Opt { name: name.to_owned(), value, span, literal };
        let list = LISTS.iter().find(|(list, _)| *list == input);
        let items = list.and_then(|(_, commas)| self.items(&entry.value, *commas));
        match items.as_deref() {
            Some([only]) => vec![option(only.clone(), whole, literal)],
            // An empty line in place of one item does no harm, but a comma would stay.
            Some(items) => items.iter().map(|item| option(item.clone(), item.span.clone(), false)).collect(),
            None => self.context.value(&entry.value).map(|value| option(value, whole, literal)).into_iter().collect(),
        }
    }

    /// A list's items, each with its own place.
    fn items(&self, node: &Node<'_>, commas: bool) -> Option<Vec<Value>> {
        let (fragment, known) = self.context.fragment(node)?;
        let separators: &[char] = if commas { &[','] } else { &[] };
        Some(parts(&fragment, |part| known || !part.contains("${"), separators))
    }
}

/// The version behind the `@`. One that is a commit is read from the comment behind it, as tools write it there.
fn version(uses: &Entry<'_>) -> Option<Value> {
    let fragment = uses.value.fragment()?;
    let at = fragment.text().find('@')? + 1;
    let range = at..fragment.text().len();
    let span = fragment.span(range.clone());
    let text = &fragment.text()[range.clone()];
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit {
        let rest = uses.value.document().text().get(span.end..)?;
        let line = rest.lines().next().unwrap_or_default();
        let tag = line.split_once('#').and_then(|(_, comment)| comment.split_whitespace().next());
        return Some(match tag.filter(|tag| tag.starts_with('v')) {
            Some(tag) => Value::derived(tag, span),
            None => Value::unknown(text, span),
        });
    }
    let literal = fragment.is_literal(range);
    Some(Value { text: text.to_owned(), known: true, span, literal })
}

fn build_push(inputs: &Inputs<'_, '_>, line: &Span, version: Option<Value>) -> Build {
    let options: Vec<Opt> =
        inputs.options().into_iter().filter(|option| !matches!(option.name.as_str(), "context" | "file")).collect();
    // Without a context the action takes the commit that started the workflow, which is the repository itself.
    let here = Value::derived(".", line.clone());
    let context = inputs.value("context").filter(|context| !is_repository(&context.text)).unwrap_or(here);
    let (context, default) = context_and_dockerfile("", &context, None);
    // Unlike in other tools the path of the Dockerfile begins at the root, not in the context.
    let dockerfile = match inputs.value("file") {
        Some(file) => Some(match file.known().and_then(|path| join("", path)) {
            Some(path) => Value::derived(path, file.span),
            None => Value { known: false, literal: false, ..file },
        }),
        None => default,
    };
    Build {
        tool: Tool::BuildPushAction,
        version,
        options,
        more_options: false,
        context,
        dockerfile,
        insertion: inputs.with().and_then(|with| insertion(&with, Dialect::ActionInput)),
    }
}

/// Ways to say "this repository" as a build context.
fn is_repository(context: &str) -> bool {
    matches!(context, "{{defaultContext}}" | "${{ github.workspace }}") || context == crate::shell::ROOT
}

/// The names that docker/metadata-action makes: the image is known, the tag is not.
fn metadata(inputs: &Inputs<'_, '_>) -> Vec<(&'static str, Value)> {
    let Some(images) = inputs.with().and_then(|with| with.get("images")) else { return Vec::new() };
    let images = inputs.items(&images, true).unwrap_or_default();
    let Some(first) = images.first() else { return Vec::new() };
    let names: Vec<String> =
        images.iter().map(|image| format!("{}:${{{{ steps.meta.outputs.version }}}}", image.text)).collect();
    vec![("tags", Value::unknown(names.join("\n"), first.span.clone()))]
}

/// An update of a function's code. The official action waits until it is done.
fn deploy(inputs: &Inputs<'_, '_>) -> Option<Call> {
    let image = inputs.value("image-uri").or_else(|| inputs.value("image_uri"))?;
    let dry = inputs.value("dry-run").or_else(|| inputs.value("dry_run"));
    if dry.is_some_and(|dry| dry.is_true()) {
        return None;
    }
    Some(Call {
        kind: CallKind::UpdateCode,
        function: inputs.value("function-name").or_else(|| inputs.value("function_name")),
        image: Some(image),
        architecture: inputs.value("architectures"),
        waits: true,
        overrides_command: false,
    })
}

//! CloudFormation and SAM templates, in YAML and JSON: image functions, and what SAM builds for them.

mod value;

use super::options::{build_arguments, context_and_dockerfile, entry_span};
use super::{FrontEnd, FrontResult};
use crate::source::{SourceFile, Tree, name_of};
use crate::step::{Action, Build, Function, Opt, Sequence, Step, Tie, Tool, Value};
use crate::yaml::{Document, Entry, Node};
use value::Template;

/// Templates.
pub static FRONT_END: FrontEnd = FrontEnd {
    name: "CloudFormation template",
    recognises,
    words: &["aws::lambda::function", "aws::serverless::function"],
    read,
};

/// Templates have any name; the words in them decide. JSON is looked at only where the name says what it is, because
/// most JSON files of a repository are large and are none.
fn recognises(path: &str) -> bool {
    let name = name_of(path).to_ascii_lowercase();
    let generated = path.split('/').any(|part| matches!(part, "cdk.out" | ".aws-sam" | "node_modules"));
    let yaml = [".yml", ".yaml", ".template", ".cfn"].iter().any(|ending| name.ends_with(ending));
    let json = name.ends_with(".json")
        && ["template", "cloudformation", "cfn", "stack", "sam"].iter().any(|word| name.contains(word));
    (yaml || json) && !generated
}

fn read(file: &SourceFile, _: &dyn Tree) -> FrontResult {
    let is_json = file.text().trim_start_matches('\u{feff}').trim_start().starts_with('{');
    let document = if is_json { Document::json(file) } else { Document::yaml(file) };
    let mut result = FrontResult { notes: document.stopped().into_iter().collect(), ..FrontResult::default() };
    let Some(root) = document.root() else { return result };
    let template = Template::new(root);
    let mut steps = Vec::new();
    for resource in root.get("Resources").iter().flat_map(Node::merged_entries) {
        let kind = resource.value.get("Type").and_then(|node| node.as_str());
        if !matches!(kind, Some("AWS::Lambda::Function" | "AWS::Serverless::Function")) {
            continue;
        }
        if let Some(found) = ImageFunction::new(&template, file, resource) {
            steps.extend(found.step());
            result.functions.push(found.function());
        }
    }
    result.sequences.extend((!steps.is_empty()).then_some(Sequence { name: String::new(), steps }));
    result
}

/// A function that is an image.
struct ImageFunction<'d> {
    template: &'d Template<'d>,
    resource: Entry<'d>,
    function_name: Option<Value>,
    alias: Option<Value>,
    architecture: Option<Value>,
    image: Option<Value>,
    overrides_command: bool,
    /// What SAM builds the image from; none if somebody else builds it.
    metadata: Option<Node<'d>>,
    context: Option<Value>,
    dockerfile: Option<Value>,
}

impl<'d> ImageFunction<'d> {
    fn new(template: &'d Template<'d>, file: &SourceFile, resource: Entry<'d>) -> Option<ImageFunction<'d>> {
        let property = |path: &[&str]| template.property(&resource.value, path);
        let image = property(&["ImageUri"]).or_else(|| property(&["Code", "ImageUri"]));
        let is_image = property(&["PackageType"]).is_some_and(|node| node.as_str() == Some("Image"));
        if image.is_none() && !is_image {
            return None;
        }
        let architecture = property(&["Architectures"]).and_then(|node| node.items().next());
        let metadata = resource
            .value
            .get("Metadata")
            .filter(|node| ["Dockerfile", "DockerContext", "DockerTag"].iter().any(|key| node.get(key).is_some()));
        let text = |key| metadata.and_then(|node| node.get(key)).and_then(|node| template.value(&node));
        let (context, dockerfile) = match metadata {
            Some(node) => {
                let here = Value::derived(".", node.span());
                let context = text("DockerContext").unwrap_or(here);
                context_and_dockerfile(file.directory(), &context, text("Dockerfile").as_ref())
            }
            None => (None, None),
        };
        Some(ImageFunction {
            template,
            resource,
            function_name: property(&["FunctionName"]).and_then(|node| template.value(&node)),
            alias: property(&["AutoPublishAlias"]).and_then(|node| template.value(&node)),
            architecture: architecture.and_then(|node| template.value(&node)),
            image: image.and_then(|node| template.value(&node)),
            overrides_command: property(&["ImageConfig", "Command"]).is_some(),
            metadata,
            context,
            dockerfile,
        })
    }

    fn function(self) -> Function {
        Function {
            name: self.resource.key.as_str().unwrap_or_default().to_owned(),
            span: self.resource.key.span(),
            function_name: self.function_name,
            alias: self.alias,
            architecture: self.architecture,
            // With metadata to build from, SAM puts the name of what it built in place of the template's.
            image: self.image.filter(|_| self.metadata.is_none()),
            dockerfile: self.dockerfile,
            overrides_command: self.overrides_command,
        }
    }

    /// The build that `sam build` does for the function.
    fn step(&self) -> Option<Step> {
        let metadata = self.metadata?;
        let read = |node: &Node<'_>| self.template.value(node);
        let mut options = Vec::new();
        for entry in metadata.merged_entries() {
            let name = match entry.key.as_str() {
                Some("DockerTag") => "tag",
                Some("DockerBuildTarget") => "target",
                Some("DockerBuildArgs") => {
                    options.extend(build_arguments(&entry.value, &read));
                    continue;
                }
                _ => continue,
            };
            let value = read(&entry.value);
            options.extend(value.map(|value| Opt {
                name: name.to_owned(),
                value,
                span: entry_span(&entry),
                literal: !entry.value.is_shared(),
            }));
        }
        options.push(self.platform());
        let action = Action::Build(Build {
            tool: Tool::Sam,
            version: None,
            options,
            more_options: false,
            context: self.context.clone(),
            dockerfile: self.dockerfile.clone(),
            insertion: None,
        });
        let span = self.resource.key.span();
        let name = self.resource.key.as_str().unwrap_or_default();
        let tie = Tie { span: span.clone(), why: format!("it is the image of the function `{name}`") };
        Some(Step { tie: Some(tie), ..Step::new(action, span) })
    }

    /// SAM always asks for the platform of the function's architecture.
    fn platform(&self) -> Opt {
        let value = match &self.architecture {
            None => Value::derived("linux/amd64", self.resource.key.span()),
            Some(value) => match value.known() {
                Some("arm64") => Value::derived("linux/arm64", value.span.clone()),
                Some("x86_64") => Value::derived("linux/amd64", value.span.clone()),
                _ => Value::unknown(value.text.clone(), value.span.clone()),
            },
        };
        Opt { name: "platform".to_owned(), span: value.span.clone(), value, literal: false }
    }
}

#[cfg(test)]
mod tests;

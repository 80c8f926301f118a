//! Images that Terraform builds.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block};

use super::{Module, label};
use crate::front::options::context_and_dockerfile;
use crate::hcl::insertion;
use crate::source::Span;
use crate::step::{Action, Build, Dialect, Opt, Push, Step, Tie, Tool, Value};

impl<'d> Module<'d> {
    /// A `docker_image` with a `build` block, or a `docker_registry_image`, which pushes.
    pub(super) fn docker(&self, resource: &'d Block) -> Vec<Step> {
        let mut steps = Vec::new();
        let header = self.document.header(resource);
        let name = self.text(resource, "name");
        if let Some(build) = resource.body.get_blocks("build").next() {
            let mut options: Vec<Opt> = build.body.attributes().flat_map(|attribute| self.options(attribute)).collect();
            options.extend(name.clone().map(|name| self.tag(resource, name)));
            let action = Action::Build(Build {
                tool: Tool::TerraformDocker,
                version: self.resolver.docker_provider(),
                options,
                insertion: insertion(self.document, build, Dialect::Terraform),
                ..self.build(build, "context", "dockerfile")
            });
            steps.push(Step::new(action, header.clone()));
        }
        if label(resource, 0) == "docker_registry_image" {
            let action = Action::Push(Push { reference: name, platform: None });
            steps.push(Step::new(action, header));
        }
        steps
    }

    /// A call of the `docker-build` module of terraform-aws-modules/lambda.
    pub(super) fn docker_build(&self, module: &'d Block) -> Step {
        let header = self.document.header(module);
        let mut options: Vec<Opt> = module.body.attributes().flat_map(|attribute| self.options(attribute)).collect();
        let push = Value::derived("true", header.clone());
        options.push(Opt { name: "push".to_owned(), value: push, span: header.clone(), literal: false });
        if let Some(repository) = self.text(module, "ecr_repo") {
            let tag = self.text(module, "image_tag");
            // Without a tag the module takes the time of the build.
            let tag = tag.map_or_else(|| format!("${{module.{}.tag}}", label(module, 0)), |tag| tag.text);
            let text = format!("${{module.{}.registry}}/{}:{tag}", label(module, 0), repository.text);
            options.push(self.tag(module, Value::unknown(text, repository.span)));
        }
        let action = Action::Build(Build {
            tool: Tool::TerraformLambda,
            version: self.text(module, "version"),
            options,
            ..self.build(module, "source_path", "docker_file_path")
        });
        let why = "a module for Lambda functions builds it".to_owned();
        Step { tie: Some(Tie { span: header.clone(), why }), ..Step::new(action, header) }
    }

    /// A build of which only the places are known.
    fn build(&self, block: &'d Block, context: &str, dockerfile: &str) -> Build {
        let here = Value::derived(".", self.document.header(block));
        let context = self.text(block, context).unwrap_or(here);
        let file = self.text(block, dockerfile);
        let (context, dockerfile) = context_and_dockerfile(self.document.file().directory(), &context, file.as_ref());
        Build {
            tool: Tool::Other,
            version: None,
            options: Vec::new(),
            more_options: false,
            context,
            dockerfile,
            insertion: None,
        }
    }

    fn tag(&self, block: &Block, value: Value) -> Opt {
        let key = if block.body.has_attribute("name") { "name" } else { "ecr_repo" };
        let attribute = block.body.get_attribute(key);
        let span = attribute.map_or_else(|| value.span.clone(), |attribute| self.place(attribute));
        Opt { name: "tag".to_owned(), value, span, literal: true }
    }

    fn place(&self, attribute: &Attribute) -> Span {
        self.document.file().span(self.document.range(attribute))
    }

    fn options(&self, attribute: &'d Attribute) -> Vec<Opt> {
        let names = |name: &str| self.resolver.resolve(name);
        match attribute.key.as_str() {
            "build_args" | "build_arg" => {
                let entries = self.document.entries(&attribute.value, &names).unwrap_or_default();
                let options = entries.into_iter().map(|(key, value, range)| {
                    let span = self.document.file().span(range);
                    let known = key.known && value.known;
                    let text = format!("{}={}", key.text, value.text);
                    let value = Value { text, known, span: span.clone(), literal: false };
                    Opt { name: "build-arg".to_owned(), value, span, literal: false }
                });
                options.collect()
            }
            // Images of the same build under other names.
            "tag" => self.several("tag", attribute),
            "build_target" => self.several("target", attribute),
            "context" | "dockerfile" | "source" | "source_path" | "docker_file_path" | "version" | "ecr_repo"
            | "image_tag" => Vec::new(),
            // Nothing is said; that the key is there matters only where an edit could add it a second time.
            name if attribute.value.is_null() && !matches!(name, "provenance" | "sbom") => Vec::new(),
            name => self.several(name, attribute),
        }
    }

    /// An option a list element, or one.
    fn several(&self, name: &str, attribute: &'d Attribute) -> Vec<Opt> {
        let option = |expression: &Expression, span: Span, literal| Opt {
            name: name.to_owned(),
            value: self.value(expression),
            span,
            literal,
        };
        match &attribute.value {
            Expression::Array(array) => array
                .iter()
                .map(|element| option(element, self.document.file().span(self.document.range(element)), false))
                .collect(),
            value => vec![option(value, self.place(attribute), true)],
        }
    }
}

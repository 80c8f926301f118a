//! Terraform: images of the docker provider and of the `docker-build` module, Lambda functions, `local-exec`.

mod docker;
mod function;
mod names;
mod script;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use super::{FrontEnd, FrontResult};
use crate::hcl::{Document, NO_NAMES};
use crate::source::{SourceFile, Tree};
use crate::step::{Sequence, Step, Value};
use names::Resolver;

/// Terraform and OpenTofu files.
pub static FRONT_END: FrontEnd = FrontEnd {
    name: "Terraform file",
    recognises,
    words: &["docker_image", "docker_registry_image", "docker-build", "aws_lambda_function", "image_uri", "local-exec"],
    read,
};

fn recognises(path: &str) -> bool {
    let fetched = path.split('/').any(|part| part == ".terraform");
    (path.ends_with(".tf") || path.ends_with(".tofu")) && !fetched
}

fn read(file: &SourceFile, tree: &dyn Tree) -> FrontResult {
    let document = Document::read(file);
    let mut result = FrontResult::default();
    {
        let mut module =
            Module { document: &document, resolver: Resolver::new(&document, tree), tree, steps: Vec::new() };
        for block in document.body().blocks() {
            module.block(block, &mut result);
        }
        let Module { steps, .. } = module;
        result.sequences.extend((!steps.is_empty()).then_some(Sequence { name: String::new(), steps }));
    }
    result.notes.extend(document.into_notes());
    result
}

/// A file of a module while it is read.
struct Module<'d> {
    document: &'d Document<'d>,
    resolver: Resolver<'d>,
    tree: &'d dyn Tree,
    steps: Vec<Step>,
}

impl<'d> Module<'d> {
    fn block(&mut self, block: &'d Block, result: &mut FrontResult) {
        if block.ident.as_str() == "resource" {
            let steps = self.scripts(block, result);
            self.steps.extend(steps);
        }
        match (block.ident.as_str(), label(block, 0)) {
            ("resource", "docker_image" | "docker_registry_image") => self.steps.extend(self.docker(block)),
            ("resource", "aws_lambda_function") => result.functions.extend(self.function(block)),
            ("module", _) if self.source(block).ends_with("//modules/docker-build") => {
                self.steps.push(self.docker_build(block));
            }
            ("module", _) if self.source(block).contains("terraform-aws-modules/lambda/aws") => {
                result.functions.extend(self.function(block));
            }
            _ => {}
        }
    }

    /// A module's source without what asks for a version.
    fn source(&self, block: &Block) -> String {
        let source = self.document.attribute(&block.body, "source", NO_NAMES).filter(|source| source.known);
        let source = source.map(|source| source.text.split('?').next().unwrap_or_default().to_owned());
        source.filter(|source| source.contains("terraform-aws-")).unwrap_or_default()
    }

    fn text(&self, block: &Block, key: &str) -> Option<Value> {
        let attribute = block.body.get_attribute(key)?;
        // `null` is the same as no attribute.
        (!attribute.value.is_null()).then(|| self.value(&attribute.value))
    }

    fn value(&self, expression: &Expression) -> Value {
        self.document.value(expression, &|name| self.resolver.resolve(name))
    }
}

/// A block's label; empty if there are fewer.
fn label(block: &Block, number: usize) -> &str {
    block.labels.get(number).map_or("", |label| label.as_str())
}

#[cfg(test)]
mod tests;

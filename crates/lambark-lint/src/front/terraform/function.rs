//! Lambda functions that Terraform makes.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use super::{Module, label};
use crate::step::{Function, Value};

impl<'d> Module<'d> {
    /// An `aws_lambda_function` resource, or a call of the terraform-aws-modules/lambda module, whose image is told.
    pub(super) fn function(&self, block: &'d Block) -> Option<Function> {
        let image = self.text(block, "image_uri");
        let is_image = self.text(block, "package_type").is_some_and(|kind| kind.text == "Image");
        if image.is_none() && !is_image {
            return None;
        }
        let is_resource = block.ident.as_str() == "resource";
        let command = block.body.get_blocks("image_config").any(|config| config.body.has_attribute("command"));
        Some(Function {
            name: label(block, usize::from(is_resource)).to_owned(),
            span: self.document.header(block),
            function_name: self.text(block, "function_name"),
            alias: None,
            architecture: block.body.get_attribute("architectures").and_then(|it| self.first(&it.value)),
            image,
            dockerfile: None,
            overrides_command: command || block.body.has_attribute("image_config_command"),
        })
    }

    fn first(&self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::Array(array) => array.get(0).map(|element| self.value(element)),
            Expression::Null(_) => None,
            other => {
                let value = self.value(other);
                Some(Value { known: false, literal: false, ..value })
            }
        }
    }
}

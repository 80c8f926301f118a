//! What is asked of Lambda, and what templates say of functions.

use super::Value;
use crate::source::Span;

/// A request to Lambda.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked.
    pub kind: CallKind,
    /// Of which function.
    pub function: Option<Value>,
    /// With which image.
    pub image: Option<Value>,
    /// The architecture, as Lambda spells it.
    pub architecture: Option<Value>,
    /// Whether the tool itself waits until the update is done.
    pub waits: bool,
    /// Whether it overrides the image's CMD.
    pub overrides_command: bool,
}

/// What is asked of Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// `create-function`.
    Create,
    /// `update-function-code`.
    UpdateCode,
    /// `update-function-configuration`.
    UpdateConfiguration,
    /// `publish-version`.
    Publish,
    /// `update-alias`, `create-alias`.
    Alias,
    /// `invoke`.
    Invoke,
    /// `wait function-updated…`, `wait function-active…`, or a loop on `get-function`.
    Wait,
    /// A whole deployment by a tool that looks, updates and waits by itself: `lambark deploy`, `lambark ship`.
    Deploy,
}

/// What ties something to Lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Where it is written.
    pub span: Span,
    /// What it is, for people: "`aws lambda update-function-code` deploys it".
    pub why: String,
}

/// An image function that a template defines (SAM, CloudFormation, Terraform).
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template.
    pub name: String,
    /// The name that it gets in AWS, if the template gives one.
    pub function_name: Option<Value>,
    /// The alias that the template gives it, and moves with each change.
    pub alias: Option<Value>,
    /// What a finding points at.
    pub span: Span,
    /// The architecture, as Lambda spells it; its default is `x86_64`.
    pub architecture: Option<Value>,
    /// The image.
    pub image: Option<Value>,
    /// The Dockerfile that it is built from, relative to the repository's root.
    pub dockerfile: Option<Value>,
    /// Whether the template overrides the image's CMD.
    pub overrides_command: bool,
}

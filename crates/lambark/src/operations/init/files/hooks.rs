//! The entry in `.pre-commit-config.yaml`.

use super::{HOME, VERSION};
use crate::operations::init::fill::fill;
use crate::operations::init::plan::{Draft, Form};

const TEMPLATE: &str = include_str!("../templates/pre-commit.yaml");

pub(super) fn draft() -> Draft {
    let body = fill(TEMPLATE, &[("HOME", HOME), ("VERSION", VERSION)]);
    Draft {
        path: ".pre-commit-config.yaml".to_owned(),
        what: "lints build steps before each commit",
        form: Form::Hooks(body),
    }
}

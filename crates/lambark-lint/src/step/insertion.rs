//! Where and how an option can be added to a build.

use crate::source::Span;

/// Where and how an option can be added to a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Where; the span is empty.
    pub at: Span,
    /// How options are written there.
    pub dialect: Dialect,
    /// What comes before: a space on a command line, an indentation in YAML.
    pub before: String,
    /// What comes after: nothing on a command line, a line end in YAML.
    pub after: String,
}

/// How an option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `--provenance=false`
    CommandLine,
    /// `provenance: false`; a list is `platforms: linux/amd64` (an action's input)
    ActionInput,
    /// `provenance: false`; a list is `platforms: ["linux/amd64"]`
    Compose,
    /// `attest = ["type=provenance,disabled=true"]`, `platforms = ["linux/amd64"]`
    BakeHcl,
    /// `"attest": ["type=provenance,disabled=true"]`, `"platforms": ["linux/amd64"]`
    BakeJson,
    /// `provenance = "false"`, `platform = "linux/amd64"`
    Terraform,
}

impl Insertion {
    /// The text that switches the default attestation off.
    #[must_use]
    pub fn without_attestations(&self) -> String {
        let option = match self.dialect {
            Dialect::CommandLine => "--provenance=false",
            Dialect::ActionInput | Dialect::Compose => "provenance: false",
            Dialect::BakeHcl => r#"attest = ["type=provenance,disabled=true"]"#,
            Dialect::BakeJson => r#""attest": ["type=provenance,disabled=true"]"#,
            Dialect::Terraform => r#"provenance = "false""#,
        };
        format!("{}{option}{}", self.before, self.after)
    }

    /// The text that asks for one platform.
    #[must_use]
    pub fn platform(&self, platform: &str) -> String {
        let option = match self.dialect {
            Dialect::CommandLine => format!("--platform {platform}"),
            Dialect::ActionInput => format!("platforms: {platform}"),
            Dialect::Compose => format!("platforms: [\"{platform}\"]"),
            Dialect::BakeHcl => format!("platforms = [\"{platform}\"]"),
            Dialect::BakeJson => format!("\"platforms\": [\"{platform}\"]"),
            Dialect::Terraform => format!("platform = \"{platform}\""),
        };
        format!("{}{option}{}", self.before, self.after)
    }
}

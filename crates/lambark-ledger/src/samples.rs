//! Drafts for tests.

use lambark_oci::Digest;

use crate::entry::{Draft, Outcome, Who, WhoKind};

/// 2025-11-29T05:50:00.123Z.
pub(crate) const TIME: u64 = 1_764_395_400_123;

pub(crate) fn who() -> Who {
    Who { kind: WhoKind::Github, name: "octo".to_owned() }
}

/// A draft with every field that a deployment has.
pub(crate) fn full() -> Draft {
    let text = |text: &str| Some(text.to_owned());
    Draft {
        of: Some(6),
        service: text("backend"),
        function: text("backend-prod"),
        alias: text("live"),
        repository: text("123456789012.dkr.ecr.us-east-1.amazonaws.com/app"),
        tag: text("v2"),
        digest_before: Some(Digest::of(b"v1")),
        digest_after: Some(Digest::of(b"v2")),
        version_before: text("6"),
        version_after: text("7"),
        verdict: text("accepted"),
        rules: text("0.1.0"),
        attestations: vec![Digest::of(b"provenance")],
        commit: text("0123456789abcdef0123456789abcdef01234567"),
        run_url: text("https://github.example.com/team/app/actions/runs/7"),
        reason: text("the login answered 502\n\"café\" \\ \u{1}"),
        ticket: text("OPS-7"),
        approved_by: text("octo-lead"),
        detail: text("up in 3 s"),
        facts: [("revision", "r-1"), ("weight", "0.1")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..deploy(TIME, "backend-prod", Outcome::Succeeded)
    }
}

/// A draft with little in it.
pub(crate) fn deploy(time: u64, function: &str, outcome: Outcome) -> Draft {
    let mut draft = Draft::new(time, who(), "deploy", outcome);
    draft.function = Some(function.to_owned());
    draft.alias = Some("live".to_owned());
    draft
}

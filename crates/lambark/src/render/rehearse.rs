//! `rehearse` for people: a story told while it happens.

use std::io::{self, Write};

use lambark_oci::Digest;

use super::Page;
use super::escape::plain;
use super::story::{label, lines};
use super::style::{BOLD, CODE, DIM, DONE, ERROR};
use crate::operations::rehearse::Step;

/// Writes one step.
///
/// # Errors
/// When `out` fails.
pub fn step(out: &mut dyn Write, step: &Step, page: Page) -> io::Result<()> {
    match step {
        Step::Ready { url, account, region } => {
            writeln!(out, "{BOLD}ECR and Lambda{BOLD:#} on {CODE}{url}{CODE:#}, account {account}, Region {region}")?;
            if !page.quiet {
                writeln!(out, "{DIM}a twin inside this process: nothing leaves the machine{DIM:#}")?;
            }
            Ok(())
        }
        Step::Pushed { image, uri, kind, digest, as_it_is } => {
            let how = if *as_it_is { ", as it is" } else { ", with a manifest made for it" };
            writeln!(out)?;
            label(out, BOLD, "push")?;
            lines(out, &[format!("{} → {uri}", plain(image)), format!("{kind}, {digest}{how}")], page)
        }
        Step::Refused(refusal) => {
            label(out, ERROR, "refused")?;
            let call = refusal.operation.name();
            lines(out, &[format!("{call}: {}", plain(&refusal.code)), plain(&refusal.message).into_owned()], page)
        }
        Step::Settled { call, states, failure } => settled(out, call, states, failure.as_ref(), page),
        Step::Mended { steps, kind, digest } => {
            label(out, DONE, "mended")?;
            let mut told: Vec<String> = steps.iter().map(|step| plain(step).into_owned()).collect();
            told.push(format!("{kind}, {digest}"));
            lines(out, &told, page)
        }
        Step::Hopeless { reason } => {
            label(out, ERROR, "stuck")?;
            lines(out, &[format!("no repair mends this image: {}", plain(reason))], page)
        }
        Step::Published { version, alias } => {
            label(out, DONE, "published")?;
            lines(out, &[format!("version {version}; the alias {alias} points at it")], page)
        }
        Step::Invoked { payload, failure: None } => {
            label(out, DONE, "answers")?;
            lines(out, &[shortened(payload)], page)
        }
        Step::Invoked { payload, failure: Some(kind) } => {
            label(out, ERROR, "fails")?;
            lines(out, &[plain(kind).into_owned(), shortened(payload)], page)
        }
        Step::NotInvoked { reason } => {
            label(out, DIM, "not run")?;
            lines(out, &[plain(reason).into_owned()], page)
        }
        Step::Versions(versions) => {
            writeln!(out)?;
            for (number, (version, digest)) in versions.iter().enumerate() {
                label(out, BOLD, if number == 0 { "versions" } else { "" })?;
                let digest = digest.as_ref().map_or("", Digest::as_str);
                lines(out, &[format!("{version:8} {digest}")], page)?;
            }
            Ok(())
        }
    }
}

/// An answer may be as long as 6 MB.
fn shortened(payload: &str) -> String {
    const MOST: usize = 200;
    let mut text: String = payload.chars().take(MOST).collect();
    if payload.chars().nth(MOST).is_some() {
        text.push('…');
    }
    plain(&text).into_owned()
}

fn settled(
    out: &mut dyn Write,
    call: &str,
    states: &[String],
    failure: Option<&(String, String)>,
    page: Page,
) -> io::Result<()> {
    let done = if call == "CreateFunction" { "created" } else { "updated" };
    let (style, word) = if failure.is_some() { (ERROR, "failed") } else { (DONE, done) };
    label(out, style, word)?;
    let mut told = vec![format!("{call}: {}", plain(&states.join(" → ")))];
    if let Some((code, reason)) = failure {
        told.push(plain(&format!("{code}: {reason}")).into_owned());
    }
    lines(out, &told, page)
}

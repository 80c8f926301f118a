//! `deploy` for people: a story told while it happens, one line a step.

use std::io::{self, Write};

use super::escape::plain;
use super::story::{label, lines};
use super::style::{BOLD, CODE, DIM, DONE, ERROR, HINT};
use super::{Page, style};
use crate::operations::deploy::{End, Outcome, Step};
use crate::operations::deployment::back::short;
use crate::operations::deployment::probe::Probed;
use crate::operations::deployment::{Back, Call, LATEST, Reason, Unfinished};
use crate::words::{count, shell};

/// Writes one step.
///
/// # Errors
/// When `out` fails.
pub fn step(out: &mut dyn Write, step: &Step, page: Page) -> io::Result<()> {
    let (label_style, word, told): (_, &str, Vec<String>) = match step {
        Step::Found { function, traffic, image, broken, .. } => {
            let mut told = vec![format!("{}, {}: {}", plain(function), plain(traffic), short(image.as_ref()))];
            if traffic == LATEST {
                told.push("no alias: a new image gets the traffic as soon as it is there".to_owned());
            }
            told.extend(broken.as_ref().map(|reason| format!("it does not run: {}", plain(&reason.to_string()))));
            told.extend(broken.as_ref().and_then(|reason| reason.meaning.clone()));
            (if broken.is_some() { ERROR } else { BOLD }, "runs", told)
        }
        Step::Unfinished { left, finished: true } => {
            (HINT, "half-done", unfinished(left, "this deployment finishes it"))
        }
        Step::Unfinished { left, finished: false } => {
            (HINT, "half-done", unfinished(left, "this deployment takes its place"))
        }
        Step::Undone { left } => (HINT, "half-done", unfinished(left, "it is undone")),
        Step::Chosen { image, verdict, depth, remembered, found, mended, to_mend, skipped, .. } => {
            let mut told = vec![plain(&image.to_string()).into_owned()];
            told.extend(mended.iter().map(|step| format!("mended: {}", plain(step))));
            let known = match remembered {
                0 => String::new(),
                known => format!(", {} known from an earlier look", count(*known, "layer")),
            };
            told.push(format!("verdict {verdict}, looked at as deep as {depth}{known}"));
            told.extend(found.iter().map(|it| format!("{}[{}]: {}", it.severity, it.rule, plain(&it.message))));
            told.extend(to_mend.iter().map(|step| format!("to mend: {}", plain(step))));
            if page.verbose {
                told.extend(skipped.iter().map(|(rule, why)| format!("not looked at: {rule} ({})", plain(why))));
            }
            (style::verdict(*verdict), "image", told)
        }
        Step::WayBack { to, image, without: None } => {
            (BOLD, "way back", vec![format!("{to}, {}, which is there", short(image.as_ref()))])
        }
        Step::WayBack { without: Some(why), .. } => (HINT, "way back", vec![format!("none sure: {}", plain(why))]),
        Step::Kept { tag } => (DONE, "tagged", vec![format!("{tag}, so that no lifecycle rule takes the image")]),
        Step::KeptVersion { version } => {
            (DONE, "numbered", vec![format!("what runs now is version {version}, to go back to")])
        }
        Step::State { what, state, reason } => {
            let mut told = vec![format!("{what}: {state}")];
            told.extend(reason.as_ref().map(|reason| plain(&reason.to_string()).into_owned()));
            told.extend(reason.as_ref().and_then(|reason| reason.meaning.clone()));
            (if reason.is_some() { ERROR } else { DIM }, "state", told)
        }
        Step::Updated { already: false } => (DONE, "updated", vec!["$LATEST has the image".to_owned()]),
        Step::Updated { already: true } => (DIM, "updated", vec!["$LATEST has the image already".to_owned()]),
        Step::Created => (DONE, "created", vec!["the function is active".to_owned()]),
        Step::Published { version } => (DONE, "published", vec![format!("version {version}")]),
        Step::Probed { before, probed } => probe(*before, probed),
        Step::Moved { alias, version, percent: 100, .. } => {
            (DONE, "traffic", vec![format!("{} → version {version}", plain(alias))])
        }
        Step::Moved { alias, version, percent, stays } => {
            let stays = stays.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
            (DONE, "traffic", vec![format!("{}: {percent} % to version {version}{stays}", plain(alias))])
        }
        Step::InPlace { traffic } if traffic == LATEST => {
            (DONE, "traffic", vec!["$LATEST has it, since it was updated".to_owned()])
        }
        Step::InPlace { traffic } => (DIM, "traffic", vec![format!("{}: nothing to move", plain(traffic))]),
        Step::Failed(reason) => (ERROR, "failed", told_reason(reason)),
        Step::NotRecorded { reason } => {
            (ERROR, "ledger", vec![format!("how it ended could not be written: {}", plain(reason))])
        }
        Step::Back(back) => (if back.is_done() { DONE } else { ERROR }, "back", told_back(back)),
    };
    label(out, label_style, word)?;
    lines(out, &told, page)
}

fn unfinished(left: &Unfinished, then: &str) -> Vec<String> {
    let mut told = told_unfinished(left);
    told.push(then.to_owned());
    told
}

/// What an earlier deployment left.
pub(super) fn told_unfinished(left: &Unfinished) -> Vec<String> {
    let by = |who: &Option<String>| who.as_deref().map_or_else(String::new, |who| format!(" ({})", plain(who)));
    vec![match left {
        Unfinished::Unpublished { digest } => format!("$LATEST has {}, which no version has", short(Some(digest))),
        Unfinished::NoTraffic { version, digest, who } => {
            format!(
                "version {version}, {}, was published for this alias and has no traffic{}",
                short(digest.as_ref()),
                by(who)
            )
        }
        Unfinished::Partial { version, digest, weight, who } => {
            format!("version {version}, {}, has a share of {weight} of the traffic{}", short(digest.as_ref()), by(who))
        }
    }]
}

fn probe(before: bool, probed: &Probed) -> (anstyle::Style, &'static str, Vec<String>) {
    let when = if before { "before traffic" } else { "after traffic" };
    let name = plain(&probed.name).into_owned();
    if probed.faults.is_empty() {
        return (DONE, "test", vec![format!("{name}: passed, {when}, {} ms", probed.millis)]);
    }
    let mut told = vec![format!("{name}: failed, {when}, {} ms", probed.millis)];
    told.extend(probed.faults.iter().map(|fault| plain(fault).into_owned()));
    (ERROR, "test", told)
}

fn told_reason(reason: &Reason) -> Vec<String> {
    let mut told = vec![plain(&reason.to_string()).into_owned()];
    told.extend(reason.meaning.clone());
    told
}

pub(super) fn told_back(back: &Back) -> Vec<String> {
    let mut told: Vec<String> = back.restored.iter().map(|what| plain(what).into_owned()).collect();
    told.extend(back.left.iter().map(|what| format!("left alone: {}", plain(what))));
    told.extend(back.failed.iter().map(|what| format!("not brought back: {}", plain(what))));
    told
}

/// Writes how it ended.
///
/// # Errors
/// When `out` fails.
pub fn end(out: &mut dyn Write, outcome: &Outcome, page: Page) -> io::Result<()> {
    let function = plain(&outcome.function);
    writeln!(out)?;
    match &outcome.end {
        End::Planned(calls) => plan(out, calls, page),
        End::Deployed => {
            let version = outcome.version.as_deref().unwrap_or_default();
            let digest = outcome.image.as_ref().and_then(|image| image.digest());
            writeln!(out, "{DONE}deployed{DONE:#}: {function} runs {} as version {version}", short(digest))?;
            if !page.quiet && outcome.from.is_some() && outcome.from.as_ref() != digest {
                writeln!(out, "{DIM}back:{DIM:#} {CODE}{}{CODE:#}", rollback_command(outcome))?;
            }
            Ok(())
        }
        End::RolledBack { .. } => {
            writeln!(out, "{ERROR}not deployed{ERROR:#}: {function} is as it was before")?;
            let digest = outcome.image.as_ref().and_then(|image| image.digest());
            if digest.is_some() && outcome.from.as_ref() == digest {
                // Nothing was there to go back to: what failed had the traffic when this began.
                let command = rollback_command(outcome);
                writeln!(
                    out,
                    "{HINT}it ran this image before, too{HINT:#}; what ran earlier: {CODE}{command}{CODE:#}"
                )?;
            }
            Ok(())
        }
        End::Overtaken { by, back } => {
            writeln!(out, "{ERROR}not deployed{ERROR:#}: {function} was changed since you read it{}", plain(by))?;
            by_hand(out, &back.commands)
        }
        End::NotRolledBack { back, .. } => {
            writeln!(out, "{ERROR}not deployed, and NOT as it was before{ERROR:#}: {function}")?;
            by_hand(out, &back.commands)
        }
    }
}

fn rollback_command(outcome: &Outcome) -> String {
    match (&outcome.service, &outcome.alias) {
        (Some(service), _) => format!("lambark rollback {}", shell(service)),
        (None, Some(alias)) => {
            format!("lambark rollback --function {} --alias {}", shell(&outcome.function), shell(alias))
        }
        (None, None) => format!("lambark rollback --function {}", shell(&outcome.function)),
    }
}

pub(super) fn by_hand(out: &mut dyn Write, commands: &[String]) -> io::Result<()> {
    if !commands.is_empty() {
        writeln!(out, "{HINT}by hand{HINT:#}:")?;
    }
    commands.iter().try_for_each(|command| writeln!(out, "  {CODE}{}{CODE:#}", plain(command)))
}

/// Writes the calls of a plan.
pub(super) fn plan(out: &mut dyn Write, calls: &[Call], page: Page) -> io::Result<()> {
    if calls.is_empty() {
        return writeln!(out, "plan: nothing to do");
    }
    writeln!(out, "{BOLD}plan{BOLD:#}: these calls, none of which was made")?;
    for call in calls {
        let arguments: Vec<String> =
            call.arguments.iter().map(|(name, value)| format!("{name}={}", shell(value))).collect();
        label(out, CODE, "")?;
        lines(out, &[format!("{} {} {}", call.service, call.operation, plain(&arguments.join(" ")))], page)?;
        label(out, DIM, "")?;
        lines(out, &[format!("({})", call.why)], page)?;
    }
    Ok(())
}

//! `ship` for people, for a run's page, and for the steps after it.

use std::io::{self, Write};

use super::escape::plain;
use super::story::{label, lines};
use super::style::{BOLD, CODE, DIM, DONE, ERROR};
use super::summary::{code, text};
use super::{Page, build, deploy};
use crate::operations::build::planner::Plan;
use crate::operations::ship::{Outcome, Settings, Step, Told};
use crate::words::shell;

/// Writes what happened, one line a step.
///
/// # Errors
/// When `out` fails.
pub fn told(out: &mut dyn Write, service: &str, told: &Told<'_>, page: Page) -> io::Result<()> {
    match told {
        Told::Deploy(step) => deploy::step(out, step, page),
        Told::Done(done) => {
            let style = if done.step < Step::Deploy { DONE } else { DIM };
            label(out, style, done.step.as_str())?;
            let seconds = done.took.as_secs_f64();
            let took = if seconds >= 0.05 { format!(" ({seconds:.1} s)") } else { String::new() };
            lines(out, &[format!("{}: {}{took}", plain(service), plain(&done.text))], page)
        }
    }
}

/// Writes how it ended.
///
/// # Errors
/// When `out` fails.
pub fn end(out: &mut dyn Write, outcomes: &[Outcome], head: Option<&str>, page: Page) -> io::Result<()> {
    for outcome in outcomes {
        match &outcome.deployment {
            Some(deployment) => deploy::end(out, deployment, page)?,
            None if outcome.failure.is_some() => {
                writeln!(out, "\n{ERROR}not shipped{ERROR:#}: {}", plain(&outcome.service))?;
            }
            None => {
                let last = outcome.steps.last().map_or("nothing", |done| done.step.as_str());
                writeln!(out, "\n{DONE}done{DONE:#}: {} up to {last}", plain(&outcome.service))?;
            }
        }
    }
    super::record::head(out, head, page)
}

/// Writes what would be done.
///
/// # Errors
/// When `out` fails.
pub fn plan(out: &mut dyn Write, planned: &[(&Settings, Option<Plan>)], page: Page) -> io::Result<()> {
    for (settings, built) in planned {
        writeln!(out, "{BOLD}{}{BOLD:#}: nothing was run", plain(&settings.service))?;
        let does = |step: Step| (settings.from..=settings.until).contains(&step);
        if let Some(plan) = built {
            label(out, CODE, "build")?;
            lines(out, &build::steps(plan).iter().map(|step| plain(step).into_owned()).collect::<Vec<_>>(), page)?;
        }
        if does(Step::Push) {
            label(out, CODE, "push")?;
            lines(out, &[plain(&settings.reference).into_owned()], page)?;
        }
        if does(Step::Deploy) {
            let command = format!("lambark deploy {} --tag {} --plan", shell(&settings.service), shell(&settings.tag));
            label(out, CODE, "deploy")?;
            let alias = settings.deploy.alias.as_ref().map_or_else(String::new, |alias| format!(", alias {alias}"));
            let told = format!("{}{alias}, {} tests", plain(&settings.deploy.function), settings.deploy.probes.len());
            lines(out, &[told, format!("once it is pushed, `{command}` prints the calls")], page)?;
        }
    }
    Ok(())
}

/// Adds a table in Markdown.
///
/// # Errors
/// When `out` fails.
pub fn summary(out: &mut dyn Write, outcomes: &[Outcome], head: Option<&str>) -> io::Result<()> {
    writeln!(out, "### Shipped to AWS Lambda\n")?;
    writeln!(out, "| service | image | version | tests | result |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for outcome in outcomes {
        let deployment = outcome.deployment.as_ref();
        let digest = outcome.digest.as_ref().map_or_else(String::new, |digest| format!("<br>`{digest}`"));
        let version = deployment.and_then(|it| it.version.as_deref()).unwrap_or("");
        let (passed, failed) = deployment.map_or((0, 0), |it| {
            let failed = it.probed().filter(|probed| !probed.faults.is_empty()).count();
            (it.probed().count() - failed, failed)
        });
        let tests = match (passed, failed) {
            (0, 0) => "none".to_owned(),
            (passed, 0) => format!("{passed} passed"),
            (passed, failed) => format!("{passed} passed, **{failed} failed**"),
        };
        let image = code(&outcome.reference);
        writeln!(out, "| {} | {image}{digest} | {version} | {tests} | {} |", text(&outcome.service), result(outcome))?;
    }
    writeln!(out, "\n| step | took | |\n|---|---|---|")?;
    for outcome in outcomes {
        for done in &outcome.steps {
            let (service, what) = (text(&outcome.service), text(&done.text));
            writeln!(out, "| {service} {} | {:.1} s | {what} |", done.step, done.took.as_secs_f64())?;
        }
    }
    match head {
        Some(head) => writeln!(out, "\nLedger head: `{}`\n", plain(head)),
        None => writeln!(out),
    }
}

fn result(outcome: &Outcome) -> String {
    use crate::operations::deploy::End;
    match (&outcome.failure, outcome.deployment.as_ref().map(|it| &it.end)) {
        (Some(failure), _) => format!("**not shipped**: {}", text(&failure.to_string())),
        (None, Some(End::Deployed)) => "**deployed**".to_owned(),
        (None, Some(End::RolledBack { reason, .. })) => {
            format!("**failed, taken back**: {}", text(&reason.to_string()))
        }
        (None, Some(End::NotRolledBack { reason, .. })) => {
            format!("**failed, NOT taken back**: {}", text(&reason.to_string()))
        }
        (None, Some(End::Overtaken { .. })) => "**not deployed**: changed by somebody else".to_owned(),
        (None, Some(End::Planned(_)) | None) => {
            let last = outcome.steps.last().map_or("nothing", |done| done.step.as_str());
            format!("up to {last}")
        }
    }
}

/// Adds the outputs of a step; of several services each has its name in front.
///
/// # Errors
/// When `out` fails.
pub fn outputs(out: &mut dyn Write, outcomes: &[Outcome]) -> io::Result<()> {
    for outcome in outcomes {
        let prefix = if outcomes.len() == 1 { String::new() } else { format!("{}-", line(&outcome.service)) };
        let deployment = outcome.deployment.as_ref();
        let deployed = deployment.and_then(|it| it.image.as_ref()?.digest());
        if let Some(digest) = deployed.or(outcome.digest.as_ref()) {
            let repository = outcome.reference.rsplit_once(':').map_or("", |(repository, _)| repository);
            writeln!(out, "{prefix}digest={digest}\n{prefix}image-uri={}@{digest}", line(repository))?;
        }
        if let Some(version) = deployment.and_then(|it| it.version.as_deref()) {
            writeln!(out, "{prefix}version={}", line(version))?;
        }
        if let Some(it) = deployment {
            writeln!(out, "{prefix}function-arn={}", line(&it.function_arn))?;
        }
    }
    Ok(())
}

/// A value that cannot begin another line.
fn line(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

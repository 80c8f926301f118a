//! `doctor`: from a pasted error, a log, an image or a function to three lines: the cause, the cure without a write, the
//! lasting mend.

mod given;
mod lines;

use std::io::Read;
use std::sync::Arc;

use lambark_aws::Aws;
use lambark_images::{Access, Progress};
use lambark_knowledge::{Diagnosis, diagnose, scan};
use lambark_rules::facts::Asked;

use super::check::{self, Checked};
use super::explain::{self, Log};
use super::knowledge::{self, Shelf};
use crate::exit;
use crate::failure::Failure;
use given::Given;
pub use lines::Lines;

/// What to find the fault of.
pub enum What<'a> {
    /// An error's text, an image's name, or a function's name or ARN.
    Text(&'a str),
    /// A log.
    Log(&'a mut dyn Read),
}

/// How to look.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is known of error messages.
    pub knowledge: knowledge::Settings,
    /// What the rules are asked.
    pub asked: Asked,
    /// The Region of the function, if the user named one.
    pub region: Option<String>,
    /// Whether connections may be opened.
    pub online: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    /// The three lines.
    pub lines: Lines,
    /// What the text, or the function's state, means.
    pub log: Box<Log>,
    /// The image that was looked at, or why it was not.
    pub image: Option<Checked>,
    /// The function that was looked at, or why it was not.
    pub function: Option<Function>,
}

/// A function, and what could be learned of it.
#[derive(Debug)]
pub struct Function {
    /// Its name or ARN.
    pub name: String,
    /// Its state in words, or why it was not looked at.
    pub state: Result<String, String>,
}

impl Outcome {
    /// The process's exit code: 1 where a fault was found, 3 where nothing could be looked at.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.image {
            _ if self.lines.found => exit::FINDINGS,
            Some(Checked { result: Ok(_), .. }) => exit::FINE,
            Some(Checked { result: Err(failure), .. }) => failure.exit_code(),
            None if matches!(&self.function, Some(Function { state: Ok(_), .. })) => exit::FINE,
            None => exit::COULD_NOT_LOOK,
        }
    }
}

/// Finds the fault.
///
/// # Errors
/// When the log cannot be read. What cannot be looked at is told in the outcome.
pub fn run(
    what: What<'_>,
    settings: &Settings,
    aws: &Arc<Aws>,
    access: &Access,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let mut shelf = Shelf::load(&settings.knowledge)?;
    let mut given = Given::default();
    let mut found = match what {
        What::Log(log) => explain::read(&shelf, log)?,
        What::Text(text) => {
            given = Given::of(text, &shelf);
            scan(&shelf.knowledge, text)
        }
    };
    let diagnosis = diagnose(&shelf.knowledge, &found);
    let mut image = given.image.clone().or_else(|| named_image(&diagnosis));
    let name = given.function.clone().or_else(|| named_function(&diagnosis));
    let mut asked = settings.asked;
    let mut function = None;
    if let Some(name) = name.clone().filter(|_| image.is_none()) {
        let looked = given::function(&name, settings.online, aws);
        if let Ok(looked) = &looked {
            image.clone_from(&looked.image);
            asked.architecture = asked.architecture.or(looked.architecture);
            if given.function.is_some() {
                found = scan(&shelf.knowledge, &looked.state);
            }
        }
        function = Some(Function { name, state: looked.map(|looked| looked.state) });
    }
    let image = image.map(|image| look(image, settings, asked, access, progress));
    let ids: Vec<String> =
        diagnose(&shelf.knowledge, &found).matches.iter().map(|found| found.entry.id.clone()).collect();
    if !ids.is_empty() {
        shelf.count(ids.iter().map(String::as_str), &settings.knowledge);
    }
    let log = Box::new(Log { shelf, scan: found });
    let lines = Lines::of(&log, image.as_ref(), name.as_deref(), function.as_ref());
    Ok(Outcome { lines, log, image, function })
}

/// The image that the most telling message means, or else the last that is named.
fn named_image(diagnosis: &Diagnosis<'_>) -> Option<String> {
    let meant = diagnosis.matches.iter().find_map(|found| found.image.clone());
    meant.or_else(|| diagnosis.images.last().map(|place| place.name.clone()))
}

fn named_function(diagnosis: &Diagnosis<'_>) -> Option<String> {
    let meant = diagnosis.matches.iter().find_map(|found| found.function.clone());
    meant.or_else(|| diagnosis.functions.last().map(|place| place.name.clone()))
}

/// Looks at an image as `check` does; one in a registry needs a connection.
fn look(image: String, settings: &Settings, asked: Asked, access: &Access, progress: &dyn Progress) -> Checked {
    let remote = super::name(&image).is_ok_and(|name| name.reference().is_some());
    if remote && !settings.online {
        let reason = "not looked at: --offline was given".to_owned();
        return Checked { image, result: Err(Failure::NotLooked(reason)) };
    }
    let images = vec![image.clone()];
    let settings =
        check::Settings { images, asked, depth: None, region: settings.region.clone(), account: None, means: None };
    let mut outcome = check::run(&settings, access, progress);
    let none = || Checked { image, result: Err(Failure::NotLooked("nothing was looked at".to_owned())) };
    outcome.images.pop().unwrap_or_else(none)
}

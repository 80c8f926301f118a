//! `status`: what a function runs, whether that will go on, and what a deployment left unfinished.

use lambark_oci::{Digest, Reference};
use lambark_rules::facts::Asked;
use lambark_rules::{Severity, Verdict};

use super::check;
use super::deployment::image::Found;
use super::deployment::live::{Live, Version, versions};
use super::deployment::presence::{Presence, presence};
use super::deployment::wait::{self, Until};
use super::deployment::{Reason, Unfinished, World, meaning, unfinished};
use crate::exit;
use crate::failure::Failure;

/// How many versions are told.
pub const VERSIONS: usize = 5;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The function, by name or ARN.
    pub function: String,
    /// The alias that gets the traffic.
    pub alias: Option<String>,
    /// What the rules are asked.
    pub asked: Asked,
}

/// What there is.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The function's name.
    pub function: String,
    /// Its ARN.
    pub arn: String,
    /// AWS's words for its state and its last update.
    pub state: String,
    /// What is wrong with it, in AWS's words.
    pub wrong: Vec<Reason>,
    /// Who gets the traffic.
    pub traffic: String,
    /// The alias was named and does not exist.
    pub alias_missing: bool,
    /// `$LATEST`'s image.
    pub latest: Option<Digest>,
    /// The image that gets the traffic.
    pub image: Option<Image>,
    /// What a deployment left.
    pub unfinished: Option<Unfinished>,
    /// The newest versions.
    pub versions: Vec<Version>,
}

/// The image that gets the traffic.
#[derive(Clone, Debug)]
pub struct Image {
    /// By digest.
    pub reference: Reference,
    /// Whether it can still be pulled.
    pub presence: Presence,
    /// What the rules say of it, or why it was not looked at.
    pub verdict: Result<Verdict, String>,
    /// What the rules found that is an error.
    pub found: Vec<Found>,
}

impl Outcome {
    /// 1 when the function does not run, its image is gone or would be refused, or a deployment is unfinished.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let gone = self.image.as_ref().is_some_and(|image| {
            matches!(image.presence, Presence::Gone(_)) || image.found.iter().any(|it| it.severity == Severity::Error)
        });
        if gone || self.alias_missing || !self.wrong.is_empty() || self.unfinished.is_some() {
            exit::FINDINGS
        } else {
            exit::FINE
        }
    }

    /// Whether AWS is at work: an update, a creation. That ends by itself.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        self.state.contains("InProgress") || self.state.contains("Pending")
    }

    /// Whether a version has a share of the traffic: by a canary that is under way, or by one that broke off. AWS does
    /// not tell which; only time does.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.unfinished, Some(Unfinished::Partial { .. }))
    }
}

/// Looks.
///
/// # Errors
/// What asking AWS ends in. An image that cannot be looked at is told in the outcome.
pub fn run(settings: &Settings, world: &World<'_>) -> Result<Outcome, Failure> {
    let live = Live::read(&*world.lambda, &settings.function, settings.alias.as_deref())?;
    let published = versions(&*world.lambda, &live.settings().name)?;
    let now = live.settings();
    let mut wrong = Vec::new();
    if wait::is_settled(now, Until::Settled)
        && let Some((code, words)) = wait::failure(now, Until::Settled)
        // A function that sleeps wakes up by itself.
        && code != "Idle"
    {
        wrong.push(meaning::reason(&code, &words, &world.knowledge));
    }
    let image = live.before().image.map(|image| look(&image, &live, settings, world));
    Ok(Outcome {
        function: now.name.clone(),
        arn: now.arn.clone(),
        state: wait::words(now),
        wrong,
        traffic: live.told(),
        alias_missing: settings.alias.is_some() && live.alias.is_none(),
        latest: now.image_digest(),
        image,
        unfinished: unfinished::find(&live, &published),
        versions: published.into_iter().take(VERSIONS).collect(),
    })
}

fn look(image: &Reference, live: &Live, settings: &Settings, world: &World<'_>) -> Image {
    let presence = presence(image, world.access);
    let mut looked = Image { reference: image.clone(), presence, verdict: Err(String::new()), found: Vec::new() };
    if let Presence::Gone(reason) | Presence::NotLooked(reason) = &looked.presence {
        looked.verdict = Err(reason.clone());
        return looked;
    }
    let place = live.place();
    let asked = check::Settings {
        images: vec![image.to_string()],
        asked: Asked { architecture: live.architecture(), ..settings.asked },
        depth: None,
        region: place.map(|(_, region)| region.to_owned()),
        account: place.map(|(account, _)| account.to_owned()),
        means: None,
    };
    match check::run(&asked, world.access, &**world.progress).images.pop().map(|checked| checked.result) {
        Some(Ok(it)) => {
            looked.verdict = Ok(it.judgement.verdict);
            looked.found = it.judgement.findings.iter().map(Found::of).collect();
        }
        Some(Err(failure)) => looked.verdict = Err(failure.to_string()),
        None => looked.verdict = Err("nothing was looked at".to_owned()),
    }
    looked
}

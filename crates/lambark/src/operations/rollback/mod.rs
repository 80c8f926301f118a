//! `rollback`: what ran before runs again. The traffic first, in one call; then `$LATEST`.

pub mod goal;

use lambark_aws::lambda::Weights;
use lambark_oci::{Digest, Reference};

use super::deploy::Step;
use super::deployment::back::{pointed, short};
use super::deployment::live::{self, Live, Version, versions};
use super::deployment::presence::{Presence, presence};
use super::deployment::probe::url::Sender;
use super::deployment::probe::{Kind, Probe};
use super::deployment::wait::{Until, Waited, failure, wait};
use super::deployment::{Back, Call, Error, Journal, LATEST, Reason, World, lost, meaning, shift};
use crate::exit;
use crate::failure::Failure;
use crate::words::shell;
use goal::{Aim, Goal};

/// What to take back.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The service of `lambark.toml`, if it was named.
    pub service: Option<String>,
    /// The function, by name or ARN.
    pub function: String,
    /// The alias that gets the traffic.
    pub alias: Option<String>,
    /// Where it leads.
    pub aim: Aim,
    /// What has to work afterwards; event tests are not sent, since the version is not new.
    pub probes: Vec<Probe>,
    /// Only plan.
    pub plan_only: bool,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was to be done but plan.
    Planned(Vec<Call>),
    /// It runs already.
    Already,
    /// It runs again.
    Done,
    /// It runs again, and a test failed.
    Unwell(Reason),
    /// It could not be brought back; the commands that do it by hand.
    Failed(Reason, Vec<String>),
    /// Somebody else changed the function meanwhile.
    Overtaken,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: Option<String>,
    /// The image that had the traffic.
    pub from: Option<Digest>,
    /// Where it led.
    pub goal: Goal,
    /// Everything that happened, in order.
    pub steps: Vec<Step>,
    /// How it ended.
    pub end: End,
}

impl Outcome {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.end {
            End::Planned(_) | End::Already | End::Done => exit::FINE,
            End::Unwell(_) => exit::FINDINGS,
            End::Failed(..) => exit::NOT_ROLLED_BACK,
            End::Overtaken => exit::REFUSED,
        }
    }
}

/// Everything a rollback needs once it is under way.
struct Way<'a> {
    world: &'a World<'a>,
    live: Live,
    goal: Goal,
    image: Reference,
}

/// Why it does not go on.
enum Stop {
    Failed(Reason),
    Overtaken,
}

/// Rolls back, and tells each step as soon as it is over.
///
/// # Errors
/// Whatever stops it before anything was changed.
pub fn run(
    settings: &Settings,
    world: &World<'_>,
    sender: Option<&Sender>,
    mut journal: Option<&mut Journal>,
    tell: &mut dyn FnMut(&Step),
) -> Result<Outcome, Failure> {
    let mut steps = Vec::new();
    let mut tell = |step: Step| {
        tell(&step);
        steps.push(step);
    };
    let way = prepare(settings, world, &mut tell)?;
    let end = if settings.plan_only {
        End::Planned(way.calls())
    } else if way.is_there() {
        End::Already
    } else {
        if let Some(journal) = &mut journal {
            way.intend(settings, journal)?;
        }
        let mut moved = false;
        let end = match way.go(&mut moved, &mut tell) {
            Ok(()) => probe(settings, sender, &mut tell),
            Err(Stop::Overtaken) => End::Overtaken,
            Err(Stop::Failed(reason)) => End::Failed(reason, way.by_hand(moved)),
        };
        if let Some(Err(error)) = journal.map(|journal| record(&end, journal)) {
            tell(Step::NotRecorded { reason: error.to_string() });
        }
        end
    };
    let from = way.live.before().image.and_then(|image| image.digest().cloned());
    let (function, goal) = (way.live.settings().name.clone(), way.goal);
    Ok(Outcome { function, alias: settings.alias.clone(), from, goal, steps, end })
}

fn prepare<'a>(settings: &'a Settings, world: &'a World<'a>, tell: &mut dyn FnMut(Step)) -> Result<Way<'a>, Failure> {
    let waited = wait(&*world.lambda, &settings.function, None, Until::Settled, world.patience, &mut |_| {})?;
    let (Waited::Settled(latest) | Waited::TooLong(latest)) = waited;
    let live = Live::of(&*world.lambda, *latest, settings.alias.as_deref())?;
    if !live.is_image() {
        return Err(Error::NotAnImage { function: settings.function.clone() }.into());
    }
    if let (Some(alias), None) = (&settings.alias, &live.alias) {
        let reason = format!("it has no alias {alias}");
        let function = live.settings().name.clone();
        return Err(Error::NothingToGoBackTo { function, reason, choices: Vec::new() }.into());
    }
    tell(Step::found(&live, settings.alias.as_deref(), world));
    let published = versions(&*world.lambda, &live.settings().name)?;
    let goal = goal::find(&live, &published, &settings.aim)?;
    if let Some(left) = &goal.undoes {
        tell(Step::Undone { left: left.clone() });
    }
    let image = image_of(&live, &published, &goal, world)?;
    match presence(&image, world.access) {
        Presence::There => {}
        Presence::Gone(reason) => return Err(Error::TargetGone { image: image.to_string(), reason }.into()),
        Presence::NotLooked(reason) => {
            let to = goal.version.as_deref().map_or_else(|| LATEST.to_owned(), pointed);
            tell(Step::WayBack { to, image: Some(goal.digest.clone()), without: Some(reason) });
        }
    }
    Ok(Way { world, live, goal, image })
}

/// The image of the goal. A version may come from another repository than what runs now.
fn image_of(live: &Live, published: &[Version], goal: &Goal, world: &World<'_>) -> Result<Reference, Failure> {
    let with_it = published.iter().find(|version| version.digest.as_ref() == Some(&goal.digest));
    let version = goal.version.clone().or_else(|| Some(with_it?.number.to_string()));
    let of_version = match version {
        Some(version) => live::image(&world.lambda.function(&live.settings().name, Some(&version))?),
        None => None,
    };
    let image = of_version.or_else(|| Some(live.before().image?.at(goal.digest.clone())));
    image.ok_or_else(|| Failure::NotLooked("Lambda does not tell where the function's image lies".to_owned()))
}

/// Writes how it ended.
fn record(end: &End, journal: &mut Journal) -> Result<(), lambark_ledger::Error> {
    let (outcome, detail) = match end {
        End::Planned(_) | End::Already | End::Done => (lambark_ledger::Outcome::Succeeded, None),
        End::Unwell(reason) => (lambark_ledger::Outcome::Succeeded, Some(reason.to_string())),
        End::Failed(reason, _) => (lambark_ledger::Outcome::Failed, Some(reason.to_string())),
        End::Overtaken => (lambark_ledger::Outcome::Failed, Some("changed since it was read".to_owned())),
    };
    journal.end(outcome, |draft| draft.detail = detail)
}

impl Way<'_> {
    /// Writes the intent: after this, something may change.
    fn intend(&self, settings: &Settings, journal: &mut Journal) -> Result<(), Failure> {
        let taken_over = journal.unfinished(self.function(), settings.alias.as_deref())?;
        journal.intend("rollback", taken_over.as_ref(), |draft| {
            draft.service.clone_from(&settings.service);
            draft.function = Some(self.function().to_owned());
            draft.alias.clone_from(&settings.alias);
            draft.repository = Some(self.image.repository_name());
            draft.digest_before = self.live.before().image.and_then(|image| image.digest().cloned());
            draft.digest_after = Some(self.goal.digest.clone());
            draft.version_before = self.live.alias.as_ref().map(|alias| alias.version.clone());
            draft.version_after.clone_from(&self.goal.version);
        })?;
        Ok(())
    }

    fn function(&self) -> &str {
        &self.live.settings().name
    }

    fn alias_is_there(&self) -> bool {
        match (&self.live.alias, &self.goal.version) {
            (Some(alias), Some(version)) => alias.version == *version && alias.weights.is_empty(),
            _ => true,
        }
    }

    fn latest_is_there(&self) -> bool {
        self.live.settings().image_digest().as_ref() == Some(&self.goal.digest)
    }

    fn is_there(&self) -> bool {
        self.alias_is_there() && self.latest_is_there()
    }

    fn calls(&self) -> Vec<Call> {
        let function = ("FunctionName", self.function().to_owned());
        let mut calls = Vec::new();
        if let (false, Some(alias), Some(version)) = (self.alias_is_there(), &self.live.alias, &self.goal.version) {
            let arguments = vec![function.clone(), ("Name", alias.name.clone()), ("FunctionVersion", version.clone())];
            calls.push(Call { service: "Lambda", operation: "UpdateAlias", arguments, why: "the traffic goes back" });
        }
        if !self.latest_is_there() {
            let arguments = vec![function, ("ImageUri", self.image.to_string())];
            let why = if self.goal.version.is_some() { "$LATEST goes back too" } else { "the traffic goes back" };
            calls.push(Call { service: "Lambda", operation: "UpdateFunctionCode", arguments, why });
        }
        calls
    }

    /// `moved`: the alias is where it should be by now.
    fn by_hand(&self, moved: bool) -> Vec<String> {
        let function = shell(self.function());
        let mut commands = Vec::new();
        let there = moved || self.alias_is_there();
        if let (false, Some(alias), Some(version)) = (there, &self.live.alias, &self.goal.version) {
            let name = shell(&alias.name);
            commands.push(format!(
                "aws lambda update-alias --function-name {function} --name {name} --function-version {version} \
                 --routing-config '{{\"AdditionalVersionWeights\":{{}}}}'"
            ));
        }
        if !self.latest_is_there() {
            let image = &self.image;
            commands.push(format!("aws lambda update-function-code --function-name {function} --image-uri {image}"));
        }
        commands
    }

    fn stop(&self, error: &lambark_aws::Error) -> Stop {
        if error.is_precondition_failed() || error.is_conflict() {
            return Stop::Overtaken;
        }
        Stop::Failed(meaning::of(error, &self.world.knowledge))
    }

    fn go(&self, moved: &mut bool, tell: &mut dyn FnMut(Step)) -> Result<(), Stop> {
        if let (false, Some(alias), Some(version)) = (self.alias_is_there(), &self.live.alias, &self.goal.version) {
            let lambda = &*self.world.lambda;
            let pointed = shift::point(lambda, self.function(), alias, version, &Weights::new());
            pointed.map_err(|error| self.stop(&error))?;
            let read = lambda.alias(self.function(), &alias.name).map_err(|error| self.stop(&error))?;
            if read.version != *version || !read.weights.is_empty() {
                return Err(Stop::Overtaken);
            }
            *moved = true;
            let (alias, version) = (alias.name.clone(), version.clone());
            tell(Step::Moved { alias, version, percent: 100, stays: None });
        }
        if self.latest_is_there() {
            return Ok(());
        }
        match self.latest(tell) {
            // The traffic is where it should be, and has been all along or since a moment ago: the rest is not ours.
            Err(Stop::Overtaken) if self.goal.version.is_some() => {
                let left = vec!["$LATEST, which somebody else changes".to_owned()];
                tell(Step::Back(Back { left, ..Back::default() }));
                Ok(())
            }
            other => other,
        }
    }

    fn latest(&self, tell: &mut dyn FnMut(Step)) -> Result<(), Stop> {
        let (lambda, read) = (&*self.world.lambda, self.live.settings());
        if let Err(error) = lost::give(lambda, self.function(), &self.image, read.revision_id.clone()) {
            let overtaken = lost::is_overtaken(lambda, self.function(), read, &error);
            let failed = || Stop::Failed(meaning::of(&error, &self.world.knowledge));
            return Err(if overtaken { Stop::Overtaken } else { failed() });
        }
        let waited = wait(lambda, self.function(), None, Until::Settled, self.world.patience, &mut |now| {
            tell(Step::state("update", now, Until::Settled, self.world));
        });
        let unknown = |words: String| Stop::Failed(Reason { words, ..Reason::default() });
        let now = match waited {
            Ok(Waited::Settled(now)) => now.configuration,
            Ok(Waited::TooLong(_)) => return Err(unknown("the update is still in progress".to_owned())),
            Err(Failure::Aws(error)) => return Err(self.stop(&error)),
            Err(other) => return Err(unknown(other.to_string())),
        };
        if let Some((code, words)) = failure(&now, Until::Settled) {
            return Err(Stop::Failed(meaning::reason(&code, &words, &self.world.knowledge)));
        }
        if now.image_digest().as_ref() != Some(&self.goal.digest) {
            return Err(Stop::Overtaken);
        }
        tell(Step::Updated { already: false });
        Ok(())
    }
}

fn probe(settings: &Settings, sender: Option<&Sender>, tell: &mut dyn FnMut(Step)) -> End {
    let mut end = End::Done;
    for probe in &settings.probes {
        let (Kind::Request(request), Some(sender)) = (&probe.kind, sender) else { continue };
        let probed = sender.run(&probe.name, request, &probe.expect);
        if !probed.faults.is_empty() {
            let words = format!("the test {}: {}", probed.name, probed.faults.join("; "));
            end = End::Unwell(Reason { words, ..Reason::default() });
        }
        tell(Step::Probed { before: false, probed });
    }
    end
}

/// The image that ran and the one that runs again, for people.
#[must_use]
pub fn told(outcome: &Outcome) -> String {
    let to = outcome.goal.version.as_deref().map_or_else(|| LATEST.to_owned(), pointed);
    let goal = short(Some(&outcome.goal.digest));
    if outcome.from.as_ref() == Some(&outcome.goal.digest) {
        // A deployment that never got its traffic was undone.
        return format!("{goal} ({to}), as it did");
    }
    format!("{goal} ({to}) in place of {}", short(outcome.from.as_ref()))
}

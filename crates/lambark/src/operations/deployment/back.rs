//! Going back to what was read before anything changed. Only what is still as this deployment left it is touched: what
//! somebody else changed meanwhile is theirs.

use lambark_aws::lambda::{Alias, Function};
use lambark_oci::Digest;

use super::live::{AliasBefore, Before};
use super::wait::{Until, Waited, failure, wait};
use super::{World, lost, shift};
use crate::failure::Failure;
use crate::words::shell;

/// What a deployment has changed so far, or may have: a call whose answer was lost counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// `$LATEST` was given this image.
    pub latest: Option<Digest>,
    /// The version that was published.
    pub version: Option<String>,
    /// The alias was moved; its name.
    pub alias: Option<String>,
    /// The alias was made.
    pub made_alias: bool,
}

impl Changed {
    /// Whether anything of it is in force.
    #[must_use]
    pub fn anything(&self) -> bool {
        self.latest.is_some() || self.alias.is_some()
    }
}

/// What came of going back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// What is as it was, verified by reading it again.
    pub restored: Vec<String>,
    /// What somebody else has changed meanwhile, and was left alone.
    pub left: Vec<String>,
    /// What could not be brought back, and why.
    pub failed: Vec<String>,
    /// The commands that do by hand what failed.
    pub commands: Vec<String>,
}

impl Back {
    /// Whether everything is as it was, or somebody else's.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.failed.is_empty()
    }
}

/// Brings alias and `$LATEST` back, the traffic first.
pub fn go(world: &World<'_>, function: &str, before: &Before, changed: &Changed) -> Back {
    let mut back = Back::default();
    if let Some(alias) = &changed.alias
        && let Err(reason) = alias_back(world, function, alias, before.alias.as_ref(), changed, &mut back)
    {
        back.failed.push(format!("the alias {alias}: {reason}"));
        back.commands.push(alias_command(function, alias, before.alias.as_ref()));
    }
    if let Some(ours) = &changed.latest
        && let Err(reason) = latest_back(world, function, ours, before, &mut back)
    {
        back.failed.push(format!("$LATEST: {reason}"));
        back.commands.extend(latest_command(function, before));
    }
    back
}

fn alias_back(
    world: &World<'_>,
    function: &str,
    name: &str,
    before: Option<&AliasBefore>,
    changed: &Changed,
    back: &mut Back,
) -> Result<(), Failure> {
    let now = match world.lambda.alias(function, name) {
        Ok(now) => now,
        Err(error) if error.is_not_found() && before.is_none() => {
            back.restored.push(format!("the alias {name} does not exist, as before"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(before) = before.filter(|before| now.version == before.version && now.weights == before.weights) {
        back.restored.push(format!("the alias {name} points at {}", pointed(&before.version)));
        return Ok(());
    }
    if !is_ours(&now, changed) {
        back.left.push(format!("the alias {name}, which somebody moved to {} meanwhile", pointed(&now.version)));
        return Ok(());
    }
    let Some(before) = before else {
        world.lambda.delete_alias(function, name)?;
        back.restored.push(format!("the alias {name} is gone again"));
        return Ok(());
    };
    shift::point(&*world.lambda, function, &now, &before.version, &before.weights)?;
    let read = world.lambda.alias(function, name)?;
    if read.version != before.version || read.weights != before.weights {
        return Err(Failure::NotLooked(format!("it points at {} after it was moved back", pointed(&read.version))));
    }
    back.restored.push(format!("the alias {name} points at {} again", pointed(&before.version)));
    Ok(())
}

/// Whether the alias is as this deployment left it: all or some of its traffic goes to the version published here.
fn is_ours(alias: &Alias, changed: &Changed) -> bool {
    let Some(version) = &changed.version else { return false };
    alias.version == *version || alias.weights.contains_key(version)
}

fn latest_back(
    world: &World<'_>,
    function: &str,
    ours: &Digest,
    before: &Before,
    back: &mut Back,
) -> Result<(), Failure> {
    let now = settled(world, function)?;
    let running = now.configuration.image_digest();
    let old = before.latest.as_ref();
    if running.is_some() && running.as_ref() == old.and_then(|old| old.digest()) {
        back.restored.push(format!("$LATEST runs {}", short(running.as_ref())));
        return Ok(());
    }
    if running.as_ref() != Some(ours) {
        back.left.push(format!("$LATEST, to which somebody gave {} meanwhile", short(running.as_ref())));
        return Ok(());
    }
    let Some(old) = old else {
        return Err(Failure::NotLooked("what it ran before is not known".to_owned()));
    };
    lost::give(&*world.lambda, function, old, now.configuration.revision_id.clone())?;
    let now = settled(world, function)?;
    if let Some((code, words)) = failure(&now.configuration, Until::Settled) {
        return Err(Failure::NotLooked(format!("{code}: {words}")));
    }
    if now.configuration.image_digest().as_ref() != old.digest() {
        let running = short(now.configuration.image_digest().as_ref());
        return Err(Failure::NotLooked(format!("it runs {running} after it was given its old image")));
    }
    back.restored.push(format!("$LATEST runs {} again", short(old.digest())));
    Ok(())
}

/// `$LATEST`, once nothing is in progress.
fn settled(world: &World<'_>, function: &str) -> Result<Function, Failure> {
    match wait(&*world.lambda, function, None, Until::Settled, world.patience, &mut |_| {})? {
        Waited::Settled(now) => Ok(*now),
        Waited::TooLong(_) => Err(Failure::NotLooked("an update is still in progress".to_owned())),
    }
}

fn alias_command(function: &str, alias: &str, before: Option<&AliasBefore>) -> String {
    let (function, alias) = (shell(function), shell(alias));
    match before {
        None => format!("aws lambda delete-alias --function-name {function} --name {alias}"),
        Some(before) => {
            let weights: Vec<String> =
                before.weights.iter().map(|(version, weight)| format!("\"{version}\":{weight}")).collect();
            let routing = shell(&format!("{{\"AdditionalVersionWeights\":{{{}}}}}", weights.join(",")));
            format!(
                "aws lambda update-alias --function-name {function} --name {alias} --function-version {} \
                 --routing-config {routing}",
                shell(&before.version)
            )
        }
    }
}

fn latest_command(function: &str, before: &Before) -> Option<String> {
    let image = before.latest.as_ref()?;
    Some(format!("aws lambda update-function-code --function-name {} --image-uri {image}", shell(function)))
}

/// `version 7`, `$LATEST`.
#[must_use]
pub fn pointed(version: &str) -> String {
    if super::note::is_version(version) { format!("version {version}") } else { version.to_owned() }
}

/// The digest as people tell digests apart.
#[must_use]
pub fn short(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "an unknown image".to_owned(), |digest| format!("sha256:{}…", digest.short()))
}

//! Reading and looking: everything before the first change.

use std::time::Instant;

use lambark_aws::lambda::{Configuration, LastUpdateStatus, State};
use lambark_ledger::Entry;
use lambark_oci::Digest;

use super::{Deployment, Step};
use crate::failure::Failure;
use crate::operations::deployment::back::{pointed, short};
use crate::operations::deployment::image::{Chosen, choose};
use crate::operations::deployment::live::{Before, Live, Version, image, versions};
use crate::operations::deployment::presence::{Presence, presence};
use crate::operations::deployment::unfinished::{self, Unfinished};
use crate::operations::deployment::wait::{self, Until, Waited, wait};
use crate::operations::deployment::{Error, LATEST};

/// Everything that was read and looked at.
pub(super) struct Prepared {
    /// What runs now.
    pub(super) live: Live,
    /// Where everything goes back to.
    pub(super) before: Before,
    /// The image.
    pub(super) chosen: Chosen,
    /// What an earlier deployment left, and whether this one finishes it.
    pub(super) unfinished: Option<(Unfinished, bool)>,
    /// The entry of the ledger whose deployment never ended, and which this one takes over.
    pub(super) taken_over: Option<Entry>,
    /// Whether `$LATEST` gets the traffic and no version has its image: then it needs a number to go back to.
    pub(super) needs_version: bool,
    /// Whether this finishes what an earlier deployment began: then what failed is taken back to what was there before
    /// that one.
    pub(super) resumed: bool,
}

impl Prepared {
    /// The image's digest; it has none yet where a repair that makes it is only planned.
    pub(super) fn digest(&self) -> Option<&Digest> {
        self.chosen.image.digest()
    }

    /// Whether `$LATEST` has the image already, whole and well.
    pub(super) fn is_updated(&self) -> bool {
        let now = self.live.settings();
        let well = matches!(now.last_update_status, None | Some(LastUpdateStatus::Successful));
        let has_it = self.digest().is_some() && now.image_digest().as_ref() == self.digest();
        well && now.state == Some(State::Active) && has_it
    }

    /// Whether the alias points at a version with this image already, all of it.
    pub(super) fn is_in_place(&self) -> bool {
        let points = self.live.alias.as_ref().is_some_and(|alias| alias.weights.is_empty());
        let carrier = self.live.carrier.as_ref().and_then(|it| it.configuration.image_digest());
        points && self.digest().is_some() && carrier.as_ref() == self.digest()
    }
}

impl Deployment<'_> {
    /// The function and its alias, once nothing is in progress; `None` if there is no such function.
    pub(super) fn live(&mut self) -> Result<Option<Live>, Failure> {
        let (function, lambda) = (self.settings.function.clone(), self.world.lambda.clone());
        let begun = Instant::now();
        let progress = self.world.progress;
        let mut told = |now: &Configuration| {
            if !wait::is_settled(now, Until::Settled) {
                progress.step(&format!("{} is being changed: {}", now.name, wait::words(now)));
            }
        };
        let waited = wait(&*lambda, &function, None, Until::Settled, self.world.patience, &mut told);
        self.waited += begun.elapsed();
        let latest = match waited {
            Ok(Waited::Settled(latest)) => *latest,
            Ok(Waited::TooLong(latest)) => return Err(self.unsettled(&latest.configuration).into()),
            Err(Failure::Aws(error)) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let live = Live::of(&*lambda, latest, self.settings.alias.as_deref())?;
        if !live.is_image() {
            return Err(Error::NotAnImage { function }.into());
        }
        self.tell(Step::found(&live, self.settings.alias.as_deref(), self.world));
        Ok(Some(live))
    }

    pub(super) fn unsettled(&self, now: &Configuration) -> Error {
        Error::Unsettled {
            function: self.settings.function.clone(),
            limit: humantime::format_duration(self.world.patience.limit).to_string(),
            state: now.state.as_ref().map_or("unknown", State::as_str).to_owned(),
            status: now.last_update_status.as_ref().map_or("absent", LastUpdateStatus::as_str).to_owned(),
        }
    }

    /// Looks at the image, at the way back, and at what an earlier deployment left.
    pub(super) fn prepare(&mut self, live: Live) -> Result<Prepared, Failure> {
        self.canary_is_possible(&live)?;
        let (settings, world) = (self.settings, self.world);
        let chosen = choose(&settings.image, &live, self.mending(), world.access, world.progress)?;
        self.tell(Step::chosen(&chosen, &settings.image.image));
        let published = self.published(&live)?;
        let left = published.as_deref().and_then(|versions| unfinished::find(&live, versions));
        let unfinished = left.map(|left| {
            let finished = left.digest() == chosen.image.digest() && left.digest().is_some();
            (left, finished)
        });
        if let Some((left, finished)) = &unfinished {
            self.tell(Step::Unfinished { left: left.clone(), finished: *finished });
        }
        let mut before = live.before();
        if let (Some((Unfinished::Partial { .. }, _)), Some(alias)) = (&unfinished, &mut before.alias) {
            // The share of a deployment that broke off is nothing to go back to.
            alias.weights.clear();
        }
        let resumed = match (&unfinished, published.as_deref()) {
            (Some((left, true)), Some(published)) => self.resume(&live, &mut before, left, published)?,
            _ => false,
        };
        let taken_over = self.taken_over(&live)?;
        let resumed = taken_over.as_ref().is_some_and(|intent| by_ledger(&mut before, intent)) || resumed;
        let latest_has_traffic = live.latest_has_traffic();
        let numbered = |versions: &[Version]| {
            let latest = live.settings().image_digest();
            versions.iter().any(|version| version.digest.is_some() && version.digest == latest)
        };
        let needs_version = latest_has_traffic
            && !live.is_broken()
            && live.settings().image_digest().as_ref() != chosen.image.digest()
            && !published.as_deref().is_some_and(numbered);
        self.way_back(&live, &before)?;
        Ok(Prepared { live, before, chosen, unfinished, taken_over, needs_version, resumed })
    }

    /// The entry of a deployment that was begun and never ended, if a ledger tells of one.
    fn taken_over(&mut self, live: &Live) -> Result<Option<Entry>, Failure> {
        let Some(journal) = &mut self.tools.journal else { return Ok(None) };
        Ok(journal.unfinished(&live.settings().name, self.settings.alias.as_deref())?)
    }

    /// Leads the way back to what was there before the deployment that is finished now, and tells whether that is known.
    /// What runs now is its own image, which nothing has tested yet.
    fn resume(
        &self,
        live: &Live,
        before: &mut Before,
        left: &Unfinished,
        published: &[Version],
    ) -> Result<bool, Failure> {
        let newest = published.first();
        // Somebody may have given `$LATEST` this image by hand; a function that lambark has deployed is taken for ours.
        let by_hand =
            matches!(left, Unfinished::Unpublished { .. }) && newest.is_none_or(|newest| newest.note.is_none());
        let was = match (&live.carrier, newest) {
            _ if by_hand => None,
            (Some(carrier), _) => image(carrier),
            (None, Some(newest)) => {
                let number = newest.number.to_string();
                image(&self.world.lambda.function(&live.settings().name, Some(&number))?)
            }
            (None, None) => None,
        };
        let Some(was) = was else { return Ok(false) };
        (before.latest, before.image) = (Some(was.clone()), Some(was));
        Ok(true)
    }

    /// The versions, where something looks unfinished or `$LATEST` is what has to be gone back to. An ordinary
    /// deployment spends no request of the shared quota on them.
    fn published(&self, live: &Live) -> Result<Option<Vec<Version>>, Failure> {
        let partial = live.alias.as_ref().is_some_and(|alias| !alias.weights.is_empty());
        let carrier = live.carrier.as_ref().and_then(|carrier| carrier.configuration.image_digest());
        let apart = carrier.is_some() && carrier != live.settings().image_digest();
        if partial || apart || live.latest_has_traffic() {
            return versions(&*self.world.lambda, &live.settings().name).map(Some);
        }
        Ok(None)
    }

    fn canary_is_possible(&self, live: &Live) -> Result<(), Failure> {
        let reason = match (&self.settings.alias, &live.alias) {
            _ if self.settings.shift.at_once() => return Ok(()),
            (None, _) => "no alias is named".to_owned(),
            (Some(alias), None) => format!("the alias {alias} does not exist yet"),
            (Some(name), Some(alias)) if alias.version == LATEST => format!("the alias {name} points at $LATEST"),
            _ => return Ok(()),
        };
        Err(Error::NoCanary { reason }.into())
    }

    /// What runs now must be there to go back to; unless it does not run, or somebody consents.
    fn way_back(&mut self, live: &Live, before: &Before) -> Result<(), Failure> {
        let to = before.alias.as_ref().map_or_else(|| LATEST.to_owned(), |alias| pointed(&alias.version));
        let told = |image: Option<Digest>, without: Option<String>| Step::WayBack { to: to.clone(), image, without };
        let Some(image) = before.image.clone() else {
            self.tell(told(None, Some("Lambda does not tell which image runs now".to_owned())));
            return self.consented("the image".to_owned(), "Lambda does not tell which one it is".to_owned());
        };
        match presence(&image, self.world.access) {
            Presence::There => self.tell(told(image.digest().cloned(), None)),
            Presence::NotLooked(reason) => {
                self.tell(told(
                    image.digest().cloned(),
                    Some(format!("not known whether the image is there: {reason}")),
                ));
            }
            Presence::Gone(reason) => {
                self.tell(told(None, Some(format!("{}: {reason}", short(image.digest())))));
                if !live.is_broken() {
                    return self.consented(image.to_string(), reason);
                }
            }
        }
        Ok(())
    }

    fn consented(&self, image: String, reason: String) -> Result<(), Failure> {
        if self.settings.without_way_back { Ok(()) } else { Err(Error::NoWayBack { image, reason }.into()) }
    }
}

/// Leads the way back to what the ledger says was there before the deployment that broke off, if the traffic had moved
/// already: what runs now is its own image then. Tells whether it did.
fn by_ledger(before: &mut Before, intent: &Entry) -> bool {
    let Some(image) = before.image.clone() else { return false };
    let (Some(was), true) = (&intent.body.digest_before, image.digest() == intent.body.digest_after.as_ref()) else {
        return false;
    };
    if image.digest() == Some(was) {
        return false;
    }
    let was = image.at(was.clone());
    (before.latest, before.image) = (Some(was.clone()), Some(was));
    if let (Some(alias), Some(version)) = (&mut before.alias, &intent.body.version_before) {
        alias.version.clone_from(version);
    }
    true
}

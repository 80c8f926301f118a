//! What happens in a deployment, as it is told.

use lambark_aws::lambda::Configuration;
use lambark_oci::{Digest, Reference};
use lambark_rules::{Needs, Verdict};

use crate::operations::deployment::image::{Chosen, Found};
use crate::operations::deployment::probe::Probed;
use crate::operations::deployment::wait::{self, Until};
use crate::operations::deployment::{Back, LATEST, Live, Reason, Unfinished, World, meaning};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// What runs now was read.
    Found {
        /// The function's name.
        function: String,
        /// Its ARN.
        arn: String,
        /// Who gets the traffic: the alias and where it points, or `$LATEST`.
        traffic: String,
        /// The image that gets it.
        image: Option<Digest>,
        /// Why it does not run as it is, if it does not.
        broken: Option<Reason>,
    },
    /// An earlier deployment did not come to its end.
    Unfinished {
        /// What it left.
        left: Unfinished,
        /// Whether this deployment finishes it; else it is undone.
        finished: bool,
    },
    /// An earlier deployment did not come to its end, and is undone.
    Undone {
        /// What it left.
        left: Unfinished,
    },
    /// The image was found and looked at.
    Chosen {
        /// The image by digest.
        image: Reference,
        /// What the user wrote.
        named: String,
        /// The verdict.
        verdict: Verdict,
        /// How deep it was looked at.
        depth: Needs,
        /// How many of its layers an earlier look knew, so that they were not read now.
        remembered: usize,
        /// What the rules found that does not stop a deployment: rule, severity, words.
        found: Vec<Found>,
        /// What was mended, step by step.
        mended: Vec<String>,
        /// What would be mended, step by step, where that is only planned.
        to_mend: Vec<String>,
        /// Rules that could not be asked, and why.
        skipped: Vec<(&'static str, String)>,
    },
    /// Where everything goes back to if something fails.
    WayBack {
        /// The version, or `$LATEST`.
        to: String,
        /// The image, which is there and can be pulled.
        image: Option<Digest>,
        /// Why there is none, or why it is not known whether there is.
        without: Option<String>,
    },
    /// The image got a tag that keeps it.
    Kept {
        /// The tag.
        tag: String,
    },
    /// What runs now got a number to go back to.
    KeptVersion {
        /// The version.
        version: String,
    },
    /// A call was taken, and something settles.
    State {
        /// What settles: `update`, `creation`, `version 8`.
        what: String,
        /// AWS's words for where it stands.
        state: String,
        /// AWS's code and words with it, if it has any.
        reason: Option<Reason>,
    },
    /// `$LATEST` has the image.
    Updated {
        /// Whether it had it before.
        already: bool,
    },
    /// The function was made.
    Created,
    /// A version was published, or the one that there was is used.
    Published {
        /// Its number.
        version: String,
    },
    /// A test was run.
    Probed {
        /// Whether it was sent before the traffic moved.
        before: bool,
        /// What came of it.
        probed: Probed,
    },
    /// The traffic moved.
    Moved {
        /// The alias.
        alias: String,
        /// The version.
        version: String,
        /// How much of the traffic the version gets now, in percent.
        percent: u8,
        /// How long it stays so, in seconds, if it is not the end.
        stays: Option<u64>,
    },
    /// The traffic was there already.
    InPlace {
        /// Who has it.
        traffic: String,
    },
    /// Something failed after the first change.
    Failed(Reason),
    /// How it ended could not be written into the ledger.
    NotRecorded {
        /// Why.
        reason: String,
    },
    /// Everything was taken back, as far as that went.
    Back(Back),
}

impl Step {
    /// The image, as it was found.
    pub(super) fn chosen(chosen: &Chosen, named: &str) -> Step {
        Step::Chosen {
            image: chosen.image.clone(),
            named: named.to_owned(),
            verdict: chosen.verdict,
            depth: chosen.depth,
            remembered: chosen.remembered,
            found: chosen.found.clone(),
            mended: chosen.mended.clone(),
            to_mend: chosen.to_mend.clone(),
            skipped: chosen.skipped.clone(),
        }
    }

    /// What runs now.
    pub(in crate::operations) fn found(live: &Live, alias: Option<&str>, world: &World<'_>) -> Step {
        let now = live.settings();
        let broken = live.is_broken().then(|| {
            let code = now.state_reason_code.as_ref().map(ToString::to_string);
            let code = code.or_else(|| now.state.as_ref().map(ToString::to_string)).unwrap_or_default();
            meaning::reason(&code, now.state_reason.as_deref().unwrap_or_default(), &world.knowledge)
        });
        let image = live.before().image.and_then(|image| image.digest().cloned());
        let traffic = match alias.filter(|_| live.alias.is_none()) {
            Some(missing) => format!("{missing} does not exist yet, {LATEST}"),
            None => live.told(),
        };
        Step::Found { function: now.name.clone(), arn: now.arn.clone(), traffic, image, broken }
    }

    /// Where something that settles stands.
    pub(in crate::operations) fn state(what: &str, now: &Configuration, until: Until, world: &World<'_>) -> Step {
        let failed = wait::failure(now, until).filter(|_| wait::is_settled(now, until));
        let reason = failed.map(|(code, words)| meaning::reason(&code, &words, &world.knowledge));
        Step::State { what: what.to_owned(), state: wait::words(now), reason }
    }
}

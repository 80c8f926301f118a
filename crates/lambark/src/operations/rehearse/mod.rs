//! `rehearse`: a whole deployment against a twin of AWS inside the process. The refusal, the mend, the function that
//! comes up: every call is a real one, over HTTP, by the client that speaks to AWS.

mod stage;

use std::sync::Arc;
use std::time::Duration;

use lambark_aws::{Error as AwsError, Refusal};
use lambark_images::{Access, Progress};
use lambark_oci::{Digest, ImageName};
use lambark_rules::facts::Asked;
use lambark_twin::Invoke;

use crate::exit;
use crate::failure::Failure;
use stage::Stage;

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The images, as the user wrote them: the function is created from the first and updated to each that follows.
    pub images: Vec<String>,
    /// What the rules are asked.
    pub asked: Asked,
    /// How long a new function is `Pending`, and an update `InProgress`.
    pub settle: Duration,
    /// Refuse what nobody has established.
    pub pessimistic: bool,
    /// The event that each version is invoked with; none is if there is no event.
    pub event: Option<Vec<u8>>,
    /// What runs the function; without it the twin says that nothing does.
    pub invoker: Option<Arc<dyn Invoke>>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Step {
    /// The twin listens.
    Ready {
        /// What `AWS_ENDPOINT_URL` would be.
        url: String,
        /// The account.
        account: String,
        /// The Region.
        region: String,
    },
    /// An image arrived in the repository.
    Pushed {
        /// The image, as the user wrote it.
        image: String,
        /// The name it has in the repository.
        uri: String,
        /// What kind of object it is.
        kind: String,
        /// Its digest.
        digest: Digest,
        /// Whether every byte is as it was.
        as_it_is: bool,
    },
    /// AWS refused a call.
    Refused(Box<Refusal>),
    /// A function was created or updated, and came to rest.
    Settled {
        /// The call that did it.
        call: &'static str,
        /// What the function or the update went through, first to last.
        states: Vec<String>,
        /// AWS's code and words, if it failed.
        failure: Option<(String, String)>,
    },
    /// The image was mended where it lies.
    Mended {
        /// What was done.
        steps: Vec<String>,
        /// What kind of object stands under the tag now.
        kind: String,
        /// Its digest.
        digest: Digest,
    },
    /// No repair mends it.
    Hopeless {
        /// Why not: the rules that say so, or what the image lacks.
        reason: String,
    },
    /// A version was published and the alias moved to it.
    Published {
        /// The version.
        version: String,
        /// The alias that points at it.
        alias: &'static str,
    },
    /// The version was invoked.
    Invoked {
        /// What it gave back, or what it told of its error.
        payload: String,
        /// The kind of its error, if it failed.
        failure: Option<String>,
    },
    /// The version could not be invoked here.
    NotInvoked {
        /// Why.
        reason: String,
    },
    /// What is there at the end: each version with its image.
    Versions(Vec<(String, Option<Digest>)>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Everything that happened, in order.
    pub steps: Vec<Step>,
    /// Whether the last image was deployed, and its function came up.
    pub deployed: bool,
}

impl Outcome {
    /// 1 when an image could not be deployed, or its function does not start. An error that the function itself raises
    /// for the event is no such thing.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.deployed { exit::FINE } else { exit::FINDINGS }
    }
}

/// Rehearses, and tells each step as soon as it is over.
///
/// # Errors
/// When an image cannot be read, or the twin cannot run. What AWS would refuse is a step, not an error.
pub fn run(
    settings: &Settings,
    access: &Access,
    progress: &Arc<dyn Progress>,
    tell: &mut dyn FnMut(&Step),
) -> Result<Outcome, Failure> {
    let names: Vec<ImageName> = settings.images.iter().map(|image| super::name(image)).collect::<Result<_, _>>()?;
    let mut steps = Vec::new();
    let mut tell = |step: Step| {
        tell(&step);
        steps.push(step);
    };
    let stage = Stage::set(settings, names.first().map_or_else(|| "app".to_owned(), plain_name), progress)?;
    tell(stage.ready());
    let mut deployed = true;
    for (number, (image, name)) in settings.images.iter().zip(&names).enumerate() {
        let tag = format!("v{}", number + 1);
        deployed = stage.play(image, name, &tag, access, &mut tell)?;
        if !deployed {
            break;
        }
    }
    if deployed {
        tell(stage.versions()?);
    }
    Ok(Outcome { steps, deployed })
}

/// A name for repository and function, from the image's own.
fn plain_name(image: &ImageName) -> String {
    let text = match image {
        ImageName::Registry(reference) => reference.repository().to_owned(),
        ImageName::Layout(local) | ImageName::OciArchive(local) | ImageName::DockerArchive(local) => local.path.clone(),
        ImageName::Path(path) => path.clone(),
        ImageName::Engine(name) => name.clone(),
    };
    let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.split(['.', ':', '@']).next().unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&str> = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(MAX_NAME).collect();
    // ECR wants two characters at least.
    if name.len() < 2 { "app".to_owned() } else { name }
}

/// Characters of a name that is made here: Lambda takes 64 in a function's name.
const MAX_NAME: usize = 40;

/// AWS's refusal, or a failure of the rehearsal itself.
fn refusal(error: AwsError) -> Result<Box<Refusal>, Failure> {
    match error {
        AwsError::Refused(refusal) => Ok(refusal),
        other => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_that_ecr_and_lambda_take_is_made_of_any() {
        for (image, name) in [
            ("examples/attested.tar", "attested"),
            ("oci:build/My_Image:v1", "my-image"),
            ("oci-archive:/x/app.v2.tar.gz", "app"),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/back-end:v1", "back-end"),
            ("oci:x", "app"),
            ("oci:---", "app"),
        ] {
            assert_eq!(plain_name(&ImageName::parse(image, |_| true).unwrap()), name, "{image}");
        }
    }
}

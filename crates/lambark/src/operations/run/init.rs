//! `check --depth run`: the function's init, as a fact.

use std::time::Duration;

use lambark_images::{Progress, Source};
use lambark_rules::facts::{Evidence, ImageFacts, InitFacts, InitFailure};
use lambark_sandbox::image::Layer;
use lambark_sandbox::{FunctionSettings, Image, Init};

use super::place::{self, Means, Wanted};
use super::{built_elsewhere, machine, wants_network};
use crate::failure::Failure;

/// The function's timeout: its init alone is looked at, so it only shows as a number inside.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The memory that the function is told it has, in MB. None is enforced: how much it has on Lambda is not known here,
/// and an init that fails for want of memory would be the wrong finding.
const MEMORY_MB: u32 = 1024;

/// Starts the function of an image that was looked at. What keeps it from being started is told as not looked at.
#[must_use]
pub fn init(source: &dyn Source, facts: &ImageFacts, means: &Means, progress: &dyn Progress) -> Evidence<InitFacts> {
    let started = image(source, facts).and_then(|image| {
        if let Some(platform) = built_elsewhere(&image.config) {
            return Err(Failure::Arguments(format!("it is built for {platform}, which this machine cannot run")));
        }
        start(source, &image, means, progress)
    });
    match started {
        Ok(init) => Evidence::Known(fact(&init)),
        Err(failure) => Evidence::NotLooked(format!("the function could not be run: {failure}").into()),
    }
}

/// The image as it was looked at, so that its name is not read a second time.
fn image(source: &dyn Source, facts: &ImageFacts) -> Result<Image, Failure> {
    let (Ok(manifest), Ok(config)) = (facts.manifest(), facts.image_config()) else {
        return Ok(Image::of(source, machine())?);
    };
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(Failure::Arguments("its config and its manifest tell of other layers".to_owned()));
    }
    let pairs = manifest.layers.iter().zip(diff_ids);
    let layer = |(blob, diff_id): (&_, &_)| Layer {
        blob: Clone::clone(blob),
        verify_stored: true,
        diff_id: Clone::clone(diff_id),
    };
    Ok(Image { config: config.clone(), layers: pairs.map(layer).collect() })
}

fn start(source: &dyn Source, image: &Image, means: &Means, progress: &dyn Progress) -> Result<Init, Failure> {
    let mut function = FunctionSettings::of_image(&image.config.config);
    function.timeout = TIMEOUT;
    function.memory_mb = MEMORY_MB;
    let wanted = Wanted { sandbox: lambark_sandbox::Settings::default(), function };
    let nowhere = Box::new(|_: &[u8]| ());
    let (function, _) = place::start((source, image), means, wanted, nowhere, progress)?;
    Ok(function.init().clone())
}

fn fact(init: &Init) -> InitFacts {
    let failure = init.failure.as_ref().map(|failure| InitFailure {
        error_type: failure.error_type().into_owned(),
        message: failure.message(),
        wants_network: wants_network(failure, &init.log),
    });
    InitFacts { failure }
}

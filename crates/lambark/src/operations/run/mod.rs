//! `run`: starts an image's function in a sandbox on this machine and invokes it.

mod advice;
mod init;
pub mod place;

use std::time::Duration;

use bytes::Bytes;
use lambark_images::{Access, Progress, open};
use lambark_oci::{Architecture, ImageConfig};
use lambark_sandbox::function::LogSink;
use lambark_sandbox::{Failure as Fault, Function, FunctionSettings, Image, Init, Invocation, Network};

use crate::exit;
use crate::failure::Failure;

pub use advice::{Advice, advise};
pub use init::init;
use place::{ByEngine, Means, Wanted};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The image, as the user wrote it.
    pub image: String,
    /// The event, a JSON document.
    pub event: Bytes,
    /// The function's variables, on top of the image's.
    pub env: Vec<(String, String)>,
    /// The function's timeout.
    pub timeout: Duration,
    /// The function's memory, in MB.
    pub memory_mb: u32,
    /// The size of `/tmp`, in MB.
    pub tmp_mb: u32,
    /// How often to invoke it.
    pub count: u32,
    /// The handler: what takes the place of the image's `CMD`.
    pub handler: Option<String>,
    /// What the function reaches.
    pub network: Network,
    /// What the sandbox is made with.
    pub means: Means,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The image, as the user wrote it.
    pub image: String,
    /// The first init.
    pub init: Init,
    /// The invocations, in their order.
    pub invocations: Vec<lambark_sandbox::Outcome>,
    /// The engine that made the sandbox, if lambark did not.
    pub engine: Option<ByEngine>,
    /// What the first failure means, if there is one.
    pub advice: Option<Advice>,
}

impl Outcome {
    /// Fine if every invocation succeeded.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let failed = self.invocations.iter().any(|invocation| invocation.failure.is_some());
        if failed { exit::FINDINGS } else { exit::FINE }
    }
}

/// Starts the function and invokes it. `log` takes the function's log as it comes, `each` each invocation's end.
///
/// # Errors
/// When the image cannot be read, or this machine cannot run it. What goes wrong in the function is in the outcome.
pub fn run(
    settings: &Settings,
    access: &Access,
    progress: &dyn Progress,
    log: LogSink,
    mut each: impl FnMut(&lambark_sandbox::Outcome) -> Result<(), Failure>,
) -> Result<Outcome, Failure> {
    serde_json::from_slice::<serde::de::IgnoredAny>(&settings.event)
        .map_err(|error| Failure::Arguments(format!("the event is no JSON document: {error}")))?;
    let (function, engine) = start(settings, access, progress, log)?;
    let mut invocations = Vec::new();
    for _ in 0..settings.count {
        let invocation = Invocation { payload: settings.event.clone(), ..Invocation::default() };
        let outcome = function.invoke(invocation)?;
        each(&outcome)?;
        invocations.push(outcome);
    }
    let failed = invocations.iter().find_map(|outcome| Some((outcome.failure.as_ref()?, outcome)));
    let advice = failed.map(|(failure, outcome)| advise(failure, &outcome.log, settings));
    Ok(Outcome { image: settings.image.clone(), init: function.init().clone(), invocations, engine, advice })
}

/// Makes the function's environment and lets it initialise.
fn start(
    settings: &Settings,
    access: &Access,
    progress: &dyn Progress,
    log: LogSink,
) -> Result<(Function, Option<ByEngine>), Failure> {
    let name = super::name(&settings.image)?;
    let source = open(&name, access)?;
    let image = Image::of(&*source, machine())?;
    if let Some(built_for) = built_elsewhere(&image.config) {
        return Err(Failure::OtherMachine { image: settings.image.clone(), built_for });
    }
    let mut function = FunctionSettings::of_image(&image.config.config);
    function.timeout = settings.timeout;
    function.memory_mb = settings.memory_mb;
    function.env.extend(settings.env.iter().cloned());
    if let Some(handler) = &settings.handler {
        function.cmd = vec![handler.clone()];
    }
    let megabytes = |count: u32| u64::from(count) * 1024 * 1024;
    let sandbox = lambark_sandbox::Settings {
        tmp_bytes: megabytes(settings.tmp_mb),
        memory_bytes: Some(megabytes(settings.memory_mb)),
        network: settings.network,
        ..lambark_sandbox::Settings::default()
    };
    place::start((&*source, &image), &settings.means, Wanted { sandbox, function }, log, progress)
}

/// The platform of an image that this machine cannot run. One that names no architecture is tried: what runs decides.
fn built_elsewhere(config: &ImageConfig) -> Option<String> {
    let platform = config.platform();
    let fits = platform.architecture.is_empty() || platform.architecture == machine().image_word();
    (!fits).then(|| platform.to_string())
}

/// This machine's architecture.
fn machine() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
}

/// Whether a failure may come of the missing network.
fn wants_network(failure: &Fault, log: &[u8]) -> bool {
    const SIGNS: [&str; 9] = [
        "Temporary failure in name resolution",
        "Name or service not known",
        "Network is unreachable",
        "Could not resolve host",
        "Could not connect to the endpoint URL",
        "ENETUNREACH",
        "EAI_AGAIN",
        "ENOTFOUND",
        "failed to lookup address",
    ];
    let (message, log) = (failure.message(), String::from_utf8_lossy(log));
    SIGNS.iter().any(|sign| message.contains(sign) || log.contains(sign))
}

//! Where a function runs: in a sandbox of lambark's own, or in a container of an engine's.

use std::path::PathBuf;

use lambark_images::{Progress, Source};
use lambark_sandbox::function::LogSink;
use lambark_sandbox::{Companion, Engine, Error, Function, FunctionSettings, Image};

use crate::failure::Failure;

/// Who makes the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maker {
    /// lambark; a container engine where the kernel does not let it, or is no Linux.
    #[default]
    Auto,
    /// lambark, or nobody.
    Native,
    /// A container engine.
    Engine,
}

/// What sandboxes are made with.
#[derive(Clone, Debug)]
pub struct Means {
    /// Who makes them.
    pub maker: Maker,
    /// Where unpacked layers are kept, if this machine has a place for them.
    pub cache: Option<PathBuf>,
    /// How many bytes they may take there.
    pub cache_bytes: u64,
    /// The lambark for Linux that runs in an engine's containers, if the user named one.
    pub companion: Option<PathBuf>,
}

/// The engine that made a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByEngine {
    /// Its command.
    pub engine: String,
    /// Why lambark did not make it itself, and what to do about it; absent when an engine is the way here, or was
    /// asked for.
    pub because: Option<(String, String)>,
}

/// A function to start.
#[derive(Debug)]
pub struct Wanted {
    /// What its sandbox is like.
    pub sandbox: lambark_sandbox::Settings,
    /// What Lambda knows of it.
    pub function: FunctionSettings,
}

/// Makes a sandbox around an image, starts the function in it and lets it initialise.
///
/// # Errors
/// When the image cannot be read, or neither this machine's kernel nor an engine makes one.
pub fn start(
    (source, image): (&dyn Source, &Image),
    means: &Means,
    wanted: Wanted,
    log: LogSink,
    progress: &dyn Progress,
) -> Result<(Function, Option<ByEngine>), Failure> {
    let because = match native(source, image, means, &wanted.sandbox, progress) {
        #[cfg(target_os = "linux")]
        Ok(Made::Sandbox(sandbox)) => {
            return Ok((Function::start_in(move || Ok(sandbox), wanted.function, log)?, None));
        }
        Ok(Made::ByAnEngine(because)) => because,
        Err(failure) => return Err(failure),
    };
    let Some(engine) = Engine::find() else {
        return Err(because.map_or_else(no_engine, Failure::Sandbox));
    };
    let because = because.map(|error| {
        progress.step(&format!("{error}: {} is used", engine.name()));
        let advice = if let Error::Forbidden { advice, .. } = &error { advice.clone() } else { String::new() };
        (error.to_string(), advice)
    });
    let companion = means.companion.clone().map_or_else(Companion::installed, Companion::at)?;
    let loaded = engine.load(source, image, &companion, progress)?;
    let function = Function::start_in_engine(&engine, &loaded, wanted.sandbox, wanted.function, log)?;
    Ok((function, Some(ByEngine { engine: engine.name(), because })))
}

fn no_engine() -> Failure {
    Failure::Arguments("no docker, podman or finch answers here".to_owned())
}

/// What came of lambark's own attempt.
enum Made {
    #[cfg(target_os = "linux")]
    Sandbox(lambark_sandbox::Sandbox),
    /// An engine is to make it; the reason, if it is only the second choice.
    ByAnEngine(Option<Error>),
}

#[cfg(target_os = "linux")]
fn native(
    source: &dyn Source,
    image: &Image,
    means: &Means,
    settings: &lambark_sandbox::Settings,
    progress: &dyn Progress,
) -> Result<Made, Failure> {
    use lambark_sandbox::{LayerCache, RootFs, Sandbox};
    if means.maker == Maker::Engine {
        return Ok(Made::ByAnEngine(None));
    }
    let directory = means.cache.as_deref().ok_or_else(|| {
        Failure::Arguments("there is no directory to unpack the image in: give --cache-dir".to_owned())
    })?;
    let cache = LayerCache::open(directory, means.cache_bytes)?;
    let root = RootFs::prepare(source, image, &cache, progress)?;
    match Sandbox::start(&root, settings) {
        Err(error @ Error::Forbidden { .. }) if means.maker == Maker::Auto => Ok(Made::ByAnEngine(Some(error))),
        made => Ok(Made::Sandbox(made?)),
    }
}

#[cfg(not(target_os = "linux"))]
fn native(
    _: &dyn Source,
    _: &Image,
    means: &Means,
    _: &lambark_sandbox::Settings,
    _: &dyn Progress,
) -> Result<Made, Failure> {
    match means.maker {
        Maker::Native => Err(Error::NotLinux.into()),
        Maker::Auto | Maker::Engine => Ok(Made::ByAnEngine(None)),
    }
}

//! Where a function runs: in a sandbox of lambark's own, or in a container of an engine's.

use std::path::Path;

use lambark_images::{Progress, Source};
use lambark_sandbox::rootfs::{Image, LayerCache, RootFs};
use lambark_sandbox::{Engine, Error, Sandbox};

use crate::failure::Failure;

/// Who makes the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maker {
    /// lambark; a container engine where the kernel does not let it.
    #[default]
    Auto,
    /// lambark, or nobody.
    Native,
    /// A container engine.
    Engine,
}

/// The engine that made a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByEngine {
    /// Its command.
    pub engine: String,
    /// Why lambark did not make it itself, and what to do about it; absent when an engine was asked for.
    pub because: Option<(String, String)>,
}

/// Unpacked layers are kept here, at most so many bytes of them.
#[derive(Clone, Copy, Debug)]
pub struct Cache<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// Its limit.
    pub bytes: u64,
}

/// Makes a sandbox around an image.
///
/// # Errors
/// When the image cannot be read, or neither this machine's kernel nor an engine makes one.
pub fn sandbox(
    source: &dyn Source,
    image: &Image,
    cache: Cache<'_>,
    settings: &lambark_sandbox::Settings,
    maker: Maker,
    progress: &dyn Progress,
) -> Result<(Sandbox, Option<ByEngine>), Failure> {
    let in_engine = |engine: Engine, because| {
        let loaded = engine.load(source, image, progress)?;
        let sandbox = Sandbox::start_in_engine(&engine, &loaded, settings)?;
        Ok((sandbox, Some(ByEngine { engine: engine.name(), because })))
    };
    if maker == Maker::Engine {
        let none = || Failure::Arguments("no docker, podman or finch answers here".to_owned());
        return in_engine(Engine::find().ok_or_else(none)?, None);
    }
    match native(source, image, cache, settings, progress) {
        Err(error @ Error::Forbidden { .. }) if maker == Maker::Auto => {
            let Some(engine) = Engine::find() else { return Err(error.into()) };
            progress.step(&format!("{error}: {} is used", engine.name()));
            let advice = if let Error::Forbidden { advice, .. } = &error { advice.clone() } else { String::new() };
            in_engine(engine, Some((error.to_string(), advice)))
        }
        made => Ok((made?, None)),
    }
}

fn native(
    source: &dyn Source,
    image: &Image,
    cache: Cache<'_>,
    settings: &lambark_sandbox::Settings,
    progress: &dyn Progress,
) -> Result<Sandbox, Error> {
    let cache = LayerCache::open(cache.directory, cache.bytes)?;
    let root = RootFs::prepare(source, image, &cache, progress)?;
    Sandbox::start(&root, settings)
}

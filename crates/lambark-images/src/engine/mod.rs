//! Images of the container engine on this machine, Docker's or Podman's, over its HTTP interface: one request tells
//! what the image is, one brings it as an archive, which is then read like any other.

mod endpoint;
mod http;

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use lambark_oci::ImageName;
use lambark_oci::name::LocalName;

use crate::Error;
use crate::local::files::Archive;
use crate::open::{Prefer, of_archive};
use crate::source::{Source, Top};

use endpoint::Endpoint;
pub use endpoint::Environment;

/// Largest archive that is taken from an engine, in bytes. Lambda takes 10 GB unpacked; an engine exports every
/// platform that it holds of an image, so twice that and something on top.
pub const MAX_ENGINE_ARCHIVE_BYTES: u64 = 24_000_000_000;

/// The container engine of this machine.
#[derive(Clone, Debug)]
pub struct Engine {
    environment: Environment,
    limit: u64,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new(Environment::default())
    }
}

impl Engine {
    /// The engine that the user's environment leads to.
    #[must_use]
    pub fn new(environment: Environment) -> Engine {
        Engine { environment, limit: MAX_ENGINE_ARCHIVE_BYTES }
    }

    /// The same, taking archives of at most `bytes`.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Engine {
        self.limit = bytes;
        self
    }

    /// Brings an image here, into a file without a name, and opens it.
    pub(crate) fn open(&self, name: &ImageName, image: &str) -> Result<Arc<dyn Source>, Error> {
        let path = image_path(image)?;
        let endpoints = self.environment.endpoints()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Error::Usage(format!("the engine cannot be asked from here: {error}")))?;
        let mut looked = Vec::new();
        for endpoint in &endpoints {
            if let Err(reason) = runtime.block_on(http::answers(endpoint)) {
                looked.push(format!("{endpoint} ({reason})"));
                continue;
            }
            let (id, file) = runtime.block_on(self.fetch(endpoint, image, &path))?;
            let label = LocalName::new(format!("engine:{image}"));
            let archive = Archive::of(file, std::path::Path::new(&label.path))?;
            return choose(name, &label, archive, &id);
        }
        Err(Error::NoEngine { looked: looked.join(", ") })
    }

    async fn fetch(&self, endpoint: &Endpoint, image: &str, path: &str) -> Result<(String, File), Error> {
        let id = http::image_id(endpoint, image, path).await?;
        let failed = |source| Error::Write { path: "a temporary file".into(), source };
        let mut file = tempfile::tempfile().map_err(failed)?;
        http::export(endpoint, image, path, self.limit, &mut file).await?;
        file.flush().map_err(failed)?;
        Ok((id, file))
    }
}

/// An engine with a store of manifests names an image by its manifest or index, and its archive's layout is what a
/// push would send. One that keeps none names it by its config, and its archive's layout is made up for the export.
fn choose(name: &ImageName, label: &LocalName, archive: Archive, id: &str) -> Result<Arc<dyn Source>, Error> {
    if !archive.has("index.json") || !archive.has("manifest.json") {
        return of_archive(name, label, archive, Prefer::Layout);
    }
    let layout = of_archive(name, label, archive.again(), Prefer::Layout)?;
    let keeps_manifests = match layout.top()? {
        Top::Document(top) => {
            let config = top.manifest().map(|manifest| manifest.config.digest.as_str());
            config.is_none_or(|config| config != id)
        }
        Top::Classic(_) => false,
    };
    if keeps_manifests { Ok(layout) } else { of_archive(name, label, archive, Prefer::Classic) }
}

/// The image's part of a request's path. Engines take a name as it is; what no name holds is refused here, so that
/// nothing of it can reach another address of theirs.
fn image_path(image: &str) -> Result<String, Error> {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    let odd_part = image.split('/').any(|part| part.is_empty() || part.chars().all(|c| c == '.'));
    if image.chars().all(known) && !odd_part {
        Ok(image.to_owned())
    } else {
        Err(Error::Usage(format!("engine:{image}: that is no image's name")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_name_stays_inside_its_address() {
        for good in ["app", "app:v1", "127.0.0.1:5000/team/app:v1", "app@sha256:00ff", "3f2a", "my_app.x-y"] {
            assert_eq!(image_path(good).unwrap(), good);
        }
        for bad in ["../version", "a/../../b", "a//b", "a?b", "a b", "a\r\nHost: x", "a%2f", "", "/a", "a/", "ä"] {
            assert!(image_path(bad).is_err(), "{bad}");
        }
    }
}

//! Image names as a person writes them: where an image lies, and which of several is meant.

use std::fmt;

use crate::reference::{ReferenceError, check_tag};
use crate::{Digest, Reference};

/// Where an image lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ImageName {
    /// `host/repository[:tag][@digest]`, also with `docker://` in front.
    Registry(Reference),
    /// `oci:DIR[:tag]`: an OCI layout directory.
    Layout(LocalName),
    /// `oci-archive:FILE[:tag]`: a tar of an OCI layout.
    OciArchive(LocalName),
    /// `docker-archive:FILE[:tag]`: what `docker save` writes.
    DockerArchive(LocalName),
    /// `engine:NAME`: an image of the local Docker or Podman engine.
    Engine(String),
    /// A bare path that exists; its kind is recognised by looking at it.
    Path(String),
}

/// A path and which image in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalName {
    /// The path of the directory or file.
    pub path: String,
    /// The tag (`org.opencontainers.image.ref.name`), or for docker archives the name, that picks one of several.
    pub tag: Option<String>,
    /// The digest that picks one of several, or a child.
    pub digest: Option<Digest>,
}

impl LocalName {
    /// A path alone.
    #[must_use]
    pub fn new(path: impl Into<String>) -> LocalName {
        LocalName { path: path.into(), tag: None, digest: None }
    }

    fn parse(text: &str) -> LocalName {
        if let Some((path, digest)) = text.rsplit_once('@')
            && let Ok(digest) = digest.parse()
        {
            return LocalName { digest: Some(digest), ..LocalName::parse(path) };
        }
        match text.rsplit_once(':') {
            Some((path, tag)) if !path.is_empty() && check_tag(tag).is_ok() => {
                // `docker-archive:FILE:app:v1` names the image by repository and tag.
                match path.rsplit_once(':') {
                    Some((file, name)) if !file.is_empty() && is_docker_name(name) => {
                        LocalName { path: file.to_owned(), tag: Some(format!("{name}:{tag}")), digest: None }
                    }
                    _ => LocalName { path: path.to_owned(), tag: Some(tag.to_owned()), digest: None },
                }
            }
            _ => LocalName::new(text),
        }
    }
}

fn is_docker_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b))
}

impl fmt::Display for LocalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl ImageName {
    /// Reads a name. `exists` tells whether a path exists, so that this crate need not look.
    ///
    /// # Errors
    /// When it is neither a known prefix, nor an existing path, nor a reference with a registry host.
    pub fn parse(text: &str, exists: impl Fn(&str) -> bool) -> Result<ImageName, ReferenceError> {
        if let Some(rest) = text.strip_prefix("docker://") {
            return rest.parse().map(ImageName::Registry);
        }
        type Wrap = fn(LocalName) -> ImageName;
        let local: [(&str, Wrap); 3] = [
            ("oci-archive:", ImageName::OciArchive),
            ("docker-archive:", ImageName::DockerArchive),
            ("oci:", ImageName::Layout),
        ];
        for (prefix, name) in local {
            if let Some(rest) = text.strip_prefix(prefix) {
                if rest.is_empty() {
                    return Err(ReferenceError::Malformed {
                        text: text.to_owned(),
                        reason: "no path follows the colon",
                    });
                }
                let whole = LocalName::new(rest);
                return Ok(name(if exists(rest) { whole } else { LocalName::parse(rest) }));
            }
        }
        if let Some(rest) = text.strip_prefix("engine:") {
            if rest.is_empty() {
                return Err(ReferenceError::Malformed {
                    text: text.to_owned(),
                    reason: "no image name follows the colon",
                });
            }
            return Ok(ImageName::Engine(rest.to_owned()));
        }
        if !text.is_empty() && exists(text) {
            return Ok(ImageName::Path(text.to_owned()));
        }
        text.parse().map(ImageName::Registry)
    }

    /// The registry reference, if it is one.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        if let ImageName::Registry(reference) = self { Some(reference) } else { None }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageName::Registry(reference) => reference.fmt(f),
            ImageName::Layout(name) => write!(f, "oci:{name}"),
            ImageName::OciArchive(name) => write!(f, "oci-archive:{name}"),
            ImageName::DockerArchive(name) => write!(f, "docker-archive:{name}"),
            ImageName::Engine(name) => write!(f, "engine:{name}"),
            ImageName::Path(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn nothing_exists(text: &str) -> Result<ImageName, ReferenceError> {
        ImageName::parse(text, |_| false)
    }

    fn local(path: &str, tag: Option<&str>) -> LocalName {
        LocalName { path: path.into(), tag: tag.map(str::to_owned), digest: None }
    }

    #[test]
    fn prefixes_say_where() {
        assert_eq!(nothing_exists("oci:dir").unwrap(), ImageName::Layout(local("dir", None)));
        assert_eq!(nothing_exists("oci:a/dir:v1").unwrap(), ImageName::Layout(local("a/dir", Some("v1"))));
        assert_eq!(nothing_exists("oci-archive:a.tar:v1").unwrap(), ImageName::OciArchive(local("a.tar", Some("v1"))));
        assert_eq!(
            nothing_exists("docker-archive:a.tar:app:v1").unwrap(),
            ImageName::DockerArchive(local("a.tar", Some("app:v1")))
        );
        assert_eq!(nothing_exists("engine:app:v1").unwrap(), ImageName::Engine("app:v1".into()));
        assert!(matches!(nothing_exists("docker://x.io/a:b").unwrap(), ImageName::Registry(_)));
        assert!(nothing_exists("oci:").is_err());
        assert!(nothing_exists("engine:").is_err());
    }

    #[test]
    fn an_existing_path_is_a_path_and_a_colon_in_it_is_no_tag() {
        let name = ImageName::parse("dir", |path| path == "dir").unwrap();
        assert_eq!(name, ImageName::Path("dir".into()));
        let name = ImageName::parse("oci:odd:dir", |path| path == "odd:dir").unwrap();
        assert_eq!(name, ImageName::Layout(local("odd:dir", None)));
    }

    #[test]
    fn a_name_is_printed_as_it_was_written() {
        let digest = Digest::of(b"x");
        for text in [
            "oci:d:v1",
            "oci-archive:d.tar",
            "docker-archive:d.tar:app:v1",
            "engine:a",
            "x.io/a:b",
            &format!("oci:d@{digest}"),
        ] {
            assert_eq!(nothing_exists(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_nowhere_is_told_how_to_be_written() {
        let error = nothing_exists("app:v1").unwrap_err().to_string();
        assert!(error.contains("names no registry"), "{error}");
    }
}

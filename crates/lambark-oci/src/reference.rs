//! Registry references: `host[:port]/repository[:tag][@digest]`, and what an ECR host tells.

use std::fmt;
use std::str::FromStr;

use crate::Digest;
use crate::limits::{MAX_NAME_BYTES, MAX_REPOSITORY_BYTES, MAX_TAG_BYTES};

/// A place in a registry. The host is always explicit: nothing here ever means Docker Hub by default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// What a manifest request names behind the repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A tag, which somebody may move.
    Tag(String),
    /// A digest, which never changes.
    Digest(Digest),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Tag(tag) => f.write_str(tag),
            Target::Digest(digest) => digest.fmt(f),
        }
    }
}

/// Why a text is not a registry reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No registry host in front.
    #[error(
        "`{0}` names no registry (write it in full, for instance 123456789012.dkr.ecr.us-east-1.amazonaws.com/{0}; \
         for something on this machine use a path, oci:DIR, oci-archive:FILE or docker-archive:FILE)"
    )]
    NoHost(String),
    /// A part that breaks the grammar.
    #[error("`{text}` is not an image reference: {reason}")]
    Malformed {
        /// The whole text, shortened.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The tag that is meant when neither tag nor digest is given.
pub const DEFAULT_TAG: &str = "latest";

impl Reference {
    /// A reference by tag.
    ///
    /// # Errors
    /// When host, repository or tag break the grammar.
    pub fn tagged(host: &str, repository: &str, tag: &str) -> Result<Reference, ReferenceError> {
        format!("{host}/{repository}:{tag}").parse()
    }

    /// Host and port, as written.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository, without the host.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one was written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one was written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What to ask the registry for: the digest if there is one, else the tag, else `latest`.
    #[must_use]
    pub fn target(&self) -> Target {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Target::Digest(digest.clone()),
            (None, Some(tag)) => Target::Tag(tag.clone()),
            (None, None) => Target::Tag(DEFAULT_TAG.to_owned()),
        }
    }

    /// The same repository, by digest alone: the form to deploy.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Reference {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same repository, by tag alone.
    ///
    /// # Errors
    /// When the tag breaks the grammar.
    pub fn with_tag(&self, tag: &str) -> Result<Reference, ReferenceError> {
        check_tag(tag).map_err(|reason| malformed(tag, reason))?;
        Ok(Reference { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// `host/repository`, without tag and digest.
    #[must_use]
    pub fn repository_name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// What the host tells if it is a private ECR registry.
    #[must_use]
    pub fn ecr(&self) -> Option<EcrHost> {
        EcrHost::parse(&self.host)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        if text.len() > MAX_NAME_BYTES {
            return Err(malformed(text, "it is too long"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|_| malformed(text, "what follows the @ is no digest"))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) if looks_like_host(host) => (host, path),
            _ => return Err(ReferenceError::NoHost(text.chars().take(120).collect())),
        };
        check_host(host).map_err(|reason| malformed(text, reason))?;
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        check_repository(repository).map_err(|reason| malformed(text, reason))?;
        if let Some(tag) = tag {
            check_tag(tag).map_err(|reason| malformed(text, reason))?;
        }
        Ok(Reference { host: host.to_owned(), repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

fn malformed(text: &str, reason: &'static str) -> ReferenceError {
    ReferenceError::Malformed { text: text.chars().take(120).collect(), reason }
}

/// Docker's own test: a first part with a dot or a port, or `localhost`, is a host.
fn looks_like_host(first: &str) -> bool {
    first == "localhost" || first.contains('.') || first.contains(':')
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(v6) => {
            let (address, rest) = v6.split_once(']').ok_or("the IPv6 address has no closing bracket")?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| "the address in brackets is not IPv6")?;
            ("localhost", rest.strip_prefix(':'))
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("the port is not a number up to 65535");
    }
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.split('.').all(label_ok) { Ok(()) } else { Err("the registry host is malformed") }
}

fn check_repository(repository: &str) -> Result<(), &'static str> {
    if repository.is_empty() {
        return Err("the repository is empty");
    }
    if repository.len() > MAX_REPOSITORY_BYTES {
        return Err("the repository is longer than 255 characters");
    }
    if repository.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("repositories have lower-case letters only");
    }
    if repository.split('/').all(is_path_component) { Ok(()) } else { Err("the repository is malformed") }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the distribution specification.
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !alphanumeric(*first) || !alphanumeric(*last) {
        return false;
    }
    bytes.split(|b| alphanumeric(*b)).all(|separator| match separator {
        b"" | b"." | b"_" | b"__" => true,
        dashes => dashes.iter().all(|b| *b == b'-'),
    })
}

pub(crate) fn check_tag(tag: &str) -> Result<(), &'static str> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = tag.bytes();
    if !bytes.next().is_some_and(word) || !bytes.all(|b| word(b) || b == b'.' || b == b'-') {
        return Err("the tag is malformed");
    }
    if tag.len() > MAX_TAG_BYTES { Err("the tag is longer than 128 characters") } else { Ok(()) }
}

/// What the host name of a private ECR registry tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EcrHost {
    /// The account that owns the registry, twelve digits.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The DNS suffix, which tells the partition.
    pub suffix: String,
    /// Whether it is the FIPS endpoint, which Lambda does not take.
    pub fips: bool,
    /// Whether it is the dual-stack form (`.on.aws`).
    pub dual_stack: bool,
}

impl EcrHost {
    /// Reads `ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]` and `ACCOUNT.dkr-ecr[-fips].REGION.on.aws`.
    #[must_use]
    pub fn parse(host: &str) -> Option<EcrHost> {
        let (account, rest) = host.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let forms = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", true, false),
            ("dkr-ecr.", false, true),
            ("dkr-ecr-fips.", true, true),
        ];
        let (rest, fips, dual_stack) =
            forms.into_iter().find_map(|(prefix, fips, dual)| Some((rest.strip_prefix(prefix)?, fips, dual)))?;
        let (region, suffix) = rest.split_once('.')?;
        let known: &[&str] = if dual_stack {
            &["on.aws", "on.amazonwebservices.com.cn"]
        } else {
            &["amazonaws.com", "amazonaws.com.cn", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"]
        };
        (known.contains(&suffix) && !region.is_empty()).then(|| EcrHost {
            account: account.to_owned(),
            region: region.to_owned(),
            suffix: suffix.to_owned(),
            fips,
            dual_stack,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_come_back_as_they_were_written() {
        for text in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1",
            "localhost:5000/app",
            "localhost/app:1",
            "[::1]:5000/app:x",
            "127.0.0.1:5100/a/b__c/d-e.f:UPPER_tag.1-2",
            &format!("ghcr.io/a/b@{DIGEST}"),
            &format!("ghcr.io/a/b:t@{DIGEST}"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_name_without_a_host_is_never_docker_hub() {
        for text in ["app", "app:v1", "library/app", "team/app:v1", ""] {
            assert!(matches!(text.parse::<Reference>(), Err(ReferenceError::NoHost(_))), "{text}");
        }
    }

    #[test]
    fn broken_parts_are_named() {
        for (text, part) in [
            ("localhost:99999/app", "port"),
            ("localhost:/app", "port"),
            ("-x.io/app", "host"),
            ("x..io/app", "host"),
            ("x.io/", "empty"),
            ("x.io/App", "lower-case"),
            ("x.io/a//b", "malformed"),
            ("x.io/a___b", "malformed"),
            ("x.io/../etc", "malformed"),
            ("x.io/a:-t", "tag"),
            ("x.io/a:", "tag"),
            ("x.io/a@sha256:12", "digest"),
            ("[::1/a", "bracket"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_digest_wins_over_the_tag() {
        let reference: Reference = format!("x.io/a:t@{DIGEST}").parse().unwrap();
        assert_eq!(reference.target().to_string(), DIGEST);
        assert_eq!("x.io/a".parse::<Reference>().unwrap().target(), Target::Tag("latest".into()));
    }

    #[test]
    fn ecr_hosts_tell_account_region_and_form() {
        let ecr = EcrHost::parse("123456789012.dkr.ecr.eu-central-1.amazonaws.com").unwrap();
        assert_eq!((ecr.account.as_str(), ecr.region.as_str(), ecr.fips), ("123456789012", "eu-central-1", false));
        assert!(EcrHost::parse("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com").unwrap().fips);
        assert!(EcrHost::parse("123456789012.dkr-ecr.us-east-1.on.aws").unwrap().dual_stack);
        for other in [
            "public.ecr.aws",
            "12345.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1.example.com",
            "ghcr.io",
        ] {
            assert_eq!(EcrHost::parse(other), None, "{other}");
        }
    }
}

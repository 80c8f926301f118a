//! Smoke tests: an event for the new version before it gets traffic, a request to an address after.

pub mod event;
pub mod expand;
pub mod expect;
pub mod url;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lambark_oci::Secret;

use crate::config;
use crate::failure::Failure;
use expand::{Lookup, expand};
pub use expect::{Answer, Expect};

/// Largest file of an event or a body, in bytes: Lambda takes 6 MB.
const MAX_FILE_BYTES: u64 = 6 * 1024 * 1024;

/// A smoke test, with everything read that it needs.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name for people: the event's file or the address, as the user wrote them.
    pub name: String,
    /// What it sends.
    pub kind: Kind,
    /// What has to come back.
    pub expect: Expect,
}

/// What a test sends.
#[derive(Clone, Debug)]
pub enum Kind {
    /// An event, to the new version.
    Event(Vec<u8>),
    /// A request.
    Request(Request),
}

/// A request to an address. Anything in it may be a secret.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The address.
    pub url: Secret,
    /// The headers.
    pub headers: Vec<(String, Secret)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The values of the variables in it. An answer may repeat them, and then they must not be printed either.
    pub secrets: Vec<Secret>,
}

impl Probe {
    /// Reads a test of `lambark.toml`: its files, relative to `root`, and the secrets that it names.
    ///
    /// # Errors
    /// [`Failure::Arguments`] when it is neither an event nor a request, or both, a file cannot be read, or a secret is
    /// not set: all before anything is deployed.
    pub fn of(test: &config::Test, root: &Path, lookup: Lookup<'_>) -> Result<Probe, Failure> {
        let expect = Expect {
            status: test.expect.status,
            headers: test.expect.headers.clone().into_iter().collect(),
            json: test.expect.json.clone().into_iter().collect(),
        };
        let (name, kind) = match (&test.event, &test.url) {
            (Some(event), None) => (event.display().to_string(), Kind::Event(read(&root.join(event))?)),
            (None, Some(url)) => (url.clone(), Kind::Request(request(test, url, root, lookup)?)),
            (Some(_), Some(_)) => return Err(Failure::Arguments("a test has both `event` and `url`".to_owned())),
            (None, None) => return Err(Failure::Arguments("a test has neither `event` nor `url`".to_owned())),
        };
        Ok(Probe { name, kind, expect })
    }

    /// Whether it is sent before the traffic moves.
    #[must_use]
    pub fn is_event(&self) -> bool {
        matches!(self.kind, Kind::Event(_))
    }
}

fn request(test: &config::Test, url: &str, root: &Path, lookup: Lookup<'_>) -> Result<Request, Failure> {
    let secrets = RefCell::new(Vec::new());
    let lookup: Lookup<'_> = &|name| {
        let value = lookup(name)?;
        secrets.borrow_mut().push(Secret::new(value.clone()));
        Some(value)
    };
    if !url.starts_with("https://") && !url.starts_with("http://") && !url.starts_with("${env:") {
        return Err(Failure::Arguments(format!("the test {url} is no http:// or https:// address")));
    }
    let headers = test.headers.iter().map(|(name, value)| Ok((name.clone(), expand(value, lookup)?)));
    let body = match &test.body {
        None => None,
        Some(path) => Some(match String::from_utf8(read(&root.join(path))?) {
            Ok(text) => expand(&text, lookup)?.reveal().as_bytes().to_vec(),
            Err(binary) => binary.into_bytes(),
        }),
    };
    let method = test.method.clone().unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let (url, headers) = (expand(url, lookup)?, headers.collect::<Result<_, Failure>>()?);
    Ok(Request { method, url, headers, body, secrets: secrets.take() })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let told = |source: io::Error| Failure::Image(lambark_images::Error::Read { path: PathBuf::from(path), source });
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(told)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(told(io::Error::new(io::ErrorKind::FileTooLarge, format!("over {MAX_FILE_BYTES} bytes"))));
    }
    Ok(bytes)
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The test.
    pub name: String,
    /// Every expectation that was not met; empty if it passed.
    pub faults: Vec<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

//! Writing a layer as gzip, and a config that fits what was written.

use std::io::{self, Read, Write};

use lambark_layers::decode;
use lambark_layers::gzip::{GzipWriter, Level};
use lambark_layers::tar::{MendPlan, mend};
use lambark_oci::{Algorithm, Descriptor, Digest, Hasher, ImageConfig, MediaType};
use lambark_rules::facts::{Actual, ImageFacts};
use lambark_rules::image::cmd_count;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::progress::{Counted, Progress};
use crate::sink::{BlobWriter, Sink};
use crate::source::Source;

/// A layer that was written as gzip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Digest of the gzip bytes.
    pub digest: Digest,
    /// How many they are.
    pub size: u64,
    /// Digest of the plain tar.
    pub diff_id: Digest,
}

impl Encoded {
    /// A descriptor of the new blob.
    #[must_use]
    pub fn descriptor(&self, media_type: MediaType) -> Descriptor {
        Descriptor::new(media_type, self.digest.clone(), self.size)
    }
}

/// What is read, and what is done with it on the way.
pub(super) struct Job<'a> {
    pub(super) old: &'a Descriptor,
    pub(super) actual: Actual,
    pub(super) diff_id: Option<&'a Digest>,
    pub(super) mend: &'a MendPlan,
    pub(super) level: Level,
}

/// Reads the old blob once, from its first byte to its last, and writes the new one meanwhile. Nothing stays in the
/// sink when the old blob turns out to be other than its digest or its diff_id says.
pub(super) fn encode(
    source: &dyn Source,
    sink: &dyn Sink,
    job: &Job<'_>,
    progress: &dyn Progress,
) -> Result<Encoded, Error> {
    let place = source.place();
    let failed =
        |error| Error::Stream { what: format!("layer {}", job.old.digest), place: place.clone(), source: error };
    let transfer = progress.transfer(&format!("encoding {}", job.old.digest.short()), Some(job.old.size));
    let mut stored = Hashing::new(Counted::new(source.blob(job.old)?, transfer), Hasher::like(&job.old.digest));
    let out = HashingBlob { blob: sink.new_blob()?, hasher: Hasher::new(Algorithm::Sha256), size: 0 };
    let mut plain = Hashing::new(GzipWriter::new(out, job.level), Hasher::new(Algorithm::Sha256));
    {
        let mut decoded = decode(&mut stored, job.actual);
        if job.mend.is_empty() {
            copy(&mut decoded, &mut plain).map_err(failed)?;
        } else {
            mend(&mut decoded, job.mend, &mut plain).map_err(failed)?;
            // The tail behind the archive's end mark belongs to the blob's digest.
            copy(&mut decoded, &mut io::sink()).map_err(failed)?;
        }
    }
    copy(&mut stored, &mut io::sink()).map_err(failed)?;
    check(job, stored.hasher.finish(), &plain.hasher, &place)?;
    let Hashing { inner: gzip, hasher } = plain;
    let (out, _) = gzip.finish().map_err(failed)?;
    let encoded = Encoded { digest: out.hasher.finish(), size: out.size, diff_id: hasher.finish() };
    out.blob.finish(&encoded.digest, encoded.size)?;
    Ok(encoded)
}

fn check(job: &Job<'_>, stored: Digest, plain: &Hasher, place: &str) -> Result<(), Error> {
    if stored != job.old.digest {
        return Err(Error::WrongDigest { expected: job.old.digest.clone(), actual: stored, place: place.to_owned() });
    }
    let Some(diff_id) = job.diff_id.filter(|_| job.mend.is_empty()) else { return Ok(()) };
    let actual = plain.clone().finish();
    if actual == *diff_id {
        return Ok(());
    }
    let reason = format!("layer {} unpacks to {actual}, but the config says {diff_id}", job.old.digest);
    Err(Error::Damaged { reason })
}

/// As [`io::copy`], with a buffer worth the system calls of codecs.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Hashes what passes, in either direction.
struct Hashing<T> {
    inner: T,
    hasher: Hasher,
}

impl<T> Hashing<T> {
    fn new(inner: T, hasher: Hasher) -> Hashing<T> {
        Hashing { inner, hasher }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes and counts a blob on its way into the sink.
struct HashingBlob<'a> {
    blob: Box<dyn BlobWriter + 'a>,
    hasher: Hasher,
    size: u64,
}

impl Write for HashingBlob<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.blob.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.blob.flush()
    }
}

/// Changes to what the image starts. They change what the function does, so they need consent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandEdit {
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
}

impl CommandEdit {
    pub(super) fn of(facts: &ImageFacts, consent: bool) -> CommandEdit {
        let (true, Ok(config)) = (consent, facts.image_config()) else { return CommandEdit::default() };
        CommandEdit { cmd: better_cmd(facts, config), working_dir: better_working_dir(config, facts) }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == CommandEdit::default()
    }

    pub(super) fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        if let Some(cmd) = &self.cmd {
            steps.push(format!("set CMD to {}", json!(cmd)));
        }
        if let Some(directory) = &self.working_dir {
            steps.push(format!("set WORKDIR to {directory}"));
        }
        steps
    }

    fn apply(&self, config: &mut Map<String, Value>) {
        let run = config.entry("config").or_insert_with(|| json!({}));
        if let Some(cmd) = &self.cmd {
            run["Cmd"] = json!(cmd);
        }
        if let Some(directory) = &self.working_dir {
            run["WorkingDir"] = json!(directory);
        }
    }
}

/// The rule says when the count is wrong, and which word of the command is the handler.
fn better_cmd(facts: &ImageFacts, config: &ImageConfig) -> Option<Vec<String>> {
    let found = (cmd_count::RULE.check)(facts).ok().filter(|found| !found.is_empty());
    found.and_then(|_| cmd_count::mended_cmd(config)).map(|handler| vec![handler])
}

fn better_working_dir(config: &ImageConfig, facts: &ImageFacts) -> Option<String> {
    let files = facts.files.known().ok()?;
    let directory = config.config.working_dir.as_str();
    let exists = |path: &str| files.resolve("/", path).is_ok();
    if directory.is_empty() || (directory.starts_with('/') && exists(directory)) {
        return None;
    }
    let absolute = format!("/{}", directory.trim_start_matches("./"));
    [absolute.as_str(), "/var/task"].into_iter().find(|path| exists(path)).or(Some("/")).map(str::to_owned)
}

/// A config for the layers as they were written.
///
/// # Errors
/// When `old` is not a JSON object.
pub(super) fn new_config(
    old: &[u8],
    diff_ids: &[Digest],
    command: &CommandEdit,
    place: &str,
) -> Result<Vec<u8>, Error> {
    let malformed =
        |error: serde_json::Error| Error::Malformed { place: format!("config in {place}"), reason: error.to_string() };
    let bytes = lambark_oci::convert::config_with_diff_ids(old, diff_ids).map_err(malformed)?;
    if command.is_empty() {
        return Ok(bytes);
    }
    let mut config: Map<String, Value> = serde_json::from_slice(&bytes).map_err(malformed)?;
    command.apply(&mut config);
    serde_json::to_vec(&config).map_err(malformed)
}

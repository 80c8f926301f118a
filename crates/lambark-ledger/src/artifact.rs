//! Entries without a database: in memory, and one a line in a file that only grows.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use lambark_oci::Digest;

use crate::canonical;
use crate::entry::{Draft, Entry, Outcome, nothing_before};
use crate::error::Error;
use crate::ledger::{Filter, Head, nowhere};
use crate::limits::MAX_ARTIFACT_BYTES;
use crate::row::Row;
use crate::verify::{Report, Walk};

/// Entries without a database.
pub(crate) struct Artifact {
    path: Option<PathBuf>,
    name: PathBuf,
    /// The lines that are known, without their ends.
    lines: Vec<Vec<u8>>,
    /// How far the file was read.
    bytes: u64,
}

impl Artifact {
    pub(crate) fn open(path: Option<&Path>) -> Result<Artifact, Error> {
        let name = path.map_or_else(nowhere, Path::to_owned);
        let mut artifact = Artifact { path: path.map(Path::to_owned), name, lines: Vec::new(), bytes: 0 };
        if let Some(path) = path {
            match File::open(path) {
                Ok(mut file) => artifact.catch_up(&mut file)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::of_read(path, &error)),
            }
        }
        Ok(artifact)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.name
    }

    pub(crate) fn is_a_file(&self) -> bool {
        self.path.is_some()
    }

    /// Reads what was added to the file since it was last looked at.
    fn catch_up(&mut self, file: &mut File) -> Result<(), Error> {
        let failed = |error: io::Error| Error::of_read(&self.name, &error);
        let mut added = Vec::new();
        let room = MAX_ARTIFACT_BYTES.saturating_sub(self.bytes);
        file.seek(SeekFrom::Start(self.bytes)).map_err(failed)?;
        let read = file.take(room + 1).read_to_end(&mut added).map_err(failed)? as u64;
        if read > room {
            let reason = format!("it has more than {MAX_ARTIFACT_BYTES} bytes");
            return Err(Error::Unreadable { path: self.name.clone(), reason });
        }
        if self.bytes == 0 && read > 0 && !added.starts_with(b"{\"v\":") {
            return Err(Error::NotALedger { path: self.name.clone(), reason: "its first line is no entry" });
        }
        self.bytes += read;
        self.lines.extend(added.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
        Ok(())
    }

    /// The last entry, by its bytes. A line that is not whole or no entry is nothing to build upon.
    fn last(&self) -> Result<Option<Head>, Error> {
        let Some(line) = self.lines.last() else { return Ok(None) };
        match row(line).intact() {
            Ok(Entry { id, hash, .. }) => Ok(Some(Head { id, hash })),
            Err(reason) => Err(Error::Damaged { path: self.name.clone(), id: self.lines.len() as u64, reason }),
        }
    }

    pub(crate) fn append(&mut self, body: Draft) -> Result<Entry, Error> {
        let Some(path) = self.path.clone() else { return self.push(body).map(|(entry, _)| entry) };
        let failed = |error: io::Error| Error::of_write(&path, &error);
        let mut file = private().read(true).append(true).create(true).open(&path).map_err(failed)?;
        // Others may add to the same file; the lock ends with the file.
        file.lock().map_err(failed)?;
        self.catch_up(&mut file)?;
        let before = self.bytes;
        let (entry, line) = self.push(body)?;
        match file.write_all(&line).and_then(|()| file.sync_data()) {
            Ok(()) => {
                self.bytes += line.len() as u64;
                Ok(entry)
            }
            Err(error) => {
                self.lines.pop();
                // Half a line would be in the way of the next. If it cannot be taken back, the next is refused.
                let _ = file.set_len(before);
                Err(failed(error))
            }
        }
    }

    /// Adds an entry in memory.
    fn push(&mut self, body: Draft) -> Result<(Entry, Vec<u8>), Error> {
        let (id, previous) = match self.last()? {
            Some(head) => (head.id + 1, head.hash),
            None => (1, nothing_before()),
        };
        let entry = canonical::seal(id, previous, body);
        let mut line = entry.canonical.clone();
        line.push(b'\n');
        self.lines.push(line.clone());
        Ok((entry, line))
    }

    fn rows(&self) -> impl DoubleEndedIterator<Item = Row> {
        self.lines.iter().map(|line| row(line))
    }

    /// Rows with their places, the newest first. A line that is no entry has the place behind the line before.
    fn placed(&self) -> Vec<Row> {
        let mut last = 0;
        let mut rows: Vec<Row> = self.rows().collect();
        for row in &mut rows {
            last = row.intact().map_or(last + 1, |entry| entry.id);
            row.place = Some(last);
        }
        rows.reverse();
        rows
    }

    pub(crate) fn row(&self, id: u64) -> Option<Row> {
        self.placed().into_iter().find(|row| row.place == Some(id))
    }

    pub(crate) fn select(&self, filter: &Filter) -> Vec<Row> {
        let limit = filter.limit.map_or(usize::MAX, |limit| limit as usize);
        let fits = |row: &Row| match row.intact() {
            Ok(entry) => fits(&entry.body, filter),
            // What cannot be read may be what is looked for.
            Err(_) => true,
        };
        let mut rows: Vec<Row> = self.placed().into_iter().filter(fits).take(limit).collect();
        rows.reverse();
        rows
    }

    pub(crate) fn open_intent(&self, function: &str, alias: Option<&str>) -> Option<Row> {
        let entries: Vec<(Row, Entry)> =
            self.placed().into_iter().filter_map(|row| row.intact().ok().map(|entry| (row, entry))).collect();
        let ended: Vec<u64> = entries
            .iter()
            .filter(|(_, entry)| entry.body.outcome.is_an_end())
            .filter_map(|(_, entry)| entry.body.of)
            .collect();
        let open = |entry: &Entry| {
            entry.body.outcome == Outcome::Intended
                && entry.body.function.as_deref() == Some(function)
                && entry.body.alias.as_deref() == alias
                && !ended.contains(&entry.id)
        };
        entries.into_iter().find(|(_, entry)| open(entry)).map(|(row, _)| row)
    }

    pub(crate) fn head(&self) -> Option<Head> {
        self.last().ok().flatten()
    }

    pub(crate) fn verify(&self, expected: Option<&Digest>) -> Report {
        let mut walk = Walk::new(expected);
        self.rows().for_each(|row| walk.step(&row));
        walk.end()
    }
}

fn fits(body: &Draft, filter: &Filter) -> bool {
    let same = |asked: &Option<String>, has: Option<&str>| asked.as_deref().is_none_or(|asked| Some(asked) == has);
    filter.since.is_none_or(|since| body.time >= since)
        && filter.until.is_none_or(|until| body.time < until)
        && same(&filter.function, body.function.as_deref())
        && same(&filter.service, body.service.as_deref())
        && same(&filter.verb, Some(&body.verb))
}

/// A line as it lies in the file. One without its end was not written wholly, and stays no entry.
fn row(line: &[u8]) -> Row {
    let canonical = line.strip_suffix(b"\n").map_or_else(|| [line, b"\xff"].concat(), <[u8]>::to_vec);
    Row { place: None, canonical, hash: None, columns: None }
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

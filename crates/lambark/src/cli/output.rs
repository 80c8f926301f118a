//! Where results go, and how wide that is.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Columns that are used at most: longer lines are hard to read.
const MAX_COLUMNS: u16 = 120;

/// Columns of the terminal on standard output; `None` where nobody sees columns.
pub(super) fn columns_of_stdout() -> Option<usize> {
    io::stdout().is_terminal().then(|| columns(terminal_size::terminal_size_of(io::stdout())))
}

/// Columns of the terminal on standard error.
pub(super) fn columns_of_stderr() -> Option<usize> {
    io::stderr().is_terminal().then(|| columns(terminal_size::terminal_size_of(io::stderr())))
}

fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    usize::from(size.map_or(80, |(terminal_size::Width(columns), _)| columns.min(MAX_COLUMNS)))
}

/// Writes a result to standard output.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    into(&mut out, Path::new("standard output"), write)
}

/// Writes a result to a file, or else to standard output. Files have no colours.
pub(super) fn print_to(
    path: Option<&PathBuf>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = path else { return print(write) };
    let file = File::create(path).map_err(|source| Failure::Output { path: path.clone(), source })?;
    into(&mut anstream::StripStream::new(file), path, write)
}

/// Writes bytes as they are to a file, whole or not at all and for its owner alone, or else to standard output.
pub(super) fn whole(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = path else {
        let mut out = io::stdout().lock();
        return into(&mut out, Path::new("standard output"), |out| out.write_all(bytes));
    };
    // A pipe or a device is written to, never replaced.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        let written = File::options().write(true).open(path).and_then(|mut out| out.write_all(bytes));
        return written.map_err(|source| Failure::Output { path: path.to_owned(), source });
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(directory).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|source| Failure::Output { path: path.to_owned(), source })
}

/// Whether somebody looks at standard output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Adds a result to the end of a file.
pub(super) fn append_to(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let file = File::options().append(true).create(true).open(path);
    let file = file.map_err(|source| Failure::Output { path: path.to_owned(), source })?;
    into(&mut anstream::StripStream::new(file), path, write)
}

fn into(out: &mut dyn Write, path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(out);
    write(&mut out).and_then(|()| out.flush()).map_err(|source| Failure::Output { path: path.to_owned(), source })
}

//! Writing: each file appears whole or not at all, and only if it is still what the plan saw.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::plan::File;
use super::read;
use crate::failure::Failure;

/// Writes what is to be written, in order.
pub(super) fn write(root: &Path, files: &[File]) -> Result<(), Failure> {
    let wanted: Vec<&File> = files.iter().filter(|file| file.status.writes()).collect();
    for file in &wanted {
        if read(root, &file.path)? != file.old {
            let reason = format!("{} was changed while it was being planned: run again", file.path);
            return Err(Failure::Changed(reason));
        }
    }
    wanted.into_iter().try_for_each(|file| {
        one(root, file).map_err(|source| Failure::Output { path: PathBuf::from(&file.path), source })
    })
}

fn one(root: &Path, file: &File) -> io::Result<()> {
    let whole = root.join(&file.path);
    let directory = whole.parent().unwrap_or(root);
    fs::create_dir_all(directory)?;
    // A link on the way must not lead out of the repository.
    if !directory.canonicalize()?.starts_with(root) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "its directory lies outside of the repository"));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lambark-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: the user's mask takes away what they do not want.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(directory)?;
    temporary.write_all(file.new.as_bytes())?;
    if let Ok(metadata) = fs::metadata(&whole) {
        // A script stays executable.
        temporary.as_file().set_permissions(metadata.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&whole).map_err(|error| error.error)?;
    Ok(())
}

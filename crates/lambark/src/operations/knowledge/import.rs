//! `knowledge import`: an incident record or hot patterns, as entries.

use std::fs;
use std::path::{Path, PathBuf};

use lambark_images::Error as ImageError;
use lambark_knowledge::{Date, Entry, import, write};

use super::{Error, Settings, Shelf};
use crate::failure::Failure;

/// What to import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file.
    pub file: PathBuf,
    /// Where the entries go.
    pub to: PathBuf,
    /// Whether only to tell what would be written.
    pub plan: bool,
}

/// What was imported.
#[derive(Debug)]
pub struct Outcome {
    /// The entries, each with its file.
    pub entries: Vec<Imported>,
    /// Whether nothing was written because that was asked.
    pub planned: bool,
}

/// One entry.
#[derive(Debug)]
pub struct Imported {
    /// The entry.
    pub entry: Entry,
    /// Its file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Whether the file says just that already.
    pub unchanged: bool,
}

/// Imports. Nothing that exists is overwritten.
///
/// # Errors
/// When the file cannot be read, is neither form, or another entry has the same name.
pub fn run(settings: &Settings, what: &Import) -> Result<Outcome, Failure> {
    let failed = |source| Failure::Image(ImageError::Read { path: what.file.clone(), source });
    let text = super::text(&what.file).map_err(failed)?;
    let imported = import(&text, &what.file.display().to_string(), &review_by(&settings.today))
        .map_err(|source| Error::Import { path: what.file.clone(), source })?;
    let mut entries = Vec::new();
    let mut uses = Vec::new();
    for imported in imported {
        uses.push((imported.entry.id.clone(), imported.hits, imported.last_used));
        entries.push(place(imported.entry, &what.to)?);
    }
    if !what.plan {
        for imported in entries.iter().filter(|imported| !imported.unchanged) {
            let failed = |source| Failure::Output { path: imported.path.clone(), source };
            fs::create_dir_all(&what.to).and_then(|()| fs::write(&imported.path, &imported.text)).map_err(failed)?;
        }
        adopt(settings, &uses)?;
    }
    Ok(Outcome { entries, planned: what.plan })
}

fn place(entry: Entry, to: &Path) -> Result<Imported, Failure> {
    let path = to.join(format!("{}.md", entry.id));
    let text = write(&entry);
    let there = fs::read_to_string(&path).ok();
    match there {
        Some(there) if there != text => Err(Error::Exists(path).into()),
        there => Ok(Imported { entry, path, text, unchanged: there.is_some() }),
    }
}

fn adopt(settings: &Settings, uses: &[(String, u64, Option<Date>)]) -> Result<(), Failure> {
    let mut shelf = Shelf::load(settings)?;
    for (id, hits, last_used) in uses.iter().filter(|(_, hits, last_used)| *hits > 0 || last_used.is_some()) {
        shelf.usage.adopt(id, *hits, last_used.as_ref());
    }
    shelf.count(std::iter::empty(), settings);
    Ok(())
}

/// Half a year from now: long enough to be no burden, short enough that what tools do has not changed twice.
fn review_by(today: &Date) -> Date {
    let mut numbers = today.as_str().split('-').map(|part| part.parse::<u32>().unwrap_or(1));
    let (year, month) = (numbers.next().unwrap_or(2026), numbers.next().unwrap_or(1));
    let later = month + 6;
    let (year, month) = if later > 12 { (year + 1, later - 12) } else { (year, later) };
    Date::parse(&format!("{year:04}-{month:02}")).unwrap_or_else(|| today.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_review_is_half_a_year_later() {
        let later = |text: &str| review_by(&Date::parse(text).unwrap()).to_string();
        assert_eq!(later("2026-11-22"), "2027-05");
        assert_eq!(later("2026-06-30"), "2026-12");
    }
}

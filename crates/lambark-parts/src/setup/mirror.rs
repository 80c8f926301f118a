//! Where this machine gets Debian's packages from, read from its own package sources.

use std::path::{Path, PathBuf};

use super::SetupError;

/// Names under which a source may offer Debian's main archive. Anything else (security, backports, vendors' archives)
/// is not what parts are fetched from.
const SUITES: [&str; 11] = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/// A Debian archive and the keyring that its lists are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Address of the archive, `http://…` or `https://…`.
    pub address: String,
    /// File with Debian's archive keys.
    pub keyring: PathBuf,
}

/// The machine's Debian archive: `$LAMBARK_DEBIAN_MIRROR`, else the first one in its package sources.
///
/// # Errors
///
/// There is none, or no keyring to verify it with.
pub fn debian_mirror() -> Result<Mirror, SetupError> {
    let named = std::env::var("LAMBARK_DEBIAN_MIRROR").ok().filter(|address| !address.is_empty());
    let address = match named {
        Some(address) => address,
        None => from_sources(Path::new("/etc/apt")).ok_or(SetupError::NoMirror)?,
    };
    let keyring = KEYRINGS.iter().map(PathBuf::from).find(|path| path.exists());
    Ok(Mirror { address, keyring: keyring.ok_or(SetupError::NoKeyring)? })
}

/// Looks through `sources.list` and `sources.list.d/` below `etc`, in the order of their names.
fn from_sources(etc: &Path) -> Option<String> {
    let mut files = vec![etc.join("sources.list")];
    let listed = std::fs::read_dir(etc.join("sources.list.d")).into_iter().flatten();
    let mut more: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    more.sort();
    files.extend(more);
    files.iter().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "list" => text.lines().find_map(from_line),
            "sources" => text.split("\n\n").find_map(from_stanza),
            _ => None,
        }
    })
}

/// One line of the classic format: `deb [options] address suite component…`.
fn from_line(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => rest,
    };
    let mut words = rest.split_whitespace();
    let (address, suite) = (words.next()?, words.next()?);
    debian(address, &[suite], &words.collect::<Vec<_>>())
}

/// One stanza of the deb822 format.
fn from_stanza(stanza: &str) -> Option<String> {
    let lines = || stanza.lines().filter(|line| !line.starts_with('#'));
    let field = |name: &str| -> Vec<&str> {
        let mut values = Vec::new();
        let mut inside = false;
        for line in lines() {
            let continued = line.starts_with([' ', '\t']);
            let value = match line.split_once(':') {
                Some((key, value)) if !continued => {
                    inside = key.eq_ignore_ascii_case(name);
                    value
                }
                _ => line,
            };
            if inside {
                values.extend(value.split_whitespace());
            }
        }
        values
    };
    if !field("Types").contains(&"deb") || field("Enabled").iter().any(|value| value.eq_ignore_ascii_case("no")) {
        return None;
    }
    let addresses = field("URIs");
    let (suites, components) = (field("Suites"), field("Components"));
    addresses.iter().find_map(|address| debian(address, &suites, &components))
}

/// The address, if that is a Debian archive reached by HTTP.
fn debian(address: &str, suites: &[&str], components: &[&str]) -> Option<String> {
    let by_http = address.starts_with("http://") || address.starts_with("https://");
    let known = suites.iter().any(|suite| SUITES.contains(suite)) && components.contains(&"main");
    (by_http && known).then(|| address.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn classic_lines() {
        let found =
            from_line("deb [signed-by=/k.gpg arch=amd64] https://deb.example.org/debian/ bookworm main contrib");
        assert_eq!(found.as_deref(), Some("https://deb.example.org/debian"));
        for line in [
            "# deb http://deb.example.org/debian bookworm main",
            "deb-src http://deb.example.org/debian bookworm main",
            "deb http://deb.example.org/debian-security bookworm-security main",
            "deb https://vendor.example.org/linux/debian bookworm stable",
            "deb cdrom:[Debian] bookworm main",
            "deb http://archive.example.org/ubuntu noble main",
        ] {
            assert_eq!(from_line(line), None, "{line}");
        }
    }

    #[test]
    fn stanzas() {
        let text = "Types: deb deb-src\n# a comment\nURIs: http://one.example.org/debian\nSuites: trixie\n trixie-updates\nComponents: main\n";
        assert_eq!(from_stanza(text).as_deref(), Some("http://one.example.org/debian"));
        assert_eq!(from_stanza(&format!("Enabled: no\n{text}")), None);
        assert_eq!(from_stanza("Types: deb-src\nURIs: http://x/debian\nSuites: sid\nComponents: main"), None);
        assert_eq!(from_stanza(""), None);
    }

    #[test]
    fn the_first_debian_archive_of_all_files_is_taken() {
        let etc = tempfile::tempdir().unwrap();
        let more = etc.path().join("sources.list.d");
        std::fs::create_dir(&more).unwrap();
        std::fs::write(more.join("a.list"), "deb https://vendor.example.org/apt cloud main\n").unwrap();
        assert_eq!(from_sources(etc.path()), None);
        let stanzas = "Types: deb\nURIs: http://s.example.org/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
                       Types: deb\nURIs: http://m.example.org/debian\nSuites: bookworm\nComponents: main\n";
        std::fs::write(more.join("debian.sources"), stanzas).unwrap();
        assert_eq!(from_sources(etc.path()).as_deref(), Some("http://m.example.org/debian"));
    }
}

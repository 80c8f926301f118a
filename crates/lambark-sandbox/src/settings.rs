//! What a sandbox is like.

use std::path::PathBuf;

use crate::limits::DEFAULT_TMP_BYTES;

/// What a sandbox is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Size of `/tmp` in bytes.
    pub tmp_bytes: u64,
    /// Most memory of all its processes together, in bytes; `None` for no limit. Files in `/tmp` do not count.
    pub memory_bytes: Option<u64>,
    /// What its processes reach.
    pub network: Network,
    /// What its processes take for the machine's name.
    pub hostname: String,
    /// The program that becomes the sandbox; its `main` calls `child_main_if_asked` first. `None`: this program.
    pub helper: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tmp_bytes: DEFAULT_TMP_BYTES,
            memory_bytes: None,
            network: Network::None,
            hostname: "lambark".to_owned(),
            helper: None,
        }
    }
}

/// What the processes of a sandbox reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Only their own loopback device, and the Runtime API on it.
    None,
    /// Whatever this machine reaches, as this machine.
    Host,
}

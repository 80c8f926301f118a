//! How much memory the programs inside have, as the sandbox's own `/proc` tells.

use std::fs;

/// Adds up what all processes but this one have resident, in bytes. Pages that several share count for each.
pub(super) fn resident() -> u64 {
    processes().filter_map(resident_of).sum()
}

/// The same with shared pages split among those that share them. It takes the kernel longer, and a process may forbid
/// it, which helps it nothing.
pub(super) fn proportional() -> u64 {
    let proportional_of = |pid| kilobytes(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss:");
    processes().filter_map(|pid| proportional_of(pid).or_else(|| resident_of(pid))).sum()
}

/// Not from `statm`, whose numbers are pages: before Linux 6.4 a static program cannot ask how large a page is once it
/// may not be looked into any more.
fn resident_of(pid: u32) -> Option<u64> {
    kilobytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:")
}

/// The most that any single process had resident at any time, in bytes.
pub(super) fn highest_of_one() -> u64 {
    let high = |pid| kilobytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmHWM:");
    processes().filter_map(high).max().unwrap_or(0)
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let this = std::process::id();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(move |pid| *pid != this)
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let text = "Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(kilobytes(text, "VmHWM:"), Some(1234 * 1024));
        assert_eq!(kilobytes(text, "Pss:"), None);
        assert_eq!(kilobytes("Pss: many kB", "Pss:"), None);
    }
}

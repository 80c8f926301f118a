//! Work on layers: transcoding them, and looking at every file in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_parts as parts;
use parts::Part;

use super::data::Layer;
use super::layout::{self, Packing, layer_bytes};
use super::measure::{Contestant, Sample, race};
use super::table::{COLUMNS, Table, cells, ratio};
use super::{Context, data, needed};
use crate::Error;

/// The most memory that a job on layers may take, in KiB.
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;

/// Exit codes of lambark's that mean it looked, or did its work. It may well find fault with files of a machine that
/// were never meant to be an image.
const FINE: &[i64] = &[0, 1];

/// zstd layers to gzip ones, from layout to layout, against one `zstd | pigz` a layer; and the same once more.
pub(super) fn transcode(context: &Context) -> Result<Table, Error> {
    let layers = data::layers(&context.data)?;
    let work = context.fresh("transcode")?;
    let source = work.join("source");
    layout::image(&source, &layers, Packing::Zstd)?;
    let (home, out, peer) = (work.join("home"), work.join("out"), work.join("peer"));
    let script = transcode_script(&layers, &peer)?;
    let fix = |depth: &str| {
        let mut command = context.lambark(&home);
        command.arg("fix").arg(format!("oci:{}:v1", source.display())).args(["--depth", depth]);
        command.arg("--to").arg(format!("oci:{}:v1", out.display()));
        command
    };
    let afresh = || {
        remove(&home)?;
        remove(&out)?;
        std::fs::create_dir_all(&home).map_err(Error::io("a home"))
    };
    let mut contestants = [
        // What an image in a registry gets: each layer is read once.
        Contestant {
            name: "lambark fix --depth bytes",
            fine: FINE,
            next: Box::new(|_| afresh().map(|()| fix("bytes"))),
        },
        // Runs right after the one above, and so finds what that one left.
        Contestant { name: "lambark fix --depth bytes, again", fine: FINE, next: Box::new(|_| Ok(fix("bytes"))) },
        // What an image on this machine gets: every file is looked at before anything is written.
        Contestant {
            name: "lambark fix --depth files",
            fine: FINE,
            next: Box::new(|_| afresh().map(|()| fix("files"))),
        },
        Contestant {
            name: "zstd -dc | pigz -p2 -6",
            fine: &[0],
            next: Box::new(|_| {
                remove(&peer)?;
                std::fs::create_dir_all(&peer).map_err(Error::io("the peer's output"))?;
                Ok(shell(&script))
            }),
        },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name).collect();
    assert_transcoded(&layers, &out)?;
    let (ours, theirs) = (layer_bytes(&out)?, directory_bytes(&peer)?);
    let sizes = [ours, ours, ours, theirs];
    let mut table = against(&names, &samples, 3, Some(&sizes));
    if let [once, _, twice, peer] = samples.as_slice() {
        table.target("at least twice as fast as the pipe", ratio(once.wall, peer.wall) <= 0.5);
        table.target("the same with every file looked at first", ratio(twice.wall, peer.wall) <= 0.5);
        table.target("output no more than 5 % larger", ours * 100 <= theirs * 105);
        table.target("peak memory within 64 MiB", once.peak_kib.max(twice.peak_kib) <= MEMORY_LIMIT_KIB);
    }
    Ok(table)
}

/// Every gzip level of `fix`, on the same image: what time buys.
pub(super) fn levels(context: &Context) -> Result<Table, Error> {
    let layers = data::layers(&context.data)?;
    let work = context.fresh("levels")?;
    let source = work.join("source");
    layout::image(&source, &layers, Packing::Zstd)?;
    let (mut names, mut samples, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for level in ["1", "3", "5", "6", "7", "9"] {
        let (home, out) = (work.join("home"), work.join("out"));
        let mut contestant = [Contestant {
            name: level,
            fine: FINE,
            next: Box::new(|_| {
                remove(&home)?;
                remove(&out)?;
                let mut command = context.lambark(&home);
                command.arg("fix").arg(format!("oci:{}:v1", source.display()));
                command.arg("--to").arg(format!("oci:{}:v1", out.display())).args(["--gzip-level", level]);
                Ok(command)
            }),
        }];
        samples.extend(race(1, &mut contestant)?);
        sizes.push(layer_bytes(&out)?);
        names.push(level);
    }
    Ok(against(&names, &samples, 3, Some(&sizes)))
}

/// Every file looked at, against one `gzip -dc | tar -t` a layer.
pub(super) fn files(context: &Context) -> Result<Table, Error> {
    let layers = data::layers(&context.data)?;
    let work = context.fresh("files")?;
    let source = work.join("source");
    layout::image(&source, &layers, Packing::Gzip)?;
    let home = work.join("home");
    let script: String = layers.iter().map(|layer| format!("gzip -dc {} | tar -t\n", layer.gzip.display())).collect();
    let script = format!("set -e\n{script}");
    let mut contestants = [
        Contestant {
            name: "lambark check --depth files",
            fine: FINE,
            next: Box::new(|_| {
                // Without its cache, as the first time; what lies on this machine is read each time anyway.
                remove(&home)?;
                let mut command = context.lambark(&home);
                command.arg("check").arg(format!("oci:{}:v1", source.display())).args(["--depth", "files"]);
                Ok(command)
            }),
        },
        Contestant { name: "gzip -dc | tar -t", fine: &[0], next: Box::new(|_| Ok(shell(&script))) },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name).collect();
    let mut table = against(&names, &samples, 1, None);
    if let [ours, peer] = samples.as_slice() {
        table.target("at least twice as fast as the pipe", ratio(ours.wall, peer.wall) <= 0.5);
        table.target("peak memory within 64 MiB", ours.peak_kib <= MEMORY_LIMIT_KIB);
    }
    Ok(table)
}

/// Every layer has to be there as gzip, and gzip itself has to find the same bytes in it.
fn assert_transcoded(layers: &[Layer], out: &Path) -> Result<(), Error> {
    let script = format!("cd {}/blobs/sha256; for f in *; do gzip -dc $f 2>/dev/null | sha256sum; done", out.display());
    let output = shell(&script).output().map_err(Error::io("gzip"))?;
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    for layer in layers {
        let (hex, _) = data::digest(&layer.tar)?;
        if !found.contains(&hex) {
            return Err(Error::Failed(format!("{} was not transcoded into {}", layer.zstd.display(), out.display())));
        }
    }
    Ok(())
}

/// A row each, with the ratios to the one at `baseline`. Where other programs run beside, that of processor time holds.
fn against(names: &[&str], samples: &[Sample], baseline: usize, sizes: Option<&[u64]>) -> Table {
    let mut head = vec!["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "wall ratio", "cpu ratio"];
    if sizes.is_some() {
        head.push("output bytes");
    }
    let mut table = Table::new(&head);
    let base = samples.get(baseline).copied().unwrap_or_default();
    for (row, (name, sample)) in names.iter().zip(samples).enumerate() {
        let mut line = vec![(*name).to_owned()];
        line.extend(cells(sample));
        line.push(format!("{:.2}", ratio(sample.wall, base.wall)));
        line.push(format!("{:.2}", ratio(sample.cpu, base.cpu)));
        line.extend(sizes.and_then(|sizes| sizes.get(row)).map(u64::to_string));
        table.row(line);
    }
    table
}

/// One pipe a layer, one after another, each with pigz on both cores.
fn transcode_script(layers: &[Layer], out: &Path) -> Result<String, Error> {
    let program = |command: Command| {
        let libraries = command.get_envs().find(|(name, _)| *name == "LD_LIBRARY_PATH").and_then(|(_, value)| value);
        let libraries = libraries.unwrap_or_default().to_string_lossy().into_owned();
        format!("LD_LIBRARY_PATH={libraries} {}", command.get_program().to_string_lossy())
    };
    let zstd = program(needed(Part::Compressors, parts::zstd())?);
    let pigz = program(needed(Part::Compressors, parts::pigz())?);
    let mut script = "set -e\n".to_owned();
    for (number, layer) in layers.iter().enumerate() {
        let (from, to) = (layer.zstd.display(), out.join(format!("{number}.tar.gz")));
        script.push_str(&format!("{zstd} -q -dc {from} | {pigz} -p2 -6 > {}\n", to.display()));
    }
    Ok(script)
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn remove(path: &PathBuf) -> Result<(), Error> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path.display().to_string())(error)),
        _ => Ok(()),
    }
}

fn directory_bytes(directory: &Path) -> Result<u64, Error> {
    let entries = std::fs::read_dir(directory).map_err(Error::io("the peer's output"))?;
    Ok(entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum())
}

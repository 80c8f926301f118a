//! `lambark run` beside the bare process, runc, and AWS's emulator.

mod api;
mod function;
mod warm;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lambark_parts as parts;
use parts::Part;

use self::api::Api;
use self::function::{PROGRAM, Place, Runc};
use super::layout::{self, Packing};
use super::measure::{Contestant, Sample, once, race};
use super::table::{COLUMNS, Table, cells, ratio, time};
use super::{Context, at_home, data, needed};
use crate::Error;

pub(super) use warm::run as warm;

/// Short runs scatter: many of them.
const RUNS: usize = 21;

/// The most that a sandbox may cost over the bare process.
const OVERHEAD: Duration = Duration::from_millis(60);

/// The most memory that lambark itself may take, in KiB: 32 MB.
const MEMORY_LIMIT_KIB: u64 = 32_000_000 / 1024;

/// What the bare function ends with once nobody gives it events.
const HUNG_UP: &[i64] = &[1];

/// A function whose layers are unpacked already, as an ordinary user.
pub(super) fn cached(context: &Context) -> Result<Table, Error> {
    let place = Place::new()?;
    let layer = function::make(place.path())?;
    layout::image(&place.path().join("image"), &[layer], Packing::Gzip)?;
    let program = place.path().join("lambark");
    std::fs::copy(&context.lambark, &program).map_err(Error::io("lambark"))?;
    let home = place.path().join("home");
    std::fs::create_dir(&home).map_err(Error::io("a home"))?;
    let runc = Runc::copied(place.path());
    place.hand_over()?;
    let api = Api::start()?;
    if let Ok(runc) = &runc {
        runc.configure(place.path(), api.address(), |command| place.ordinary(command))?;
    }
    let ours = || place.ordinary(run(at_home(&program, &home), &place.path().join("image")));
    once(&ours(), &[0])?;
    let mut contestants = vec![
        Contestant { name: "lambark run", fine: &[0], next: Box::new(|_| Ok(ours())) },
        Contestant {
            name: "the function, bare",
            fine: HUNG_UP,
            next: Box::new(|_| {
                let mut command = Command::new(place.path().join("rootfs").join(PROGRAM));
                command.env("AWS_LAMBDA_RUNTIME_API", api.address());
                Ok(place.ordinary(command))
            }),
        },
    ];
    if let Ok(runc) = &runc {
        contestants.push(Contestant {
            name: "runc run, rootless",
            fine: HUNG_UP,
            next: Box::new(|run| Ok(place.ordinary(runc.run(place.path(), &format!("bench-{run}"))))),
        });
    }
    let samples = race(RUNS, &mut contestants)?;
    api.expect_answers(RUNS * (contestants.len() - 1))?;
    Ok(beside_the_bare(&contestants, &samples, runc.as_ref().err()))
}

fn run(mut lambark: Command, layout: &Path) -> Command {
    lambark.args(["run", "--quiet", &format!("oci:{}:v1", layout.display())]);
    lambark
}

/// Lambark first, the bare function second.
fn beside_the_bare(contestants: &[Contestant<'_>], samples: &[Sample], no_runc: Option<&String>) -> Table {
    let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "overhead"]);
    let bare = samples.get(1).copied().unwrap_or_default();
    for (contestant, sample) in contestants.iter().zip(samples) {
        let mut row = vec![contestant.name.to_owned()];
        row.extend(cells(sample));
        row.push(time(sample.wall.saturating_sub(bare.wall)));
        table.row(row);
    }
    if let Some(ours) = samples.first() {
        table.target("overhead within 60 ms", ours.wall.saturating_sub(bare.wall) <= OVERHEAD);
        table.target("peak memory within 32 MB", ours.peak_kib <= MEMORY_LIMIT_KIB);
    }
    if let Some(reason) = no_runc {
        table.note(format!("without runc: {reason}"));
    }
    table.note(
        "as an ordinary user; one init and one invocation each; runc keeps the machine's network, lambark gives the \
         function one of its own",
    );
    table
}

/// An image of one layer of about 60 MB, of which nothing is unpacked yet.
pub(super) fn first(context: &Context) -> Result<Table, Error> {
    let place = Place::new()?;
    let layer = function::make(place.path())?;
    let mut layers = data::layers(&context.data)?;
    layers.truncate(1);
    let size =
        layers.iter().filter_map(|layer| std::fs::metadata(&layer.gzip).ok()).map(|meta| meta.len()).sum::<u64>();
    layers.push(layer);
    let image = place.path().join("image");
    let source = image.as_path();
    layout::image(source, &layers, Packing::Gzip)?;
    let api = Api::start()?;
    let runc = Runc::copied(place.path());
    let peer = runc.and_then(|runc| {
        Part::Umoci.find()?;
        Part::Skopeo.find()?;
        Ok(runc)
    });
    let mut contestants = vec![Contestant {
        name: "lambark run, nothing cached",
        fine: &[0],
        next: Box::new(|_| Ok(run(context.lambark(&context.fresh("first-home")?), source))),
    }];
    if let Ok(runc) = &peer {
        let config = runc.configure(place.path(), api.address(), |command| command)?;
        contestants.push(Contestant {
            name: "skopeo copy, umoci unpack, runc run",
            fine: HUNG_UP,
            next: Box::new(move |number| {
                let work = context.fresh("chain")?;
                chain(source, &work, &config, &runc.run(&work.join("bundle"), &format!("first-{number}")))
            }),
        });
    }
    let samples = race(context.runs, &mut contestants)?;
    api.expect_answers(context.runs * (contestants.len() - 1))?;
    let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2]]);
    for (contestant, sample) in contestants.iter().zip(&samples) {
        let mut row = vec![contestant.name.to_owned()];
        row.extend(cells(sample));
        table.row(row);
    }
    if let [ours, theirs] = samples.as_slice() {
        table.target("at most half the time of the chain", ratio(ours.wall, theirs.wall) <= 0.5);
    }
    if let Err(reason) = &peer {
        table.note(format!("without the chain: {reason}"));
    }
    if let Some(ours) = samples.first() {
        table.target("peak memory within 32 MB", ours.peak_kib <= MEMORY_LIMIT_KIB);
    }
    table.note(format!(
        "{} MB of gzip in a layout on this machine's disk, to one invocation's answer",
        size / 1_000_000
    ));
    Ok(table)
}

/// The chain as one shell command: the image copied from `source`, unpacked, and run with `config`.
fn chain(source: &Path, work: &Path, config: &Path, runc: &Command) -> Result<Command, Error> {
    let (copy, bundle) = (work.join("copy"), work.join("bundle"));
    let mut skopeo = needed(Part::Skopeo, parts::skopeo())?;
    skopeo.args(["copy", "--quiet"]);
    skopeo.args([source, &copy].map(|path| format!("oci:{}:v1", path.display())));
    let mut umoci = needed(Part::Umoci, parts::umoci())?;
    umoci.args(["unpack", "--rootless", "--image"]).arg(format!("{}:v1", copy.display())).arg(&bundle);
    let mut copied = Command::new("cp");
    copied.arg(config).arg(bundle.join("config.json"));
    let words: Vec<String> = [&skopeo, &umoci, &copied, runc].map(shell_words).into();
    let mut command = Command::new("sh");
    command.args(["-c", &words.join(" && ")]);
    Ok(command)
}

/// A command and its variables as a shell reads them.
fn shell_words(command: &Command) -> String {
    let quote = |word: &OsStr| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"));
    let mut words = vec!["env".to_owned()];
    words.extend(command.get_envs().filter_map(|(name, value)| {
        let value = value?;
        Some(quote(&OsString::from_iter([name, OsStr::new("="), value])))
    }));
    words.push(quote(command.get_program()));
    words.extend(command.get_args().map(quote));
    words.join(" ")
}

//! `cargo xtask bench`: lambark beside what the machine has, in one run, so that the ratios hold whatever the machine.

mod build;
mod data;
mod explain;
mod functions;
mod http;
mod layers;
mod layout;
mod lint;
mod measure;
mod push;
mod registry;
mod sandbox;
mod ship;
mod start;
mod table;
mod twin;

use std::path::{Path, PathBuf};
use std::process::Command;

use lambark_parts::Part;

use crate::{Error, lambark_binary, parts, workspace};
use table::Table;

pub(crate) use measure::{Arguments as MeasureArguments, child};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run only these (repeat for several)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How often each contestant runs; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Use this binary instead of building one in release mode
    #[arg(long, value_name = "PATH")]
    lambark: Option<PathBuf>,
    /// Write the tables to a file as well
    #[arg(long, value_name = "PATH")]
    save: Option<PathBuf>,
    /// List the benches; run none
    #[arg(long)]
    list: bool,
}

/// What every bench is given.
struct Context {
    lambark: PathBuf,
    runs: usize,
    /// Data that is made once and kept.
    data: PathBuf,
    /// For one run; gone afterwards.
    scratch: tempfile::TempDir,
}

impl Context {
    /// The lambark command with a home of its own under `home`: its cache is as cold as that directory is empty.
    fn lambark(&self, home: &Path) -> Command {
        at_home(&self.lambark, home)
    }

    /// An empty directory for one purpose of one bench.
    fn fresh(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.scratch.path().join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(name)(error)),
            _ => {}
        }
        std::fs::create_dir_all(&path).map_err(Error::io(name))?;
        Ok(path)
    }
}

/// A lambark binary with a home of its own.
fn at_home(lambark: &Path, home: &Path) -> Command {
    let mut command = Command::new(lambark);
    command.env("HOME", home).env("XDG_CACHE_HOME", home.join("cache")).env("XDG_STATE_HOME", home.join("state"));
    command.env("XDG_CONFIG_HOME", home.join("config")).env_remove("DOCKER_CONFIG");
    command.env_remove("REGISTRY_AUTH_FILE").env("NO_COLOR", "1");
    command
}

/// A bench: its name, what it shows, and how it is run.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Context) -> Result<Table, Error>,
}

const BENCHES: &[Bench] = &[
    Bench { name: "start", about: "start-up, and a look at a layout's manifest", run: start::run },
    Bench {
        name: "unwrap",
        about: "attested index in a registry to a deployable image, same tag",
        run: registry::unwrap,
    },
    Bench { name: "remote-check", about: "requests of a remote check at each depth", run: registry::check },
    Bench { name: "transcode", about: "three zstd layers to gzip, and once more", run: layers::transcode },
    Bench { name: "files", about: "every file of three gzip layers looked at", run: layers::files },
    Bench { name: "twin", about: "GetFunction from 64 clients, and what 10,000 functions weigh", run: functions::run },
    Bench { name: "push", about: "an archive of 150 MB to two registries", run: push::run },
    Bench { name: "build", about: "a Dockerfile to a registry, beside the builder's own push", run: build::run },
    Bench {
        name: "ship",
        about: "from a changed file to the alias on the twin, beside the builder alone",
        run: ship::run,
    },
    Bench { name: "explain", about: "a long log, and what is recognised in wrapped messages", run: explain::run },
    Bench { name: "levels", about: "gzip levels: time and size", run: layers::levels },
    Bench { name: "lint", about: "a monorepo of 10,000 files, one in twenty of which matters", run: lint::run },
    Bench { name: "run", about: "lambark run on unpacked layers, the bare process, runc", run: sandbox::cached },
    Bench { name: "invoke", about: "a warm invoke, beside AWS's emulator", run: sandbox::warm },
    Bench { name: "first-run", about: "lambark run on an image of 60 MB never seen before", run: sandbox::first },
];

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.list {
        for bench in BENCHES {
            println!("{:<14} {}", bench.name, bench.about);
        }
        return Ok(());
    }
    let chosen = chosen(&arguments.only)?;
    parts::set_up(&[
        Part::DockerRegistry,
        Part::Skopeo,
        Part::Compressors,
        Part::Moto,
        Part::Umoci,
        Part::Docker,
        Part::Rie,
        Part::PythonFunction,
    ]);
    let lambark = match &arguments.lambark {
        Some(path) => path.canonicalize().map_err(Error::io(path.display().to_string()))?,
        None => lambark_binary::build(true)?,
    };
    let data = workspace::root().join("target/bench");
    std::fs::create_dir_all(&data).map_err(Error::io("target/bench"))?;
    let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(&data).map_err(Error::io("target/bench"))?;
    let context = Context { lambark, runs: arguments.runs.into(), data, scratch };

    let mut report = table::machine();
    println!("{report}");
    for bench in chosen {
        let table = (bench.run)(&context)?;
        let text = format!("\n## {}: {}\n\n{table}", bench.name, bench.about);
        println!("{text}");
        report.push_str(&text);
        report.push('\n');
    }
    if let Some(path) = &arguments.save {
        std::fs::write(path, report).map_err(Error::io(path.display().to_string()))?;
    }
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<&'static Bench>, Error> {
    if let Some(unknown) = only.iter().find(|name| BENCHES.iter().all(|bench| bench.name != name.as_str())) {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        return Err(Error::Failed(format!("no bench {unknown} (known: {})", known.join(", "))));
    }
    Ok(BENCHES.iter().filter(|bench| only.is_empty() || only.iter().any(|name| name == bench.name)).collect())
}

/// A part's program, or the reason why this bench cannot run.
fn needed<T>(part: Part, program: Option<T>) -> Result<T, Error> {
    program.ok_or_else(|| Error::Failed(part.find().err().unwrap_or_else(|| format!("{part} does not start"))))
}

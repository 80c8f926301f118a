//! `lambark ship` on the twin, beside the builder alone: what everything after the build costs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lambark_parts as parts;
use parts::{Dockerd, Part};

use super::build::search_path;
use super::measure::{Contestant, once, race};
use super::table::{COLUMNS, Table, cells, time};
use super::twin::Twin;
use super::{Context, data, needed};
use crate::Error;

/// What `ship` may take besides the builder. The twin's settle times are set to none.
const OVERHEAD_LIMIT: Duration = Duration::from_secs(2);

const ROLE: &str = "arn:aws:iam::123456789012:role/app";

const CONFIGURATION: &str = r#"
[service.backend]
dockerfile = "Dockerfile"
context = "."
repository = "team/backend"
function = "backend"
architecture = "x86_64"
alias = "live"
tests = [{ event = "event.json", expect = { json = { n = 42 } } }]
"#;

const DOCKERFILE: &str = "\
FROM scratch
COPY python/ /
COPY app.py /var/task/app.py
ENV PYTHONPATH=/site
WORKDIR /var/task
ENTRYPOINT [\"/usr/bin/python3.11\", \"-m\", \"awslambdaric\"]
CMD [\"app.handler\"]
";

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let daemon = needed(Part::Docker, Dockerd::start(&[]))?;
    let twin = Twin::start(context.lambark(&context.fresh("ship-twin")?), None)?;
    let project = project(context)?;
    let home = context.fresh("ship-home")?;
    let ship = |tag: &str| ship(context.lambark(&home), &daemon, &twin, &project, tag);
    // The function, its repository and the builder's cache are there from yesterday.
    let mut first = ship("v0");
    first.args(["--create-repository", "--create", "--role", ROLE]);
    once(&first, &[0])?;
    let archive = project.join("image.tar");
    let mut contestants = [
        Contestant {
            name: "lambark ship",
            fine: &[0],
            next: Box::new(|run| {
                change(&project, &format!("ours {run}"))?;
                Ok(ship(&format!("ours{run}")))
            }),
        },
        Contestant {
            name: "docker buildx build --output type=oci alone",
            fine: &[0],
            next: Box::new(|run| {
                change(&project, &format!("theirs {run}"))?;
                let mut docker = daemon.docker();
                let output = format!("--output=type=oci,dest={}", archive.display());
                docker.args(["buildx", "build", "--quiet", &output]).arg(&project);
                Ok(docker)
            }),
        },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let [ours, builder] = samples.as_slice() else { return Err(Error::Failed("two contestants".to_owned())) };
    let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "over the builder"]);
    for (contestant, sample) in contestants.iter().zip(&samples) {
        let mut row = vec![contestant.name.to_owned()];
        row.extend(cells(sample));
        row.push(time(sample.wall.saturating_sub(builder.wall)));
        table.row(row);
    }
    let over = ours.wall.saturating_sub(builder.wall);
    table.target("at most 2 s over the builder and the settle times", over <= OVERHEAD_LIMIT);
    table.note(
        "one file of a Python function changed; build, check of every file (those of layers that did not \
         change are known from the time before), push, verify, update, version, an event \
         test in a sandbox, alias and record, on a twin that settles at once",
    );
    Ok(table)
}

fn project(context: &Context) -> Result<PathBuf, Error> {
    let python = Part::PythonFunction.find().map_err(Error::Failed)?;
    let project = context.fresh("ship-project")?;
    data::succeed(Command::new("cp").args(["-a", "--"]).arg(python).arg(project.join("python")))?;
    for (name, text) in [("Dockerfile", DOCKERFILE), ("lambark.toml", CONFIGURATION), ("event.json", "{\"n\": 41}")] {
        std::fs::write(project.join(name), text).map_err(Error::io(name))?;
    }
    change(&project, "first")?;
    Ok(project)
}

fn change(project: &Path, release: &str) -> Result<(), Error> {
    let code = format!("def handler(event, context):\n    return {{'n': event['n'] + 1, 'release': '{release}'}}\n");
    std::fs::write(project.join("app.py"), code).map_err(Error::io("app.py"))
}

fn ship(mut lambark: Command, daemon: &Dockerd, twin: &Twin, project: &Path, tag: &str) -> Command {
    lambark.args(["ship", "backend", "--quiet", "--tag", tag]).current_dir(project);
    lambark.envs(daemon.environment()).env("PATH", search_path(&daemon.programs()));
    lambark.env("AWS_ENDPOINT_URL", format!("http://{}", twin.host())).env("AWS_REGION", "us-east-1");
    lambark.env("AWS_ACCESS_KEY_ID", "AKIABENCHBENCHBENCH0").env("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key");
    lambark
}

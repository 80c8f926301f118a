//! `lambark lint` on a monorepo of many files, few of which matter.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Context;
use super::measure::{Contestant, race};
use super::table::{COLUMNS, Table, cells};
use crate::Error;

/// Files of the repository.
const FILES: usize = 10_000;
/// One of so many files matters.
const RELEVANT: usize = 20;
/// What one run may take.
const WALL: Duration = Duration::from_millis(500);
const PEAK_KIB: u64 = 100 * 1024;

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let home = context.fresh("lint")?;
    let repository = home.join("repository");
    make(&repository)?;
    let mut contestants = [
        Contestant {
            name: "lambark lint",
            // Findings are what it is made for.
            fine: &[1],
            next: Box::new(|_| {
                let mut command = context.lambark(&home);
                command.arg("lint").current_dir(&repository);
                Ok(command)
            }),
        },
        Contestant {
            name: "git ls-files and grep for docker",
            fine: &[0],
            next: Box::new(|_| {
                let mut command = std::process::Command::new("sh");
                command
                    .args(["-c", "git ls-files -co --exclude-standard | xargs grep -l docker"])
                    .current_dir(&repository);
                Ok(command)
            }),
        },
    ];
    let samples = race(context.runs, &mut contestants)?;
    let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2]]);
    for (contestant, sample) in contestants.iter().zip(&samples) {
        let [wall, cpu, peak] = cells(sample);
        table.row(vec![contestant.name.to_owned(), wall, cpu, peak]);
    }
    if let [lint, ..] = samples.as_slice() {
        table.note(format!("{FILES} files, one of {RELEVANT} matters"));
        table.target("within 0.5 s", lint.wall <= WALL);
        table.target("within 100 MB", lint.peak_kib <= PEAK_KIB);
    }
    Ok(table)
}

/// Services with sources, documents and data, as a monorepo has them; some have a Dockerfile, a script, a workflow.
fn make(repository: &Path) -> Result<(), Error> {
    fs::create_dir_all(repository).map_err(Error::io("a repository"))?;
    let git = std::process::Command::new("git").args(["init", "-q"]).current_dir(repository).status();
    git.map_err(Error::io("git"))?;
    for number in 0..FILES {
        let (path, text) = file(number);
        let path = repository.join(path);
        let directory = path.parent().unwrap_or(repository);
        fs::create_dir_all(directory).and_then(|()| fs::write(&path, text)).map_err(Error::io("a repository"))?;
    }
    Ok(())
}

fn file(number: usize) -> (String, String) {
    let service = number / 100;
    let directory = format!("services/s{service}");
    if number.is_multiple_of(RELEVANT) {
        return relevant(&directory, service, number / RELEVANT);
    }
    let kind = number % 7;
    let suffix = ["py", "ts", "go", "md", "yaml", "json", "sh"][kind];
    // About what such files have: a few kilobytes of lines.
    let line = format!("value_{number} = compute(service, {kind}) -- build of the image and its description\n");
    (format!("{directory}/src/m{kind}/file{number}.{suffix}"), line.repeat(40 + number % 60))
}

fn relevant(directory: &str, service: usize, number: usize) -> (String, String) {
    let image = format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/s{service}");
    match number % 5 {
        0 => (
            format!("{directory}/Dockerfile"),
            "FROM public.ecr.aws/lambda/python:3.13\nCOPY app.py ${LAMBDA_TASK_ROOT}/\nCMD [\"app.handler\"]\n"
                .to_owned(),
        ),
        1 => (
            format!("{directory}/deploy.sh"),
            format!(
                "#!/bin/bash\nset -euo pipefail\nTAG=$(git rev-parse HEAD)\nbuild() {{ docker buildx build --platform linux/amd64 --push -t \"{image}:$TAG\" {directory}; }}\nbuild\naws lambda update-function-code --function-name s{service} --image-uri \"{image}:$TAG\"\n"
            ),
        ),
        2 => (
            format!(".github/workflows/s{service}.yml"),
            format!(
                "on: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          context: {directory}\n          push: true\n          tags: {image}:${{{{ github.sha }}}}\n      - run: ./{directory}/deploy.sh\n"
            ),
        ),
        3 => (
            format!("{directory}/template.yaml"),
            format!(
                "Resources:\n  S{service}:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n      Architectures: [x86_64]\n    Metadata:\n      Dockerfile: Dockerfile\n      DockerContext: .\n"
            ),
        ),
        _ => (
            format!("{directory}/Makefile"),
            format!(
                "IMAGE := {image}\nTAG ?= dev\npush:\n\tdocker build -t $(IMAGE):$(TAG) .\n\tdocker push $(IMAGE):$(TAG)\n"
            ),
        ),
    }
}

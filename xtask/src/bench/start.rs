//! How long it takes before anything happens.

use std::time::Duration;

use super::layout::{self, Packing};
use super::measure::{Contestant, race};
use super::table::{COLUMNS, Table, cells};
use super::{Context, data};
use crate::Error;

/// Short runs scatter: many of them.
const RUNS: usize = 21;

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let home = context.fresh("start")?;
    let layers = data::layers(&context.data)?;
    let directory = home.join("layout");
    layout::image(&directory, &layers, Packing::Gzip)?;
    let image = format!("oci:{}:v1", directory.display());
    let mut contestants = [
        Contestant {
            name: "lambark --version",
            fine: &[0],
            next: Box::new(|_| {
                let mut command = context.lambark(&home);
                command.arg("--version");
                Ok(command)
            }),
        },
        Contestant {
            name: "lambark check oci:… --depth manifest",
            fine: &[0, 1],
            next: Box::new(|_| {
                let mut command = context.lambark(&home);
                command.args(["check", &image, "--depth", "manifest"]);
                Ok(command)
            }),
        },
        Contestant { name: "true", fine: &[0], next: Box::new(|_| Ok(std::process::Command::new("true"))) },
    ];
    let samples = race(RUNS, &mut contestants)?;
    let mut table = Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2]]);
    for (contestant, sample) in contestants.iter().zip(&samples) {
        let [wall, cpu, peak] = cells(sample);
        table.row(vec![contestant.name.to_owned(), wall, cpu, peak]);
    }
    if let [version, check, ..] = samples.as_slice() {
        table.target("--version within 10 ms", version.wall <= Duration::from_millis(10));
        table.target("check of a layout's manifest within 15 ms", check.wall <= Duration::from_millis(15));
    }
    Ok(table)
}

//! `cargo xtask parts`: real programs of the field, set up below `target/parts/`.

use lambark_parts::Part;
use lambark_parts::setup::{Outcome, Setup};

use crate::Error;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Parts to set up [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// List the parts and whether they are here; set up nothing
    #[arg(long)]
    list: bool,
}

/// A part that is not there, and why.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) part: Part,
    pub(crate) reason: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let parts = named(&arguments.names)?;
    if arguments.list {
        for part in parts {
            let state = part.find().map_or_else(|why| why, |_| "here".to_owned());
            println!("{:<18} {state}", part.name());
        }
        return Ok(());
    }
    let missing = set_up(&parts);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("{} not set up", names(&missing))))
}

fn named(names: &[String]) -> Result<Vec<Part>, Error> {
    if names.is_empty() {
        return Ok(Part::ALL.to_vec());
    }
    let find = |name: &String| {
        let known = Part::ALL.map(Part::name).join(", ");
        Part::named(name).ok_or_else(|| Error::Failed(format!("no part {name} (known: {known})")))
    };
    names.iter().map(find).collect()
}

/// Sets the parts up one by one, a line each, and tells which could not be.
pub(crate) fn set_up(parts: &[Part]) -> Vec<Missing> {
    let mut setup = match Setup::open() {
        Ok(setup) => setup,
        Err(error) => {
            let reason = error.to_string();
            let all = parts.iter().map(|&part| Missing { part, reason: reason.clone() });
            return all.collect();
        }
    };
    let mut missing = Vec::new();
    for &part in parts {
        match setup.part(part) {
            Ok(Outcome::Cached) => eprintln!("part {:<18} here", part.name()),
            Ok(Outcome::Fetched(time)) => {
                eprintln!("part {:<18} fetched in {:.1} s", part.name(), time.as_secs_f64());
            }
            Err(error) => {
                let reason = error.to_string();
                eprintln!("part {:<18} missing: {reason}", part.name());
                missing.push(Missing { part, reason });
            }
        }
    }
    missing
}

/// The parts' names, for a sentence.
pub(crate) fn names(missing: &[Missing]) -> String {
    let names: Vec<&str> = missing.iter().map(|missing| missing.part.name()).collect();
    names.join(", ")
}

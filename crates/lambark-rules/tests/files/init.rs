//! What a run in a sandbox shows.

use lambark_rules::Severity::{Error, Warning};
use lambark_rules::facts::{Evidence, ImageFacts, InitFacts, InitFailure};

use crate::Table;
use crate::support::laws::Expect::{Find, NotAsked, NotLooked, Pass, Says};
use crate::support::{image, nothing};

fn asked(mut facts: ImageFacts) -> ImageFacts {
    facts.asked.run = true;
    facts
}

fn ran(failure: Option<(&str, &str)>) -> ImageFacts {
    let failure = failure.map(|(error_type, message)| InitFailure {
        error_type: error_type.into(),
        message: message.into(),
        wants_network: message.contains("resolve"),
    });
    let mut facts = asked(image().facts());
    facts.init = Evidence::Known(InitFacts { failure });
    facts
}

/// Nobody is asked about a run unless it was wanted, so this rule's cases without evidence are its own.
pub(crate) fn tables() -> Vec<Table> {
    let import = "Unable to import module 'app': No module named 'app'";
    vec![(
        "init-fails",
        vec![
            ("not asked for", image().facts(), NotAsked),
            ("nothing known, not asked for", nothing(), NotAsked),
            ("asked for, and not run", asked(image().facts()), NotLooked),
            ("nothing known", asked(nothing()), NotLooked),
            ("it is ready", ran(None), Pass),
            (
                "a module is missing",
                ran(Some(("Runtime.ImportModuleError", import))),
                Says(Error, "No module named 'app'"),
            ),
            (
                "its entry point",
                ran(Some(("Runtime.InvalidEntrypoint", "fork/exec /x: exec format error"))),
                Find(&[Error]),
            ),
            ("an exit", ran(Some(("Runtime.ExitError", "Runtime exited with error: exit status 1"))), Find(&[Warning])),
            (
                "a variable is missing",
                ran(Some(("KeyError", "'TABLE'"))),
                Says(Warning, "without the function's variables"),
            ),
            (
                "no network",
                ran(Some(("Runtime.ImportModuleError", "cannot resolve"))),
                Says(Warning, "asked for a network"),
            ),
            (
                "several lines",
                ran(Some(("Runtime.ImportModuleError", "one.\ntwo\x1b[2J.\n"))),
                Says(Error, "one. two [2J"),
            ),
            ("a whole trace", ran(Some(("Runtime.ExitError", &"trace ".repeat(1000)))), Find(&[Warning])),
        ],
    )]
}

//! Deployments in this process, which a test can stop between two steps to do something else.

use std::path::PathBuf;
use std::sync::Arc;

use lambark::operations::check::FailOn;
use lambark::operations::deploy::{Outcome, Settings, Step, Tools, Until, run};
use lambark::operations::deployment::image::Demands;
use lambark::operations::deployment::shift::Shift;
use lambark::operations::deployment::{Origin, Patience, World};
use lambark::operations::knowledge;
use lambark_images::{Progress, Silent};
use lambark_knowledge::Date;
use lambark_rules::facts::Asked;

use crate::bench::{Bench, tagged};

/// Deploys the image of a number, and calls `between` after each step.
pub(crate) fn deploy(
    bench: &Bench,
    function: &str,
    number: u32,
    alias: Option<&str>,
    between: &mut dyn FnMut(&Step),
) -> Outcome {
    let progress: Arc<dyn Progress> = Arc::new(Silent);
    let settings = Settings {
        service: None,
        function: function.to_owned(),
        image: Demands {
            image: tagged(number),
            asked: Asked::default(),
            fail_on: FailOn::default(),
            fix: false,
            known: None,
            cache: None,
            state: PathBuf::from("/nonexistent"),
        },
        alias: alias.map(str::to_owned),
        shift: Shift::default(),
        probes: Vec::new(),
        create: None,
        plan_only: false,
        without_way_back: false,
        until: Until::Traffic,
        origin: Origin { run: Some(format!("run-{number}")), ..Origin::default() },
    };
    let world = World {
        lambda: Arc::clone(&bench.lambda),
        access: &bench.access,
        progress: &progress,
        patience: Patience::near(),
        knowledge: knowledge::Settings {
            repository: PathBuf::from("/nonexistent"),
            user: None,
            state: None,
            today: Date::parse("2026-11-29").unwrap(),
        },
    };
    run(&settings, &world, Tools { sender: None, journal: None }, between).unwrap()
}

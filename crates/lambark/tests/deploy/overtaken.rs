//! Somebody else is faster: they win, nothing of theirs is touched, and the other hears of it.

use std::sync::Barrier;

use lambark::exit;
use lambark::operations::deploy::{End, Outcome, Step};
use lambark::render::{self, Page};
use lambark_aws::lambda::AliasUpdate;

use crate::bench::Bench;
use crate::process;

/// So many deploy at once.
const DEPLOYERS: u32 = 50;

/// What a person reads at the end.
fn told(outcome: &Outcome) -> String {
    let mut text = Vec::new();
    render::deploy::end(&mut text, outcome, Page { width: None, verbose: false, quiet: false }).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn of_fifty_deployers_one_wins_and_the_others_hear_of_it() {
    let bench = Bench::new();
    let old = bench.image(0);
    bench.live_function("app", &old);
    let images: Vec<_> = (1..=DEPLOYERS).map(|number| bench.image(number)).collect();
    // Everybody has read and looked before anybody changes anything.
    let ready = Barrier::new(images.len());
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let deployers: Vec<_> = (1..=DEPLOYERS)
            .map(|number| {
                let (bench, ready) = (&bench, &ready);
                scope.spawn(move || {
                    process::deploy(bench, "app", number, Some("live"), &mut |step| {
                        if matches!(step, Step::WayBack { .. }) {
                            ready.wait();
                        }
                    })
                })
            })
            .collect();
        deployers.into_iter().map(|deployer| deployer.join().unwrap()).collect()
    });
    let won: Vec<_> = (0..).zip(&outcomes).filter(|(_, it)| it.end == End::Deployed).map(|(index, _)| index).collect();
    let [winner] = won[..] else { panic!("{won:?} won") };
    for (index, outcome) in outcomes.iter().enumerate().filter(|(index, _)| *index != winner) {
        assert_eq!(outcome.exit_code(), exit::REFUSED, "{index}: {:?}", outcome.end);
        let told = told(outcome);
        assert!(told.contains("app was changed since you read it"), "{told}");
        assert!(told.contains(&format!("$LATEST has sha256:{}", images[winner].short())), "{told}");
        assert!(outcome.version.is_none(), "{:?}", outcome.version);
    }
    // What runs is the winner's, all of it, and nothing else was left behind.
    assert_eq!((bench.latest("app"), bench.serves("app")), (images[winner].clone(), images[winner].clone()));
    let versions: Vec<_> = bench.versions("app").into_iter().map(|version| version.digest.unwrap()).collect();
    assert_eq!(versions, [images[winner].clone(), old]);
    // All of them saw the same function, and none of them is finished by accident.
    bench.status("app", &["--alias", "live"]).ends(0);
}

#[test]
fn who_was_overtaken_after_publishing_takes_nothing_of_the_other_s_back() {
    let bench = Bench::new();
    let (old, _, theirs) = (bench.image(1), bench.image(2), bench.image(3));
    bench.live_function("app", &old);
    let outcome = process::deploy(&bench, "app", 2, Some("live"), &mut |step| {
        if matches!(step, Step::Published { .. }) {
            let other = process::deploy(&bench, "app", 3, Some("live"), &mut |_| {});
            assert_eq!(other.end, End::Deployed);
        }
    });
    let End::Overtaken { by, back } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert!(by.starts_with(" by another deployment (run run-3); $LATEST has sha256:"), "{by}");
    assert_eq!((back.left.len(), &back.restored, &back.failed), (2, &vec![], &vec![]));
    assert_eq!(outcome.exit_code(), exit::REFUSED);
    assert_eq!((bench.latest("app"), bench.serves("app")), (theirs.clone(), theirs));
}

#[test]
fn who_finds_the_alias_moved_takes_their_own_image_back() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.update("app", &old);
    assert_eq!(bench.publish("app"), "2");
    let outcome = process::deploy(&bench, "app", 2, Some("live"), &mut |step| {
        if matches!(step, Step::Published { .. }) {
            let theirs = AliasUpdate { version: Some("2".to_owned()), ..AliasUpdate::default() };
            bench.lambda.update_alias("app", "live", &theirs).unwrap();
        }
    });
    let End::Overtaken { back, .. } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(back.left, ["the alias live, which somebody moved to version 2 meanwhile"]);
    assert_eq!(outcome.exit_code(), exit::REFUSED);
    assert_eq!((bench.points("app").0.as_str(), bench.latest("app")), ("2", old));
}

#[test]
fn who_finds_latest_changed_before_publishing_leaves_it_alone() {
    let bench = Bench::new();
    let (old, _, theirs) = (bench.image(1), bench.image(2), bench.image(3));
    bench.live_function("app", &old);
    let outcome = process::deploy(&bench, "app", 2, Some("live"), &mut |step| {
        if matches!(step, Step::Updated { .. }) {
            bench.update("app", &theirs);
        }
    });
    let End::Overtaken { by, back } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert!(by.starts_with("; $LATEST has sha256:"), "{by}");
    assert_eq!(back.left.len(), 1, "{back:?}");
    assert_eq!((bench.latest("app"), bench.serves("app")), (theirs, old));
    assert_eq!(bench.versions("app").len(), 1, "nothing was published");
}

/// The same image deployed twice at once is no quarrel: both end well, with one version.
#[test]
fn two_who_deploy_the_same_image_both_end_well() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let outcome = process::deploy(&bench, "app", 2, Some("live"), &mut |step| {
        if matches!(step, Step::WayBack { .. }) {
            let other = process::deploy(&bench, "app", 2, Some("live"), &mut |_| {});
            assert_eq!(other.end, End::Deployed);
        }
    });
    assert!(matches!(outcome.end, End::Deployed | End::Overtaken { .. }), "{:?}", outcome.end);
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
    assert_eq!(bench.versions("app").len(), 2);
}

#[test]
fn a_creation_that_somebody_else_was_faster_with_is_left_alone() {
    let bench = Bench::new();
    let (ours, theirs) = (bench.image(1), bench.image(2));
    // The first look finds nothing, as it was a moment ago.
    bench.function("app", &theirs);
    let absent = lambark_twin::control::Fault {
        operation: Some("GetFunction".to_owned()),
        status: Some(404),
        headers: [("x-amzn-errortype".to_owned(), "ResourceNotFoundException".to_owned())].into(),
        body: Some("{}".to_owned()),
        ..lambark_twin::control::Fault::default()
    };
    bench.control().fault(absent).unwrap();
    let create = ["--create", "--role", crate::bench::ROLE, "--alias", "live"];
    let run = bench.deploy("app", 1, &create).ends(4).tells("app was changed since you read it; $LATEST has");
    assert!(!run.all().contains("delete-function"), "{}", run.all());
    assert_ne!(ours, theirs);
    assert_eq!(bench.latest("app"), theirs);
}

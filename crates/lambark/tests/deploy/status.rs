//! `status`: every state and reason in AWS's words, and what they mean.

use std::time::Duration;

use insta::assert_snapshot;
use lambark_aws::lambda::NewFunction;
use lambark_twin::control::{Failure, NextUpdate};
use serde_json::Value;

use crate::bench::{Bench, ROLE, tagged};

const LIVE: [&str; 2] = ["--alias", "live"];

#[test]
fn what_runs_is_told() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.deploy("app", 2, &LIVE).ends(0);
    let run = bench.status("app", &LIVE).ends(0);
    assert_snapshot!("status", bench.show(&run));
    let json = bench.status("app", &["--alias", "live", "--format", "json"]).ends(0);
    assert_snapshot!("status_json", bench.show(&json));
    bench.status("app", &[]).ends(0);
    let missing = bench.status("app", &["--alias", "test"]).ends(1);
    assert_snapshot!("status_no_alias", bench.show(&missing));
    bench.status("none", &[]).ends(3);
}

#[test]
fn what_is_wrong_is_told_in_aws_s_words_with_what_it_means() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    // An update that failed: the old image serves on.
    bench.live_function("failed", &old);
    for code in ["InvalidImage", "ImageAccessDenied", "EniLimitExceeded"] {
        let fail = Failure { code: code.to_owned(), reason: None };
        bench.control().next_update("failed", NextUpdate { polls: 0, fail: Some(fail) });
        bench.update("failed", &new);
        bench.status("failed", &LIVE).ends(1).tells(code);
    }
    let fail = Failure { code: "InvalidImage".to_owned(), reason: None };
    bench.control().next_update("failed", NextUpdate { polls: 0, fail: Some(fail.clone()) });
    bench.update("failed", &new);
    assert_snapshot!("status_update_failed", bench.show(&bench.status("failed", &LIVE)));
    // A creation that failed.
    bench.control().next_update("never", NextUpdate { polls: 0, fail: Some(fail) });
    bench.lambda.create(&NewFunction::new("never", &tagged(1), ROLE)).unwrap();
    bench.settled("never");
    bench.status("never", &[]).ends(1).tells("State Failed").tells("InvalidImage");
    // One that sleeps is well.
    bench.live_function("asleep", &old);
    assert!(bench.control().idle("asleep"));
    bench.status("asleep", &LIVE).ends(0).tells("State Inactive");
    // One whose image is gone is not.
    bench.live_function("gone", &new);
    bench.delete_image(&new);
    assert_snapshot!("status_image_gone", bench.show(&bench.status("gone", &LIVE).ends(1)));
}

/// The alias's image alone is gone; `$LATEST` is well.
#[test]
fn the_image_that_has_the_traffic_is_the_one_that_counts() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.update("app", &new);
    bench.archive_image(&old);
    let run = bench.status("app", &LIVE).ends(1);
    assert_snapshot!("status_archived", bench.show(&run));
}

#[test]
fn what_broke_off_is_told_with_how_it_goes_on() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.share("app", &new, 0.1);
    let run = bench.status("app", &LIVE).ends(1);
    assert_snapshot!("status_partial", bench.show(&run));
}

#[test]
fn watching_ends_when_nothing_moves_any_more() {
    let bench = Bench::settling(Duration::from_millis(1500));
    let image = bench.image(1);
    bench.lambda.create(&NewFunction::new("app", &tagged(1), ROLE)).unwrap();
    let run = bench.status("app", &["--watch", "--format", "json"]).ends(0);
    let told: Vec<Value> =
        serde_json::Deserializer::from_str(&run.stdout).into_iter().collect::<Result<_, _>>().unwrap();
    let states: Vec<&str> = told.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states.first(), Some(&"State Pending"));
    assert_eq!(states.last(), Some(&"State Active, LastUpdateStatus Successful"));
    assert_eq!(bench.latest("app"), image);
    // Nothing moves: it looks once.
    bench.control().reset();
    bench.status("app", &["--watch"]).ends(0);
    assert_eq!(bench.control().counts().requests["GetFunction"], 1);
}

/// A canary under way and one that broke off look alike: the watch ends when the share has stood still for long enough.
#[test]
fn watching_a_canary_that_broke_off_ends_and_says_so() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.share("app", &new, 0.1);
    let watch = [&LIVE[..], &["--watch", "--still", "300ms"]].concat();
    let run = bench.status("app", &watch).ends(1);
    run.tells("half-done version 2").tells("the share has not changed for 300ms: its canary broke off");
    bench.status("app", &[&LIVE[..], &["--still", "1s"]].concat()).ends(2).tells("--watch");
}

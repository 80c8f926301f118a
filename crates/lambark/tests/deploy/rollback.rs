//! `rollback`: where it leads, what it refuses, and who it gives way to.

use insta::assert_snapshot;
use lambark_aws::lambda::AliasUpdate;
use lambark_twin::control::Fault;

use crate::bench::Bench;

const LIVE: [&str; 2] = ["--alias", "live"];

/// Three images, deployed one after the other: versions 1, 2 and 3.
fn three(bench: &Bench) -> [lambark_oci::Digest; 3] {
    let images = [1, 2, 3].map(|number| bench.image(number));
    bench.live_function("app", &images[0]);
    bench.deploy("app", 2, &LIVE).ends(0);
    bench.deploy("app", 3, &LIVE).ends(0);
    images
}

#[test]
fn what_ran_before_runs_again_and_what_ran_before_that() {
    let bench = Bench::new();
    let [first, second, _] = three(&bench);
    let run = bench.rollback("app", &LIVE).ends(0);
    assert_snapshot!("rollback", bench.show(&run));
    assert_eq!(
        (bench.serves("app"), bench.latest("app"), bench.points("app").0.as_str()),
        (second.clone(), second, "2")
    );
    bench.rollback("app", &LIVE).ends(0);
    assert_eq!(
        (bench.serves("app"), bench.latest("app"), bench.points("app").0.as_str()),
        (first.clone(), first.clone(), "1")
    );
    // Somebody without lambark published version 1: nothing tells what it replaced.
    let run = bench.rollback("app", &LIVE).ends(2);
    assert_snapshot!("nothing_to_go_back_to", bench.show(&run));
    assert_eq!((bench.serves("app"), bench.latest("app")), (first.clone(), first));
}

#[test]
fn a_version_or_a_digest_can_be_named() {
    let bench = Bench::new();
    let [first, second, third] = three(&bench);
    let to = |to: &str, code| bench.rollback("app", &[&LIVE[..], &["--to", to]].concat()).ends(code);
    to("1", 0);
    assert_eq!((bench.serves("app"), bench.latest("app")), (first.clone(), first.clone()));
    to(third.as_str(), 0);
    assert_eq!((bench.serves("app"), bench.latest("app")), (third.clone(), third));
    let json = bench.rollback("app", &["--alias", "live", "--to", second.as_str(), "--format", "json"]).ends(0);
    assert_snapshot!("rollback_json", bench.show(&json));
    to("2", 0).tells("nothing to do: app runs it already");
    to("9", 2).tells("there is no version 9 with an image");
    let nobody = lambark_oci::Digest::of(b"nobody");
    to(nobody.as_str(), 2).tells("no version has sha256:");
    to("live", 2);
    assert_eq!((bench.serves("app"), bench.latest("app")), (second.clone(), second));
}

#[test]
fn a_canary_that_broke_off_loses_its_share() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    bench.share("app", &new, 0.25);
    let run = bench.rollback("app", &LIVE).ends(0);
    assert_snapshot!("rollback_of_a_canary", bench.show(&run));
    assert_eq!((bench.serves("app"), bench.latest("app")), (old.clone(), old));
}

/// `$LATEST` has an image that never got its traffic: the alias stays, though its own version replaced another one.
#[test]
fn a_deployment_that_broke_off_is_undone_before_anything_else() {
    let bench = Bench::new();
    let [_, _, third] = three(&bench);
    let fourth = bench.image(4);
    bench.update("app", &fourth);
    let run = bench.rollback("app", &LIVE).ends(0);
    assert_snapshot!("rollback_of_a_broken_off_one", bench.show(&run));
    assert_eq!((bench.serves("app"), bench.latest("app"), bench.points("app").0.as_str()), (third.clone(), third, "3"));
}

#[test]
fn without_an_alias_latest_goes_back() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.function("app", &old);
    let nothing = bench.rollback("app", &[]).ends(2);
    assert_snapshot!("nothing_without_alias", bench.show(&nothing));
    bench.deploy("app", 2, &[]).ends(0);
    let run = bench.rollback("app", &[]).ends(0);
    assert_snapshot!("rollback_without_alias", bench.show(&run));
    assert_eq!(bench.latest("app"), old);
    bench.rollback("app", &["--to", "2"]).ends(0);
    assert_eq!(bench.latest("app"), new);
}

#[test]
fn an_image_that_is_gone_is_no_way_back() {
    for archived in [false, true] {
        let bench = Bench::new();
        let [_, second, third] = three(&bench);
        if archived {
            bench.archive_image(&second);
        } else {
            bench.delete_image(&second);
        }
        bench.control().reset();
        let run = bench.rollback("app", &LIVE).ends(4);
        assert_snapshot!(if archived { "target_archived" } else { "target_gone" }, bench.show(&run));
        assert_eq!(bench.changes(), []);
        assert_eq!((bench.serves("app"), bench.latest("app")), (third.clone(), third));
    }
}

#[test]
fn who_was_overtaken_hears_of_it() {
    let bench = Bench::new();
    let [first, ..] = three(&bench);
    // The alias is moved by somebody else while the rollback is on its way to it.
    let held = Fault { operation: Some("UpdateAlias".to_owned()), delay_millis: 1500, ..Fault::default() };
    bench.control().reset();
    bench.control().fault(held).unwrap();
    let run = std::thread::scope(|scope| {
        let rollback = scope.spawn(|| bench.rollback("app", &LIVE));
        crate::bench::until(|| bench.control().counts().requests.get("UpdateAlias").copied());
        let theirs = AliasUpdate { version: Some("1".to_owned()), ..AliasUpdate::default() };
        bench.lambda.update_alias("app", "live", &theirs).unwrap();
        rollback.join().unwrap()
    });
    run.ends(4).tells("not rolled back: app was changed since it was read");
    assert_eq!(bench.serves("app"), first);
}

#[test]
fn what_cannot_be_brought_back_is_told_with_the_commands() {
    let bench = Bench::new();
    let [_, second, third] = three(&bench);
    let refused = |operation: &str| Fault {
        operation: Some(operation.to_owned()),
        status: Some(403),
        headers: [("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned())].into(),
        body: Some("{\"Message\":\"not authorized\"}".to_owned()),
        ..Fault::default()
    };
    bench.control().fault(refused("UpdateAlias")).unwrap();
    let run = bench.rollback("app", &LIVE).ends(6);
    assert_snapshot!("rollback_refused", bench.show(&run));
    assert_eq!(bench.serves("app"), third);
    bench.control().fault(refused("UpdateFunctionCode")).unwrap();
    let run = bench.rollback("app", &LIVE).ends(6);
    assert!(!run.all().contains("update-alias"), "the alias has moved: {}", run.all());
    run.tells("aws lambda update-function-code --function-name app --image-uri");
    assert_eq!(bench.serves("app"), second);
}

#[test]
fn what_is_not_there_is_told() {
    let bench = Bench::new();
    let image = bench.image(1);
    bench.rollback("none", &[]).ends(3);
    bench.function("app", &image);
    bench.rollback("app", &LIVE).ends(2).tells("it has no alias live");
}

//! States: creation, update, failure, sleep, loss.

use super::*;

fn told(unit: &Unit) -> (&'static str, Option<&str>, Option<&'static str>, Option<&str>) {
    (
        unit.state.name(),
        unit.state.why().map(|why| why.code.as_ref()),
        unit.update.as_ref().map(LastUpdate::name),
        unit.update.as_ref().and_then(LastUpdate::why).map(|why| why.code.as_ref()),
    )
}

#[test]
fn a_creation_is_pending_without_an_update_status_and_then_active() {
    let mut bench = Bench::new();
    let mut function = bench.created();
    assert_eq!(told(&function.latest), ("Pending", Some("Creating"), None, None));
    assert_eq!(function.latest.state.why().unwrap().text, "The function is being created.");
    bench.pass(SETTLE - Duration::from_millis(1));
    function.settle(bench.now);
    assert_eq!(function.latest.state.name(), "Pending");
    bench.pass(Duration::from_millis(1));
    function.settle(bench.now);
    assert_eq!(told(&function.latest), ("Active", None, Some("Successful"), None));
}

#[test]
fn a_failed_creation_ends_in_failed_and_stays_there() {
    let mut bench = Bench::new();
    let mut function = Function::create("arn:f", image("bad"), &bench.bad(), false);
    bench.settle(&mut function);
    assert_eq!(told(&function.latest), ("Failed", Some("InvalidImage"), Some("Failed"), Some("InvalidImage")));
    for change in [Change::Code, Change::Configuration, Change::Publish] {
        assert_eq!(function.may_change(change), Err(Refusal::State("Failed")));
    }
    let called = function.begin_invocation(VersionRef::Latest, true, &bench.good());
    assert_eq!(called, Err(Refusal::ImageFailed));
}

#[test]
fn while_pending_nothing_is_let_through() {
    let bench = Bench::new();
    let mut function = bench.created();
    for change in [Change::Code, Change::Configuration, Change::Publish] {
        let refusal = function.may_change(change).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        );
    }
    let called = function.begin_invocation(VersionRef::Latest, true, &bench.good());
    assert_eq!(called, Err(Refusal::State("Pending")));
}

#[test]
fn an_update_leaves_the_function_active_and_the_old_code_serving() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    bench.update(&mut function, "two").unwrap();
    assert_eq!(told(&function.latest), ("Active", None, Some("InProgress"), Some("Creating")));
    assert_eq!(digest_of(&function.latest), Digest::of(b"two"));
    let run = function.begin_invocation(VersionRef::Latest, true, &bench.good()).unwrap();
    assert_eq!(run.image().unwrap().digest, Digest::of(b"one"));
    for change in [Change::Code, Change::Configuration, Change::Publish, Change::Tags] {
        let refusal = function.may_change(change).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "The operation cannot be performed at this time. An update is in progress for resource: \
             arn:aws:lambda:us-east-1:123456789012:function:f"
        );
    }
    bench.settle(&mut function);
    assert_eq!(told(&function.latest), ("Active", None, Some("Successful"), None));
    let run = function.begin_invocation(VersionRef::Latest, true, &bench.good()).unwrap();
    assert_eq!(run.image().unwrap().digest, Digest::of(b"two"));
}

#[test]
fn a_failed_update_leaves_the_old_code() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    function.update(image("bad"), &bench.bad());
    bench.settle(&mut function);
    assert_eq!(told(&function.latest), ("Active", None, Some("Failed"), Some("InvalidImage")));
    assert_eq!(digest_of(&function.latest), Digest::of(b"one"));
    assert_eq!(bench.update(&mut function, "two"), Ok(()), "and the next one is let through");
}

#[test]
fn polls_keep_an_update_in_progress_whatever_the_time() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    let plan = Plan { polls: 2, until: bench.now, ..bench.good() };
    function.update(image("two"), &plan);
    bench.pass(SETTLE * 100);
    for _ in 0..2 {
        function.latest.look(bench.now, true);
        assert_eq!(function.latest.update, Some(LastUpdate::InProgress));
    }
    function.latest.look(bench.now, true);
    assert_eq!(function.latest.update, Some(LastUpdate::Successful));
}

#[test]
fn a_lost_image_is_found_out_at_a_look_or_a_call() {
    let mut bench = Bench::new();
    let mut looked_at = bench.active();
    looked_at.latest.look(bench.now, false);
    assert_eq!(told(&looked_at.latest), ("Inactive", Some("ImageDeleted"), Some("Successful"), None));
    assert_eq!(looked_at.latest.state.why().unwrap().text, "The function is trying to use a deleted image.");

    let mut called = bench.active();
    let refusal = called.begin_invocation(VersionRef::Latest, false, &bench.good()).unwrap_err();
    assert_eq!(refusal.to_string(), "Lambda cannot initialize the provided container image. Verify the image.");
    assert_eq!(told(&called.latest).1, Some("ImageDeleted"));
    assert_eq!(called.begin_invocation(VersionRef::Latest, false, &bench.good()), Err(Refusal::ImageFailed));
    // A configuration update fails with the reason's own text; new code is the way out.
    let refusal = called.may_change(Change::Configuration).unwrap_err();
    assert_eq!(refusal.to_string(), "The function is trying to use a deleted image.");
    bench.update(&mut called, "two").unwrap();
    bench.settle(&mut called);
    assert_eq!(told(&called.latest), ("Active", None, Some("Successful"), None));
}

#[test]
fn an_image_that_came_back_wakes_the_function_at_the_next_call() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    function.latest.look(bench.now, false);
    assert_eq!(
        function.begin_invocation(VersionRef::Latest, true, &bench.good()),
        Err(Refusal::Initializing),
        "the first call is refused"
    );
    assert_eq!(told(&function.latest).0, "Pending");
    bench.settle(&mut function);
    assert!(function.begin_invocation(VersionRef::Latest, true, &bench.good()).is_ok());
}

#[test]
fn an_idle_function_is_woken_by_a_call_that_fails() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    function.latest.idle(bench.now);
    assert_eq!(told(&function.latest).1, Some("Idle"));
    let plan = bench.good();
    assert_eq!(function.begin_invocation(VersionRef::Latest, true, &plan), Err(Refusal::Initializing));
    assert_eq!(function.begin_invocation(VersionRef::Latest, true, &plan), Err(Refusal::Initializing));
    assert_eq!(told(&function.latest), ("Pending", Some("Restoring"), Some("Successful"), None));
    bench.settle(&mut function);
    assert_eq!(function.latest.state, State::Active);
}

#[test]
fn one_version_can_lose_its_image_while_another_runs() {
    let mut bench = Bench::new();
    let mut function = bench.published(2);
    function.versions.get_mut(&1).unwrap().look(bench.now, false);
    assert_eq!(function.versions[&1].state.name(), "Inactive");
    assert!(function.begin_invocation(VersionRef::Number(2), true, &bench.good()).is_ok());
    assert_eq!(
        function.begin_invocation(VersionRef::Number(3), true, &bench.good()).unwrap_err().to_string(),
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:3"
    );
}

#[test]
fn a_function_survives_being_written_down() {
    let mut bench = Bench::new();
    let mut function = bench.published(2);
    let change = AliasChange {
        version: Some("2".into()),
        weights: Some([("1".to_owned(), 0.25)].into_iter().collect()),
        description: None,
    };
    function.create_alias("live", change).unwrap();
    bench.update(&mut function, "three").unwrap();
    let written = serde_json::to_string(&function).unwrap();
    let mut read: Function = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
    bench.settle(&mut read);
    assert_eq!(read.latest.update, Some(LastUpdate::Successful));
    assert_eq!(bench.publish(&mut read).unwrap(), 3);
}

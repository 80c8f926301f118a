//! RevisionId, CodeSha256, versions.

use super::*;

/// What changed of `$LATEST`'s `RevisionId` by a step.
fn moves(function: &mut Function, step: impl FnOnce(&mut Function)) -> bool {
    let before = function.latest.revision;
    step(function);
    before != function.latest.revision
}

#[test]
fn the_revision_of_latest_changes_with_each_step_that_the_table_names() {
    let mut bench = Bench::new();
    let mut function = bench.created();
    assert!(moves(&mut function, |f| bench.settle(f)), "Pending to Active");
    assert!(!moves(&mut function, |f| bench.settle(f)), "nothing is left to settle");
    assert!(moves(&mut function, |f| bench.update(f, "two").unwrap()), "an update call");
    assert!(moves(&mut function, |f| bench.settle(f)), "the end of that update");
    assert!(moves(&mut function, |f| assert_eq!(bench.publish(f), Ok(1))), "a publish that makes a version");
    assert!(!moves(&mut function, |f| assert_eq!(bench.publish(f), Ok(1))), "a publish that makes none");
    let change = || AliasChange { version: Some("1".into()), ..AliasChange::default() };
    assert!(!moves(&mut function, |f| drop(f.create_alias("a", change()).unwrap().clone())));
    assert!(!moves(&mut function, |f| drop(f.update_alias("a", change(), None).unwrap().clone())));
    function.update(image("bad"), &bench.bad());
    assert!(moves(&mut function, |f| bench.settle(f)), "the end of an update that fails");
}

#[test]
fn a_versions_revision_and_image_never_change() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    assert_eq!(bench.publish(&mut function), Ok(1));
    let (revision, digest) = (function.versions[&1].revision, digest_of(&function.versions[&1]));
    assert_eq!(function.versions[&1].state.name(), "Pending");
    bench.settle(&mut function);
    assert_eq!(function.versions[&1].state.name(), "Active");
    bench.update(&mut function, "two").unwrap();
    bench.settle(&mut function);
    assert_eq!(bench.publish(&mut function), Ok(2));
    bench.settle(&mut function);
    assert_eq!((function.versions[&1].revision, digest_of(&function.versions[&1])), (revision, digest));
    assert_eq!(digest_of(&function.versions[&2]), Digest::of(b"two"));
}

#[test]
fn identical_code_makes_a_new_version_but_no_call_makes_none() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    assert_eq!(bench.publish(&mut function), Ok(1));
    let revision = function.versions[&1].revision;
    assert_eq!(bench.publish(&mut function), Ok(1));
    assert_eq!(function.versions[&1].revision, revision);
    bench.update(&mut function, "one").unwrap();
    bench.settle(&mut function);
    assert_eq!(bench.publish(&mut function), Ok(2));
}

#[test]
fn a_wrong_revision_is_refused() {
    let mut bench = Bench::new();
    let function = bench.active();
    assert_eq!(function.expect_revision(None), Ok(()));
    assert_eq!(function.expect_revision(Some(&function.latest.revision.to_string())), Ok(()));
    assert_eq!(
        function.expect_revision(Some("x")).unwrap_err().to_string(),
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
         retrieve the latest Revision Id"
    );
}

#[test]
fn the_code_hash_is_the_digest_and_guards_a_publish() {
    let mut bench = Bench::new();
    let mut function = bench.active();
    let current = Digest::of(b"one").hex().to_owned();
    assert_eq!(function.latest.configuration.code_sha256(), current);
    let refusal = function.publish(Some("abc"), None, &bench.good()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the \
             CodeSHA256 in $LATEST."
        )
    );
    assert_eq!(function.publish(Some(&current), Some("first"), &bench.good()), Ok(1));
    assert_eq!(function.versions[&1].configuration.description.as_ref(), "first");
    assert_eq!(function.latest.configuration.description.as_ref(), "");
}

#[test]
fn numbers_are_never_used_twice() {
    let mut bench = Bench::new();
    let mut function = bench.published(2);
    function.delete_version(VersionRef::Number(2)).unwrap();
    function.delete_version(VersionRef::Number(9)).unwrap();
    assert_eq!(bench.publish(&mut function), Ok(3), "the version of this code is gone, so a new one is made");
    assert_eq!(
        function.delete_version(VersionRef::Latest).unwrap_err().to_string(),
        "$LATEST version cannot be deleted without deleting the function."
    );
}

#[test]
fn a_creation_that_publishes_settles_both() {
    let mut bench = Bench::new();
    let mut function = Function::create("arn:f", image("one"), &bench.good(), true);
    bench.settle(&mut function);
    assert_eq!((function.latest.state.name(), function.versions[&1].state.name()), ("Active", "Active"));
    assert_eq!(bench.publish(&mut function), Ok(1));
}

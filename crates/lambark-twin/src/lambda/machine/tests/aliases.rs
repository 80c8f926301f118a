//! The rules of aliases.

use super::*;

fn change(version: &str, weights: &[(&str, f64)]) -> AliasChange {
    AliasChange {
        version: Some(version.to_owned()),
        weights: Some(weights.iter().map(|(key, weight)| ((*key).to_owned(), *weight)).collect()),
        description: None,
    }
}

#[test]
fn each_broken_rule_has_its_text() {
    let mut bench = Bench::new();
    let mut function = bench.published(3);
    let mut other_role = image("elsewhere");
    other_role.role = "arn:aws:iam::123456789012:role/other".into();
    function.update(other_role, &bench.good());
    bench.settle(&mut function);
    assert_eq!(bench.publish(&mut function), Ok(4));
    for (change, text) in [
        (
            change("1", &[("2", 0.1), ("3", 0.1)]),
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            change("1", &[("1", 0.1)]),
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        (change("10", &[]), "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:10"),
        (change("1", &[("10", 0.1)]), "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:10"),
        (change("$LATEST", &[("1", 0.1)]), "$LATEST is not supported for an alias pointing to more than 1 version"),
        (change("1", &[("4", 0.1)]), "Specified versions must be associated with the same execution role"),
    ] {
        assert_eq!(function.create_alias("a", change).unwrap_err().to_string(), text);
    }
    assert!(function.aliases.is_empty());
}

#[test]
fn missing_and_doubled_aliases_have_their_texts() {
    let mut bench = Bench::new();
    let mut function = bench.published(1);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f:live";
    let missing = function.update_alias("live", change("1", &[]), None).unwrap_err();
    assert_eq!(missing.to_string(), format!("Alias not found: {arn}"));
    assert_eq!(function.alias("live").unwrap_err().to_string(), format!("Cannot find alias arn: {arn}"));
    function.create_alias("live", change("1", &[])).unwrap();
    let doubled = function.create_alias("live", change("1", &[])).unwrap_err();
    assert_eq!(doubled.to_string(), format!("Alias already exists: {arn}"));
}

#[test]
fn an_update_keeps_what_it_does_not_name_and_clears_what_is_empty() {
    let mut bench = Bench::new();
    let mut function = bench.published(3);
    function.create_alias("live", change("1", &[("2", 0.5)])).unwrap();
    let before = function.alias("live").unwrap().revision;
    let described = AliasChange { description: Some("d".into()), ..AliasChange::default() };
    let alias = function.update_alias("live", described, None).unwrap();
    assert_eq!((alias.version, alias.weight), (VersionRef::Number(1), Some((2, 0.5))));
    assert_ne!(alias.revision, before, "changes on each update");
    let only_version = AliasChange { version: Some("2".into()), ..AliasChange::default() };
    assert_eq!(
        function.update_alias("live", only_version, None).unwrap_err(),
        Refusal::SameVersion(2),
        "the weights are still there"
    );
    let alias = function.update_alias("live", change("2", &[]), None).unwrap();
    assert_eq!((alias.version, alias.weight, alias.description.as_str()), (VersionRef::Number(2), None, "d"));
    let wrong = function.update_alias("live", change("3", &[]), Some(&before.to_string()));
    assert_eq!(wrong.unwrap_err(), Refusal::Revision);
}

#[test]
fn a_version_that_an_alias_points_to_cannot_be_deleted() {
    let mut bench = Bench::new();
    let mut function = bench.published(2);
    function.create_alias("live", change("1", &[("2", 0.1)])).unwrap();
    for number in [1, 2] {
        assert!(matches!(
            function.delete_version(VersionRef::Number(number)),
            Err(Refusal::VersionInUse { version, .. }) if version == number
        ));
    }
    function.update_alias("live", change("1", &[]), None).unwrap();
    assert_eq!(function.delete_version(VersionRef::Number(2)), Ok(()));
}

#[test]
fn a_qualifier_leads_to_a_version_and_a_weight_splits() {
    let mut bench = Bench::new();
    let mut function = bench.published(2);
    function.create_alias("live", change("1", &[("2", 0.25)])).unwrap();
    for (qualifier, roll, version, arn) in [
        (None, 0.0, VersionRef::Latest, "f"),
        (Some("$LATEST"), 0.0, VersionRef::Latest, "f:$LATEST"),
        (Some("2"), 0.9, VersionRef::Number(2), "f:2"),
        (Some("live"), 0.24, VersionRef::Number(2), "f:live"),
        (Some("live"), 0.25, VersionRef::Number(1), "f:live"),
    ] {
        let picked = function.pick(qualifier, roll).unwrap();
        assert_eq!((picked.version, picked.arn.rsplit_once("function:").unwrap().1), (version, arn));
    }
    for missing in ["3", "dead"] {
        let refusal = function.pick(Some(missing), 0.0).unwrap_err().to_string();
        assert_eq!(refusal, format!("Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:{missing}"));
    }
}

//! Lists and their pages.

use super::*;

fn names(page: &Value, key: &str, field: &str) -> Vec<String> {
    page[key].as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list.
fn pages(bench: &Bench, path: &str, key: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut marker = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = bench.call("GET", &format!("{path}{separator}Marker={marker}"), &NONE).json();
        assert!(page[key].is_array(), "{page}");
        pages.push(page.clone());
        match page["NextMarker"].as_str() {
            Some(next) => marker = next.to_owned(),
            None => return pages,
        }
    }
}

#[test]
fn functions_come_fifty_a_page_and_without_states() {
    let bench = Bench::new();
    for number in 0..120 {
        assert_eq!(bench.function(&format!("f{number:03}")).status, 201);
    }
    let all = pages(&bench, FUNCTIONS, "Functions");
    let counts: Vec<usize> = all.iter().map(|page| page["Functions"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [50, 50, 20]);
    let listed: Vec<String> = all.iter().flat_map(|page| names(page, "Functions", "FunctionName")).collect();
    assert_eq!(listed, (0..120).map(|number| format!("f{number:03}")).collect::<Vec<_>>());
    let first = &all[0]["Functions"][0];
    for key in ["State", "StateReason", "StateReasonCode", "LastUpdateStatus", "RuntimeVersionConfig", "Code"] {
        assert_eq!(first[key], NONE, "{key}");
    }
    assert_eq!(first["PackageType"], "Image");
    let small = pages(&bench, &format!("{FUNCTIONS}?MaxItems=7"), "Functions");
    assert_eq!(small.len(), 18);
    assert_eq!(pages(&bench, &format!("{FUNCTIONS}?MaxItems=10000"), "Functions").len(), 3, "never more than 50");
}

#[test]
fn all_versions_of_all_functions_are_listed_on_demand() {
    let bench = Bench::with(crate::Settings::ephemeral());
    for name in ["a", "b"] {
        bench.active(name);
        for _ in 0..3 {
            update_code(&bench, name, &json!({ "ImageUri": format!("{REGISTRY}/app:v1") }));
            publish(&bench, name, &NONE);
        }
    }
    let path = format!("{FUNCTIONS}?FunctionVersion=ALL&MaxItems=3");
    let listed: Vec<String> =
        pages(&bench, &path, "Functions").iter().flat_map(|page| names(page, "Functions", "FunctionArn")).collect();
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let expected: Vec<String> = ["a", "b"]
        .iter()
        .flat_map(|name| ["$LATEST", "1", "2", "3"].map(|version| format!("{}:{version}", arn(name))))
        .collect();
    assert_eq!(listed, expected);
    let versions = pages(&bench, &format!("{FUNCTIONS}/a/versions?MaxItems=3"), "Versions");
    let listed: Vec<String> = versions.iter().flat_map(|page| names(page, "Versions", "Version")).collect();
    assert_eq!((versions.len(), listed), (2, ["$LATEST", "1", "2", "3"].map(String::from).to_vec()));
    assert!(versions[0]["Versions"][1]["CodeSha256"].is_string());
    assert_eq!(bench.call("GET", &format!("{FUNCTIONS}?FunctionVersion=SOME"), &NONE).error().1, "ValidationException");
}

#[test]
fn aliases_are_listed_and_filtered_by_version() {
    let bench = Bench::with(crate::Settings::ephemeral());
    bench.active("f");
    publish(&bench, "f", &NONE);
    for (name, version) in [("c", "1"), ("a", "$LATEST"), ("b", "1")] {
        bench.call("POST", &format!("{FUNCTIONS}/f/aliases"), &json!({ "Name": name, "FunctionVersion": version }));
    }
    let path = format!("{FUNCTIONS}/f/aliases");
    let listed: Vec<String> = pages(&bench, &format!("{path}?MaxItems=2"), "Aliases")
        .iter()
        .flat_map(|page| names(page, "Aliases", "Name"))
        .collect();
    assert_eq!(listed, ["a", "b", "c"]);
    let of_one = bench.call("GET", &format!("{path}?FunctionVersion=1"), &NONE).json();
    assert_eq!(names(&of_one, "Aliases", "Name"), ["b", "c"]);
    assert_eq!(bench.call("GET", &format!("{path}?Marker=nonsense!"), &NONE).status, 400);
    assert_eq!(bench.call("GET", &format!("{path}?MaxItems=0"), &NONE).error().1, "ValidationException");
}

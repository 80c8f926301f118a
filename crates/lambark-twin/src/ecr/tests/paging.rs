//! `maxResults` is honoured, `nextToken` is opaque.

use lambark_oci::Family;
use serde_json::{Value, json};

use crate::testing::Bench;

/// All members of a list, and how many pages it had.
fn all(bench: &Bench, operation: &str, members: &str, body: &Value, size: usize) -> (Vec<Value>, usize) {
    let (mut found, mut pages, mut body) = (Vec::new(), 0, body.clone());
    body["maxResults"] = json!(size);
    loop {
        let page = bench.ecr(operation, &body);
        let part = page[members].as_array().unwrap();
        assert!(part.len() <= size, "{operation}");
        found.extend(part.clone());
        pages += 1;
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return (found, pages),
        }
    }
}

#[test]
fn paging() {
    let bench = Bench::with_repository();
    for name in ["a1", "b2", "c3", "d4"] {
        bench.ecr("CreateRepository", &json!({ "repositoryName": name }));
        let tag = format!("tag-{name}");
        bench.put("team/app", &tag, &bench.image("team/app", Family::Docker, name));
        bench.put("team/app", &format!("{tag}-2"), &bench.image("team/app", Family::Docker, name));
    }
    let images = json!({ "repositoryName": "team/app" });
    for (operation, members, body, total) in [
        ("DescribeRepositories", "repositories", &json!({}), 5_usize),
        ("DescribeImages", "imageDetails", &images, 4),
        ("ListImages", "imageIds", &images, 8),
    ] {
        for size in [1, 3, 4, 1000] {
            let (found, pages) = all(&bench, operation, members, body, size);
            assert_eq!((found.len(), pages), (total, total.div_ceil(size)), "{operation} by {size}");
            let mut distinct: Vec<String> = found.iter().map(ToString::to_string).collect();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), total, "{operation} by {size}");
        }
    }
}

#[test]
fn a_token_is_good_for_its_own_list_alone() {
    let bench = Bench::with_repository();
    bench.ecr("CreateRepository", &json!({ "repositoryName": "other" }));
    let page = bench.ecr("DescribeRepositories", &json!({ "maxResults": 1 }));
    for token in [page["nextToken"].as_str().unwrap(), "made-up", "a.b", ""] {
        let body = json!({ "repositoryName": "team/app", "nextToken": token });
        assert_eq!(bench.refused("ListImages", &body).0, "InvalidParameterException", "{token}");
    }
}

#[test]
fn max_results_is_one_to_a_thousand() {
    let bench = Bench::with_repository();
    for (count, words) in [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")] {
        let (code, message) = bench.refused("DescribeRepositories", &json!({ "maxResults": count }));
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(words), "{message}");
    }
}

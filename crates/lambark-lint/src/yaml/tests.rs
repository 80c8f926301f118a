#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::step::Dialect;

fn file(text: &str) -> SourceFile {
    SourceFile::new("f.yml", text.into()).0
}

/// Every scalar of the tree with the text behind its span, in order.
fn spans(document: &Document<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<Node<'_>> = document.root().into_iter().collect();
    while let Some(node) = waiting.pop() {
        if let Some(value) = node.as_str() {
            found.push((value.to_owned(), document.text()[node.range()].to_owned()));
        }
        let mut children: Vec<Node<'_>> = node.items().collect();
        children.extend(node.entries().flat_map(|entry| [entry.key, entry.value]));
        waiting.extend(children.into_iter().rev());
    }
    found
}

#[test]
fn every_kind_of_scalar_has_its_own_bytes() {
    let text = "é: &x !T\n  k: 'it''s' # c\n  l: !Sub \"a\\\"b\" # d\n  n:\n  p: plain\n    more # e\nf: {a: b, c, d: [1, 'x']}\n";
    let file = file(text);
    let document = Document::yaml(&file);
    assert_eq!(document.stopped(), None);
    let expected = [
        ("é", "é"),
        ("k", "k"),
        ("it's", "'it''s'"),
        ("l", "l"),
        ("a\"b", "\"a\\\"b\""),
        ("n", "n"),
        ("", ""),
        ("p", "p"),
        ("plain more", "plain\n    more"),
        ("f", "f"),
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
        ("", ""),
        ("d", "d"),
        ("1", "1"),
        ("x", "'x'"),
    ];
    let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(spans(&document), expected);
    let root = document.root().unwrap();
    assert_eq!(root.at(&["é", "l"]).unwrap().tag(), Some("!Sub"));
    assert_eq!(root.get("é").unwrap().tag(), Some("!T"));
    assert!(root.at(&["é", "n"]).unwrap().is_null());
    assert!(root.get("f").unwrap().is_flow());
}

#[test]
fn collections_have_their_own_bytes() {
    let text = "a:\n  - x: 1\n    y: 2\n\n  - [p, q]  # c\n\n# comment\nb: !T\n  c: d\ne:\n- f\n";
    let file = file(text);
    let document = Document::yaml(&file);
    let root = document.root().unwrap();
    let written = |node: Node<'_>| text[node.range()].to_owned();
    let items: Vec<_> = root.get("a").unwrap().items().map(written).collect();
    assert_eq!(items, ["x: 1\n    y: 2", "[p, q]"]);
    assert_eq!(written(root.get("b").unwrap()), "c: d");
    assert_eq!(written(root.get("e").unwrap()), "f");
    assert_eq!(written(root), text.trim_end());
}

/// Checks that each word of the value points at the same word in the file.
fn assert_words_point_back(text: &str, path: &[&str]) {
    let file = file(text);
    let document = Document::yaml(&file);
    assert_eq!(document.stopped(), None, "{text}");
    let node = document.root().unwrap().at(path).unwrap();
    let fragment = node.fragment().unwrap();
    assert_eq!(fragment.text(), node.as_str().unwrap(), "{text}");
    let mut words = 0;
    for word in fragment.text().split_whitespace() {
        let at = word.as_ptr() as usize - fragment.text().as_ptr() as usize;
        assert!(fragment.is_literal(at..at + word.len()), "{word} of {text}");
        let span = fragment.span(at..at + word.len());
        assert_eq!(&text[span.start..span.end], word, "{text}");
        words += 1;
    }
    assert!(words > 0, "{text}");
}

#[test]
fn words_of_scripts_point_back_whatever_the_style() {
    for text in [
        "run: |\n  docker build .\n\n    docker push é\n  # c\nz: 1\n",
        "run: |2-\n    indented\n   less\n",
        "run: |+\n\n\n  late start\n\n\n",
        "run: !Sub |\n  tagged text\n  two\n",
        "run: &a |  # comment\n\n  anchored\n",
        "run: |\r\n  dos lines\r\n  two\r\nz: 1\r\n",
        "run: >-\n  docker build\n  --push\n\n  second para\n    more indented\n      and more\n  back\n",
        "run: >\n\n  leading blank\n  joined\n",
        "run: docker build\n  --push .\n\n  after blank\n",
        "run: 'docker build\n\n    push'\n",
        "run: \"docker build\n    push\"  # c\n",
        "run: |\n  \ttab first\n  x\n",
        "run: |\n  last line without end",
        "run: |\n  trailing blanks  \n     \n  z\n",
    ] {
        assert_words_point_back(text, &["run"]);
    }
}

#[test]
fn quotes_escapes_and_surrogates_point_back() {
    let text = r#"{"a": "x \"y\" \ud83d\ude00 é\\z", 'b': 'it''s so'}"#;
    let file = file(text);
    for document in [Document::yaml(&file), Document::json(&file)] {
        let Some(node) = document.root().and_then(|root| root.get("a")) else { continue };
        let fragment = node.fragment().unwrap();
        assert_eq!(fragment.text(), node.as_str().unwrap());
        let at = fragment.text().find('y').unwrap();
        assert_eq!(fragment.span(at..at + 1), file.span(text.find('y').unwrap()..text.find('y').unwrap() + 1));
        let at = fragment.text().find('z').unwrap();
        assert_eq!(fragment.span(at..at + 1), file.span(text.find('z').unwrap()..text.find('z').unwrap() + 1));
    }
    let document = Document::json(&file);
    assert_eq!(document.root().unwrap().get("a").unwrap().as_str(), Some("x \"y\" \u{1f600} é\\z"));
    assert_eq!(document.stopped().unwrap().reason, "expected a key in double quotes");
    assert_eq!(document.stopped().unwrap().span.start, text.find("'b'").unwrap());
}

#[test]
fn aliases_and_merge_keys_are_seen_through_and_marked() {
    let text = "x: &base\n  a: 1\n  b: 2\ny:\n  <<: *base\n  b: 3\nz: *base\nq: [*none]\nw: {a: 1}\n";
    let file = file(text);
    let document = Document::yaml(&file);
    let root = document.root().unwrap();
    let y = root.get("y").unwrap();
    assert_eq!(y.get("a").unwrap().as_str(), Some("1"));
    assert_eq!(y.get("b").unwrap().as_str(), Some("3"));
    assert!(y.get("a").unwrap().is_shared() && !y.get("b").unwrap().is_shared());
    assert!(root.at(&["z", "a"]).unwrap().is_shared());
    assert!(root.at(&["x", "a"]).unwrap().is_shared(), "an edit here would reach y and z");
    let keys: Vec<_> = y.merged_entries().iter().map(|entry| entry.key.as_str().unwrap()).collect();
    assert_eq!(keys, ["b", "a"]);
    assert!(document.stopped().is_some(), "an unknown anchor ends the reading");
    assert!(root.get("w").is_none());
}

#[test]
fn what_was_read_before_an_error_is_kept() {
    let text = "jobs:\n  a:\n    steps:\n      - run: docker build .\n      - uses: x@v1\n        with:\n          a: \"open\n";
    let file = file(text);
    let document = Document::yaml(&file);
    let root = document.root().unwrap();
    let steps: Vec<_> = root.at(&["jobs", "a", "steps"]).unwrap().items().collect();
    assert_eq!(steps[0].get("run").unwrap().as_str(), Some("docker build ."));
    assert_eq!(steps[1].get("uses").unwrap().as_str(), Some("x@v1"));
    assert!(document.stopped().is_some());

    let file = self::file("{\"target\": {\"app\": {\"tags\": [\"a\", \"b\"], \"x\": ");
    let document = Document::json(&file);
    let tags = document.root().unwrap().at(&["target", "app", "tags"]).unwrap();
    assert_eq!(tags.items().filter_map(|item| item.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(document.stopped().unwrap().reason, "the file ends where a value is due");
}

#[test]
fn hostile_nesting_and_aliases_stop_at_a_limit() {
    for text in ["[".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000), "? ".repeat(20_000)] {
        let file = file(&text);
        assert!(Document::yaml(&file).stopped().is_some());
    }
    let nested = "[".repeat(20_000);
    let file = self::file(&nested);
    assert!(Document::json(&file).stopped().unwrap().reason.contains("nested"));

    let mut laughs = String::from("a0: &a0 {k: v}\n");
    for level in 1..60 {
        let below = level - 1;
        laughs += &format!("a{level}: &a{level} {{<<: [*a{below}, *a{below}, *a{below}, *a{below}]}}\n");
    }
    let file = self::file(&laughs);
    let document = Document::yaml(&file);
    assert_eq!(document.stopped(), None);
    let top = document.root().unwrap().get("a59").unwrap();
    assert!(top.get("no such key").is_none());
    assert!(top.merged_entries().len() <= 1);
    let file = self::file("a: &a\n  <<: *a\n  b: &b [*b]\n");
    let document = Document::yaml(&file);
    assert!(document.root().unwrap().at(&["a", "nothing"]).is_none());
}

/// What the text is with `n: 0` added to the mapping at the path.
fn with_entry(text: &str, path: &[&str], json: bool) -> Option<String> {
    let file = file(text);
    let document = if json { Document::json(&file) } else { Document::yaml(&file) };
    let place = insertion(&document.root()?.at(path)?, Dialect::Compose)?;
    let mut edited = text.to_owned();
    let entry = if json { "\"n\": 0" } else { "n: 0" };
    edited.insert_str(place.at.start, &format!("{}{entry}{}", place.before, place.after));
    let edited_file = self::file(&edited);
    let document = if json { Document::json(&edited_file) } else { Document::yaml(&edited_file) };
    assert_eq!(document.stopped(), None, "{edited}");
    assert_eq!(document.root()?.at(path)?.get("n").and_then(|node| node.as_str()), Some("0"), "{edited}");
    Some(edited)
}

#[test]
fn an_entry_goes_behind_the_last_one() {
    let cases = [
        ("w:\n  a: 1 # c\n\n# d\nx: y\n", Some("w:\n  a: 1 # c\n  n: 0\n\n# d\nx: y\n")),
        ("w:\n  a: 1", Some("w:\n  a: 1\n  n: 0")),
        ("w:\r\n  a: 1\r\nx: y\r\n", Some("w:\r\n  a: 1\r\n  n: 0\r\nx: y\r\n")),
        ("w:\n  a: |\n    one\n    two\n\nx: y\n", Some("w:\n  a: |\n    one\n    two\n  n: 0\n\nx: y\n")),
        ("w:\n  a: |+\n    one\n\nx: y\n", None),
        (
            "w:\n  a:\n  - 1\n  - b: [2,\n      3] # c\nx: y\n",
            Some("w:\n  a:\n  - 1\n  - b: [2,\n      3] # c\n  n: 0\nx: y\n"),
        ),
        ("w:\n  a:\nx: y\n", Some("w:\n  a:\n  n: 0\nx: y\n")),
        ("w: {a: 1, b: 'c'} # d\n", Some("w: {a: 1, b: 'c', n: 0} # d\n")),
        ("w: {}\n", Some("w: {n: 0}\n")),
        ("w: &x\n  a: 1\nv: *x\n", None),
        ("w:\n  <<: &x {b: 1}\n  a: 1\nv: *x\n", Some("w:\n  <<: &x {b: 1}\n  a: 1\n  n: 0\nv: *x\n")),
        ("w: text\n", None),
    ];
    for (text, expected) in cases {
        assert_eq!(with_entry(text, &["w"], false).as_deref(), expected, "{text}");
    }
    let json = "{\"w\": {\n\t\t\"a\": [\n\t1]\n}, \"v\": {\"b\": 1}}";
    let expected = "{\"w\": {\n\t\t\"a\": [\n\t1],\n\t\t\"n\": 0\n}, \"v\": {\"b\": 1}}";
    assert_eq!(with_entry(json, &["w"], true).as_deref(), Some(expected));
    assert_eq!(with_entry(json, &["v"], true).unwrap(), json.replace("\"b\": 1", "\"b\": 1, \"n\": 0"));
    assert_eq!(with_entry("{\"w\": {\"a\": 1", &["w"], true), None);
}

#[test]
fn an_entry_behind_dashes_goes_below_it() {
    let file = file("- - uses: x\n    with: y\n");
    let document = Document::yaml(&file);
    let step = document.root().unwrap().items().next().unwrap().items().next().unwrap();
    assert_eq!(insertion(&step, Dialect::ActionInput).unwrap().before, "\n    ");
}

#[test]
fn brackets_may_close_at_the_indentation_of_their_key() {
    let text = "on:\n  push:\n    branches: [ # é\n      main, # öné\n    # twö\n    'é #'\n    ]\n  x: {\n  a: b,\n  c: d\n  }\nlast: 1\n";
    let file = file(text);
    let document = Document::yaml(&file);
    assert_eq!(document.stopped(), None);
    let root = document.root().unwrap();
    let branches: Vec<_> = root.at(&["on", "push", "branches"]).unwrap().items().collect();
    assert_eq!(branches.iter().filter_map(Node::as_str).collect::<Vec<_>>(), ["main", "é #"]);
    assert_eq!(&text[branches[1].range()], "'é #'");
    assert_eq!(root.at(&["on", "x", "c"]).unwrap().as_str(), Some("d"));
    let last = root.get("last").unwrap();
    assert_eq!((last.as_str(), &text[last.range()]), (Some("1"), "1"));
    let file = self::file("a:\n  b: [\n x\n");
    assert!(Document::yaml(&file).stopped().is_some());
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::step::{Dialect, Value};

fn file(text: &str) -> SourceFile {
    SourceFile::new("f.tf", text.into()).0
}

fn nothing(_: &str) -> Option<Value> {
    None
}

#[test]
fn texts_point_back_whatever_their_form() {
    let text = "b {\n  a = \"é plain\"\n  e = \"tab\\tend $${x} z\"\n  t = \"x ${var.y}-${lower(\"Q\")} end\"\n  n = 12\n  f = (true)\n  h = <<-EOT\n    docker build\n      more ${var.y}\n  EOT\n  s = <<EOT\n as it is\nEOT\n  u = var.u\n}\n";
    let file = file(text);
    let document = Document::read(&file);
    let block = document.body().get_blocks("b").next().unwrap();
    let names = |name: &str| (name == "var.y").then(|| Value::derived("why", file.span(0..1)));
    let get = |key: &str| document.attribute(&block.body, key, &names).unwrap();
    let written = |value: &Value| text[value.span.start..value.span.end].to_owned();

    let a = get("a");
    assert!(a.literal && a.known && a.text == "é plain" && written(&a) == "é plain");
    let e = get("e");
    assert_eq!((e.text.as_str(), e.known, e.literal), ("tab\tend ${x} z", true, false));
    let t = get("t");
    assert_eq!((t.text.as_str(), t.known), ("x why-${lower(\"Q\")} end", false));
    assert!(get("n").literal && get("n").text == "12");
    assert!(get("f").literal && get("f").is_true());
    assert_eq!(get("u").text, "${var.u}");
    assert_eq!(get("s").text, " as it is\n");

    let heredoc = &block.body.get_attribute("h").unwrap().value;
    let (fragment, known) = document.fragment(heredoc, &names);
    assert_eq!((fragment.text(), known), ("docker build\n  more why\n", true));
    for word in ["docker", "build", "more"] {
        let at = fragment.text().find(word).unwrap();
        let span = fragment.span(at..at + word.len());
        assert_eq!(&text[span.start..span.end], word);
        assert!(fragment.is_literal(at..at + word.len()));
    }
    let at = fragment.text().find("why").unwrap();
    let span = fragment.span(at..at + 3);
    assert_eq!(&text[span.start..span.end], "${var.y}");
}

#[test]
fn a_broken_block_is_left_out_and_told() {
    let text = "a \"x\" {\n  k = 1\n}\n\nb \"y\" {\n  k = = 2\n}\n\nc \"z\" {\n  k = 3\n}\n";
    let file = file(text);
    let document = Document::read(&file);
    let names: Vec<_> = document.body().blocks().map(|block| block.ident.as_str().to_owned()).collect();
    assert_eq!(names, ["a", "c"]);
    let c = document.body().get_blocks("c").next().unwrap();
    assert_eq!(
        document.attribute(&c.body, "k", &nothing).unwrap().span,
        file.span(text.find('3').unwrap()..text.find('3').unwrap() + 1)
    );
    let notes = document.into_notes();
    assert_eq!(notes.len(), 1);
    assert_eq!(file.position(notes[0].span.start).line, 6);

    let unfinished = self::file("a \"x\" {\n  k = 1\n}\nb \"y\" {\n  k = [1,\n");
    let document = Document::read(&unfinished);
    assert_eq!(document.body().blocks().count(), 1);
    assert_eq!(document.into_notes().len(), 1);
}

#[test]
fn an_attribute_goes_behind_the_last_one() {
    let cases = [
        ("b {\n  a = 1 # c\n}\n", Some("b {\n  a = 1 # c\n  n = 0\n}\n")),
        ("b {\n\ta = [\n\t  1,\n\t]\n}\n", Some("b {\n\ta = [\n\t  1,\n\t]\n\tn = 0\n}\n")),
        ("b {\r\n  a = 1\r\n}\r\n", Some("b {\r\n  a = 1\r\n  n = 0\r\n}\r\n")),
        ("b {\n  c {\n    d = 1\n  }\n}\n", Some("b {\n  c {\n    d = 1\n  }\n  n = 0\n}\n")),
        ("b \"l\" {\n}\n", Some("b \"l\" {\n  n = 0\n}\n")),
        ("b { a = 1 }\n", None),
    ];
    for (text, expected) in cases {
        let file = file(text);
        let document = Document::read(&file);
        let block = document.body().blocks().next().unwrap();
        let insertion = insertion(&document, block, Dialect::Terraform);
        let edited = insertion.map(|place| {
            let mut edited = text.to_owned();
            edited.insert_str(place.at.start, &format!("{}n = 0{}", place.before, place.after));
            edited
        });
        assert_eq!(edited.as_deref(), expected, "{text}");
        if let Some(edited) = edited {
            assert!(parse_body(&edited).is_ok(), "{edited}");
        }
    }
}

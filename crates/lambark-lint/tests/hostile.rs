//! Whatever a file holds: every front end comes back, and every place that it names lies in the file.

#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_lint::front::{self, FrontResult};
use lambark_lint::source::{MemoryTree, SourceFile, Span};
use lambark_lint::step::{Action, Dialect, Insertion, Value};
use proptest::prelude::*;

/// A path of each kind.
const PATHS: [&str; 13] = [
    ".github/workflows/w.yml",
    "a/action.yml",
    "compose.yaml",
    "docker-bake.hcl",
    "docker-bake.json",
    "buildspec.yml",
    "template.yaml",
    "template.json",
    "main.tf",
    "Dockerfile",
    "build.sh",
    "Makefile",
    "justfile",
];

/// Pieces of all these languages: chance puts them together in ways that nobody writes.
const PIECES: [&str; 97] = [
    "jobs:",
    "a:",
    "b: ",
    "steps:",
    "- ",
    "run: |\n",
    "run: >-\n",
    "uses: docker/build-push-action@v6",
    "with:",
    "provenance: false",
    "&x ",
    "*x",
    "<<: *x",
    "!Sub ",
    "!Ref ",
    "!Join ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "\"",
    "'",
    "\n",
    "\n  ",
    "\n    ",
    "\n      ",
    "\t",
    "\r\n",
    "# c\n",
    "${{ env.a }}",
    "${{",
    "}}",
    "matrix:",
    "include:",
    "strategy:",
    "needs: [a, b]",
    "\n  tags: [ # é\n  a, # ö\n  b\n  ]\n",
    "env:",
    "services:",
    "build:",
    "context: .",
    "x-bake:",
    "platforms:",
    "tags:",
    "args:",
    "image: a:b",
    "target \"a\" {\n",
    "inherits = [\"a\"]",
    "variable \"V\" {",
    "default = ",
    "group \"default\" {",
    "attest = [",
    "\"type=provenance,disable=true\"",
    "<<-EOT\n",
    "EOT\n",
    "${var.a}",
    "${",
    "$",
    "\"target\": {",
    "\"a\": ",
    "null",
    "phases:",
    "commands:",
    "pre_build:",
    "version: 0.2",
    "Resources:",
    "Type: AWS::Lambda::Function",
    "Properties:",
    "PackageType: Image",
    "ImageUri: ",
    "Metadata:",
    "Dockerfile: D",
    "Fn::Join: ",
    "Globals:",
    "resource \"docker_image\" \"a\" {\n",
    "resource \"aws_lambda_function\" \"f\" {\n",
    "provisioner \"local-exec\" {\n",
    "command = ",
    "module \"m\" {\n",
    "source = \"terraform-aws-modules/lambda/aws//modules/docker-build\"",
    "docker build -t a . ",
    "docker push a ",
    "docker buildx bake ",
    "docker compose build ",
    "&& ",
    "\\\n",
    "$(",
    ")",
    "`",
    "export A=1\n",
    "é",
    "\u{1f980}",
    "\u{feff}",
    "\u{0}",
    "-----\n",
    "? ",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<char>(), 0..200).prop_map(String::from_iter),
        1 => prop::collection::vec(prop::sample::select(vec!['[', '{', '"', ':', '-', ' ', '\n', '$', '(', '<']), 0..400)
            .prop_map(String::from_iter),
    ]
}

/// Reads a text as a file of that path, which may call itself, and looks at everything that was made of it.
fn read(path: &str, text: &str) {
    let mut tree = MemoryTree::default();
    let (file, _) = SourceFile::new(path, text.as_bytes().to_vec());
    tree.insert(file.clone());
    let front = front::of(path).unwrap_or_else(|| panic!("{path}"));
    let result = (front.read)(&file, &tree);
    check(&result, &file);
}

fn check(result: &FrontResult, file: &SourceFile) {
    let text = |span: &Span| {
        assert_eq!(span.file, *file.path());
        file.text().get(span.start..span.end).unwrap_or_else(|| panic!("{span:?} of {:?}", file.text())).to_owned()
    };
    let value = |value: &Value| {
        let written = text(&value.span);
        assert!(!value.literal || written == value.text, "{written:?} is not literally {:?}", value.text);
    };
    for step in result.sequences.iter().flat_map(|sequence| &sequence.steps) {
        text(&step.span);
        step.environment.iter().for_each(|variable| value(&variable.value));
        if let Action::Build(build) = &step.action {
            build.context.iter().chain(&build.dockerfile).chain(&build.version).for_each(value);
            for option in &build.options {
                value(&option.value);
                text(&option.span);
            }
            assert_eq!(build.insertion.as_ref().map(|place| text(&place.at)).unwrap_or_default(), "");
        }
    }
    for function in &result.functions {
        text(&function.span);
        function.image.iter().chain(&function.architecture).chain(&function.dockerfile).for_each(value);
    }
    result.notes.iter().for_each(|note| drop(text(&note.span)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_file_holds(text in text(), path in prop::sample::select(&PATHS[..])) {
        read(path, &text);
    }

    /// Files that are whole but for one cut, or with one byte too many.
    #[test]
    fn half_written_files(which in 0..WHOLE.len(), cut in any::<prop::sample::Index>(), extra in any::<char>()) {
        let (path, text) = WHOLE[which];
        let mut at = cut.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        read(path, &text[..at]);
        let mut more = text.to_owned();
        more.insert(at, extra);
        read(path, &more);
    }
}

/// A file of each kind that says something.
const WHOLE: [(&str, &str); 7] = [
    (
        ".github/workflows/w.yml",
        "env: &e {A: 1}\njobs:\n  a:\n    strategy: {matrix: {x: [1, 2]}}\n    env: *e\n    steps:\n      - uses: \
         docker/build-push-action@v6 # é\n        with:\n          tags: |\n            a:${{ env.A }}\n            \
         b:c\n      - run: >-\n          docker build\n          --push .\n\n          x\n      - run: \"docker \\\n            \
         push \\\"a\\\"\"\n",
    ),
    (
        "compose.yaml",
        "services:\n  a: &a\n    build: {context: ., args: [a=b]}\n  b:\n    <<: *a\n    image: 'it''s'\n",
    ),
    (
        "docker-bake.hcl",
        "variable \"T\" { default = \"é\" }\ntarget \"a\" {\n  inherits = [\"b\"]\n  attest = [{ type = \"sbom\" }, \
         \"type=provenance\"]\n  args = { A = \"${T}\\n\" }\n}\ntarget \"b\" { platforms = [\"linux/amd64\"] }\n",
    ),
    ("docker-bake.json", "{\"target\": {\"a\": {\"tags\": [\"\\u00e9\\\"\"], \"args\": {\"A\": null}}}}"),
    (
        "buildspec.yml",
        "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        docker build . \\\n          -t é\n      - 'x'\n",
    ),
    (
        "template.yaml",
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n      \
         ImageUri: !Sub \"${A}/b:c\"\n    Metadata:\n      DockerContext: ./é\n      DockerBuildArgs: {A: !Ref B}\n",
    ),
    (
        "main.tf",
        "resource \"docker_image\" \"a\" {\n  name = \"${local.é}:1\"\n  build {\n    context = path.module\n  }\n  \
         provisioner \"local-exec\" {\n    command = <<-EOT\n      docker build ${var.x} .\n        docker push é\n    EOT\n  }\n}\n",
    ),
];

/// Every build of a file with what it is told, places left out.
fn builds(path: &str, text: &str) -> Option<Vec<(Option<Insertion>, Vec<String>)>> {
    let mut tree = MemoryTree::default();
    let (file, _) = SourceFile::new(path, text.as_bytes().to_vec());
    tree.insert(file.clone());
    let result = (front::of(path)?.read)(&file, &tree);
    let steps = result.sequences.into_iter().flat_map(|sequence| sequence.steps);
    let told = |step: lambark_lint::step::Step| match step.action {
        Action::Build(build) => {
            let options = build.options.iter().map(|option| format!("{}={}", option.name, option.value.text));
            Some((build.insertion.filter(|_| step.unsound.is_none()), options.collect()))
        }
        _ => None,
    };
    result.notes.is_empty().then(|| steps.filter_map(told).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever an option may be added, it is there afterwards, and nothing else has changed.
    #[test]
    fn what_is_added_is_all_that_changes(
        which in 0..WHOLE.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&PIECES[..])), 0..4),
    ) {
        let (path, text) = WHOLE[which];
        let mut text = text.to_owned();
        for (cut, piece) in cuts {
            text.insert_str(text.floor_char_boundary(cut.index(text.len())), piece);
        }
        let Some(before) = builds(path, &text) else { return Ok(()) };
        for (number, (insertion, told)) in before.iter().enumerate() {
            // A second list or key would be an error, so rules change the one that there is.
            let already = told.iter().any(|option| option.starts_with("attest=") || option.starts_with("provenance="));
            let in_file = |place: &&Insertion| place.dialect != Dialect::CommandLine && !already;
            let Some(insertion) = insertion.as_ref().filter(in_file) else { continue };
            let mut edited = text.clone();
            edited.insert_str(insertion.at.start, &insertion.without_attestations());
            let after = builds(path, &edited);
            prop_assert!(after.is_some(), "{edited}");
            let after = after.unwrap_or_default();
            prop_assert_eq!(after.len(), before.len(), "{}", edited);
            for (other, ((_, old), (_, new))) in before.iter().zip(&after).enumerate() {
                let added: Vec<&String> = new.iter().filter(|option| !old.contains(option)).collect();
                let lost = old.iter().filter(|option| !new.contains(option)).count();
                let is_new = |option: &&String| {
                    ["provenance=false", "attest=type=provenance,disabled=true"].contains(&option.as_str())
                };
                prop_assert!(added.iter().all(is_new), "{added:?}\n{edited}");
                prop_assert!(lost == 0, "{edited}");
                prop_assert!(other != number || !added.is_empty(), "{edited}");
            }
        }
    }
}

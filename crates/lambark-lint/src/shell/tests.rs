#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::fragment::Fragment;
use crate::front::FrontResult;
use crate::source::{MemoryTree, SourceFile};
use crate::step::{Action, Build, Step};

fn ran_in(text: &str, files: &[(&str, &str)]) -> (Vec<Step>, FrontResult) {
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.insert(SourceFile::new(path, text.as_bytes().to_vec()).0);
    }
    let (file, _) = SourceFile::new("scripts/build.sh", text.as_bytes().to_vec());
    let mut result = FrontResult::default();
    let steps = run(&Fragment::whole(&file), &mut Scope::new(""), &tree, &mut result);
    (steps, result)
}

fn ran(text: &str) -> Vec<Step> {
    ran_in(text, &[]).0
}

fn build(text: &str) -> Build {
    let steps = ran(text);
    let builds: Vec<&Build> = steps.iter().filter_map(Step::build).collect();
    assert_eq!(builds.len(), 1, "{text}: {steps:?}");
    builds[0].clone()
}

fn option(build: &Build, name: &str) -> String {
    build.option(name).map(|option| option.value.text.clone()).unwrap_or_default()
}

#[test]
fn options_are_read_in_all_their_spellings() {
    for text in [
        "docker build --provenance=false -t app:v1 .",
        "docker build --provenance false -t=app:v1 .",
        "docker build \\\n  --provenance=\"false\" \\\n  -tapp:v1 \\\n  .",
        "FLAGS='--provenance=false -t app:v1'; docker build $FLAGS .",
        "FLAGS=(--provenance=false)\nFLAGS+=(-t app:v1)\ndocker build \"${FLAGS[@]}\" .",
        "sudo -E docker --context x buildx --builder y build --provenance=false --tag app:v1 . # no --provenance=true",
        "build() { docker build --provenance=false \"$@\" .; }\nbuild -t app:v1",
        "time docker image build --provenance=false -t app:v1 -- .",
        "bash -c 'docker build --provenance=false -t app:v1 .'",
        "if ! docker build --provenance=false -t app:v1 .; then exit 1; fi",
        "P=false\nexport P\n(cd x && docker build --provenance=${P} -t \"app:v1\" .)",
        "NAME=app TAG=v1\ndocker build --provenance=false -t $NAME:$TAG .",
    ] {
        let build = build(text);
        assert_eq!(
            (option(&build, "provenance").as_str(), option(&build, "tag").as_str()),
            ("false", "app:v1"),
            "{text}"
        );
        assert!(!build.more_options, "{text}");
    }
}

#[test]
fn what_is_not_known_is_not_claimed() {
    for text in
        ["docker build $EXTRA -t x .", "docker build \"$@\" .", "docker build $(flags) .", "docker build ${A[@]} ."]
    {
        assert!(build(text).more_options, "{text}");
    }
    let build = build("docker build -t $REG/app:${TAG:-latest} $DIR");
    assert!(!build.more_options);
    assert_eq!(option(&build, "tag"), "${REG}/app:${TAG:-latest}");
    assert_eq!(build.dockerfile.map(|file| file.known), Some(false));
}

#[test]
fn the_environment_that_counts_is_the_one_in_force() {
    let value = |text: &str| {
        let steps = ran(text);
        let step = steps.iter().find(|step| step.build().is_some()).unwrap();
        step.variable("DOCKER_BUILDKIT").map(|value| (value.text.clone(), value.known))
    };
    let zero = Some(("0".to_owned(), true));
    assert_eq!(value("DOCKER_BUILDKIT=0 docker build ."), zero);
    assert_eq!(value("export DOCKER_BUILDKIT=0\ndocker build ."), zero);
    assert_eq!(value("env A=1 DOCKER_BUILDKIT=0 docker build ."), zero);
    assert_eq!(value("DOCKER_BUILDKIT=0\ndocker build ."), None);
    assert_eq!(value("(export DOCKER_BUILDKIT=0)\ndocker build ."), None);
    assert_eq!(
        value("if x; then export DOCKER_BUILDKIT=0; fi\ndocker build ."),
        Some(("${DOCKER_BUILDKIT}".into(), false))
    );
    assert_eq!(value("set -a\nDOCKER_BUILDKIT=0\nset +a\ndocker build ."), zero);
    assert_eq!(value("export DOCKER_BUILDKIT=0\nunset DOCKER_BUILDKIT\ndocker build ."), None);
}

#[test]
fn places_lead_back_to_the_file() {
    let text = "set -e\ndocker build --platform linux/amd64 --provenance=true -t app .\n";
    let build = build(text);
    let option = build.option("provenance").unwrap();
    assert_eq!(&text[option.span.start..option.span.end], "--provenance=true");
    assert_eq!(&text[option.value.span.start..option.value.span.end], "true");
    assert!(option.literal && option.value.literal);
    let at = build.insertion.unwrap().at;
    assert!(text[..at.start].ends_with("docker build") && at.start == at.end);
}

#[test]
fn other_scripts_of_the_repository_are_followed() {
    let (steps, result) = ran_in(
        "export BUILDX_NO_DEFAULT_ATTESTATIONS=1\nHERE=$(cd \"$(dirname \"$0\")\" && pwd)\n. \"$HERE/common.sh\"\n./scripts/x.sh v2\nmake push TAG=v3\n",
        &[
            ("scripts/common.sh", "IMAGE=app\n"),
            ("scripts/x.sh", "#!/bin/sh\ndocker build -t app:$1 sub\n"),
            (
                "Makefile",
                "TAG ?= v0\nIMAGE := app:$(TAG)\nbuild:\n\t@docker build -t $(IMAGE) \\\n\t  .\npush: build\n\tdocker push $(IMAGE)\n",
            ),
        ],
    );
    let builds: Vec<&Build> = steps.iter().filter_map(Step::build).collect();
    assert_eq!(option(builds[0], "tag"), "app:v2");
    assert_eq!(builds[0].dockerfile.as_ref().unwrap().text, "sub/Dockerfile");
    assert_eq!(steps[0].variable("BUILDX_NO_DEFAULT_ATTESTATIONS").unwrap().text, "1");
    assert_eq!(&*steps[0].span.file, "scripts/x.sh");
    assert_eq!(builds.len(), 2);
    let Action::Push(push) = &steps[2].action else { panic!("{steps:?}") };
    assert_eq!(push.reference.as_ref().unwrap().text, option(builds[1], "tag"));
    let followed: Vec<&str> = result.followed.iter().map(|followed| followed.path.as_str()).collect();
    assert_eq!(followed, ["scripts/common.sh", "scripts/x.sh", "Makefile", "Makefile"]);
}

#[test]
fn comparisons_belong_to_what_they_look_at() {
    let steps = ran("M=$(docker manifest inspect app:v1)\nT=$(echo \"$M\" | jq -r .mediaType)\n\
         if [[ \"$T\" != \"application/x\" ]] && [ \"$T\" != application/y ]; then exit 1; fi\n\
         docker manifest inspect app:v1 | grep -q manifest.v2\n[ \"$OTHER\" = application/z ]\n");
    let compares: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Compare(compare) => {
                Some((compare.pattern.text.as_str(), compare.substring, compare.piped, compare.group))
            }
            _ => None,
        })
        .collect();
    assert_eq!(compares.len(), 3, "{steps:#?}");
    assert_eq!(compares[0].0, "application/x");
    assert_eq!(compares[0].3, compares[1].3);
    assert_eq!((compares[2].0, compares[2].1, compares[2].2), ("manifest.v2", true, true));
    assert_ne!(compares[2].3, compares[0].3);
}

#[test]
fn half_written_scripts_are_read_as_far_as_they_go() {
    for (text, reason) in [
        ("docker build .\necho 'x", "a quote that is not closed"),
        ("docker build .\nif true; then echo", "an `if` without its `fi`"),
        ("docker build .\nfi\n", "something is closed here that was not opened"),
        ("docker build .\nX=$(echo", "a bracket that is not closed"),
    ] {
        let (steps, result) = ran_in(text, &[]);
        assert_eq!(steps.len(), 1, "{text}");
        assert_eq!(result.notes.len(), 1, "{text}");
        assert_eq!(result.notes[0].reason, reason);
    }
}

#[test]
fn a_script_that_calls_itself_comes_to_an_end() {
    let (steps, _) =
        ran_in("./scripts/a.sh\n", &[("scripts/a.sh", "./scripts/a.sh; ./scripts/a.sh; docker build .\n")]);
    assert!(!steps.is_empty());
    let _ = ran("f() { f; f; f; docker build .; }\nf\n");
    let _ = ran(&"X=$X$X$X$X\n".repeat(40));
}

#[test]
fn functions_and_documents_and_cases() {
    let steps = ran(
        "deploy() {\n  aws lambda update-function-code --function-name f --image-uri \"$1\"\n}\ncase $1 in\n  a|b) deploy app:v1 ;;\n  *) echo no;;\nesac\n",
    );
    let Action::Lambda(call) = &steps[0].action else { panic!("{steps:?}") };
    assert_eq!(call.image.as_ref().unwrap().text, "app:v1");
    assert_eq!(
        build("cat <<EOF > x\ndocker build nowhere\nEOF\ndocker build -t real .\n").tags().next().unwrap().text,
        "real"
    );
    assert_eq!(build("ssh host <<'EOF'\ndocker build -t there .\nEOF\n").tags().next().unwrap().text, "there");
}

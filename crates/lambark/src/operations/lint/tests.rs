#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DOCKERFILE: &str = "FROM public.ecr.aws/lambda/python:3.13\nCMD [\"app.handler\"]\n";
const SCRIPT: &str =
    "docker buildx build --platform linux/amd64 --push -t 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:v1 .\n";

fn repository(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(".git")).unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn settings(root: &Path, paths: &[&str], fix: Option<Level>) -> Settings {
    Settings {
        paths: paths.iter().map(PathBuf::from).collect(),
        directory: root.to_owned(),
        known: lambark_lint::Settings::default(),
        ignored_rules: Vec::new(),
        fix,
    }
}

fn rules(outcome: &Outcome) -> Vec<(&str, &str)> {
    outcome.report.findings.iter().map(|finding| (&*finding.span.file, finding.rule)).collect()
}

#[test]
fn a_path_narrows_what_is_told_and_not_what_is_known() {
    let root = repository(&[
        ("Dockerfile", DOCKERFILE.as_bytes()),
        ("a/build.sh", SCRIPT.as_bytes()),
        (".ci/build.sh", SCRIPT.as_bytes()),
        ("ignored/build.sh", SCRIPT.as_bytes()),
        (".gitignore", b"ignored/\n"),
    ]);
    let all = run(&settings(root.path(), &[], None)).unwrap();
    assert_eq!(rules(&all), [(".ci/build.sh", "default-attestations"), ("a/build.sh", "default-attestations")]);
    assert_eq!(all.files, 3);
    let one = run(&settings(&root.path().join("a"), &["build.sh"], None)).unwrap();
    assert_eq!(rules(&one), [("a/build.sh", "default-attestations")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let error = run(&settings(root.path(), &["a", elsewhere.path().to_str().unwrap()], None)).unwrap_err();
    assert!(error.to_string().contains("name paths of one repository"), "{error}");
    assert!(run(&settings(root.path(), &["nowhere"], None)).unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn edits_are_made_once_and_only_where_asked() {
    let root =
        repository(&[("Dockerfile", DOCKERFILE.as_bytes()), ("a.sh", SCRIPT.as_bytes()), ("b.sh", SCRIPT.as_bytes())]);
    let fixed = run(&settings(root.path(), &["a.sh"], Some(Level::Safe))).unwrap();
    assert_eq!((fixed.mended, rules(&fixed).len()), (1, 0));
    assert_eq!(fixed.written, [Arc::from("a.sh")]);
    let text = fs::read_to_string(root.path().join("a.sh")).unwrap();
    assert!(text.starts_with("docker buildx build --provenance=false --platform"), "{text}");
    assert_eq!(fs::read_to_string(root.path().join("b.sh")).unwrap(), SCRIPT);
    let again = run(&settings(root.path(), &["a.sh"], Some(Level::Unsafe))).unwrap();
    assert_eq!((again.mended, again.written.len()), (0, 0));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_judged() {
    let large = vec![b'#'; 100 * 1024 * 1024];
    let utf16: Vec<u8> = SCRIPT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let root = repository(&[
        ("Dockerfile", DOCKERFILE.as_bytes()),
        ("good.sh", SCRIPT.as_bytes()),
        ("large.sh", &large),
        ("utf16.sh", &utf16),
        ("latin.sh", b"# caf\xe9 docker\ndocker build .\n"),
    ]);
    let outcome = run(&settings(root.path(), &[], None)).unwrap();
    assert_eq!(rules(&outcome), [("good.sh", "default-attestations")]);
    let told: Vec<(&str, &str)> =
        outcome.report.notes.iter().map(|note| (&*note.span.file, note.reason.as_str())).collect();
    let expected = [
        ("large.sh", "larger than 1048576 bytes"),
        ("latin.sh", "not UTF-8 from here on"),
        ("utf16.sh", "binary, or not UTF-8"),
    ];
    assert_eq!(told, expected);
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_outside() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.sh"), SCRIPT).unwrap();
    let root = repository(&[("Dockerfile", DOCKERFILE.as_bytes()), ("a.sh", b"# docker\n./link.sh\n. ./link.sh\n")]);
    std::os::unix::fs::symlink(outside.path().join("secret.sh"), root.path().join("link.sh")).unwrap();
    let outcome = run(&settings(root.path(), &[], None)).unwrap();
    assert_eq!(rules(&outcome), []);
}

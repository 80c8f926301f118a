//! The action's step and the pre-commit entry, run as those services run them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::User;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A script of this repository, with the lambark under test on the path.
fn script(user: &User, path: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_lambark")).parent().unwrap();
    let mut command = Command::new("bash");
    command.arg(root().join(path)).env_clear().current_dir(user.directory());
    command.env("PATH", format!("{}:/usr/bin:/bin", binary.display())).env("HOME", user.path(""));
    command
}

#[test]
fn the_action_checks_every_image_and_tells_the_exit_code() {
    let user = User::at_root();
    let (summary, outputs) = (user.path("summary.md"), user.path("outputs"));
    let mut step = script(&user, ".github/action/check");
    step.env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &outputs);
    step.env("INPUT_IMAGE", "\n  examples/attested.tar\n  ./$(touch pwned).tar\n");
    step.env("INPUT_ARCH", "x86_64").env("INPUT_DEPTH", "").env("INPUT_FAIL_ON", "error").env("INPUT_ARGS", "--strict");
    let output = step.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(stdout.contains("::error title=lambark image-index::examples/attested.tar: "), "{stdout}");
    assert!(stdout.contains("lambark: ./$(touch pwned).tar: could not be looked at"), "{stdout}");
    assert_eq!(std::fs::read_to_string(&outputs).unwrap(), "exit-code=3\n");
    assert!(std::fs::read_to_string(&summary).unwrap().contains("| **rejected** |"));
}

#[test]
fn the_pre_commit_entry_checks_archives_and_layouts() {
    let user = User::at_root();
    let layout = user.path("layout");
    user.run(&["fix", "examples/attested.tar", "--to", &format!("oci:{layout}")]);
    let marker = format!("{layout}/oci-layout");
    let code = |files: &[&str]| script(&user, ".github/pre-commit/check").args(files).output().unwrap().status.code();
    assert_eq!(code(&[&marker]), Some(0));
    assert_eq!(code(&["examples/attested.tar", &marker]), Some(1));
}

#[test]
fn the_pre_commit_entry_lints_the_repository() {
    let user = User::elsewhere();
    let code = || script(&user, ".github/pre-commit/lint").output().unwrap().status.code();
    std::fs::write(user.directory().join("Dockerfile"), "FROM public.ecr.aws/lambda/python:3.13\nCMD [\"a.b\"]\n")
        .unwrap();
    assert_eq!(code(), Some(0));
    let build =
        "docker buildx build --platform linux/amd64 --push -t 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:v1 .\n";
    std::fs::write(user.directory().join("build.sh"), build).unwrap();
    assert_eq!(code(), Some(1));
    assert!(user.run(&["lint", "--fix", "safe"]).contains("mended 1 finding in 1 file"));
    assert_eq!(code(), Some(0));
}

#[test]
fn the_action_declares_what_its_steps_read() {
    let action = std::fs::read_to_string(root().join("action.yml")).unwrap();
    let check: &[&str] = &["IMAGE", "ARCH", "DEPTH", "FAIL_ON", "ARGS"];
    let ship: &[&str] =
        &["SHIP", "TAG", "ARCHITECTURES", "CANARY", "WAIT", "DRY_RUN", "LEDGER_ARTIFACT", "FAIL_ON", "ARGS"];
    for (script, inputs) in [("check", check), ("ship", ship)] {
        let step = std::fs::read_to_string(root().join(".github/action").join(script)).unwrap();
        for input in inputs {
            let name = input.to_lowercase().replace('_', "-");
            assert!(action.contains(&format!("INPUT_{input}: ${{{{ inputs.{name} }}}}")), "{input}");
            assert!(
                action.contains(&format!("\n  {name}:\n")) && step.contains(&format!("INPUT_{input}:-")),
                "{input}"
            );
        }
    }
    for output in ["digest", "image-uri", "version", "function-arn", "exit-code"] {
        assert!(action.contains(&format!("steps.ship.outputs.{output} ")), "{output}");
    }
}

/// Everything but the network: a plan, the summary and outputs are `ship`'s own tests' business.
#[test]
fn the_action_ships_what_it_is_told_to() {
    let user = User::elsewhere();
    std::fs::write(user.directory().join("Dockerfile"), "FROM scratch\n").unwrap();
    let toml = "[service.api]\ndockerfile = \"Dockerfile\"\nfunction = \"api\"\n\
                repository = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/api\"\n";
    std::fs::write(user.directory().join("lambark.toml"), toml).unwrap();
    let outputs = user.path("outputs");
    let ship = |services: &str| {
        let mut step = script(&user, ".github/action/ship");
        step.env("GITHUB_OUTPUT", &outputs).env("INPUT_SHIP", services).env("INPUT_DRY_RUN", "true");
        step.env("INPUT_TAG", "v1").env("INPUT_ARGS", "--from deploy");
        let output = step.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told, words) = ship("api");
    assert_eq!(code, Some(0), "{told}{words}");
    assert!(told.contains("lambark deploy api --tag v1 --plan"), "{told}");
    assert_eq!(ship("all").0, Some(0));
    let (code, _, words) = ship("api $(touch pwned)");
    assert_eq!(code, Some(2), "{words}");
    assert!(!user.directory().join("pwned").exists());
    assert_eq!(std::fs::read_to_string(&outputs).unwrap(), "exit-code=0\nexit-code=0\nexit-code=2\n");
}

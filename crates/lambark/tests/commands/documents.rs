//! What lambark says of itself: help, rules, generated files, and the commands that the documents show.

use crate::support::{self, User};

#[test]
fn the_first_screen() {
    insta::assert_snapshot!(User::new().run(&["--help"]));
}

#[test]
fn a_verb_s_short_help() {
    insta::assert_snapshot!(User::new().run(&["check", "-h"]));
    insta::assert_snapshot!(User::new().run(&["fix", "-h"]));
}

#[test]
fn version_and_no_argument() {
    assert_eq!(User::new().run(&["--version"]), "exit code: 0\n---- stdout\nlambark [VERSION]\n---- stderr\n");
    let nothing: [&str; 0] = [];
    assert!(User::new().run(&nothing).starts_with("exit code: 2"));
}

#[test]
fn a_rule_is_explained() {
    insta::assert_snapshot!(User::new().run(&["explain", "image-index"]));
    let raw = User::new().run(&["explain", "image-index", "--format", "markdown"]);
    assert!(raw.contains(lambark_rules::rule("image-index").unwrap().doc), "{raw}");
}

#[test]
fn every_rule_is_listed_and_explained() {
    let table = User::new().run(&["rules"]);
    let json = User::new().run(&["rules", "--format", "json"]);
    for rule in lambark_rules::CATALOGUE {
        assert!(table.contains(&format!("\n{}  ", rule.name)), "{} is not in the table", rule.name);
        assert!(json.contains(&format!("\"{}\"", rule.name)), "{} is not in the JSON", rule.name);
        let page = User::new().run(&["explain", rule.name]);
        assert!(page.starts_with(&format!("exit code: 0\n---- stdout\n{}\n", rule.name)), "{page}");
        // A mark that is left over is one that the renderer did not understand.
        assert!(!page.contains("**") && !page.contains("```"), "{page}");
    }
    for rule in lambark_lint::CATALOGUE {
        assert!(table.contains(&format!("\n{}  ", rule.name)), "{} is not in the table", rule.name);
        assert!(json.contains(&format!("\"{}\"", rule.name)), "{} is not in the JSON", rule.name);
        let page = User::new().run(&["explain", rule.name]);
        assert!(page.starts_with(&format!("exit code: 0\n---- stdout\n{}\n", rule.name)), "{page}");
        assert!(!page.contains("**") && !page.contains("```"), "{page}");
    }
}

#[test]
fn generated_files_have_their_source() {
    let user = User::new();
    assert!(user.run(&["internal", "cli-reference"]).contains("## `lambark check`"));
    assert!(user.run(&["internal", "schema", "check"]).contains("\"$schema\""));
    assert!(user.run(&["internal", "rules-page"]).contains("\n## image-index\n"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(user.run(&["completion", shell]).starts_with("exit code: 0"), "{shell}");
    }
}

/// Every `lambark …` line in a document's code is a command line that parses.
#[test]
fn documented_commands_parse() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for document in ["README.md", "CHANGELOG.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        let code = text.split("```").skip(1).step_by(2).flat_map(str::lines);
        let commands = code.filter_map(|line| {
            let line = line.trim_start_matches("$ ");
            line.strip_prefix("lambark ").or_else(|| line.strip_prefix("cargo run -qr -- "))
        });
        for command in commands {
            let words = std::iter::once("lambark").chain(command.split_whitespace());
            let parsed = lambark::cli::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{document}: lambark {command}: {}", parsed.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen >= 2, "the README shows no command");
}

/// The README's transcript is what the commands print, up to each `…` and the number of rules.
#[test]
fn the_transcript_is_real() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let transcript = readme.split_once("```console\n").unwrap().1.split_once("```").unwrap().0;
    let user = User::elsewhere();
    std::os::unix::fs::symlink(root.join("examples"), user.directory().join("examples")).unwrap();
    let mut printed = String::new();
    let mut commands = 0;
    for line in transcript.lines().filter(|line| !line.is_empty()) {
        if let Some(command) = line.strip_prefix("$ lambark ") {
            printed = user.run(&command.split(' ').collect::<Vec<_>>());
            commands += 1;
            continue;
        }
        let line = support::without_counts(line);
        let shown = line.split('…').next().unwrap_or_default();
        assert!(printed.lines().any(|real| real.starts_with(shown)), "the README says `{line}`, lambark\n{printed}");
    }
    assert_eq!(commands, 3);
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn one(form: Form, old: Option<&str>, overwrite: &[&str]) -> File {
    let draft = Draft { path: "f".to_owned(), what: "", form };
    let overwrite: Vec<String> = overwrite.iter().map(|path| (*path).to_owned()).collect();
    let read = |_: &str| Ok::<_, ()>(old.map(str::to_owned));
    plan(vec![draft], &overwrite, read).unwrap().remove(0)
}

/// What a second run makes of what the first one wrote.
fn again(form: Form, file: &File) -> Status {
    one(form, Some(&file.new), &[]).status
}

#[test]
fn nothing_is_overwritten_without_consent() {
    let whole = || Form::Whole("new\n".to_owned());
    assert_eq!(one(whole(), None, &[]).status, Status::New);
    assert_eq!(one(whole(), Some("new\n"), &[]).status, Status::Same);
    assert!(matches!(one(whole(), Some("old\n"), &["other"]).status, Status::Refused(_)));
    assert_eq!(one(whole(), Some("old\n"), &["f"]).status, Status::Overwritten);
    let kept = one(Form::Once("new\n".to_owned()), Some("old\n"), &[]);
    assert_eq!((kept.status.clone(), kept.new.as_str(), kept.status.writes()), (Status::Kept, "old\n", false));
}

#[test]
fn a_block_is_put_in_brought_up_to_date_and_left_alone() {
    let form = |body: &str| Form::Block(Marks::Markdown, body.to_owned());
    let made = one(form("a\n\nb"), None, &[]);
    assert_eq!(made.new, "<!-- lambark:begin -->\na\n\nb\n<!-- lambark:end -->\n");
    let added = one(form("a"), Some("# Theirs\r\ntext"), &[]);
    assert_eq!(added.new, "# Theirs\r\ntext\r\n\r\n<!-- lambark:begin -->\r\na\r\n<!-- lambark:end -->\r\n");
    assert_eq!(added.status, Status::Block);
    assert_eq!(again(form("a"), &added), Status::Same);
    let between = "x\n<!-- lambark:begin -->\nold\nolder\n<!-- lambark:end -->\ny\n";
    let changed = one(form("a"), Some(between), &[]);
    assert_eq!(changed.new, "x\n<!-- lambark:begin -->\na\n<!-- lambark:end -->\ny\n");
    for broken in [
        "<!-- lambark:begin -->\n",
        "<!-- lambark:end -->\n<!-- lambark:begin -->\n",
        "<!-- lambark:begin -->\n<!-- lambark:begin -->\n<!-- lambark:end -->\n",
    ] {
        let refused = one(form("a"), Some(broken), &["f"]);
        assert!(matches!(&refused.status, Status::Refused(reason) if reason.contains("do not belong together")));
        assert_eq!(refused.new, broken);
    }
}

#[test]
fn a_hook_joins_the_list_of_others() {
    let form = || Form::Hooks("- repo: r\n  hooks:\n    - id: lambark-lint".to_owned());
    let made = one(form(), None, &[]);
    insta::assert_snapshot!(made.new, @r"
    repos:
      # lambark:begin
      - repo: r
        hooks:
          - id: lambark-lint
      # lambark:end
    ");
    assert_eq!(again(form(), &made), Status::Same);
    let theirs =
        "default_stages: [commit]\nrepos:\n- repo: a\n  hooks:\n  - id: one # why\n\n# about ci\nci:\n  skip: [one]\n";
    let added = one(form(), Some(theirs), &[]);
    insta::assert_snapshot!(added.new, @r"
    default_stages: [commit]
    repos:
    - repo: a
      hooks:
      - id: one # why
    # lambark:begin
    - repo: r
      hooks:
        - id: lambark-lint
    # lambark:end

    # about ci
    ci:
      skip: [one]
    ");
    assert_eq!(again(form(), &added), Status::Same);
    let by_hand = "repos:\n  - repo: x\n    hooks:\n      - id: lambark-lint\n";
    assert_eq!(one(form(), Some(by_hand), &[]).status, Status::Same);
    for strange in ["repos: [{repo: a}]\n", "hooks: 1\n", "repos: {\n", "repos:\n"] {
        assert!(matches!(one(form(), Some(strange), &[]).status, Status::Refused(_)), "{strange}");
    }
}

//! Who runs this, by the environment: CI services tell, and otherwise the machine knows its user.

use lambark_ledger::{Who, WhoKind};

/// Characters of a value that are used: no name, commit or address is longer, and an environment may hold anything.
const MAX_VALUE_CHARACTERS: usize = 512;

/// Who runs this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who, and by whose word.
    pub who: Who,
    /// The commit that the pipeline stands at.
    pub commit: Option<String>,
    /// The run's address.
    pub run_url: Option<String>,
}

/// Who runs this, by the variables that `lookup` knows. It is the environment's word, not a proof.
#[must_use]
pub fn caller(lookup: impl Fn(&str) -> Option<String>) -> Caller {
    let get = |name: &str| {
        let value: String = lookup(name)?.chars().take(MAX_VALUE_CHARACTERS).collect();
        Some(value).filter(|value| !value.is_empty())
    };
    let is_true = |name: &str| get(name).is_some_and(|value| value == "true");
    if is_true("GITHUB_ACTIONS") {
        github(&get)
    } else if is_true("GITLAB_CI") {
        gitlab(&get)
    } else if get("CODEBUILD_BUILD_ID").is_some() {
        codebuild(&get)
    } else {
        let name = get("USER").or_else(|| get("LOGNAME")).or_else(|| get("USERNAME"));
        found(WhoKind::Local, name, [None, None], None, None)
    }
}

/// `octo (team/app, Deploy)`: the actor, and in which project and job.
fn found(
    kind: WhoKind,
    actor: Option<String>,
    place: [Option<String>; 2],
    commit: Option<String>,
    run_url: Option<String>,
) -> Caller {
    let actor = actor.unwrap_or_else(|| "somebody unnamed".to_owned());
    let place: Vec<String> = place.into_iter().flatten().collect();
    let name = if place.is_empty() { actor } else { format!("{actor} ({})", place.join(", ")) };
    Caller { who: Who { kind, name }, commit, run_url }
}

fn github(get: &impl Fn(&str) -> Option<String>) -> Caller {
    let run = || {
        let (server, repository) = (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?);
        let run = format!("{server}/{repository}/actions/runs/{}", get("GITHUB_RUN_ID")?);
        Some(match get("GITHUB_RUN_ATTEMPT") {
            Some(attempt) if attempt != "1" => format!("{run}/attempts/{attempt}"),
            _ => run,
        })
    };
    // Who ran a workflow again is not who ran it first.
    let actor = match (get("GITHUB_ACTOR"), get("GITHUB_TRIGGERING_ACTOR")) {
        (Some(first), Some(again)) if first != again => Some(format!("{again}, for {first}")),
        (first, again) => again.or(first),
    };
    found(WhoKind::Github, actor, [get("GITHUB_REPOSITORY"), get("GITHUB_WORKFLOW")], get("GITHUB_SHA"), run())
}

fn gitlab(get: &impl Fn(&str) -> Option<String>) -> Caller {
    let run = get("CI_JOB_URL").or_else(|| get("CI_PIPELINE_URL"));
    let place = [get("CI_PROJECT_PATH"), get("CI_JOB_NAME")];
    found(WhoKind::Gitlab, get("GITLAB_USER_LOGIN"), place, get("CI_COMMIT_SHA"), run)
}

fn codebuild(get: &impl Fn(&str) -> Option<String>) -> Caller {
    let place = [get("CODEBUILD_BUILD_ID"), None];
    let commit = get("CODEBUILD_RESOLVED_SOURCE_VERSION");
    let run = get("CODEBUILD_PUBLIC_BUILD_URL").or_else(|| console(&get("CODEBUILD_BUILD_ARN")?));
    found(WhoKind::Codebuild, get("CODEBUILD_INITIATOR"), place, commit, run)
}

/// The address of a build in AWS's console. Other partitions have other consoles.
fn console(arn: &str) -> Option<String> {
    let mut parts = arn.strip_prefix("arn:aws:codebuild:")?.splitn(3, ':');
    let (region, account, build) = (parts.next()?, parts.next()?, parts.next()?.strip_prefix("build/")?);
    let (project, _) = build.split_once(':')?;
    Some(format!(
        "https://{region}.console.aws.amazon.com/codesuite/codebuild/{account}/projects/{project}/build/{build}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn told(variables: &[(&str, &str)]) -> (String, Option<String>, Option<String>) {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let Caller { who, commit, run_url } = caller(find);
        (format!("{}: {}", who.kind, who.name), commit, run_url)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn github_tells_who() {
        let mut variables = vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "octo"),
            ("GITHUB_TRIGGERING_ACTOR", "octo"),
            ("GITHUB_REPOSITORY", "team/app"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_SERVER_URL", "https://github.example.com"),
            ("GITHUB_SHA", "abc"),
            ("GITHUB_WORKFLOW", "Deploy"),
            ("USER", "runner"),
        ];
        let run = some("https://github.example.com/team/app/actions/runs/7");
        assert_eq!(told(&variables), ("github: octo (team/app, Deploy)".to_owned(), some("abc"), run));
        variables[2].1 = "lead";
        variables[5].1 = "2";
        let (who, _, run) = told(&variables);
        assert_eq!(who, "github: lead, for octo (team/app, Deploy)");
        assert_eq!(run, some("https://github.example.com/team/app/actions/runs/7/attempts/2"));
        assert_eq!(told(&[("GITHUB_ACTIONS", "true")]).0, "github: somebody unnamed");
    }

    #[test]
    fn gitlab_and_codebuild_tell_who() {
        let gitlab = [
            ("GITLAB_CI", "true"),
            ("GITLAB_USER_LOGIN", "octo"),
            ("CI_PROJECT_PATH", "team/app"),
            ("CI_JOB_NAME", "deploy"),
            ("CI_JOB_URL", "https://gitlab.example.com/team/app/-/jobs/7"),
            ("CI_COMMIT_SHA", "abc"),
        ];
        let run = some("https://gitlab.example.com/team/app/-/jobs/7");
        assert_eq!(told(&gitlab), ("gitlab: octo (team/app, deploy)".to_owned(), some("abc"), run));
        let codebuild = [
            ("CODEBUILD_BUILD_ID", "app:b1e6"),
            ("CODEBUILD_INITIATOR", "pipeline/app"),
            ("CODEBUILD_RESOLVED_SOURCE_VERSION", "abc"),
            ("CODEBUILD_BUILD_ARN", "arn:aws:codebuild:us-east-1:123456789012:build/app:b1e6"),
        ];
        let (who, commit, run) = told(&codebuild);
        assert_eq!((who.as_str(), commit), ("codebuild: pipeline/app (app:b1e6)", some("abc")));
        let address =
            "https://us-east-1.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/app/build/app:b1e6";
        assert_eq!(run, some(address));
        assert_eq!(console("arn:aws-cn:codebuild:cn-north-1:1:build/a:b"), None);
    }

    #[test]
    fn otherwise_the_machine_knows_its_user() {
        assert_eq!(told(&[("USER", "octo"), ("GITHUB_SHA", "abc")]), ("local: octo".to_owned(), None, None));
        assert_eq!(told(&[("USER", ""), ("LOGNAME", "octo")]).0, "local: octo");
        assert_eq!(told(&[]).0, "local: somebody unnamed");
        assert_eq!(told(&[("USER", &"x".repeat(5000))]).0.len(), "local: ".len() + MAX_VALUE_CHARACTERS);
    }
}

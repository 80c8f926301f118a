//! AWS's own client and lambark's verbs against the twin: signing in, pushing, checking, and a function's whole life.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambark_aws::ecr::{NewRepository, RepositoryName};
use lambark_aws::lambda::{
    AliasUpdate, CodeUpdate, Configuration, Invocation, LastUpdateStatus, NewAlias, NewFunction, Publish, State,
};
use lambark_aws::{AccessKey, Aws, Lambda, Operation, Settings, page};
use lambark_oci::{Digest, Secret, Target};
use lambark_twin::Twin;

use crate::support::User;

pub(crate) const REPOSITORY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/app";
/// Longest that a twin's function is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A twin whose updates take a moment, with a repository.
pub(crate) fn twin() -> (Twin, Aws, User) {
    let settings = lambark_twin::Settings { settle: Duration::from_millis(300), ..lambark_twin::Settings::ephemeral() };
    let twin = Twin::start(settings).unwrap();
    let url = twin.url();
    let aws = Aws::new(move || {
        Ok(Settings {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(url.clone()),
            access_key: Some(AccessKey { id: "AKIATESTTESTTESTTEST".to_owned(), secret: Secret::new("not-real") }),
            ..Settings::default()
        })
    });
    let new = NewRepository { name: "app".to_owned(), immutable_tags: false, scan_on_push: true };
    assert!(aws.ecr(None).unwrap().create_repository(&new).unwrap().scan_on_push);
    let user = User::at_root()
        .with("AWS_ENDPOINT_URL", &twin.url())
        .with("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        .with("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key");
    (twin, aws, user)
}

/// Polls until `settled`, as a deployment does.
pub(crate) fn wait(
    lambda: &dyn Lambda,
    qualifier: Option<&str>,
    settled: impl Fn(&Configuration) -> bool,
) -> Configuration {
    let begun = Instant::now();
    loop {
        let now = lambda.function("app", qualifier).unwrap().configuration;
        if settled(&now) {
            return now;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not settle: {now:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn active(configuration: &Configuration) -> bool {
    configuration.state == Some(State::Active)
}

/// Pushes the attested example, mended, and returns the image to deploy.
pub(crate) fn pushed(user: &User, tag: &str) -> String {
    let name = format!("{REPOSITORY}:{tag}");
    let run = user.run(&["push", "examples/attested.tar", &name, "--quiet"]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    let output = user.command(&["resolve", &name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_image_is_pushed_checked_and_known_to_ecr() {
    let (_twin, aws, user) = twin();
    let image = pushed(&user, "v1");
    let run = user.run(&["check", &format!("{REPOSITORY}:v1"), "--depth", "files", "--verbose"]);
    assert!(run.contains("repository-policy") && run.starts_with("exit code: 0"), "{run}");
    let digest: Digest = image.split_once('@').unwrap().1.parse().unwrap();
    let ecr = aws.ecr(None).unwrap();
    let app = RepositoryName { account: None, name: "app".to_owned() };
    let stored = ecr.images(&app, &[Target::Digest(digest.clone())]).unwrap();
    assert_eq!(stored[0].tags, ["v1"]);
    let manifests = ecr.manifests(&app, &[Target::Tag("v1".to_owned()), Target::Tag("v9".to_owned())]).unwrap();
    assert_eq!((&manifests.found[0].digest, manifests.failed.len()), (&digest, 1));
    // With the policy that lambark prints, nothing is left to say.
    let policy = user.command(&["policy", "repository"]).output().unwrap();
    ecr.set_policy(&app, std::str::from_utf8(&policy.stdout).unwrap()).unwrap();
    let run = user.run(&["check", &format!("{REPOSITORY}:v1"), "--depth", "files"]);
    assert!(run.contains("verdict accepted"), "{run}");
}

#[test]
fn a_function_lives_as_the_traits_say() {
    let (_twin, aws, user) = twin();
    let image = pushed(&user, "v1");
    let lambda = aws.lambda(None).unwrap();
    let missing = lambda.function("app", None).unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    let made = lambda.create(&NewFunction::new("app", &image, ROLE)).unwrap();
    assert_eq!((made.state, made.last_update_status), (Some(State::Pending), None));
    let busy = lambda.publish("app", &Publish::default()).unwrap_err();
    assert!(busy.is_conflict(), "{busy}");
    let ready = wait(&*lambda, None, active);
    assert_ne!(ready.revision_id, made.revision_id, "settling changes it");
    assert_eq!(ready.image_digest().unwrap().to_string(), image.split_once('@').unwrap().1);
    update_and_publish(&lambda, &user, made.revision_id);
    lambda.delete("app", None).unwrap();
    assert!(lambda.function("app", None).unwrap_err().is_not_found());
    assert!(aws.calls()[&Operation::GetFunction] > 2);
}

/// The order of a deployment: code, wait, publish, alias.
fn update_and_publish(lambda: &Arc<dyn Lambda>, user: &User, stale: Option<String>) {
    let image = pushed(user, "v2");
    let update = |revision_id| CodeUpdate { image_uri: image.clone(), revision_id, ..CodeUpdate::default() };
    let refused = lambda.update_code("app", &update(stale)).unwrap_err();
    assert!(refused.is_precondition_failed(), "{refused}");
    let current = lambda.function("app", None).unwrap().configuration.revision_id;
    let updating = lambda.update_code("app", &update(current)).unwrap();
    assert_eq!(updating.last_update_status, Some(LastUpdateStatus::InProgress));
    let done = wait(&**lambda, None, |now| now.last_update_status == Some(LastUpdateStatus::Successful));
    let publish = Publish { code_sha256: done.code_sha256, revision_id: done.revision_id, ..Publish::default() };
    let version = lambda.publish("app", &publish).unwrap().version;
    assert_eq!(version, "1");
    wait(&**lambda, Some(&version), active);
    let new = NewAlias { name: "live".to_owned(), version: "$LATEST".to_owned(), ..NewAlias::default() };
    let alias = lambda.create_alias("app", &new).unwrap();
    let move_it =
        AliasUpdate { version: Some(version.clone()), revision_id: alias.revision_id, ..AliasUpdate::default() };
    assert_eq!(lambda.update_alias("app", "live", &move_it).unwrap().version, version);
    assert!(lambda.update_alias("app", "live", &move_it).unwrap_err().is_precondition_failed());
    let versions = page::all(Operation::ListVersionsByFunction, |marker| lambda.versions("app", marker)).unwrap();
    assert_eq!(versions.iter().map(|it| it.version.as_str()).collect::<Vec<_>>(), ["$LATEST", "1"]);
    // Without a script and without a sandbox the twin runs nothing, and says so instead of making up a success.
    let invocation =
        Invocation { function: "app".to_owned(), qualifier: Some("live".to_owned()), ..Invocation::default() };
    assert!(lambda.invoke(&invocation).is_err());
}

#[test]
fn an_image_that_is_not_there_is_refused_in_lambda_s_words() {
    let (_twin, aws, user) = twin();
    let image = pushed(&user, "v1");
    let lambda = aws.lambda(None).unwrap();
    let gone = image.replace("sha256:", "sha256:0000").split_at(image.len()).0.to_owned();
    let error = lambda.create(&NewFunction::new("app", &gone, ROLE)).unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValueException"), "{error}");
    assert!(error.to_string().contains("does not exist. Provide a valid source image."), "{error}");
    assert!(error.refusal().unwrap().request_id.is_some(), "{error}");
}

#[test]
fn a_repository_is_created_when_it_is_asked_for_and_only_then() {
    let (_twin, aws, user) = twin();
    let host = REPOSITORY.rsplit_once('/').unwrap().0;
    let name = format!("{host}/team/new:v1");
    let push = |flags: &[&str]| user.run(&[&["push", "examples/attested.tar", &name], flags].concat());
    let missing = push(&["--quiet"]);
    assert!(missing.starts_with("exit code: 3") && missing.contains("--create-repository"), "{missing}");
    let planned = push(&["--create-repository", "--plan", "--quiet"]);
    assert!(planned.starts_with("exit code: 0"), "{planned}");
    let ecr = aws.ecr(None).unwrap();
    let new = RepositoryName { account: None, name: "team/new".to_owned() };
    assert!(ecr.repository(&new).unwrap_err().is_not_found(), "a plan creates nothing");
    let made = push(&["--create-repository", "--immutable-tags", "--scan-on-push"]);
    assert!(made.starts_with("exit code: 0") && made.contains("created the repository"), "{made}");
    let repository = ecr.repository(&new).unwrap();
    assert_eq!((repository.is_immutable("v1"), repository.scan_on_push), (Some(true), true));
    // It is there now, and so is the image: an immutable tag is no obstacle to the same image.
    let again = push(&["--create-repository", "--format", "json", "--quiet"]);
    assert!(again.starts_with("exit code: 0") && again.contains("\"createdRepository\": false"), "{again}");
    assert!(again.contains("\"alreadyThere\": true"), "{again}");
    let other = user.run(&["push", "examples/attested.tar", "127.0.0.1:1/app:v1", "--create-repository", "--plan"]);
    assert!(other.starts_with("exit code: 0"), "{other}");
}

/// The actions of a verb's policy for a service, with those that only make its work better or not.
fn allowed(user: &User, verb: &str, service: &str, optional: bool) -> BTreeSet<String> {
    let output = user.command(&["policy", verb, "--format", "json"]).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let needs = document["needs"].as_array().unwrap().iter();
    let needs = needs.filter(|need| optional || need["statement"] != "OptionalQuestions");
    let actions = needs.map(|need| need["action"].as_str().unwrap().to_owned());
    actions.filter(|action| action.starts_with(&format!("{service}:"))).collect()
}

/// What the twin was asked of Lambda since it was asked last.
fn asked(twin: &Twin) -> BTreeSet<String> {
    let control = twin.control();
    let known = Operation::ALL.iter().filter(|known| known.action().starts_with("lambda:"));
    let counts = control.counts().requests;
    let asked = known.filter(|known| counts.contains_key(known.name())).map(|known| known.action().to_owned());
    let asked = asked.collect();
    control.reset();
    asked
}

#[test]
fn verbs_of_functions_ask_lambda_for_what_their_policies_allow_and_no_more() {
    let (twin, _aws, user) = twin();
    pushed(&user, "v1");
    let run = user.run(&["push", "examples/attested.tar", &format!("{REPOSITORY}:v2"), "--as", "docker", "--quiet"]);
    assert!(run.starts_with("exit code: 0"), "{run}");
    let deploy = |tag: &str, more: &[&str]| {
        let image = format!("{REPOSITORY}:{tag}");
        let run = user.run(&[&["deploy", "--function", "app", "--image", &image, "--alias", "live"], more].concat());
        assert!(run.starts_with("exit code: 0"), "{run}");
    };
    asked(&twin);
    deploy("v1", &["--create", "--role", ROLE]);
    deploy("v2", &[]);
    let allowed_to_deploy = allowed(&user, "deploy", "lambda", true);
    assert!(asked(&twin).is_subset(&allowed_to_deploy), "{allowed_to_deploy:?}");
    for verb in ["status", "rollback"] {
        let run = user.run(&[verb, "--function", "app", "--alias", "live", "--region", "eu-central-1"]);
        assert!(run.starts_with("exit code: 0"), "{run}");
        assert_eq!(asked(&twin), allowed(&user, verb, "lambda", false), "{verb}");
    }
}

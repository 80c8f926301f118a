//! What a person sees of a deployment that goes well, and of one that is refused before it began.

use insta::assert_snapshot;
use lambark_oci::{Compression, Digest, Family};
use lambark_testkit::images::{File, Image, Layer, Store, bootstrap, good_files};

use crate::bench::{Bench, HOST, REPOSITORY, ROLE, by_digest, good};

#[test]
fn an_alias_moves_at_once() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_snapshot!("alias_at_once", bench.show(&run));
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new.clone()));
    let newest = &bench.versions("app")[0];
    let note = newest.note.as_ref().unwrap();
    assert_eq!((newest.number, &note.from, note.from_version.as_deref()), (2, &Some(old), Some("1")));
    assert_eq!(note.alias.as_deref(), Some("live"));

    // The same once more changes nothing and says so.
    let again = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_snapshot!("again", bench.show(&again));
    assert_eq!((bench.versions("app").len(), bench.serves("app")), (2, new));
}

#[test]
fn machines_read_the_same_story() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let run = bench.deploy("app", 2, &["--alias", "live", "--format", "json"]).ends(0);
    assert_snapshot!("json", bench.show(&run));
    assert_eq!(run.json()["end"]["is"], "deployed");
}

#[test]
fn a_canary_rises_in_steps() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    let run = bench.deploy("app", 2, &["--alias", "live", "--canary", "10,50", "--wait", "100ms"]).ends(0);
    assert_snapshot!("canary", bench.show(&run));
    assert_eq!(bench.control().counts().requests["UpdateAlias"], 3);
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
}

#[test]
fn without_an_alias_latest_has_the_traffic() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.function("app", &old);
    let run = bench.deploy("app", 2, &[]).ends(0);
    assert_snapshot!("without_alias", bench.show(&run));
    assert_eq!(bench.latest("app"), new);
    let digests: Vec<_> = bench.versions("app").into_iter().map(|version| version.digest.unwrap()).collect();
    assert_eq!(digests, [new, old.clone()], "what ran has a number to go back to");
    assert_eq!(bench.versions("app")[0].note.as_ref().unwrap().from, Some(old));
}

#[test]
fn an_alias_that_is_not_there_is_made() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.function("app", &old);
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_snapshot!("new_alias", bench.show(&run));
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
    // What everybody called until then has a number, so that the alias can go back to it.
    bench.rollback("app", &["--alias", "live"]).ends(0);
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
}

#[test]
fn an_alias_of_latest_gets_a_version() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.function("app", &old);
    bench.alias("app", "live", "$LATEST");
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_snapshot!("alias_of_latest", bench.show(&run));
    assert_eq!((bench.points("app").0.as_str(), bench.serves("app")), ("2", new));
    assert_eq!(bench.versions("app")[1].digest, Some(old.clone()));
    // And what it replaced is found again.
    bench.rollback("app", &["--alias", "live"]).ends(0);
    assert_eq!((bench.serves("app"), bench.latest("app")), (old.clone(), old));
}

#[test]
fn a_function_is_made_when_it_is_asked_for_and_only_then() {
    let bench = Bench::new();
    let image = bench.image(1);
    let missing = bench.deploy("new", 1, &["--alias", "live"]).ends(3);
    assert_snapshot!("no_function", bench.show(&missing));
    assert!(bench.lambda.function("new", None).unwrap_err().is_not_found());
    let run = bench.deploy("new", 1, &["--alias", "live", "--create", "--role", ROLE]).ends(0);
    assert_snapshot!("create", bench.show(&run));
    assert_eq!((bench.serves("new"), bench.latest("new")), (image.clone(), image));
}

#[test]
fn the_child_of_an_attested_index_is_deployed_and_kept_by_a_tag() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    let image = good(2);
    let child = Digest::of(&image.manifest_bytes());
    bench.push(&image.attested("x"), REPOSITORY, "v2");
    bench.call("child", &child);
    let run = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_snapshot!("attested_index", bench.show(&run));
    assert_eq!((bench.latest("app"), bench.serves("app")), (child.clone(), child.clone()));
    let tag = format!("{REPOSITORY}:lambark-{}", child.short());
    let resolved = bench.run(&["resolve", &tag]).ends(0);
    assert_eq!(resolved.stdout.trim(), by_digest(&child));
}

#[test]
fn what_lambda_would_refuse_is_mended_when_that_is_wanted() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    let store = mixed().store("x");
    bench.push(&store, REPOSITORY, "v2");
    let refused = bench.deploy("app", 2, &["--alias", "live"]).ends(1);
    assert_snapshot!("not_deployable", bench.show(&refused));
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old.clone()));
    let run = bench.deploy("app", 2, &["--alias", "live", "--fix"]).ends(0).tells("mended:");
    assert_eq!(bench.latest("app"), bench.serves("app"));
    assert!(bench.latest("app") != old && bench.latest("app") != store.top().digest, "{}", run.all());
}

/// Nothing of these reaches the function.
#[test]
fn what_cannot_work_is_refused_with_the_reason() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.live_function("app", &old);
    let mut arm = good(2);
    arm.layers = Image::new(Family::Oci, Compression::Gzip, &arm_files()).layers;
    arm.config["architecture"] = "arm64".into();
    bench.push(&arm.store("x"), REPOSITORY, "v2");
    let run = |image: &str, code| {
        let run = bench.run(&["deploy", "--function", "app", "--image", image, "--alias", "live", "--no-progress"]);
        run.ends(code)
    };
    bench.control().reset();
    assert_snapshot!("architecture", bench.show(&run(&format!("{REPOSITORY}:v2"), 1)));
    let other = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1";
    assert_snapshot!("other_region", bench.show(&run(other, 1)));
    assert_snapshot!("not_ecr", bench.show(&run("docker.io/library/app:v1", 1)));
    assert_snapshot!("gone", bench.show(&run(&format!("{REPOSITORY}:v9"), 3)));
    let none = bench.deploy("app", 1, &["--alias", "new", "--canary", "10"]).ends(2);
    assert_snapshot!("no_canary", bench.show(&none));
    bench.deploy("app", 1, &["--canary", "10"]).ends(2).tells("no alias is named");
    assert_eq!(bench.changes(), []);
    assert_eq!((bench.latest("app"), bench.serves("app")), (old.clone(), old));
}

/// A Docker image with a layer that is not compressed and one in zstd, which Docker's format does not know.
pub(crate) fn mixed() -> Image {
    let more = [File::directory("opt/"), File::new("opt/more.txt", "more\n")];
    let layers = vec![
        Layer::new(Family::Docker, Compression::None, &good_files()),
        Layer::new(Family::Docker, Compression::Zstd, &more),
    ];
    Image::of_layers(Family::Docker, layers)
}

fn arm_files() -> Vec<File> {
    vec![
        File::directory("var/"),
        File::directory("var/task/"),
        File::new("var/task/bootstrap", bootstrap(183)).mode(0o755),
    ]
}

#[test]
fn a_zip_function_stays_one() {
    let bench = Bench::new();
    bench.image(1);
    bench.zip_function("old");
    let run = bench.deploy("old", 1, &[]).ends(2);
    assert_snapshot!("zip", bench.show(&run));
    bench.rollback("old", &[]).ends(2).tells("zip archive");
}

#[test]
fn there_has_to_be_a_way_back_or_consent() {
    let bench = Bench::new();
    let (old, other, new) = (bench.image(1), bench.image(2), bench.image(3));
    bench.live_function("app", &old);
    // `$LATEST` runs something else, so that it is the alias alone whose image is lost.
    bench.update("app", &other);
    bench.archive_image(&old);
    bench.control().reset();
    let run = bench.deploy("app", 3, &["--alias", "live"]).ends(4);
    assert_snapshot!("no_way_back", bench.show(&run));
    assert_eq!(bench.changes(), []);
    bench.deploy("app", 3, &["--alias", "live", "--without-way-back"]).ends(0);
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
}

#[test]
fn a_function_whose_image_is_gone_is_mended_by_a_deployment() {
    for archived in [true, false] {
        let bench = Bench::new();
        let (old, new) = (bench.image(1), bench.image(2));
        bench.live_function("app", &old);
        if archived {
            bench.archive_image(&old);
        } else {
            bench.delete_image(&old);
        }
        bench.status("app", &["--alias", "live"]).ends(1).tells("ImageDeleted");
        let run = bench.deploy("app", 2, &["--alias", "live"]).ends(0);
        if !archived {
            assert_snapshot!("broken_function", bench.show(&run));
        }
        assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
    }
}

/// A function that sleeps is none that is broken: what it ran has to be there to go back to.
#[test]
fn a_function_that_sleeps_is_deployed_like_any_other() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    bench.live_function("app", &old);
    assert!(bench.control().idle("app"));
    bench.deploy("app", 2, &["--alias", "live"]).ends(0);
    assert_eq!((bench.latest("app"), bench.serves("app")), (new.clone(), new));
}

#[test]
fn an_image_of_another_repository_in_the_region_is_fine() {
    let bench = Bench::new();
    let old = bench.image(1);
    bench.function("app", &old);
    let new = lambark_aws::ecr::NewRepository { name: "team/b".into(), immutable_tags: true, scan_on_push: false };
    bench.aws.ecr(None).unwrap().create_repository(&new).unwrap();
    let store: Store = good(2).store("x");
    let digest = bench.push(&store, &format!("{HOST}/team/b"), "v2");
    bench.run(&["deploy", "--function", "app", "--image", &format!("{HOST}/team/b:v2")]).ends(0);
    assert_eq!(bench.latest("app"), digest);
    bench.rollback("app", &[]).ends(0);
    assert_eq!(bench.latest("app"), old);
}

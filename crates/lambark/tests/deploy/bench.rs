//! A twin with a repository, images that every gate accepts, and functions.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lambark::ecr::{EcrControl, EcrCredentials, SignIn};
use lambark::operations::deployment::live::{Version, versions};
use lambark_aws::ecr::NewRepository;
use lambark_aws::lambda::{
    Alias, AliasUpdate, CodeUpdate, Configuration, LastUpdateStatus, NewAlias, NewFunction, Publish, State, Weights,
};
use lambark_aws::{AccessKey, Aws, Lambda, Settings};
use lambark_images::{Access, open, push_as_is};
use lambark_oci::{Compression, Digest, Family, Reference, Secret};
use lambark_testkit::images::{File, Image, Store, good_files};
use lambark_twin::{Control, Twin};

use crate::run::{Run, without_times};
use crate::support::User;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
pub(crate) const REPOSITORY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/app";
/// Longest that anything is waited for; a machine busy with builds takes seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Everything that a test of a deployment needs.
pub(crate) struct Bench {
    pub(crate) twin: Twin,
    pub(crate) aws: Arc<Aws>,
    pub(crate) lambda: Arc<dyn Lambda>,
    pub(crate) access: Access,
    pub(crate) user: User,
    /// Digests by the name that stands for them in what is shown.
    known: Mutex<Vec<(String, Digest)>>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::settling(Duration::from_millis(80))
    }

    /// A twin whose updates take so long.
    pub(crate) fn settling(settle: Duration) -> Bench {
        let settings =
            lambark_twin::Settings { settle, region: REGION.to_owned(), ..lambark_twin::Settings::ephemeral() };
        let twin = Twin::start(settings).unwrap();
        let url = twin.url();
        let aws = Arc::new(Aws::new(move || {
            Ok(Settings {
                region: Some(REGION.to_owned()),
                endpoint_url: Some(url.clone()),
                access_key: Some(AccessKey { id: "AKIATESTTESTTESTTEST".to_owned(), secret: Secret::new("not-real") }),
                ..Settings::default()
            })
        }));
        let new = NewRepository { name: "app".to_owned(), immutable_tags: false, scan_on_push: false };
        aws.ecr(None).unwrap().create_repository(&new).unwrap();
        let sign_in = Arc::new(SignIn::new(Arc::clone(&aws)));
        let control = Arc::new(EcrControl::new(Arc::clone(&sign_in)));
        let access = Access::new(false, move || {
            let options = lambark_registry::Options::default();
            let credentials = Arc::new(EcrCredentials::new(Arc::clone(&sign_in), Arc::clone(&options.credentials)));
            Ok(lambark_registry::Options { credentials, ..options })
        });
        let user = User::elsewhere()
            .with("AWS_ENDPOINT_URL", &twin.url())
            .with("AWS_REGION", REGION)
            .with("LAMBARK_LEDGER", "none")
            .with("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
            .with("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-key");
        let lambda = aws.lambda(None).unwrap();
        Bench { twin, aws, lambda, access: access.with_control(control), user, known: Mutex::default() }
    }

    pub(crate) fn control(&self) -> Control {
        self.twin.control()
    }

    /// Gives a user's environment one more variable.
    pub(crate) fn with(self, variable: &str, value: &str) -> Bench {
        Bench { user: self.user.with(variable, value), ..self }
    }

    // ---- images

    /// Pushes what a store's first name points at, every byte as it is.
    pub(crate) fn push(&self, store: &Store, repository: &str, tag: &str) -> Digest {
        let file = tempfile::Builder::new().suffix(".tar").tempfile().unwrap();
        store.write_archive(file.path());
        let name = lambark::operations::name(&file.path().display().to_string()).unwrap();
        let to: Reference = format!("{repository}:{tag}").parse().unwrap();
        push_as_is(&open(&name, &self.access).unwrap(), &to, &self.access).unwrap();
        let digest = store.top().digest.clone();
        self.known.lock().unwrap().push((tag.to_owned(), digest.clone()));
        digest
    }

    /// Pushes an image that every gate accepts, unlike every other number's, under the tag `v<number>`.
    pub(crate) fn image(&self, number: u32) -> Digest {
        self.push(&good(number).store("x"), REPOSITORY, &format!("v{number}"))
    }

    /// A digest that stands in what is shown, by name.
    pub(crate) fn call(&self, name: &str, digest: &Digest) {
        self.known.lock().unwrap().push((name.to_owned(), digest.clone()));
    }

    // ---- functions

    /// A function that runs an image, once it is active.
    pub(crate) fn function(&self, name: &str, digest: &Digest) {
        self.lambda.create(&NewFunction::new(name, &by_digest(digest), ROLE)).unwrap();
        self.settled(name);
    }

    /// A function whose version 1 has an alias `live`.
    pub(crate) fn live_function(&self, name: &str, digest: &Digest) {
        self.published_function(name, digest, true);
    }

    /// A function with a version 1, and perhaps an alias `live` for it.
    pub(crate) fn published_function(&self, name: &str, digest: &Digest, alias: bool) {
        self.function(name, digest);
        self.publish(name);
        if alias {
            self.alias(name, "live", "1");
        }
    }

    /// Publishes a version as somebody without lambark does.
    pub(crate) fn publish(&self, name: &str) -> String {
        let version = self.lambda.publish(name, &Publish::default()).unwrap().version;
        self.wait(name, Some(&version), |now| now.state != Some(State::Pending));
        version
    }

    /// Gives `$LATEST` an image as somebody without lambark does.
    pub(crate) fn update(&self, name: &str, digest: &Digest) {
        let update = CodeUpdate { image_uri: by_digest(digest), ..CodeUpdate::default() };
        self.lambda.update_code(name, &update).unwrap();
        self.settled(name);
    }

    pub(crate) fn alias(&self, name: &str, alias: &str, version: &str) {
        let new = NewAlias { name: alias.to_owned(), version: version.to_owned(), ..NewAlias::default() };
        self.lambda.create_alias(name, &new).unwrap();
    }

    /// A version of an image that has this share of the alias's traffic, as a canary that broke off leaves it.
    pub(crate) fn share(&self, name: &str, digest: &Digest, share: f64) -> String {
        self.update(name, digest);
        let version = self.publish(name);
        let weights = Some(Weights::from([(version.clone(), share)]));
        self.lambda.update_alias(name, "live", &AliasUpdate { weights, ..AliasUpdate::default() }).unwrap();
        version
    }

    pub(crate) fn settled(&self, name: &str) -> Configuration {
        self.wait(name, None, |now| {
            now.state != Some(State::Pending) && now.last_update_status != Some(LastUpdateStatus::InProgress)
        })
    }

    fn wait(&self, name: &str, qualifier: Option<&str>, settled: impl Fn(&Configuration) -> bool) -> Configuration {
        until(|| Some(self.lambda.function(name, qualifier).unwrap().configuration).filter(&settled))
    }

    /// `$LATEST`'s image.
    pub(crate) fn latest(&self, name: &str) -> Digest {
        self.settled(name).image_digest().unwrap()
    }

    /// Where the alias `live` points, and with which shares.
    pub(crate) fn points(&self, name: &str) -> (String, Weights) {
        let Alias { version, weights, .. } = self.lambda.alias(name, "live").unwrap();
        (version, weights)
    }

    /// The image of all of the traffic of the alias `live`.
    pub(crate) fn serves(&self, name: &str) -> Digest {
        let (version, weights) = self.points(name);
        assert!(weights.is_empty(), "{weights:?}");
        self.lambda.function(name, Some(&version)).unwrap().configuration.image_digest().unwrap()
    }

    pub(crate) fn versions(&self, name: &str) -> Vec<Version> {
        versions(&*self.lambda, name).unwrap()
    }

    // ---- commands

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.user.command(arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// `lambark deploy --function NAME --image …:v<number>` and more.
    pub(crate) fn deploy(&self, name: &str, number: u32, more: &[&str]) -> Run {
        let image = tagged(number);
        self.run(&[&["deploy", "--function", name, "--image", &image, "--no-progress"], more].concat())
    }

    pub(crate) fn rollback(&self, name: &str, more: &[&str]) -> Run {
        self.run(&[&["rollback", "--function", name], more].concat())
    }

    pub(crate) fn status(&self, name: &str, more: &[&str]) -> Run {
        self.run(&[&["status", "--function", name], more].concat())
    }

    /// Requests that reached the twin and were of the kind that changes something.
    pub(crate) fn changes(&self) -> Vec<(String, u64)> {
        self.control().counts().changes.into_iter().collect()
    }

    /// What was run, with everything hidden that differs from run to run.
    pub(crate) fn show(&self, run: &Run) -> String {
        let mut text = run.all();
        for (name, digest) in &*self.known.lock().unwrap() {
            text = text.replace(digest.hex(), &format!("<{name}>")).replace(digest.short(), &format!("<{name}>"));
        }
        text = text.replace(&self.twin.address().to_string(), "<TWIN>");
        text.lines().map(|line| format!("{}\n", without_times(line))).collect()
    }
}

/// An image that every gate accepts, unlike every other number's.
pub(crate) fn good(number: u32) -> Image {
    let mut files = good_files();
    files.push(File::new("var/task/version.txt", format!("{number}\n")));
    Image::new(Family::Oci, Compression::Gzip, &files)
}

pub(crate) fn by_digest(digest: &Digest) -> String {
    format!("{REPOSITORY}@{digest}")
}

pub(crate) fn tagged(number: u32) -> String {
    format!("{REPOSITORY}:v{number}")
}

/// Looks again until there is something to see.
pub(crate) fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "it never comes");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Writes a file where a user stands.
pub(crate) fn write(user: &User, name: &str, content: &str) {
    std::fs::write(Path::new(user.directory()).join(name), content).unwrap();
}

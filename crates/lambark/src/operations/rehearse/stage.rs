//! The twin, and the clients that speak to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambark_aws::lambda::{
    AliasUpdate, CodeUpdate, Configuration, Function, Invocation, LastUpdateStatus, NewAlias, NewFunction, Publish,
    State,
};
use lambark_aws::{AccessKey, Aws, Ecr, Lambda, ecr};
use lambark_images::repair::undo::UndoStore;
use lambark_images::repair::{self, Options, Request};
use lambark_images::{Access, Error, Gather, Progress, Silent, Top, open, push_as_is};
use lambark_oci::{ImageName, RawDocument, Reference};
use lambark_registry::auth::Fixed;
use lambark_rules::facts::Asked;
use lambark_rules::{Needs, Severity};
use lambark_twin::Twin;

use super::{Settings, Step, refusal};
use crate::failure::Failure;
use crate::operations::fix::unmended;

/// The alias that is moved.
const ALIAS: &str = "live";
/// Between two looks at a function that has not settled. The twin is near and nobody shares its quota.
const POLL: Duration = Duration::from_millis(50);
/// How long a function may take beyond the time that the twin was told.
const PATIENCE: Duration = Duration::from_secs(30);

/// A twin with one repository, and the way to it.
pub(super) struct Stage {
    name: String,
    asked: Asked,
    settle: Duration,
    event: Option<Vec<u8>>,
    account: String,
    region: String,
    twin: Twin,
    lambda: Arc<dyn Lambda>,
    access: Access,
    progress: Arc<dyn Progress>,
    /// Where the repairs keep what they replaced; gone with the twin.
    state: tempfile::TempDir,
}

impl Stage {
    /// Starts the twin and creates the repository.
    pub(super) fn set(settings: &Settings, name: String, progress: &Arc<dyn Progress>) -> Result<Stage, Failure> {
        let twin = lambark_twin::Settings {
            settle: settings.settle,
            pessimistic: settings.pessimistic,
            invoker: settings.invoker.clone(),
            ..lambark_twin::Settings::ephemeral()
        };
        let (account, region) = (twin.account.clone(), twin.region.clone());
        let twin = Twin::start(twin)?;
        let aws = clients(&twin, &region);
        let ecr = aws.ecr(None)?;
        let new = ecr::NewRepository { name: name.clone(), immutable_tags: false, scan_on_push: false };
        ecr.create_repository(&new)?;
        let state = tempfile::tempdir()
            .map_err(|source| Failure::Image(Error::Write { path: std::env::temp_dir(), source }))?;
        Ok(Stage {
            name,
            asked: settings.asked,
            settle: settings.settle,
            event: settings.event.clone(),
            account,
            region,
            lambda: aws.lambda(None)?,
            access: registry(&*ecr)?,
            twin,
            progress: Arc::clone(progress),
            state,
        })
    }

    pub(super) fn ready(&self) -> Step {
        Step::Ready { url: self.twin.url(), account: self.account.clone(), region: self.region.clone() }
    }

    /// Pushes an image and deploys it, mended if it is refused; returns whether the function runs it then.
    pub(super) fn play(
        &self,
        image: &str,
        name: &ImageName,
        tag: &str,
        access: &Access,
        tell: &mut dyn FnMut(Step),
    ) -> Result<bool, Failure> {
        let reference = self.reference(tag)?;
        let (document, as_it_is) = self.push(name, &reference, access)?;
        let kind = document.media_type().describe().to_string();
        let uri = self.uri(&format!(":{tag}"));
        tell(Step::Pushed {
            image: image.to_owned(),
            uri: uri.clone(),
            kind,
            digest: document.digest().clone(),
            as_it_is,
        });
        if !self.deploy(&uri, tell)? {
            let Some(mended) = self.mend(&reference, tell)? else { return Ok(false) };
            if !self.deploy(&self.uri(&format!("@{}", mended.digest())), tell)? {
                return Ok(false);
            }
        }
        let version = self.publish(tell)?;
        self.invoke(&version, tell)
    }

    /// What stands under the name then, and whether it is what it was.
    fn push(&self, name: &ImageName, to: &Reference, access: &Access) -> Result<(RawDocument, bool), Failure> {
        let source = open(name, access)?;
        if let Top::Document(_) = source.top()? {
            return Ok((push_as_is(&source, to, &self.access)?, true));
        }
        // A classic docker archive has no manifest: whoever pushes it makes one. The twin is on this machine, so one
        // way to reach images serves both ends.
        let target = ImageName::Registry(to.clone());
        let outcome = self.repair(name, Some(&target), Needs::Files)?;
        let arrived = outcome.applied.map(|applied| applied.image);
        arrived.map(|image| (image, false)).ok_or_else(|| {
            Failure::Image(Error::Usage(format!("{name} could not be brought to the twin: nothing was planned")))
        })
    }

    fn repair(&self, from: &ImageName, to: Option<&ImageName>, depth: Needs) -> Result<repair::Outcome, Failure> {
        let undo = UndoStore::new(self.state.path());
        let request = Request {
            from,
            to,
            gather: Gather { depth, asked: self.asked },
            options: Options::default(),
            reuse_from: None,
            cache: None,
            undo: &undo,
        };
        let silent: Arc<dyn Progress> = Arc::new(Silent);
        Ok(repair::prepare(&request, &self.access, &silent)?.carry_out(&self.access, &silent)?)
    }

    /// Mends what stands under the name; `None` if no repair would change anything.
    fn mend(&self, reference: &Reference, tell: &mut dyn FnMut(Step)) -> Result<Option<RawDocument>, Failure> {
        let outcome = match self.repair(&ImageName::Registry(reference.clone()), None, Needs::Files) {
            Ok(outcome) => outcome,
            Err(Failure::Image(Error::Damaged { reason })) => {
                tell(Step::Hopeless { reason });
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        let Some(applied) = &outcome.applied else {
            let errors = unmended(&outcome.judgement, false).filter(|finding| finding.severity == Severity::Error);
            let mut rules: Vec<&str> = errors.map(|finding| finding.rule).collect();
            rules.dedup();
            let reason = if rules.is_empty() { "no rule knows why".to_owned() } else { rules.join(", ") };
            tell(Step::Hopeless { reason });
            return Ok(None);
        };
        tell(Step::Mended {
            steps: outcome.plan.steps(),
            kind: applied.image.media_type().describe().to_string(),
            digest: applied.image.digest().clone(),
        });
        Ok(Some(applied.image.clone()))
    }

    /// Creates or updates the function; returns whether it runs the image then.
    fn deploy(&self, uri: &str, tell: &mut dyn FnMut(Step)) -> Result<bool, Failure> {
        let exists = match self.lambda.function(&self.name, None) {
            Ok(_) => true,
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(error.into()),
        };
        let (call, answer) = if exists {
            let update = CodeUpdate { image_uri: uri.to_owned(), ..CodeUpdate::default() };
            ("UpdateFunctionCode", self.lambda.update_code(&self.name, &update))
        } else {
            let role = format!("arn:aws:iam::{}:role/rehearsal", self.account);
            let mut new = NewFunction::new(&self.name, uri, &role);
            new.architecture = self.asked.architecture;
            ("CreateFunction", self.lambda.create(&new))
        };
        let first = match answer {
            Ok(configuration) => configuration,
            Err(error) => {
                tell(Step::Refused(refusal(error)?));
                return Ok(false);
            }
        };
        self.progress.step(&format!("{call} was taken; the function settles"));
        let (states, last) = self.settled(&first, exists)?;
        let failure = failure(&last.configuration, exists);
        let fine = failure.is_none();
        tell(Step::Settled { call, states, failure });
        if !fine && !exists {
            // A function whose creation failed has to be made again.
            self.lambda.delete(&self.name, None)?;
        }
        Ok(fine)
    }

    /// Looks until a creation or an update is over; what it went through, and what is there then.
    fn settled(&self, first: &Configuration, update: bool) -> Result<(Vec<String>, Function), Failure> {
        let mut states = vec![word(first, update)];
        let end = Instant::now() + self.settle + PATIENCE;
        loop {
            let now = self.lambda.function(&self.name, None)?;
            let state = word(&now.configuration, update);
            if states.last() != Some(&state) {
                states.push(state);
            }
            if !is_under_way(&now.configuration, update) || Instant::now() > end {
                return Ok((states, now));
            }
            std::thread::sleep(POLL);
        }
    }

    fn publish(&self, tell: &mut dyn FnMut(Step)) -> Result<String, Failure> {
        // Read again: the end of an update changes the revision.
        let now = self.lambda.function(&self.name, None)?.configuration;
        let publish = Publish { code_sha256: now.code_sha256, revision_id: now.revision_id, description: None };
        let published = self.lambda.publish(&self.name, &publish)?;
        let version = published.version;
        match self.lambda.alias(&self.name, ALIAS) {
            Ok(alias) => {
                let update = AliasUpdate {
                    version: Some(version.clone()),
                    revision_id: alias.revision_id,
                    ..AliasUpdate::default()
                };
                self.lambda.update_alias(&self.name, ALIAS, &update)?;
            }
            Err(error) if error.is_not_found() => {
                let new = NewAlias { name: ALIAS.to_owned(), version: version.clone(), ..NewAlias::default() };
                self.lambda.create_alias(&self.name, &new)?;
            }
            Err(error) => return Err(error.into()),
        }
        tell(Step::Published { version: version.clone(), alias: ALIAS });
        Ok(version)
    }

    /// Invokes the version through the alias; returns whether it comes up.
    fn invoke(&self, version: &str, tell: &mut dyn FnMut(Step)) -> Result<bool, Failure> {
        let Some(event) = &self.event else { return Ok(true) };
        let invocation = Invocation {
            function: self.name.clone(),
            qualifier: Some(ALIAS.to_owned()),
            payload: event.clone(),
            ..Invocation::default()
        };
        self.wait_for_version(version)?;
        self.progress.step(&format!("invoking version {version}"));
        let invoked = match self.lambda.invoke(&invocation) {
            Ok(invoked) => invoked,
            Err(error) => {
                // The twin without a sandbox, or a machine that allows none: not looked, which is not failed.
                tell(Step::NotInvoked { reason: refusal(error)?.message.clone() });
                return Ok(true);
            }
        };
        let payload = String::from_utf8_lossy(&invoked.payload).into_owned();
        let error: ErrorDocument = serde_json::from_slice(&invoked.payload).unwrap_or_default();
        let failure = invoked.function_error.map(|kind| error.error_type.unwrap_or(kind));
        let starts = !failure.as_deref().is_some_and(is_of_the_environment);
        tell(Step::Invoked { payload, failure });
        Ok(starts)
    }

    fn wait_for_version(&self, version: &str) -> Result<(), Failure> {
        let end = Instant::now() + self.settle + PATIENCE;
        while Instant::now() < end {
            let now = self.lambda.function(&self.name, Some(version))?;
            if now.configuration.state != Some(State::Pending) {
                break;
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    pub(super) fn versions(&self) -> Result<Step, Failure> {
        let page = self.lambda.versions(&self.name, None)?;
        let versions = page.items.into_iter().map(|one| {
            let digest = one.image_digest();
            (one.version, digest)
        });
        Ok(Step::Versions(versions.collect()))
    }

    /// The image in the twin's registry.
    fn reference(&self, tag: &str) -> Result<Reference, Failure> {
        Ok(format!("{}/{}:{tag}", self.twin.address(), self.name).parse()?)
    }

    /// The same image by the name that AWS knows.
    fn uri(&self, which: &str) -> String {
        format!("{}.dkr.ecr.{}.amazonaws.com/{}{which}", self.account, self.region, self.name)
    }
}

/// AWS's clients with the twin at their other end. The twin takes any key.
fn clients(twin: &Twin, region: &str) -> Aws {
    let (url, region) = (twin.url(), region.to_owned());
    Aws::new(move || {
        Ok(lambark_aws::Settings {
            region: Some(region.clone()),
            endpoint_url: Some(url.clone()),
            access_key: Some(AccessKey { id: "rehearsal".to_owned(), secret: "rehearsal".to_owned().into() }),
            ..lambark_aws::Settings::default()
        })
    })
}

/// The twin's registry, with the password that the twin gives out.
fn registry(ecr: &dyn Ecr) -> Result<Access, Failure> {
    let token = ecr.authorization()?;
    let host = token.proxy_endpoint.trim_start_matches("http://").to_owned();
    let credentials = Arc::new(Fixed::basic(host, token.username, token.password.reveal()));
    Ok(Access::new(false, move || {
        // Nothing of the user's: what is rehearsed must not depend on a proxy.
        let mut options = lambark_registry::Options::from_variables(&|_| None)?;
        lambark_registry::tls::install_provider();
        options.credentials = credentials.clone();
        Ok(options)
    }))
}

/// What a failed invocation answers.
#[derive(Default, serde::Deserialize)]
struct ErrorDocument {
    #[serde(rename = "errorType")]
    error_type: Option<String>,
}

/// Whether an error comes of the image rather than of the event: then it would come for every event.
fn is_of_the_environment(error_type: &str) -> bool {
    error_type.starts_with("Runtime.") || error_type.starts_with("Extension.")
}

/// AWS's word for where a creation or an update stands.
fn word(configuration: &Configuration, update: bool) -> String {
    let state = configuration.state.as_ref().map_or("", State::as_str);
    let status = configuration.last_update_status.as_ref().map_or("", LastUpdateStatus::as_str);
    if update { status.to_owned() } else { state.to_owned() }
}

fn is_under_way(configuration: &Configuration, update: bool) -> bool {
    if update {
        configuration.last_update_status == Some(LastUpdateStatus::InProgress)
    } else {
        configuration.state == Some(State::Pending)
    }
}

/// AWS's code and words for what did not come up.
fn failure(configuration: &Configuration, update: bool) -> Option<(String, String)> {
    let (fine, code, reason) = if update {
        let fine = configuration.last_update_status == Some(LastUpdateStatus::Successful);
        (fine, &configuration.last_update_status_reason_code, &configuration.last_update_status_reason)
    } else {
        let fine = configuration.state == Some(State::Active);
        (fine, &configuration.state_reason_code, &configuration.state_reason)
    };
    let code = code.as_ref().map(ToString::to_string).unwrap_or_default();
    (!fine).then(|| (code, reason.clone().unwrap_or_default()))
}

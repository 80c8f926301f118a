//! A function that does not exist yet.

use lambark_aws::lambda::{NewFunction, PackageType};
use lambark_oci::Architecture;

use super::go::Stop;
use super::prepare::Prepared;
use super::step::Step;
use super::{Deployment, End, Outcome, Until};
use crate::failure::Failure;
use crate::operations::deployment::back::{Back, Changed};
use crate::operations::deployment::image::choose;
use crate::operations::deployment::live::{Before, Live};
use crate::operations::deployment::wait::{Until as Settles, failure};
use crate::operations::deployment::{Call, Error, image, lost, meaning, shift};
use crate::words::shell;

/// What a function is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The execution role's ARN.
    pub role: String,
    /// The processor.
    pub architecture: Architecture,
    /// Memory in MiB; Lambda takes 128 if nothing is said.
    pub memory: Option<i32>,
    /// How long one invocation may take, in seconds; Lambda takes 3 if nothing is said.
    pub timeout: Option<i32>,
}

impl Deployment<'_> {
    /// Makes the function, or says how.
    pub(super) fn create(&mut self) -> Result<Outcome, Failure> {
        let settings = self.settings;
        let Some(create) = &settings.create else {
            return Err(Error::NoFunction {
                function: settings.function.clone(),
                place: "this account and Region".to_owned(),
                command: create_command(&settings.function, &settings.image.image),
            }
            .into());
        };
        let live = nothing_yet(&settings.function, &settings.image.image, create);
        let (access, progress) = (self.world.access, self.world.progress);
        let chosen = choose(&settings.image, &live, self.mending(), access, progress)?;
        self.tell(Step::chosen(&chosen, &settings.image.image));
        let before = Before { latest: None, alias: None, image: None };
        let mut prepared =
            Prepared { live, before, chosen, unfinished: None, needs_version: false, taken_over: None, resumed: false };
        if settings.plan_only {
            let calls = plan(&prepared, create, settings.alias.as_deref());
            return Ok(self.outcome(&prepared, None, End::Planned(calls)));
        }
        self.intend(&prepared)?;
        let mut changed = Changed::default();
        let end = match self.made(&mut prepared, create, &mut changed) {
            Ok(()) => End::Deployed,
            Err(stop) => self.not_made(&prepared, &changed, stop),
        };
        self.ended(&changed, &end);
        Ok(self.outcome(&prepared, changed.version, end))
    }

    fn made(&mut self, prepared: &mut Prepared, create: &Create, changed: &mut Changed) -> Result<(), Stop> {
        if let Some(tag) = &prepared.chosen.needs_tag {
            image::keep(&prepared.chosen.image, tag, self.world.access)
                .map_err(|failure| Stop::because(format!("the tag {tag} could not be written: {failure}")))?;
            self.tell(Step::Kept { tag: tag.clone() });
        }
        let function = self.settings.function.clone();
        let mut new = NewFunction::new(&function, &prepared.chosen.image.to_string(), &create.role);
        new.architecture = Some(create.architecture);
        (new.memory, new.timeout) = (create.memory, create.timeout);
        changed.latest = prepared.digest().cloned();
        if let Err(error) = self.world.lambda.create(&new)
            && !self.was_made(prepared, create, &error)
        {
            if error.refusal().is_some_and(|refusal| refusal.status < 500) {
                changed.latest = None;
            }
            return Err(self.stop(&error));
        }
        let now = self.settle(&function, None, "creation", Settles::Settled)?;
        if let Some((code, words)) = failure(&now, Settles::Settled) {
            // Lambda takes no update of a function whose creation failed, and the name would stay taken.
            let gone = self.world.lambda.delete(&function, None);
            let mut reason = meaning::reason(&code, &words, &self.world.knowledge);
            if let Err(error) = gone {
                reason.words.push_str(&format!(" (and it could not be deleted: {error})"));
            }
            return Err(Stop::Failed(reason));
        }
        prepared.live.latest.configuration = now;
        self.tell(Step::Created);
        let published = self.publish(prepared)?;
        changed.version = Some(published.clone());
        if self.settings.until >= Until::Tested {
            self.probe_events(prepared, &published)?;
        }
        if let (Some(alias), Until::Traffic) = (&self.settings.alias, self.settings.until) {
            shift::make(&*self.world.lambda, &function, alias, &published).map_err(|error| self.stop(&error))?;
            self.tell(Step::Moved { alias: alias.clone(), version: published, percent: 100, stays: None });
        }
        if self.settings.until >= Until::Traffic { self.probe_urls() } else { Ok(()) }
    }

    /// Whether a creation that ended in an error is there all the same: its answer was lost, and the second try found
    /// the function that the first one had made.
    fn was_made(&self, prepared: &Prepared, create: &Create, error: &lambark_aws::Error) -> bool {
        let ours = |now: lambark_aws::lambda::Function| {
            let now = now.configuration;
            now.image_digest().as_ref() == prepared.digest() && now.role.as_deref() == Some(create.role.as_str())
        };
        lost::may_be_taken(error) && self.world.lambda.function(&self.settings.function, None).is_ok_and(ours)
    }

    /// There was nothing before, so nothing is gone back to: what was made stays, and that is said.
    fn not_made(&mut self, prepared: &Prepared, changed: &Changed, stop: Stop) -> End {
        let reason = match stop {
            Stop::Failed(reason) => reason,
            Stop::Overtaken => {
                let left = "the function, which was made here and which somebody changed meanwhile".to_owned();
                let left = changed.latest.is_some().then_some(left).into_iter().collect();
                return End::Overtaken { by: self.overtaker(prepared), back: Back { left, ..Back::default() } };
            }
        };
        self.tell(Step::Failed(reason.clone()));
        match self.world.lambda.function(&self.settings.function, None) {
            Err(error) if error.is_not_found() => {
                let restored = vec!["there is no function, as before".to_owned()];
                End::RolledBack { reason, back: Back { restored, ..Back::default() } }
            }
            _ if changed.latest.is_none() => End::RolledBack { reason, back: Back::default() },
            _ => {
                let function = shell(&self.settings.function);
                let back = Back {
                    failed: vec!["the function was made, and stays".to_owned()],
                    commands: vec![format!("aws lambda delete-function --function-name {function}")],
                    ..Back::default()
                };
                End::NotRolledBack { reason, back }
            }
        }
    }
}

/// The command that makes the function.
fn create_command(function: &str, image: &str) -> String {
    format!("lambark deploy --function {} --image {} --create --role ROLE_ARN", shell(function), shell(image))
}

fn plan(prepared: &Prepared, create: &Create, alias: Option<&str>) -> Vec<Call> {
    let function = ("FunctionName", prepared.live.settings().name.clone());
    let mut calls = Vec::new();
    if let Some(tag) = &prepared.chosen.needs_tag {
        calls.push(Call {
            service: "registry",
            operation: "PUT manifest",
            arguments: vec![("image", prepared.chosen.image.to_string()), ("tag", tag.clone())],
            why: "no lifecycle rule for untagged images takes what runs",
        });
    }
    let image = ("ImageUri", prepared.chosen.image.to_string());
    let arguments = vec![
        function.clone(),
        image,
        ("Role", create.role.clone()),
        ("Architectures", create.architecture.to_string()),
    ];
    calls.push(Call { service: "Lambda", operation: "CreateFunction", arguments, why: "there is no such function" });
    let why = "a version to point at";
    calls.push(Call { service: "Lambda", operation: "PublishVersion", arguments: vec![function.clone()], why });
    if let Some(alias) = alias {
        let arguments = vec![function, ("Name", alias.to_owned()), ("FunctionVersion", "the new version".to_owned())];
        calls.push(Call { service: "Lambda", operation: "CreateAlias", arguments, why: "all of the traffic" });
    }
    calls
}

/// A function as it will be, so far as looking at its image needs it: name, place and processor. The image names the
/// place: Lambda takes images of its own Region only.
fn nothing_yet(function: &str, image: &str, create: &Create) -> Live {
    use lambark_aws::lambda::{Code, Configuration, Function, Processor};
    let place = crate::operations::name(image).ok().and_then(|name| name.reference()?.ecr());
    let arn = place
        .map(|host| format!("arn:aws:lambda:{}:{}:function:{function}", host.region, host.account))
        .unwrap_or_default();
    let configuration = Configuration {
        name: function.to_owned(),
        arn,
        version: crate::operations::deployment::LATEST.to_owned(),
        package_type: Some(PackageType::Image),
        role: Some(create.role.clone()),
        description: None,
        architectures: vec![Processor::from(create.architecture)],
        memory: create.memory,
        timeout: create.timeout,
        ephemeral_storage: None,
        code_sha256: None,
        revision_id: None,
        last_modified: None,
        state: None,
        state_reason: None,
        state_reason_code: None,
        last_update_status: None,
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        image_config: None,
        environment: std::collections::BTreeMap::new(),
    };
    let latest = Function {
        configuration,
        code: Code::default(),
        tags: std::collections::BTreeMap::new(),
        reserved_concurrency: None,
    };
    Live { latest, alias: None, carrier: None }
}

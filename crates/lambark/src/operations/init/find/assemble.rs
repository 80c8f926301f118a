//! From builds, calls and functions to services.

use std::sync::Arc;

use lambark_lint::front::ReadFile;
use lambark_lint::image_name::{ImageName, same_repository};
use lambark_lint::step::{Action, Call, CallKind, Function, Value};
use lambark_lint::{BuildSite, Repository, Tree};
use lambark_oci::Architecture;

use super::pattern::{Binding, bind, is_plain, substitute};
use super::{Fact, Findings, Service, place};

/// Most Dockerfiles that one build with a variable in it is taken to mean: a pattern for hundreds is no list of services.
const MAX_BOUND: usize = 50;

/// Longest name of a function or ARN, and of a repository.
const MAX_FUNCTION_BYTES: usize = 256;
const MAX_REPOSITORY_BYTES: usize = 256;

/// Every service that the files show.
pub(super) fn services(repository: &Repository<'_>, tree: &dyn Tree) -> Findings {
    let mut found = Findings::default();
    let reader = Reader { repository, tree };
    for site in repository.builds() {
        for (dockerfile, binding) in reader.dockerfiles(&site) {
            let service = reader.of_build(&site, dockerfile, binding.as_ref(), &mut found);
            add(&mut found.services, service);
        }
    }
    for (step, call) in repository.deployments().filter(|(_, call)| call.kind != CallKind::Deploy) {
        let from = place(&step.span, tree);
        let mut service = Service::default();
        reader.call(call, None, &from, &mut service);
        if let Some(image) = &call.image {
            reader.image(image, None, &from, &mut service, &mut found);
        }
        if service.function.is_some() || service.repository.is_some() {
            add(&mut found.services, service);
        }
    }
    for function in &repository.functions {
        let from = place(&function.span, tree);
        let mut service = Service::default();
        reader.function(function, &mut service);
        if let Some(image) = &function.image {
            reader.image(image, None, &from, &mut service, &mut found);
        }
        service.dockerfile =
            function.dockerfile.as_ref().and_then(Value::known).map(|path| Fact::new(path, from.clone()));
        add(&mut found.services, service);
    }
    for (dockerfile, stages) in repository.lambda_dockerfiles() {
        let from = stages.first().map_or_else(|| dockerfile.path.to_string(), |stage| place(&stage.span, tree));
        let path = Some(Fact::new(dockerfile.path.to_string(), from));
        // A build with a target was told already, and says more.
        if !found
            .services
            .iter()
            .any(|service| service.dockerfile.as_ref().map(|it| &it.value) == path.as_ref().map(|it| &it.value))
        {
            add(&mut found.services, Service { dockerfile: path, ..Service::default() });
        }
    }
    found
}

/// Files that build an image, push one, or give a function one, by hand.
pub(super) fn by_hand(files: &[ReadFile]) -> Vec<Arc<str>> {
    let by_hand = |file: &&ReadFile| {
        let mut steps = file.result.sequences.iter().flat_map(|sequence| &sequence.steps);
        steps.any(|step| match &step.action {
            Action::Build(build) => !build.is_declared(),
            Action::Push(_) => true,
            Action::Lambda(call) => matches!(call.kind, CallKind::Create | CallKind::UpdateCode),
            _ => false,
        })
    };
    files.iter().filter(by_hand).map(|file| Arc::clone(&file.path)).collect()
}

/// Adds a service to the one that it is, or as a new one.
pub(super) fn add(services: &mut Vec<Service>, told: Service) {
    match services.iter_mut().find(|known| is_same(known, &told)) {
        Some(known) => merge(known, told),
        None => services.push(told),
    }
}

/// Whether two descriptions mean one service: nothing that both tell differs, and they share what tells services apart.
pub(super) fn is_same(one: &Service, other: &Service) -> bool {
    let compare = |one: &Option<Fact>, other: &Option<Fact>| match (one, other) {
        (Some(one), Some(other)) => Some(one.value == other.value),
        _ => None,
    };
    let marks = [
        compare(&one.dockerfile, &other.dockerfile),
        compare(&one.repository, &other.repository),
        compare(&one.function, &other.function),
    ];
    let targets = compare(&one.target, &other.target) != Some(false);
    targets && marks.contains(&Some(true)) && !marks[..2].contains(&Some(false))
}

fn merge(known: &mut Service, told: Service) {
    let mut contradictions = Vec::new();
    let mut take = |what: &str, known: &mut Option<Fact>, told: Option<Fact>| match (&*known, told) {
        (None, told) => *known = told,
        (Some(one), Some(other)) if one.value != other.value => contradictions
            .push(format!("{what}: {} says `{}`, {} says `{}`", one.from, one.value, other.from, other.value)),
        _ => {}
    };
    take("dockerfile", &mut known.dockerfile, told.dockerfile);
    take("target", &mut known.target, told.target);
    take("context", &mut known.context, told.context);
    take("repository", &mut known.repository, told.repository);
    take("function", &mut known.function, told.function);
    take("alias", &mut known.alias, told.alias);
    match (&known.architecture, told.architecture) {
        (None, told) => known.architecture = told,
        (Some(one), Some(other)) if one.value != other.value => contradictions
            .push(format!("architecture: {} says `{}`, {} says `{}`", one.from, one.value, other.from, other.value)),
        _ => {}
    }
    known.aliases.extend(told.aliases);
    known.contradictions.extend(contradictions);
    known.contradictions.extend(told.contradictions);
}

/// What an ECR registry's host tells.
pub(super) struct Hosts<'a> {
    pub(super) region: &'a mut Option<Fact>,
    pub(super) account: &'a mut Option<Fact>,
}

impl Hosts<'_> {
    /// `123456789012.dkr.ecr.us-east-1.amazonaws.com`, where either part may be a variable.
    pub(super) fn learn(&mut self, host: &str, from: &str) {
        let Some((account, rest)) = host.split_once(".dkr.ecr.") else { return };
        let region = rest.split('.').next().unwrap_or_default();
        let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if self.region.is_none() && is_region {
            *self.region = Some(Fact::new(region, from));
        }
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if self.account.is_none() && is_account {
            *self.account = Some(Fact::new(account, from));
        }
    }
}

struct Reader<'a> {
    repository: &'a Repository<'a>,
    tree: &'a dyn Tree,
}

impl Reader<'_> {
    /// The Dockerfiles that a build may mean, each with what its variable then holds.
    fn dockerfiles(&self, site: &BuildSite<'_>) -> Vec<(Option<String>, Option<Binding>)> {
        let Some(dockerfile) = &site.build.dockerfile else { return vec![(None, None)] };
        if let Some(path) = dockerfile.known() {
            return vec![(Some(path.to_owned()), None)];
        }
        let bound = self
            .repository
            .dockerfile_paths()
            .filter_map(|path| bind(&dockerfile.text, path).map(|binding| (Some(path.to_string()), Some(binding))));
        let bound: Vec<_> = bound.take(MAX_BOUND).collect();
        if bound.is_empty() { vec![(None, None)] } else { bound }
    }

    fn of_build(
        &self,
        site: &BuildSite<'_>,
        dockerfile: Option<String>,
        binding: Option<&Binding>,
        found: &mut Findings,
    ) -> Service {
        let mut from = place(&site.step.span, self.tree);
        if let Some(Binding { name, value }) = binding {
            // An argument's name is a number.
            let mark = if name.starts_with(|c: char| c.is_ascii_digit()) { "$" } else { "" };
            from = format!("{from} with {mark}{name}={value}");
        }
        let text = |value: &Value| Some(substitute(&value.text, binding)).filter(|text| is_plain(text));
        let mut service = Service {
            dockerfile: dockerfile.map(|path| Fact::new(path, from.clone())),
            target: site
                .build
                .option("target")
                .and_then(|option| text(&option.value))
                .map(|it| Fact::new(it, from.clone())),
            context: site
                .build
                .context
                .as_ref()
                .and_then(text)
                .map(|context| Fact::new(if context.is_empty() { ".".to_owned() } else { context }, from.clone())),
            ..Service::default()
        };
        for name in site.names() {
            self.image(name, binding, &from, &mut service, found);
        }
        for call in site.calls() {
            let from = call.function.as_ref().map_or_else(|| from.clone(), |value| place(&value.span, self.tree));
            self.call(call, binding, &from, &mut service);
        }
        let (dockerfile, names) = (service.dockerfile.clone(), site.names().collect::<Vec<_>>());
        for function in
            self.repository.functions.iter().filter(|function| is_its(function, dockerfile.as_ref(), &names))
        {
            self.function(function, &mut service);
        }
        if service.architecture.is_none() {
            service.architecture = self.architecture(site, &from);
        }
        service
    }

    /// The repository that an image's name means, if it goes to a registry at all.
    fn image(&self, name: &Value, binding: Option<&Binding>, from: &str, service: &mut Service, found: &mut Findings) {
        let text = substitute(&name.text, binding);
        let image = ImageName::parse(&text);
        let Some(host) = image.host else { return };
        Hosts { region: &mut found.region, account: &mut found.account }.learn(host, from);
        let grammar = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b);
        let is_name = image.repository.len() <= MAX_REPOSITORY_BYTES && image.repository.bytes().all(grammar);
        if service.repository.is_none() && !image.repository.is_empty() && is_name {
            service.repository = Some(Fact::new(image.repository, from));
        }
    }

    fn call(&self, call: &Call, binding: Option<&Binding>, from: &str, service: &mut Service) {
        let function = call.function.as_ref().map(|value| substitute(&value.text, binding));
        if service.function.is_none() {
            service.function = function.filter(|name| is_function(name)).map(|name| Fact::new(name, from));
        }
        let told = call.architecture.as_ref().and_then(Value::known).and_then(architecture);
        if service.architecture.is_none() {
            service.architecture = told.map(|value| Fact::new(value, from));
        }
    }

    fn function(&self, function: &Function, service: &mut Service) {
        let from = place(&function.span, self.tree);
        let name = function.function_name.as_ref().and_then(Value::known).filter(|name| is_function(name));
        if service.function.is_none() {
            service.function = name.map(|name| Fact::new(name, from.clone()));
        }
        let alias = function.alias.as_ref().and_then(Value::known).filter(|alias| is_function(alias));
        if service.alias.is_none() {
            service.alias = alias.map(|alias| Fact::new(alias, from.clone()));
        }
        let told = match &function.architecture {
            Some(value) => value.known().and_then(architecture).map(|value| Fact::new(value, from)),
            // What templates leave out is x86_64.
            None => Some(Fact::new(Architecture::X86_64, format!("the default of {from}"))),
        };
        service.architecture = service.architecture.take().or(told);
    }

    fn architecture(&self, site: &BuildSite<'_>, from: &str) -> Option<Fact<Architecture>> {
        if let Some(wanted) = site.architecture(self.repository) {
            return Some(Fact::new(wanted.architecture, place(&wanted.place.span, self.tree)));
        }
        let platforms = site.build.platforms()?;
        let [only] = platforms.as_slice() else { return None };
        let word = only.strip_prefix("linux/")?.split('/').next()?;
        Architecture::of_image(word).map(|value| Fact::new(value, format!("{from} (--platform)")))
    }
}

/// Whether a template's function runs what a build makes.
fn is_its(function: &Function, dockerfile: Option<&Fact>, names: &[&Value]) -> bool {
    let path = function.dockerfile.as_ref().and_then(Value::known);
    let by_path = path.is_some() && path == dockerfile.map(|fact| fact.value.as_str());
    let named = |image: &Value| names.iter().any(|name| same_repository(name, image) == Some(true));
    by_path || function.image.as_ref().is_some_and(named)
}

fn architecture(word: &str) -> Option<Architecture> {
    [Architecture::X86_64, Architecture::Arm64].into_iter().find(|known| known.as_str() == word)
}

/// Whether a text is a function's name or ARN.
fn is_function(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-_:".contains(&b);
    !text.is_empty() && text.len() <= MAX_FUNCTION_BYTES && text.bytes().all(letter)
}

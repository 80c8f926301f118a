//! What every verb needs: how images are reached, who hears of progress, how wide the page is.

use std::path::PathBuf;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use etcetera::BaseStrategy;
use lambark_aws::Aws;
use lambark_images::{Access, Engine, Memory, Progress, Silent};
use lambark_oci::Architecture;
use lambark_rules::Needs;
use lambark_rules::facts::Asked;

use super::aws::AwsFlags;
use super::registry::Registry;
use super::{clock, output, progress};
use crate::config::Config;
use crate::ecr::{EcrControl, EcrCredentials, SignIn};
use crate::failure::Failure;
use crate::operations::{Ways, knowledge};
use crate::render::Page;

/// Flags of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Print nothing but the result: no progress, no advice
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Tell nothing while working
    #[arg(long, global = true)]
    no_progress: bool,
    /// Open no connection
    #[arg(long, global = true)]
    offline: bool,
    /// When to use colour; NO_COLOR and CLICOLOR_FORCE count too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "When to use colour: auto, always, never; `auto` minds NO_COLOR and CLICOLOR_FORCE")]
    color: Colour,
    /// Read this file instead of the nearest lambark.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to keep what can be made again: layers that were encoded, unpacked, built, what was found in them
    #[arg(long, global = true, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Read every layer, also those of which an earlier look knows all files
    #[arg(long, global = true)]
    read_anew: bool,
    /// Where to keep what a repair replaced, for an undo
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    registry: Registry,
    #[command(flatten)]
    aws: AwsFlags,
}

/// `--color`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

impl Global {
    /// Sets what every stream of this process does about colour.
    pub(super) fn choose_colour(&self) {
        match self.color {
            Colour::Auto => {}
            Colour::Always => ColorChoice::Always.write_global(),
            Colour::Never => ColorChoice::Never.write_global(),
        }
    }

    fn cache(&self) -> Option<PathBuf> {
        self.cache_dir.clone().or_else(|| Some(base()?.cache_dir().join("lambark")))
    }
}

/// What every verb needs.
pub(super) struct Context {
    global: Global,
    /// The way to AWS.
    pub(super) aws: Arc<Aws>,
    /// How images are reached.
    pub(super) access: Access,
    /// The way to ECR's own API.
    pub(super) sign_in: Arc<SignIn>,
    /// Who hears how far the work is.
    pub(super) progress: Arc<dyn Progress>,
}

impl Context {
    pub(super) fn new(global: Global) -> Context {
        let progress: Arc<dyn Progress> =
            if global.quiet || global.no_progress { Arc::new(Silent) } else { progress::for_stderr() };
        let (flags, config, registry) = (global.aws.clone(), global.config.clone(), global.registry.clone());
        let offline = global.offline;
        let aws = Arc::new(Aws::new(move || {
            if offline {
                return Err(lambark_aws::Error::Settings { what: "AWS".into(), reason: "--offline was given".into() });
            }
            flags.settings(config.as_deref(), &registry)
        }));
        let sign_in = Arc::new(SignIn::new(Arc::clone(&aws)));
        let control = Arc::new(EcrControl::new(Arc::clone(&sign_in)));
        let registry = global.registry.clone();
        let credentials = Arc::clone(&sign_in);
        let access = Access::new(global.offline, move || {
            let mut options = registry.options()?;
            options.credentials = Arc::new(EcrCredentials::new(Arc::clone(&credentials), options.credentials));
            Ok(options)
        });
        let memory = global.cache().map(|cache| Memory::new(&cache));
        let memory = if global.read_anew { memory.map(Memory::anew) } else { memory };
        let access = access.with_control(control).with_engine(engine()).with_memory(memory);
        Context { global, aws, access, sign_in, progress }
    }

    /// What brings an image somewhere.
    pub(super) fn ways(&self) -> Ways<'_> {
        Ways { access: &self.access, sign_in: &self.sign_in, progress: &self.progress }
    }

    /// The page of standard output.
    pub(super) fn page(&self) -> Page {
        Page { width: output::columns_of_stdout(), verbose: false, quiet: self.global.quiet }
    }

    /// Whether connections may be opened.
    pub(super) fn online(&self) -> bool {
        !self.global.offline
    }

    /// `lambark.toml`, read when a verb asks for it: `lambark rules` must work beside a broken one.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Ok(Config::load(self.global.config.as_deref(), &here)?)
    }

    /// The file that the user named in place of the nearest `lambark.toml`.
    pub(super) fn config_file(&self) -> Option<&std::path::Path> {
        self.global.config.as_deref()
    }

    /// The Region of the functions in question, if the user named one.
    pub(super) fn region(&self, config: &Config) -> Option<String> {
        self.global.aws.named_region(config)
    }

    /// How requests that are no registry's are sent: by the same proxies and certificates.
    pub(super) fn registry_options(&self) -> Result<lambark_registry::Options, Failure> {
        self.global.registry.options().map_err(|error| Failure::Image(lambark_images::Error::Registry(error)))
    }

    /// The user's cache, if this machine has a place for one.
    pub(super) fn cache_dir(&self) -> Option<PathBuf> {
        self.global.cache()
    }

    /// The cache's directory of unpacked layers.
    pub(super) fn layers_dir(&self) -> Option<PathBuf> {
        self.cache_dir().map(|directory| directory.join("layers"))
    }

    /// Where knowledge lies: the repository's beside its `.git`, `lambark.toml` or `.lambark`, whichever is nearest.
    pub(super) fn knowledge(&self) -> knowledge::Settings {
        const MARKS: [&str; 3] = [".lambark", crate::config::FILE_NAME, ".git"];
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let root = here.ancestors().find(|directory| MARKS.iter().any(|mark| directory.join(mark).exists()));
        knowledge::Settings {
            repository: root.unwrap_or(&here).join(".lambark/knowledge"),
            user: base().map(|base| base.data_dir().join("lambark/knowledge")),
            state: self.state_dir().ok(),
            today: clock::today(),
        }
    }

    /// Where old manifests are kept. A change that cannot be undone is not made, so there has to be such a place.
    pub(super) fn state_dir(&self) -> Result<PathBuf, Failure> {
        let given = self.global.state_dir.clone();
        given.or_else(|| Some(base()?.state_dir()?.join("lambark"))).ok_or_else(|| {
            Failure::Arguments("there is no home directory to keep the old manifest in: give --state-dir".to_owned())
        })
    }
}

/// The container engine that the user's environment leads to.
fn engine() -> Engine {
    let text = |name: &str| std::env::var(name).ok();
    let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Engine::new(lambark_images::engine::Environment {
        docker_host: text("DOCKER_HOST"),
        docker_context: text("DOCKER_CONTEXT"),
        docker_config: path("DOCKER_CONFIG"),
        container_host: text("CONTAINER_HOST"),
        home: path("HOME"),
        runtime_dir: path("XDG_RUNTIME_DIR"),
        usual_places: true,
    })
}

fn base() -> Option<etcetera::base_strategy::Xdg> {
    etcetera::base_strategy::Xdg::new().ok()
}

/// What the rules are asked, by flag and file.
pub(super) fn asked(architecture: Option<Architecture>, config: &Config) -> Asked {
    Asked { architecture, policy: config.manifests(), ..Asked::default() }
}

/// `--depth`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Depth {
    /// The manifest and the config
    Manifest,
    /// Also the first bytes of each layer
    Bytes,
    /// Also every file of every layer
    Files,
    /// `check` also starts the function in a sandbox; for the others the same as `files`
    Run,
}

impl From<Depth> for Needs {
    fn from(depth: Depth) -> Needs {
        match depth {
            Depth::Manifest => Needs::Manifest,
            Depth::Bytes => Needs::Bytes,
            Depth::Files => Needs::Files,
            Depth::Run => Needs::Run,
        }
    }
}

/// `--format` where there are no findings.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

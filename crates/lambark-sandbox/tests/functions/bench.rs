//! A function of a base directory and some files over it, in the sandbox and under the emulator.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambark_images::{Access, Silent, open};
use lambark_oci::{Architecture, Compression, Family, ImageName};
use lambark_sandbox::function::LogSink;
use lambark_sandbox::{
    Function, FunctionError, FunctionSettings, Image, Invocation, LayerCache, Outcome, RootFs, Settings,
};
use lambark_testkit::images::{self, File, Layer};
use lambark_testkit::parts::{Rie, rie, skip};
use serde_json::{Value, json};
use tempfile::TempDir;

/// More than the layers of these tests need.
const CACHE_BYTES: u64 = 4_000_000_000;

/// A base, made into a layer once.
pub(crate) struct Bench {
    directory: TempDir,
    base: PathBuf,
    layer: Layer,
}

/// One function.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) files: Vec<File>,
    pub(crate) command: Vec<&'static str>,
    /// `CMD`: what Lambda passes on as the handler's name, and last.
    pub(crate) handler: Option<&'static str>,
    pub(crate) env: Vec<(&'static str, &'static str)>,
    pub(crate) working_directory: &'static str,
    pub(crate) timeout: u64,
    pub(crate) event: Vec<u8>,
}

impl Case {
    pub(crate) fn of(command: &[&'static str], files: &[File]) -> Case {
        Case {
            files: files.to_vec(),
            command: command.to_vec(),
            handler: None,
            env: Vec::new(),
            working_directory: "/var/task",
            timeout: 10,
            event: b"{\"n\":1}".to_vec(),
        }
    }
}

/// A function in the sandbox.
pub(crate) struct Running {
    pub(crate) function: Function,
    pub(crate) log: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    pub(crate) fn invoke(&self, event: &[u8]) -> Outcome {
        self.function.invoke(Invocation { payload: event.to_vec().into(), ..Invocation::default() }).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }
}

impl Bench {
    pub(crate) fn new(base: &Path) -> Bench {
        let tar = Command::new("tar").arg("-C").arg(base).args(["-cf", "-", "."]).output().unwrap();
        assert!(tar.status.success());
        let layer = Layer::of_tar(Family::Oci, Compression::None, &tar.stdout);
        Bench { directory: tempfile::tempdir().unwrap(), base: base.to_owned(), layer }
    }

    /// Starts the function in the sandbox; `None` where this machine has none, which is told and counted.
    pub(crate) fn start(
        &self,
        case: &Case,
        change: impl FnOnce(&mut FunctionSettings, &mut Settings),
    ) -> Option<Running> {
        let layout = self.directory.path().join("image");
        let _ = std::fs::remove_dir_all(&layout);
        let top = Layer::new(Family::Oci, Compression::None, &with_directories(&case.files));
        let mut image = images::Image::of_layers(Family::Oci, vec![self.layer.clone(), top]);
        let env: Vec<String> = case.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        image.config["config"] = json!({ "Entrypoint": case.command, "Cmd": case.handler.as_slice(), "WorkingDir": case.working_directory, "Env": env });
        image.store("t").write_layout(&layout);
        let name = ImageName::parse(&format!("oci:{}:t", layout.display()), |_| false).unwrap();
        let source = open(&name, &Access::new(true, || panic!("no registry"))).unwrap();
        let image = Image::of(&*source, Architecture::X86_64).unwrap();
        let cache = LayerCache::open(&self.directory.path().join("cache"), CACHE_BYTES).unwrap();
        let root = RootFs::prepare(&*source, &image, &cache, &Silent).unwrap();
        let mut function = FunctionSettings::of_image(&image.config.config);
        function.timeout = Duration::from_secs(case.timeout);
        let helper = Some(env!("CARGO_BIN_EXE_sandbox-tester").into());
        let mut sandbox = Settings { helper, ..Settings::default() };
        change(&mut function, &mut sandbox);
        let log = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&log);
        let sink: LogSink = Box::new(move |bytes| sink.lock().unwrap().extend_from_slice(bytes));
        match Function::start(root, sandbox, function, sink) {
            Ok(function) => Some(Running { function, log }),
            Err(FunctionError::Sandbox(error @ lambark_sandbox::Error::Forbidden { .. })) => {
                skip(&format!("no sandbox here: {error}"));
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Invokes the function once in the sandbox.
    pub(crate) fn invoke(&self, case: &Case) -> Option<Outcome> {
        Some(self.start(case, |_, _| ())?.invoke(&case.event))
    }

    /// Invokes it once under the emulator.
    pub(crate) fn invoke_rie(&self, case: &Case) -> Option<UnderRie> {
        let top = self.directory.path().join("top");
        let _ = std::fs::remove_dir_all(&top);
        std::fs::create_dir(&top).unwrap();
        let tar = self.directory.path().join("top.tar");
        std::fs::write(&tar, images::tar_of(&with_directories(&case.files))).unwrap();
        assert!(Command::new("tar").arg("-C").arg(&top).arg("-xpf").arg(&tar).status().unwrap().success());
        let own = |text: &&str| (*text).to_owned();
        let function = rie::Function {
            root: vec![top, self.base.clone()],
            command: case.command.iter().chain(&case.handler).map(own).collect(),
            working_directory: case.working_directory.to_owned(),
            env: case.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            timeout: case.timeout,
        };
        let rie = Rie::start(&function)?;
        let (_, body) = rie.invoke(&case.event);
        Some(UnderRie { body, log: rie.log() })
    }

    /// Holds the failure of a case against the emulator's, and gives ours. `None` where one of both cannot be had.
    pub(crate) fn compare(&self, what: &str, case: &Case) -> Option<(String, String)> {
        let outcome = self.invoke(case)?;
        let ours = told(&outcome.payload);
        let rie = self.invoke_rie(case)?;
        let log = String::from_utf8_lossy(&outcome.log);
        assert_eq!(ours, rie.told(), "{what}\n---- ours\n{log}\n---- the emulator's\n{}", rie.log);
        Some(ours)
    }
}

/// What the emulator made of a function.
pub(crate) struct UnderRie {
    pub(crate) body: Vec<u8>,
    pub(crate) log: String,
}

impl UnderRie {
    /// Type and message of the failure, without the request's id.
    ///
    /// If a runtime ends during init or does not start, the emulator answers with nothing at all and tells only its log.
    /// Lambda answers with the document that the emulator makes for the same faults later on (published for instance in
    /// gbdevw/python-fastapi-aws-lambda-container#5), so its form is taken from there.
    fn told(&self) -> (String, String) {
        if !self.body.is_empty() {
            return told(&self.body);
        }
        let error_type = self.log.split_once("First fatal error stored in appctx: ");
        let error_type = error_type.and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or_default();
        let line = self.log.lines().find(|line| line.contains("Init failed")).unwrap_or_default();
        let cause = line.split_once("error=").map(|(_, rest)| rest.split(" InvokeID=").next().unwrap_or_default());
        (error_type.to_owned(), format!("RequestId: ID Error: {}", cause.unwrap_or_default()))
    }
}

/// The files with the directories that they lie in, and `/var/task` in any case.
fn with_directories(files: &[File]) -> Vec<File> {
    let mut all: Vec<File> = ["var/", "var/task/", "opt/", "opt/extensions/"].map(File::directory).to_vec();
    all.extend_from_slice(files);
    all
}

/// Type and message of an error's document, without the request's id.
pub(crate) fn told(payload: &[u8]) -> (String, String) {
    let document: Value = serde_json::from_slice(payload).unwrap_or_default();
    let word = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let message = word("errorMessage");
    let message = match message.strip_prefix("RequestId: ").and_then(|rest| rest.split_once(" Error: ")) {
        Some((_, cause)) => format!("RequestId: ID Error: {cause}"),
        None => message,
    };
    (word("errorType"), message)
}

//! What runs functions for the twin: the sandbox.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambark_images::Silent;
use lambark_sandbox::{Function, FunctionSettings, Image};
use lambark_twin::Invoke;
use lambark_twin::invoker::{Invocation, InvokeError, Outcome};

use super::run::place::{self, Means, Wanted};

/// Environments that are kept for the next invocation, over all functions: each holds processes and memory.
const MAX_WARM: usize = 8;

/// Runs functions in sandboxes on this machine. As on Lambda, an environment is used again by the next invocation of
/// the same version of the same function, and two invocations at once have two environments.
pub struct Sandboxes {
    means: Means,
    /// The one that was used last stands last.
    warm: Mutex<VecDeque<(Key, Function)>>,
}

/// What an environment is made from. Whatever differs here needs another one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key(String);

impl Key {
    fn of(call: &Invocation) -> Key {
        Key(format!(
            "{} {} {} {} {} {} {:?} {:?} {:?} {:?} {:?}",
            call.account,
            call.region,
            call.function_name,
            call.version,
            call.digest,
            call.memory_mib,
            call.timeout,
            call.environment,
            call.entry_point,
            call.command,
            (&call.working_directory, call.storage_mib),
        ))
    }
}

impl Sandboxes {
    /// Sandboxes are made with these means.
    #[must_use]
    pub fn new(means: Means) -> Sandboxes {
        Sandboxes { means, warm: Mutex::new(VecDeque::new()) }
    }

    fn take(&self, key: &Key) -> Option<Function> {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        let at = warm.iter().rposition(|(of, _)| of == key)?;
        warm.remove(at).map(|(_, function)| function)
    }

    fn keep(&self, key: Key, function: Function) {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        warm.push_back((key, function));
        let oldest = if warm.len() > MAX_WARM { warm.pop_front() } else { None };
        // Ending one takes a moment, and others need not wait for it.
        drop(warm);
        drop(oldest);
    }

    fn start(&self, call: &Invocation) -> Result<Function, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let image = Image::of(&*call.image, call.architecture).map_err(|error| told(&error))?;
        let mut function = FunctionSettings::of_image(&image.config.config);
        function.name.clone_from(&call.function_name);
        function.version.clone_from(&call.version);
        function.account.clone_from(&call.account);
        function.region.clone_from(&call.region);
        function.memory_mb = call.memory_mib;
        function.timeout = call.timeout;
        function.env.extend(call.environment.clone());
        if let Some(entrypoint) = &call.entry_point {
            function.entrypoint.clone_from(entrypoint);
        }
        if let Some(cmd) = &call.command {
            function.cmd.clone_from(cmd);
        }
        if let Some(directory) = &call.working_directory {
            function.working_dir.clone_from(directory);
        }
        let megabytes = |count: u32| u64::from(count) * 1024 * 1024;
        let sandbox = lambark_sandbox::Settings {
            tmp_bytes: megabytes(call.storage_mib),
            memory_bytes: Some(megabytes(call.memory_mib)),
            ..lambark_sandbox::Settings::default()
        };
        let nowhere = Box::new(|_: &[u8]| ());
        let made = place::start((&*call.image, &image), &self.means, Wanted { sandbox, function }, nowhere, &Silent);
        made.map(|(function, _)| function).map_err(|error| told(&error))
    }
}

impl std::fmt::Debug for Sandboxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandboxes").field("means", &self.means).finish_non_exhaustive()
    }
}

impl Invoke for Sandboxes {
    fn invoke(&self, call: &Invocation) -> Result<Outcome, InvokeError> {
        let key = Key::of(call);
        let function = match self.take(&key) {
            Some(function) => function,
            None => self.start(call).map_err(InvokeError)?,
        };
        let invocation = lambark_sandbox::Invocation {
            payload: call.payload.clone(),
            request_id: Some(call.request_id.clone()),
            client_context: call.client_context.as_deref().and_then(plain),
        };
        let outcome = function.invoke(invocation).map_err(|error| InvokeError(error.to_string()))?;
        self.keep(key, function);
        Ok(Outcome {
            function_error: outcome.function_error().map(str::to_owned),
            log: String::from_utf8_lossy(&outcome.log).into_owned(),
            payload: outcome.payload,
        })
    }
}

/// The client context travels in base 64, and the function gets the JSON inside.
fn plain(encoded: &str) -> Option<String> {
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    String::from_utf8(bytes).ok()
}

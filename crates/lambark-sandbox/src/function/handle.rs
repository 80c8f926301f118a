//! The function as its caller sees it: calls that block, the work on a thread of its own.

use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc::{self as tasks, UnboundedReceiver};

use super::drive;
use super::house::House;
use super::logs::LogSink;
use super::settings::FunctionSettings;
use crate::fault::MAX_EVENT_BYTES;
use crate::outcome::{Init, Invocation, Outcome};

/// Why a function cannot be run here: this machine's fault, or the caller's, never the function's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// There is no sandbox.
    #[error(transparent)]
    Sandbox(#[from] crate::Error),
    /// The event is larger than Lambda takes: `RequestTooLargeException`, 413.
    #[error("the event has {0} bytes, and Lambda takes at most {MAX_EVENT_BYTES}")]
    EventTooLarge(usize),
    /// This machine's.
    #[error("the function's environment cannot be served: {0}")]
    Machine(#[from] std::io::Error),
    /// The function's thread is gone.
    #[error("the function's environment is over")]
    Over,
}

/// A function whose environment exists. Dropping it ends every process of it.
pub struct Function {
    tasks: tasks::UnboundedSender<Task>,
    init: Init,
    thread: Option<JoinHandle<()>>,
}

/// What the function's thread is told to do.
pub(crate) enum Task {
    Invoke(Invocation, mpsc::Sender<Result<Outcome, FunctionError>>),
}

impl Function {
    /// Makes the environment and lets the function initialise, for at most [`FunctionSettings::init_limit`]. That init
    /// fails is no error: Lambda tries again at the first invocation, and tells then.
    ///
    /// `build` makes the house, on the thread where the function lives from then on.
    ///
    /// # Errors
    /// When this machine cannot run it.
    pub fn start_in<H: House>(
        build: impl FnOnce() -> Result<H, FunctionError> + Send + 'static,
        settings: FunctionSettings,
        log: LogSink,
    ) -> Result<Function, FunctionError> {
        Function::on_thread(move |tasks, ready| drive::run(&build()?, &settings, log, tasks, ready))
    }

    /// A function that is driven by `work` on a thread of its own, until nobody has a task for it any more.
    pub(crate) fn on_thread(
        work: impl FnOnce(UnboundedReceiver<Task>, &mpsc::Sender<Result<Init, FunctionError>>) -> Result<(), FunctionError>
        + Send
        + 'static,
    ) -> Result<Function, FunctionError> {
        let (sender, receiver) = tasks::unbounded_channel();
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new().name("function".to_owned()).spawn(move || {
            if let Err(error) = work(receiver, &ready) {
                // If the function was started already, its caller hears of it at the next invocation.
                let _ = ready.send(Err(error));
            }
        })?;
        let init = started.recv().map_err(|_| FunctionError::Over)??;
        Ok(Function { tasks: sender, init, thread: Some(thread) })
    }

    /// The first init.
    #[must_use]
    pub fn init(&self) -> &Init {
        &self.init
    }

    /// Invokes the function and waits for its end.
    ///
    /// # Errors
    /// When the event is too large, or this machine failed. What goes wrong in the function is in the outcome.
    pub fn invoke(&self, invocation: Invocation) -> Result<Outcome, FunctionError> {
        if invocation.payload.len() > MAX_EVENT_BYTES {
            return Err(FunctionError::EventTooLarge(invocation.payload.len()));
        }
        let (reply, outcome) = mpsc::channel();
        self.tasks.send(Task::Invoke(invocation, reply)).map_err(|_| FunctionError::Over)?;
        outcome.recv().map_err(|_| FunctionError::Over)?
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // The thread ends the environment when nobody can have a task for it any more.
        let (nobody, _) = tasks::unbounded_channel();
        self.tasks = nobody;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

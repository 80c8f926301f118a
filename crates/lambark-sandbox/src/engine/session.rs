//! A function in a container: what its companion is told, and what it says.

use std::process::ChildStdin;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;

use super::container::{Container, Ways};
use super::dialogue::{Order, Start, Word, hear, say};
use super::{Engine, LoadedImage};
use crate::function::{Function, FunctionError, LogSink, Task};
use crate::limits::START_SECONDS;
use crate::{FunctionSettings, Init, Invocation, Network, Outcome, Settings};

/// How long the engine may take on top of what the companion itself limits: to start a container, or to notice that
/// its time is over, on a machine that does nothing else any more.
const PATIENCE: Duration = Duration::from_secs(2 * START_SECONDS);

impl Function {
    /// Has a container engine make a sandbox around an image that it has, and starts the function in it.
    ///
    /// # Errors
    /// [`crate::Error::Engine`] in the engine's words, or the companion's.
    pub fn start_in_engine(
        engine: &Engine,
        image: &LoadedImage,
        sandbox: Settings,
        settings: FunctionSettings,
        log: LogSink,
    ) -> Result<Function, FunctionError> {
        let (engine, image) = (engine.clone(), image.clone());
        Function::on_thread(move |mut tasks, ready| {
            let (mut session, init) = Session::start(&engine, &image, &sandbox, &settings, log)?;
            // If nobody waits for it, nobody has a task either.
            let _ = ready.send(Ok(init));
            while let Some(Task::Invoke(invocation, reply)) = tasks.blocking_recv() {
                let _ = reply.send(session.invoke(invocation, settings.init_limit + settings.timeout));
            }
            session.end();
            Ok(())
        })
    }
}

struct Session {
    /// Dropped before the container is waited for: some engines wait for its end in turn.
    stdin: ChildStdin,
    container: Container,
    words: Receiver<Word>,
    /// Puts words there, and passes the log on.
    reader: JoinHandle<()>,
}

impl Session {
    fn start(
        engine: &Engine,
        image: &LoadedImage,
        sandbox: &Settings,
        settings: &FunctionSettings,
        log: LogSink,
    ) -> Result<(Session, Init), FunctionError> {
        let (container, ways) = Container::start(engine, &image.0, sandbox)?;
        let mut session = Session::over(container, ways, log);
        let start = Start {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            memory_bytes: sandbox.memory_bytes,
            own_network: sandbox.network == Network::None,
            function: settings.clone(),
        };
        session.say(&Order::Start(Box::new(start)))?;
        match session.hear(settings.init_limit)? {
            Word::Started(init) => Ok((session, init)),
            other => Err(session.unexpected(other)),
        }
    }

    /// Listens on a thread of its own, so that the log comes as it is written.
    fn over(container: Container, (stdin, mut stdout): Ways, mut log: LogSink) -> Session {
        let (heard, words) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            // What is no word of the companion's is its end.
            while let Ok(Some(word)) = hear(&mut stdout) {
                if let Word::Log(bytes) = word {
                    log(&bytes);
                } else if heard.send(word).is_err() {
                    break;
                }
            }
        });
        Session { stdin, container, words, reader }
    }

    fn invoke(&mut self, invocation: Invocation, limit: Duration) -> Result<Outcome, FunctionError> {
        self.say(&Order::Invoke(invocation))?;
        match self.hear(limit)? {
            Word::Finished(outcome) => Ok(outcome),
            other => Err(self.unexpected(other)),
        }
    }

    fn say(&mut self, order: &Order) -> Result<(), FunctionError> {
        say(&mut self.stdin, order).map_err(|_| self.container.failure().into())
    }

    fn hear(&mut self, limit: Duration) -> Result<Word, FunctionError> {
        self.words.recv_timeout(limit + PATIENCE).map_err(|_| self.container.failure().into())
    }

    fn unexpected(&mut self, word: Word) -> FunctionError {
        match word {
            Word::Failed(reason) => crate::Error::SetUp { step: "start in the container".to_owned(), reason }.into(),
            _ => FunctionError::Over,
        }
    }

    /// Lets the function end as Lambda would, and hears the log to its end.
    fn end(self) {
        let Session { mut stdin, container, reader, .. } = self;
        // If it does not hear, it has ended, or will be ended.
        let _ = say(&mut stdin, &Order::End);
        drop(stdin);
        drop(container);
        let _ = reader.join();
    }
}

//! One incarnation of the environment, driven: the machine's actions carried out, what happens brought to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::FunctionSettings;
use super::house::{House, Started};
use super::launch;
use super::logs::{Log, Pipes};
use crate::fault::Failure;
use crate::lifecycle::{Action, Answer, Event, Invoked, Machine, Ticket, Who};
use crate::server::{self, Heard};
use crate::{Command, Exit};

/// What a phase ended with.
pub(crate) enum Ended {
    Init(Result<(), Failure>),
    Invoke(Invoked),
    Shutdown,
}

/// A running incarnation.
pub(crate) struct Life<'a, H: House> {
    house: &'a H,
    settings: &'a FunctionSettings,
    env: [BTreeMap<String, String>; 2],
    machine: Machine,
    log: Rc<RefCell<Log>>,
    pipes: Pipes,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
    heard: mpsc::UnboundedReceiver<Heard>,
    exits: mpsc::UnboundedReceiver<(Who, Exit)>,
    exited: mpsc::UnboundedSender<(Who, Exit)>,
    terminate: HashMap<Who, Box<dyn Fn()>>,
    server: JoinHandle<()>,
    extensions: Vec<String>,
    ended: Option<Ended>,
}

impl<'a, H: House> Life<'a, H> {
    /// A new incarnation, in which nothing runs yet.
    pub(crate) fn new(
        house: &'a H,
        settings: &'a FunctionSettings,
        log_stream: &str,
        log: Rc<RefCell<Log>>,
    ) -> std::io::Result<Life<'a, H>> {
        let listener = house.listener()?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (hear, heard) = mpsc::unbounded_channel();
        let (exited, exits) = mpsc::unbounded_channel();
        let api = house.api_address()?;
        Ok(Life {
            house,
            settings,
            env: [settings.runtime_env(&api, log_stream), settings.extension_env(&api, log_stream)],
            machine: Machine::new(settings.about()),
            pipes: Pipes::new(Rc::clone(&log)),
            log,
            waiting: HashMap::new(),
            heard,
            exits,
            exited,
            terminate: HashMap::new(),
            server: tokio::task::spawn_local(server::serve(listener, hear)),
            extensions: house.extensions(),
            ended: None,
        })
    }

    /// Starts extensions and runtime.
    pub(crate) fn boot(&mut self) {
        let names = self.extensions.clone();
        self.handle(Event::Boot(names));
    }

    /// How many extensions run as processes of their own, and how many inside the runtime's.
    pub(crate) fn extensions(&self) -> (usize, usize) {
        self.machine.extensions()
    }

    /// Asks the runtime to end, as Lambda does before it tells the extensions.
    pub(crate) fn terminate_runtime(&self) {
        if let Some(terminate) = self.terminate.get(&Who::Runtime) {
            terminate();
        }
    }

    /// Lets the environment live until the phase ends; `None` if that takes longer than it may.
    pub(crate) async fn until(&mut self, deadline: Instant) -> Option<Ended> {
        while self.ended.is_none() && self.step(deadline).await {}
        self.pipes.drain();
        self.ended.take()
    }

    /// Lets the environment live until the runtime has ended.
    pub(crate) async fn until_runtime_gone(&mut self, deadline: Instant) {
        while self.terminate.contains_key(&Who::Runtime) && self.step(deadline).await {}
    }

    /// What the function answered to an event that is not over yet.
    pub(crate) fn answered(&mut self) -> Option<Result<Bytes, Failure>> {
        self.machine.take_answer()
    }

    /// Takes the next thing that happens. False if nothing does before the deadline.
    async fn step(&mut self, deadline: Instant) -> bool {
        let event = tokio::select! {
            // A process that calls and then ends has called first.
            biased;
            heard = self.heard.recv() => match heard {
                Some(Heard::Call(ticket, call, reply)) => {
                    self.waiting.insert(ticket, reply);
                    Event::Called(ticket, call)
                }
                Some(Heard::HungUp(ticket)) => {
                    self.waiting.remove(&ticket);
                    Event::HungUp(ticket)
                }
                // The server ends only with this incarnation.
                None => return false,
            },
            Some((who, exit)) = self.exits.recv() => {
                self.terminate.remove(&who);
                Event::Exited(who, exit)
            }
            () = tokio::time::sleep_until(deadline) => return false,
        };
        self.handle(event);
        true
    }

    /// Brings an event to the machine and does what it says.
    pub(crate) fn handle(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in self.machine.handle(event) {
                match action {
                    Action::Launch(who) => events.extend(self.launch(who)),
                    Action::Answer(ticket, answer) => {
                        if let Some(reply) = self.waiting.remove(&ticket) {
                            // Whoever asked may be gone.
                            let _ = reply.send(answer);
                        }
                    }
                    Action::InitEnded(result) => self.ended = Some(Ended::Init(result)),
                    Action::InvokeEnded(invoked) => self.ended = Some(Ended::Invoke(invoked)),
                    Action::ShutDown => self.ended = Some(Ended::Shutdown),
                }
            }
        }
    }

    fn launch(&mut self, who: Who) -> Option<Event> {
        let started = match who {
            Who::Runtime => self.launch_runtime(),
            Who::Extension(index) => self.launch_extension(index),
        };
        match started {
            Ok(started) => {
                self.follow(who, started);
                None
            }
            Err(failure) => Some(Event::NotLaunched(who, failure)),
        }
    }

    fn launch_runtime(&mut self) -> Result<Started, Failure> {
        let command = launch::runtime(self.settings, &self.env[0]);
        let started = command.and_then(|command| {
            let started = self.house.spawn(&command);
            started.map_err(|error| launch::runtime_failure(&command, &error))
        });
        started.inspect_err(|failure| {
            let line = crate::report::launch_error(&failure.message(), self.settings);
            self.log.borrow_mut().line(&line);
        })
    }

    fn launch_extension(&self, index: usize) -> Result<Started, Failure> {
        let name = self.extensions.get(index).map(String::as_str).unwrap_or_default();
        let command = Command {
            program: format!("/opt/extensions/{name}"),
            args: Vec::new(),
            env: self.env[1].clone().into_iter().collect(),
            working_directory: "/".to_owned(),
        };
        self.house.spawn(&command).map_err(|error| launch::extension_failure(&command, &error))
    }

    fn follow(&mut self, who: Who, started: Started) {
        for pipe in [started.stdout, started.stderr] {
            if let Err(error) = self.pipes.follow(pipe) {
                self.log.borrow_mut().line(&format!("lambark: this process's output cannot be read: {error}"));
            }
        }
        self.terminate.insert(who, started.terminate);
        let exited = self.exited.clone();
        // A thread of its own: it waits as long as the process lives, and there are at most eleven.
        std::thread::spawn(move || {
            let exit = (started.wait)();
            // Nobody listens any more when the incarnation is over.
            let _ = exited.send((who, exit));
        });
    }

    /// Ends whatever still runs, and takes what it printed to the last.
    pub(crate) async fn end(mut self) {
        self.server.abort();
        self.house.kill_processes();
        let running = self.terminate.len();
        let patience = Instant::now() + KILL_PATIENCE;
        for _ in 0..running {
            match tokio::time::timeout_at(patience, self.exits.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        self.pipes.drain();
    }
}

/// How long the end of killed processes is awaited: they are gone at once, unless the kernel holds one.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

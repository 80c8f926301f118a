//! From init to the last invocation: phases, their limits, their reports.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::FunctionSettings;
use super::handle::{FunctionError, Task};
use super::house::House;
use super::life::{Ended, Life};
use super::logs::{Log, LogSink};
use crate::fault::{Failure, RESPONSE_TOO_LARGE};
use crate::lifecycle::{Event, Invoked, Shutdown, Work};
use crate::outcome::{Init, Invocation, Outcome};
use crate::report::{self, Report};

/// How long external extensions may take to end, and internal ones (documented: 2,000 ms and 500 ms).
const SHUTDOWN_EXTERNAL: Duration = Duration::from_secs(2);
const SHUTDOWN_INTERNAL: Duration = Duration::from_millis(500);

/// The part of it that the runtime has before the extensions are told, as AWS's emulator deals it out.
const RUNTIME_SHARE: f64 = 0.3;

/// Runs the function on this thread until nobody has a task for it any more.
pub(super) fn run<H: House>(
    house: &H,
    settings: &FunctionSettings,
    sink: LogSink,
    mut tasks: UnboundedReceiver<Task>,
    ready: &Sender<Result<Init, FunctionError>>,
) -> Result<(), FunctionError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let log = Rc::new(RefCell::new(Log::new(sink)));
        let log_stream = report::log_stream(&settings.version, Uuid::new_v4().as_u128());
        let mut driver = Driver { house, settings, log, log_stream, life: None, init: None };
        let init = driver.first_init().await?;
        // If nobody waits for it, nobody has a task either.
        let _ = ready.send(Ok(init));
        while let Some(Task::Invoke(invocation, reply)) = tasks.recv().await {
            let _ = reply.send(driver.invoke(invocation).await);
        }
        driver.end("spindown").await;
        Ok(())
    })
}

struct Driver<'a, H: House> {
    house: &'a H,
    settings: &'a FunctionSettings,
    log: Rc<RefCell<Log>>,
    log_stream: String,
    /// The incarnation that is ready for events.
    life: Option<Life<'a, H>>,
    /// The duration of an init that no invocation has been charged with.
    init: Option<Duration>,
}

impl<H: House> Driver<'_, H> {
    async fn first_init(&mut self) -> Result<Init, FunctionError> {
        let begun = Instant::now();
        let failure = self.init(begun, self.settings.init_limit, "init").await?;
        let duration = begun.elapsed().min(self.settings.init_limit);
        if failure.is_none() {
            self.init = Some(duration);
        }
        let log = self.log.borrow_mut().take_tail();
        Ok(Init { duration, failure, log })
    }

    /// Brings up an incarnation. What fails is ended and told in an INIT_REPORT line.
    async fn init(&mut self, begun: Instant, limit: Duration, phase: &str) -> Result<Option<Failure>, FunctionError> {
        let mut life = Life::new(self.house, self.settings, &self.log_stream, Rc::clone(&self.log))?;
        life.boot();
        let ended = life.until(begun + limit).await;
        let failure = match ended {
            Some(Ended::Init(Ok(()))) => {
                self.life = Some(life);
                return Ok(None);
            }
            Some(Ended::Init(Err(failure))) => failure,
            _ => Failure::timed_out(limit),
        };
        life.end().await;
        self.still_stands()?;
        let duration = begun.elapsed().min(limit);
        self.log.borrow_mut().line(&report::init(duration, phase, Some(&failure)));
        Ok(Some(failure))
    }

    async fn invoke(&mut self, invocation: Invocation) -> Result<Outcome, FunctionError> {
        let begun = Instant::now();
        let deadline = begun + self.settings.timeout;
        let work = self.work(invocation);
        let request_id = work.request_id.clone();
        // What was printed since the last invocation belongs to this one.
        let mut repeated = None;
        if self.life.is_none() {
            repeated = self.init(begun, self.settings.timeout, "invoke").await?;
            self.init = None;
        }
        self.log.borrow_mut().line(&report::start(&request_id, &self.settings.version));
        let mut invoked = match repeated {
            Some(failure) => Invoked { answer: Err(failure), aftermath: None },
            None => self.handle_event(work, deadline).await,
        };
        self.still_stands()?;
        if Instant::now() >= deadline {
            limit_to(&mut invoked, self.settings.timeout);
        }
        let duration = begun.elapsed().min(self.settings.timeout);
        Ok(self.report(request_id, invoked, duration))
    }

    /// Gives the event to the incarnation, which must be there.
    async fn handle_event(&mut self, work: Work, deadline: Instant) -> Invoked {
        let Some(mut life) = self.life.take() else {
            return Invoked { answer: Err(Failure::fault("Sandbox.Failure", "no environment")), aftermath: None };
        };
        life.handle(Event::Invoke(work));
        let ended = life.until(deadline).await;
        self.life = Some(life);
        match ended {
            Some(Ended::Invoke(invoked @ Invoked { aftermath: None, .. })) if !is_fatal(&invoked.answer) => invoked,
            Some(Ended::Invoke(invoked)) => {
                self.end("failure").await;
                invoked
            }
            _ => {
                let answered = self.life.as_mut().and_then(Life::answered);
                self.end("timeout").await;
                let timeout = Failure::timed_out(self.settings.timeout);
                match answered {
                    Some(answer) => Invoked { answer, aftermath: Some(timeout) },
                    None => Invoked { answer: Err(timeout), aftermath: None },
                }
            }
        }
    }

    /// What happened in a house that broke down is not told as the function's.
    fn still_stands(&self) -> Result<(), FunctionError> {
        match self.house.failure() {
            None => Ok(()),
            Some(reason) => Err(FunctionError::Machine(std::io::Error::other(reason))),
        }
    }

    fn work(&self, invocation: Invocation) -> Work {
        let trace = Uuid::new_v4().simple().to_string();
        let now = report::epoch_ms(SystemTime::now());
        let timeout = u64::try_from(self.settings.timeout.as_millis()).unwrap_or(u64::MAX);
        Work {
            request_id: invocation.request_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            deadline_ms: now.saturating_add(timeout),
            arn: self.settings.arn(),
            trace_id: format!("Root=1-{:08x}-{};Parent={};Sampled=0", now / 1000, &trace[..24], &trace[16..]),
            client_context: invocation.client_context,
            payload: invocation.payload,
        }
    }

    fn report(&mut self, request_id: String, invoked: Invoked, duration: Duration) -> Outcome {
        let init_duration = self.init.take();
        let max_memory_used_mb = self.house.peak_memory().map(|bytes| bytes.div_ceil(1024 * 1024));
        let billed_ms = report::billed(duration + init_duration.unwrap_or_default());
        let fault = match (&invoked.answer, &invoked.aftermath) {
            (_, Some(failure)) | (Err(failure), None) => Some(failure),
            (Ok(_), None) => None,
        };
        let mut log = self.log.borrow_mut();
        if let Some(line) = fault.and_then(|failure| report::fault(&request_id, failure)) {
            log.line(&line);
        }
        let lines = Report {
            request_id: &request_id,
            duration,
            billed_ms,
            memory_mb: self.settings.memory_mb,
            max_memory_used_mb,
            init_duration,
            failure: fault.filter(|failure| matches!(failure, Failure::Fault { .. })),
        };
        lines.lines().iter().for_each(|line| log.line(line));
        let (payload, failure) = match invoked.answer {
            Ok(payload) => (payload, None),
            Err(failure) => (failure.payload(&request_id), Some(failure)),
        };
        Outcome {
            request_id,
            payload,
            failure,
            aftermath: invoked.aftermath,
            log: log.take_tail(),
            init_duration,
            duration,
            billed_ms,
            max_memory_used_mb,
        }
    }

    /// Ends the incarnation: extensions are told and get their time, everything else ends at once.
    async fn end(&mut self, reason: &'static str) {
        let Some(mut life) = self.life.take() else { return };
        let limit = match life.extensions() {
            (0, 0) => Duration::ZERO,
            (0, _) => SHUTDOWN_INTERNAL,
            _ => SHUTDOWN_EXTERNAL,
        };
        if !limit.is_zero() {
            let begun = Instant::now();
            life.terminate_runtime();
            life.until_runtime_gone(begun + limit.mul_f64(RUNTIME_SHARE)).await;
            let deadline_ms = report::epoch_ms(SystemTime::now() + limit.saturating_sub(begun.elapsed()));
            life.handle(Event::Shutdown(Shutdown { reason, deadline_ms }));
            life.until(begun + limit).await;
        }
        life.end().await;
    }
}

/// Whether the environment is over with this answer.
fn is_fatal(answer: &Result<bytes::Bytes, Failure>) -> bool {
    matches!(answer, Err(Failure::Fault { error_type, .. }) if error_type != RESPONSE_TOO_LARGE)
}

/// An init that was repeated and ran into the function's timeout is the function's timeout.
fn limit_to(invoked: &mut Invoked, timeout: Duration) {
    if let Err(failure) = &mut invoked.answer
        && failure.is_timeout()
    {
        *failure = Failure::timed_out(timeout);
    }
}

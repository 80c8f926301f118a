//! Invoke.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::arn;
use super::call::Call;
use super::check::Constraints;
use super::error::{ApiError, Code};
use super::image;
use super::machine::{Configuration, Outcome as UpdateOutcome, Refusal, VersionRef};
use crate::control::InvokeAnswer;
use crate::gates::StoreSource;
use crate::http::Reply;
use crate::invoker::{Invocation, Invoke, Outcome};
use crate::limits::MAX_PAYLOAD_BYTES;

/// Bytes of the log's end that an answer carries.
const TAIL_BYTES: usize = 4096;

/// How a call is to be answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// What runs: which version of which function.
struct Ready {
    version: VersionRef,
    arn: String,
    name: String,
    configuration: Arc<Configuration>,
}

pub(super) async fn invoke(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (kind, with_log) = asked(call)?;
    check_payload(&call.body)?;
    let ready = ready(call)?;
    if kind == Kind::DryRun {
        return Ok(Reply::new(204));
    }
    let scripted = call.twin.control.script.take_answer(&ready.name);
    let invoker = call.twin.settings.invoker.clone();
    let outcome = match (scripted, invoker) {
        (Some(_), _) if kind == Kind::Event => return Ok(Reply::new(202)),
        (Some(answer), _) => scripted_outcome(call, &ready, &answer),
        (None, Some(invoker)) => {
            let invocation = invocation(call, &ready)?;
            if kind == Kind::Event {
                run_later(call, invoker, invocation);
                return Ok(Reply::new(202));
            }
            let run = tokio::task::spawn_blocking(move || invoker.invoke(&invocation)).await;
            let run = run.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            run.map_err(|error| ApiError::new(Code::Service, format!("the twin cannot run the function: {error}")))?
        }
        (None, None) => {
            return Err(ApiError::not_in_the_twin(
                "it has nothing that runs functions here, and no scripted answer (POST /_lambark/functions/NAME/invocations)",
            ));
        }
    };
    Ok(answered(ready.version, &outcome, with_log))
}

fn asked(call: &Call<'_>) -> Result<(Kind, bool), ApiError> {
    let (kind, log) = (call.header("x-amz-invocation-type"), call.header("x-amz-log-type"));
    let mut constraints = Constraints::default();
    constraints.one_of(kind, "invocationType", &["RequestResponse", "Event", "DryRun"]);
    constraints.one_of(log, "logType", &["None", "Tail"]);
    constraints.finish()?;
    let kind = match kind {
        Some("Event") => Kind::Event,
        Some("DryRun") => Kind::DryRun,
        _ => Kind::RequestResponse,
    };
    Ok((kind, log == Some("Tail")))
}

fn check_payload(payload: &Bytes) -> Result<(), ApiError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        let text = format!("Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation");
        return Err(ApiError::new(Code::RequestTooLarge, text));
    }
    if payload.is_empty() {
        return Ok(());
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(payload).map(drop).map_err(|error| {
        ApiError::new(Code::InvalidRequestContent, format!("Could not parse request body into json: {error}"))
    })
}

/// Lets the call through, or says why not.
fn ready(call: &Call<'_>) -> Result<Ready, ApiError> {
    let named = call.named()?;
    let roll = call.twin.control.roll();
    let looked = call.look(&named.name, |function| {
        function.settle(call.now);
        if function.concurrency == Some(0) {
            return Err(ApiError::throttled("ReservedFunctionConcurrentInvocationLimitExceeded", "Rate Exceeded."));
        }
        let picked = function.pick(named.qualifier.as_deref(), roll)?;
        let unit = function.unit(picked.version).ok_or_else(|| Refusal::FunctionNotFound(picked.arn.clone()))?;
        let has_image = image::is_there(call.twin, unit.serving());
        let plan = call.plain_plan(UpdateOutcome::Good);
        let configuration = function.begin_invocation(picked.version, has_image, &plan)?;
        Ok(Ready { version: picked.version, arn: picked.arn, name: function.name().to_owned(), configuration })
    });
    // Here, and only here, Lambda names the version that nobody asked for.
    looked.map_err(|error| match named.qualifier {
        None if error.is_not_found() => {
            let arn = arn::arn(&call.scope, &named.name);
            Refusal::FunctionNotFound(format!("{arn}:$LATEST")).into()
        }
        _ => error,
    })
}

fn answered(version: VersionRef, outcome: &Outcome, with_log: bool) -> Reply {
    let mut reply = Reply::new(200)
        .body("application/json", outcome.payload.clone())
        .header("x-amz-executed-version", version.to_string());
    if let Some(error) = &outcome.function_error {
        reply = reply.header("x-amz-function-error", error);
    }
    if with_log {
        let log = outcome.log.as_bytes();
        reply = reply.header("x-amz-log-result", STANDARD.encode(&log[log.len().saturating_sub(TAIL_BYTES)..]));
    }
    reply
}

fn scripted_outcome(call: &Call<'_>, ready: &Ready, answer: &InvokeAnswer) -> Outcome {
    let (id, memory) = (call.request_id, ready.configuration.memory);
    let mut printed = answer.log.clone();
    if !printed.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    let log = format!(
        "START RequestId: {id} Version: {}\n{printed}END RequestId: {id}\nREPORT RequestId: {id}\tDuration: 1.00 ms\t\
         Billed Duration: 1 ms\tMemory Size: {memory} MB\tMax Memory Used: 1 MB\t\n",
        ready.version
    );
    Outcome { payload: answer.payload.to_string().into(), function_error: answer.function_error.clone(), log }
}

fn invocation(call: &Call<'_>, ready: &Ready) -> Result<Invocation, ApiError> {
    let configuration = &*ready.configuration;
    let Some(image) = configuration.image() else {
        return Err(ApiError::not_in_the_twin("running a function that is no image"));
    };
    let source = StoreSource::new(call.twin, image.scope.clone(), &image.repository, &image.digest)
        .ok_or_else(|| ApiError::from(Refusal::ImageFailed))?;
    let overrides = image.config.clone().unwrap_or_default();
    let payload = if call.body.is_empty() { Bytes::from_static(b"{}") } else { call.body.clone() };
    Ok(Invocation {
        image: Arc::new(source),
        digest: image.digest.clone(),
        architecture: configuration.architecture,
        function_arn: ready.arn.clone(),
        function_name: ready.name.clone(),
        version: ready.version.to_string(),
        memory_mib: configuration.memory,
        storage_mib: configuration.storage,
        timeout: Duration::from_secs(configuration.timeout.into()),
        environment: configuration.environment.clone().unwrap_or_default(),
        entry_point: overrides.entry_point,
        command: overrides.command,
        working_directory: overrides.working_directory,
        payload,
        client_context: call.header("x-amz-client-context").map(str::to_owned),
        request_id: call.request_id.to_owned(),
        account: call.scope.account.clone(),
        region: call.scope.region.clone(),
    })
}

/// Runs it behind the caller's back; what goes wrong is a note.
fn run_later(call: &Call<'_>, invoker: Arc<dyn Invoke>, invocation: Invocation) {
    let twin = Arc::clone(call.twin);
    tokio::task::spawn_blocking(move || {
        let arn = &invocation.function_arn;
        match invoker.invoke(&invocation) {
            Err(error) => twin.control.notes.add(format!("{arn}: an event could not be run: {error}")),
            Ok(Outcome { function_error: Some(error), payload, .. }) => {
                let payload = String::from_utf8_lossy(&payload);
                twin.control.notes.add(format!("{arn}: an event failed ({error}): {payload}"));
            }
            Ok(_) => {}
        }
    });
}

//! The machine alone: no process, no socket, no clock.
#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use serde_json::Value;

use super::*;
use crate::Exit;
use crate::fault::Failure;

/// A machine, and what it did so far.
struct Bench {
    machine: Machine,
    ticket: Ticket,
}

impl Bench {
    fn new() -> Bench {
        let about = About {
            name: "f".to_owned(),
            version: "$LATEST".to_owned(),
            handler: "app.handler".to_owned(),
            account: "123456789012".to_owned(),
        };
        Bench { machine: Machine::new(about), ticket: 0 }
    }

    /// Without extensions, as far as its first wait for an event.
    fn ready() -> Bench {
        let mut bench = Bench::new();
        assert_eq!(bench.boot(&[]), [Action::Launch(Who::Runtime)]);
        assert_eq!(bench.call(Call::Next), [Action::InitEnded(Ok(()))]);
        bench
    }

    fn boot(&mut self, names: &[&str]) -> Vec<Action> {
        self.machine.handle(Event::Boot(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn call(&mut self, call: Call) -> Vec<Action> {
        self.ticket += 1;
        self.machine.handle(Event::Called(self.ticket, call))
    }

    /// The answer to a call that is answered at once.
    fn answer(&mut self, call: Call) -> (u16, Value) {
        let actions = self.call(call);
        let answer = answers(&actions).pop().unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn register(&mut self, name: &str, events: &[ExtensionEvent]) -> (u16, Value) {
        let identifier = format!("id of {name}");
        let events = events.to_vec();
        self.answer(Call::Register { name: name.to_owned(), events, identifier, wants_account: false })
    }

    fn exit(&mut self, who: Who, exit: Exit) -> Vec<Action> {
        self.machine.handle(Event::Exited(who, exit))
    }

    fn invoke(&mut self, id: &str) -> Vec<Action> {
        self.machine.handle(Event::Invoke(work(id)))
    }
}

fn work(id: &str) -> Work {
    Work {
        request_id: id.to_owned(),
        deadline_ms: 42,
        arn: "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
        trace_id: "Root=1-0-0".to_owned(),
        client_context: Some("{}".to_owned()),
        payload: Bytes::from_static(b"{\"n\":1}"),
    }
}

fn answers(actions: &[Action]) -> Vec<Answer> {
    let answer = |action: &Action| match action {
        Action::Answer(_, answer) => Some(answer.clone()),
        _ => None,
    };
    actions.iter().filter_map(answer).collect()
}

fn response(id: &str, body: &'static [u8]) -> Call {
    Call::Response { request_id: id.to_owned(), body: Body::Whole(Bytes::from_static(body)), broken_off: None }
}

fn reported(error_type: &str) -> Failure {
    let payload = format!("{{\"errorMessage\":\"m\",\"errorType\":\"{error_type}\"}}").into();
    Failure::Reported { error_type: error_type.to_owned(), payload }
}

fn ended(actions: &[Action]) -> &Invoked {
    let Some(Action::InvokeEnded(invoked)) = actions.last() else { panic!("no end: {actions:?}") };
    invoked
}

fn init_failure(actions: &[Action]) -> &Failure {
    let Some(Action::InitEnded(Err(failure))) = actions.last() else { panic!("no failed init: {actions:?}") };
    failure
}

#[test]
fn an_event_goes_out_and_its_answer_comes_back() {
    let mut bench = Bench::ready();
    let [event] = &answers(&bench.invoke("one"))[..] else { panic!("no event") };
    assert_eq!((event.status, &event.body[..]), (200, &b"{\"n\":1}"[..]));
    let names: Vec<&str> = event.headers.iter().map(|(name, _)| *name).collect();
    let expected = ["Aws-Request-Id", "Deadline-Ms", "Invoked-Function-Arn", "Trace-Id", "Client-Context"];
    assert_eq!(names, expected.map(|name| format!("Lambda-Runtime-{name}")));
    assert_eq!(bench.answer(response("one", b"ok")).0, 202);
    let actions = bench.call(Call::Next);
    assert_eq!(ended(&actions), &Invoked { answer: Ok(Bytes::from_static(b"ok")), aftermath: None });
    // The same environment takes the next one.
    assert_eq!(answers(&bench.invoke("two")).len(), 1);
    bench.call(Call::Error { request_id: "two".to_owned(), failure: reported("ValueError") });
    assert_eq!(ended(&bench.call(Call::Next)).answer, Err(reported("ValueError")));
}

#[test]
fn calls_that_do_not_fit_are_refused_and_change_nothing() {
    let mut bench = Bench::ready();
    assert_eq!(bench.answer(Call::Next).0, 403, "a second wait");
    assert_eq!(bench.answer(response("one", b"")).0, 403, "an answer to nothing");
    assert_eq!(bench.answer(Call::InitError(reported("late"))).0, 403, "init is over");
    bench.invoke("one");
    assert_eq!(bench.answer(Call::Next).0, 403, "the answer is owed");
    let (status, body) = bench.answer(response("other", b""));
    assert_eq!((status, body["errorType"].as_str()), (400, Some("InvalidRequestID")));
    assert_eq!(bench.answer(response("one", b"first")).0, 202);
    assert_eq!(bench.answer(response("one", b"second")).0, 403);
    let invoked = bench.call(Call::Next);
    assert_eq!(ended(&invoked).answer, Ok(Bytes::from_static(b"first")));
}

#[test]
fn exits_have_lambdas_words() {
    let of = |exit| {
        let mut bench = Bench::new();
        bench.boot(&[]);
        init_failure(&bench.exit(Who::Runtime, exit)).clone()
    };
    let fault = |cause: &str| Failure::fault("Runtime.ExitError", cause);
    assert_eq!(of(Exit::Code(0)), fault("Runtime exited without providing a reason"));
    assert_eq!(of(Exit::Code(127)), fault("Runtime exited with error: exit status 127"));
    assert_eq!(of(Exit::Signal(9)), fault("Runtime exited with error: signal: killed"));
    assert_eq!(of(Exit::OutOfMemory), fault("Runtime exited with error: signal: killed"));
}

#[test]
fn what_the_runtime_reports_of_its_init_counts_more_than_its_exit() {
    let mut bench = Bench::new();
    bench.boot(&[]);
    assert_eq!(bench.answer(Call::InitError(reported("Runtime.ImportModuleError"))).0, 202);
    assert_eq!(bench.answer(Call::Next).0, 403);
    let actions = bench.exit(Who::Runtime, Exit::Code(1));
    assert_eq!(init_failure(&actions), &reported("Runtime.ImportModuleError"));
}

#[test]
fn an_exit_amid_an_event_is_its_failure_and_after_the_answer_an_aftermath() {
    let mut bench = Bench::ready();
    bench.invoke("one");
    let exited = bench.exit(Who::Runtime, Exit::Code(1));
    let failure = Failure::fault("Runtime.ExitError", "Runtime exited with error: exit status 1");
    assert_eq!(ended(&exited), &Invoked { answer: Err(failure.clone()), aftermath: None });

    let mut bench = Bench::ready();
    bench.invoke("one");
    bench.call(response("one", b"ok"));
    let exited = bench.exit(Who::Runtime, Exit::Code(1));
    assert_eq!(ended(&exited), &Invoked { answer: Ok(Bytes::from_static(b"ok")), aftermath: Some(failure.clone()) });

    // Between two events Lambda does not look: the next one fails.
    let mut bench = Bench::ready();
    assert_eq!(bench.exit(Who::Runtime, Exit::Code(1)), []);
    assert_eq!(ended(&bench.invoke("one")).answer, Err(failure));
}

#[test]
fn a_response_that_is_too_large_is_an_error_and_not_the_end() {
    let mut bench = Bench::ready();
    bench.invoke("one");
    let call = Call::Response { request_id: "one".to_owned(), body: Body::TooLarge, broken_off: None };
    let (status, body) = bench.answer(call);
    assert_eq!((status, body["errorType"].as_str()), (413, Some("RequestEntityTooLarge")));
    let invoked = bench.call(Call::Next);
    let failure = ended(&invoked).answer.clone().unwrap_err();
    assert_eq!(failure.error_type(), "Function.ResponseSizeTooLarge");
    assert_eq!(answers(&bench.invoke("two")).len(), 1, "the environment lives on");
}

#[test]
fn extensions_come_before_the_runtime_and_hear_what_they_want() {
    let mut bench = Bench::new();
    let launched = bench.boot(&["a", "b"]);
    assert_eq!(launched, [Action::Launch(Who::Extension(0)), Action::Launch(Who::Extension(1))]);
    let (status, body) = bench.register("a", &[ExtensionEvent::Invoke, ExtensionEvent::Shutdown]);
    assert_eq!(status, 200);
    assert_eq!(body.to_string(), r#"{"functionName":"f","functionVersion":"$LATEST","handler":"app.handler"}"#);
    let registration =
        Call::Register { name: "b".to_owned(), events: vec![], identifier: "id of b".to_owned(), wants_account: true };
    let actions = bench.call(registration);
    assert_eq!(actions.last(), Some(&Action::Launch(Who::Runtime)), "all have registered");
    assert_eq!(bench.register("internal", &[ExtensionEvent::Shutdown]).1["errorType"], "Extension.InvalidEventType");
    assert_eq!(bench.register("internal", &[ExtensionEvent::Invoke]).0, 200);
    assert_eq!(bench.register("a", &[]).1["errorType"], "Extension.InvalidExtensionState");
    for call in [Call::Next, Call::ExtensionNext("id of a".to_owned()), Call::ExtensionNext("id of b".to_owned())] {
        assert_eq!(bench.call(call), []);
    }
    assert_eq!(bench.call(Call::ExtensionNext("id of internal".to_owned())), [Action::InitEnded(Ok(()))]);
    assert_eq!(bench.register("late", &[]).1["errorType"], "Extension.RegistrationClosed");

    let events = answers(&bench.invoke("one"));
    assert_eq!(events.len(), 3, "a, the internal one, the runtime: b asked for nothing");
    let event: Value = serde_json::from_slice(&events[0].body).unwrap();
    assert_eq!((event["eventType"].as_str(), event["requestId"].as_str()), (Some("INVOKE"), Some("one")));
    bench.call(response("one", b"ok"));
    assert_eq!(bench.call(Call::Next), [], "the extensions are at work");
    assert_eq!(bench.call(Call::ExtensionNext("id of internal".to_owned())), []);
    let invoked = bench.call(Call::ExtensionNext("id of a".to_owned()));
    assert_eq!(ended(&invoked).answer, Ok(Bytes::from_static(b"ok")));

    let shutdown = Shutdown { reason: "spindown", deadline_ms: 7 };
    let told = answers(&bench.machine.handle(Event::Shutdown(shutdown)));
    let [event] = &told[..] else { panic!("{told:?}") };
    assert_eq!(event.body, r#"{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":7}"#);
    assert_eq!(bench.exit(Who::Runtime, Exit::Signal(15)), []);
    assert_eq!(bench.exit(Who::Extension(0), Exit::Code(0)), [Action::ShutDown], "nobody waits for b");
}

#[test]
fn an_extensions_word_decides_the_type_and_its_exit_the_cause() {
    let mut bench = Bench::new();
    bench.boot(&["a"]);
    bench.register("a", &[]);
    assert_eq!(bench.answer(Call::ExtensionInitError("id of a".to_owned())).0, 202);
    let exited = bench.exit(Who::Extension(0), Exit::Code(3));
    assert_eq!(init_failure(&exited), &Failure::fault("Extension.InitError", "exit status 3"));

    let mut bench = Bench::new();
    bench.boot(&["a"]);
    let exited = bench.exit(Who::Extension(0), Exit::Code(0));
    assert_eq!(init_failure(&exited), &Failure::fault("Extension.Crash", "exit code 0"));
}

#[test]
fn strangers_and_crowds_are_refused() {
    let mut bench = Bench::new();
    bench.boot(&[]);
    let (status, body) = bench.answer(Call::ExtensionNext("nobody".to_owned()));
    assert_eq!((status, body["errorType"].as_str()), (403, Some("Extension.UnknownExtensionIdentifier")));
    for index in 0..10 {
        assert_eq!(bench.register(&format!("internal {index}"), &[]).0, 200);
    }
    assert_eq!(bench.register("eleventh", &[]).1["errorType"], "Extension.TooManyExtensions");
    assert_eq!(bench.register("", &[]).1["errorType"], "Extension.InvalidExtensionName");

    let names: Vec<String> = (0..11).map(|index| index.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let actions = Bench::new().boot(&names);
    assert_eq!(init_failure(&actions).error_type(), "Extension.LaunchError");
    assert_eq!(actions.len(), 1, "none of them is started");
}

#[test]
fn whoever_hangs_up_may_ask_again() {
    let mut bench = Bench::new();
    bench.boot(&["a"]);
    bench.register("a", &[]);
    bench.call(Call::Next);
    let runtime = bench.ticket;
    assert_eq!(bench.machine.handle(Event::HungUp(runtime)), []);
    assert_eq!(bench.call(Call::ExtensionNext("id of a".to_owned())), [], "the runtime does not wait any more");
    let extension = bench.ticket;
    bench.machine.handle(Event::HungUp(extension));
    assert_eq!(bench.call(Call::Next), []);
    let last = bench.call(Call::ExtensionNext("id of a".to_owned()));
    assert_eq!(last, [Action::InitEnded(Ok(()))]);
}

mod any_order {
    use super::*;
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = u8> {
        0_u8..14
    }

    proptest! {
        /// Whatever comes in whatever order: no panic, each request is answered at most once, and each invocation
        /// ends at most once.
        #[test]
        fn nothing_breaks_the_machine(events in proptest::collection::vec(event(), 0..60)) {
            let mut bench = Bench::new();
            bench.boot(&["a"]);
            let (mut answered, mut begun, mut over) = (std::collections::HashSet::new(), 0, 0);
            for event in events {
                let id = "id of a".to_owned();
                let actions = match event {
                    0 => bench.call(Call::Next),
                    1 => bench.call(response("one", b"")),
                    2 => bench.call(Call::Error { request_id: "one".to_owned(), failure: reported("x") }),
                    3 => bench.call(Call::InitError(reported("x"))),
                    4 => bench.call(Call::Register {
                        name: "a".to_owned(), events: vec![ExtensionEvent::Invoke], identifier: id, wants_account: false,
                    }),
                    5 => bench.call(Call::ExtensionNext(id)),
                    6 => bench.call(Call::ExtensionInitError(id)),
                    7 => bench.call(Call::ExtensionExitError(id)),
                    8 => bench.exit(Who::Runtime, Exit::Code(1)),
                    9 => bench.exit(Who::Extension(0), Exit::Signal(9)),
                    10 => bench.machine.handle(Event::HungUp(bench.ticket)),
                    11 => bench.machine.handle(Event::Shutdown(Shutdown { reason: "failure", deadline_ms: 0 })),
                    12 => bench.machine.handle(Event::NotLaunched(Who::Runtime, reported("x"))),
                    _ => { begun += 1; bench.invoke("one") }
                };
                for action in actions {
                    match action {
                        Action::Answer(ticket, _) => prop_assert!(answered.insert(ticket), "answered twice"),
                        Action::InvokeEnded(_) => over += 1,
                        _ => {}
                    }
                }
                prop_assert!(over <= begun);
            }
        }
    }
}

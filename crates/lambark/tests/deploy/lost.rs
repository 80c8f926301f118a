//! Answers that never come. The SDK sends a call again; whether the first try was taken is seen by looking.

use lambark_twin::control::Fault;

use crate::bench::{Bench, ROLE};

/// How one answer is lost.
const LOSSES: [(&str, Loss); 4] =
    [("cut", Loss::Cut), ("dropped", Loss::Dropped), ("broken", Loss::Status(500)), ("throttled", Loss::Throttled)];

#[derive(Clone, Copy)]
enum Loss {
    /// Taken, and the answer is cut off.
    Cut,
    /// Not taken, and the connection is cut.
    Dropped,
    /// Not taken, with a status.
    Status(u16),
    /// Too many requests.
    Throttled,
}

impl Loss {
    fn of(self, operation: &str, times: u32) -> Fault {
        let fault = Fault { operation: Some(operation.to_owned()), times, ..Fault::default() };
        match self {
            Loss::Cut => Fault { cut_at: Some(0), ..fault },
            Loss::Dropped => Fault { drop: true, ..fault },
            Loss::Status(status) => Fault { status: Some(status), body: Some("{}".to_owned()), ..fault },
            Loss::Throttled => Fault { throttle: true, ..fault },
        }
    }
}

/// Each call that changes something loses one answer: the deployment goes on, and makes nothing twice.
#[test]
fn one_lost_answer_stops_no_deployment() {
    let bench = Bench::new();
    let (old, new) = (bench.image(1), bench.image(2));
    for operation in ["UpdateFunctionCode", "PublishVersion", "UpdateAlias", "CreateAlias", "GetFunction", "GetAlias"] {
        for (how, loss) in LOSSES {
            let name = format!("{operation}-{how}");
            bench.published_function(&name, &old, operation != "CreateAlias");
            let before = bench.versions(&name).len();
            bench.control().reset();
            bench.control().fault(loss.of(operation, 1)).unwrap();
            bench.deploy(&name, 2, &["--alias", "live"]).ends(0);
            assert!(bench.control().counts().requests[operation] > 1, "{name}");
            assert_eq!((bench.latest(&name), bench.serves(&name)), (new.clone(), new.clone()), "{name}");
            assert_eq!(bench.versions(&name).len(), before + 1, "{name}");
        }
    }
}

/// The same without anybody who sends the call again: what was taken counts, and what was not leads back.
#[test]
fn a_call_that_is_sent_once_counts_if_it_was_taken() {
    let bench = Bench::new().with("AWS_MAX_ATTEMPTS", "1");
    let (old, new) = (bench.image(1), bench.image(2));
    for operation in ["UpdateFunctionCode", "PublishVersion", "UpdateAlias", "CreateAlias"] {
        for (how, loss) in LOSSES {
            let name = format!("{operation}-{how}");
            let made = operation == "CreateAlias";
            bench.published_function(&name, &old, !made);
            // A publishing is asked for once more by ourselves; two losses are two.
            let times = if operation == "PublishVersion" && !matches!(loss, Loss::Cut) { 2 } else { 1 };
            bench.control().fault(loss.of(operation, times)).unwrap();
            let run = bench.deploy(&name, 2, &["--alias", "live"]);
            if matches!(loss, Loss::Cut) {
                run.ends(0);
                assert_eq!((bench.latest(&name), bench.serves(&name)), (new.clone(), new.clone()), "{name}");
                continue;
            }
            run.ends(5).tells("is as it was before");
            assert_eq!(bench.latest(&name), old, "{name}");
            if made {
                assert!(bench.lambda.alias(&name, "live").unwrap_err().is_not_found(), "{name}");
            } else {
                assert_eq!(bench.serves(&name), old, "{name}");
            }
        }
    }
}

#[test]
fn a_creation_whose_answer_was_lost_is_ours() {
    let bench = Bench::new();
    let image = bench.image(1);
    for (how, loss) in LOSSES {
        bench.control().fault(loss.of("CreateFunction", 1)).unwrap();
        bench.deploy(how, 1, &["--alias", "live", "--create", "--role", ROLE]).ends(0);
        assert_eq!((bench.latest(how), bench.serves(how)), (image.clone(), image.clone()));
    }
}

/// On the way back answers are lost, too.
#[test]
fn one_lost_answer_stops_no_rollback() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    for operation in ["UpdateAlias", "UpdateFunctionCode"] {
        for (how, loss) in LOSSES {
            let name = format!("{operation}-{how}");
            bench.live_function(&name, &old);
            bench.deploy(&name, 2, &["--alias", "live"]).ends(0);
            bench.control().fault(loss.of(operation, 1)).unwrap();
            bench.rollback(&name, &["--alias", "live"]).ends(0);
            assert_eq!((bench.latest(&name), bench.serves(&name)), (old.clone(), old.clone()), "{name}");
        }
    }
}

/// A function whose creation failed takes no update at all. That is no other deployment's doing.
#[test]
fn a_refusal_without_a_change_is_not_called_overtaken() {
    let bench = Bench::new();
    let (old, _) = (bench.image(1), bench.image(2));
    let fail = lambark_twin::control::Failure { code: "InvalidImage".to_owned(), reason: None };
    bench.control().next_update("app", lambark_twin::control::NextUpdate { polls: 0, fail: Some(fail) });
    bench.function("app", &old);
    let run = bench.deploy("app", 2, &[]).ends(5);
    run.tells("The function is currently in the following state: Failed");
}

//! A function with AWS's own runtime for Rust, good unless it is told otherwise: its first argument says what to do
//! before the runtime starts, `do` in an event what to do with that event.

use std::process::{Command, exit};
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

/// More than Lambda takes as a response.
const TOO_MANY_BYTES: usize = 7_000_000;

/// More than the function may use.
const TOO_MUCH_MEMORY: usize = 300_000_000;

/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(600);

/// AWS's emulator loses a process that ends before it has noted its start; nobody has to wait longer than this for it.
const A_MOMENT: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if let Some(act) = std::env::args().nth(1) {
        before_the_runtime(&act)?;
    }
    run(service_fn(handler)).await
}

fn before_the_runtime(act: &str) -> Result<(), Error> {
    if act == "exit at once" {
        exit(2);
    }
    std::thread::sleep(A_MOMENT);
    match act {
        "exit" => exit(3),
        "panic" => panic!("told to, in init"),
        "fail" => Err("told to, in init".into()),
        "sleep" => {
            std::thread::sleep(FOR_EVER);
            Ok(())
        }
        "leave a child" => {
            child()?;
            exit(5)
        }
        _ => Ok(()),
    }
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    match event["do"].as_str().unwrap_or_default() {
        "exit" => exit(4),
        "abort" => std::process::abort(),
        "panic" => panic!("told to"),
        "fail" => Err("told to".into()),
        "sleep" => {
            std::thread::sleep(FOR_EVER);
            Ok(Value::Null)
        }
        "write" => {
            std::fs::write("/var/task/new", "x")?;
            Ok(json!("written"))
        }
        "write to /tmp" => {
            std::fs::write("/tmp/new", "x")?;
            Ok(json!("written"))
        }
        "read" => Ok(json!(std::fs::read_to_string("/var/task/secret")?)),
        "eat" => Ok(json!(vec![1_u8; TOO_MUCH_MEMORY].iter().map(|&byte| u64::from(byte)).sum::<u64>())),
        "answer at length" => Ok(json!("x".repeat(TOO_MANY_BYTES))),
        "leave a child" => {
            child()?;
            Ok(json!("left"))
        }
        "leave a child and exit" => {
            child()?;
            exit(6)
        }
        _ => {
            println!("hello from {}", context.env_config.function_name);
            Ok(json!({
                "n": event["n"],
                "id": context.request_id,
                "arn": context.invoked_function_arn,
                "config": *context.env_config,
                "handler": std::env::var("_HANDLER")?,
            }))
        }
    }
}

/// A process that outlives its maker, and holds its output open.
fn child() -> std::io::Result<()> {
    Command::new(std::env::current_exe()?).arg("sleep").spawn()?;
    Ok(())
}

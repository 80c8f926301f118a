//! The twin as a process of its own, and questions to it from many clients.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Connection;
use crate::Error;

/// What any signature looks like. The twin and moto check none.
pub(super) fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=bench/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// A running `lambark emulate`.
pub(super) struct Twin {
    child: Child,
    host: String,
}

impl Twin {
    pub(super) fn start(mut lambark: Command, data: Option<&Path>) -> Result<Twin, Error> {
        lambark.args(["emulate", "--listen", "127.0.0.1:0", "--settle", "0s", "--format", "json"]);
        if let Some(data) = data {
            lambark.arg("--data").arg(data);
        }
        let mut child = lambark.stdout(Stdio::piped()).spawn().map_err(Error::io("lambark emulate"))?;
        let mut words = String::new();
        if let Some(out) = child.stdout.take() {
            // The document is complete at the brace that stands alone.
            let mut lines = BufReader::new(out.take(64 * 1024)).lines().map_while(Result::ok);
            for line in lines.by_ref() {
                words.push_str(&line);
                if line == "}" {
                    break;
                }
            }
        }
        let value: Value = serde_json::from_str(&words).unwrap_or_default();
        let host = value["url"].as_str().and_then(|url| url.strip_prefix("http://")).map(str::to_owned);
        match host {
            Some(host) => Ok(Twin { child, host }),
            None => {
                child.kill().ok();
                child.wait().ok();
                Err(Error::Failed(format!("lambark emulate did not start: {words}")))
            }
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Asks ECR's API.
    pub(super) fn ecr(&self, operation: &str, body: &Value) -> Result<Value, Error> {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let signed = signed("ecr");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
            ("authorization", signed.as_str()),
        ];
        let answer = Connection::open(&self.host)?.ask("POST", "/", &headers, &body.to_string())?;
        if answer.status != 200 {
            let words = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(Error::Failed(format!("{operation}: {} {words}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|error| Error::Failed(format!("{operation}: {error}")))
    }

    /// The password of a registry client, whose name is `AWS`.
    pub(super) fn password(&self) -> Result<String, Error> {
        let answer = self.ecr("GetAuthorizationToken", &json!({}))?;
        let token = answer["authorizationData"][0]["authorizationToken"].as_str().unwrap_or_default();
        let plain = super::data::unbase64(token)?;
        Ok(plain.strip_prefix("AWS:").unwrap_or(&plain).to_owned())
    }

    /// Peak resident memory so far, in KiB.
    pub(super) fn peak_kib(&self) -> Result<u64, Error> {
        peak_kib(self.child.id())
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Peak resident memory of a process so far, in KiB.
pub(super) fn peak_kib(process: u32) -> Result<u64, Error> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).map_err(Error::io(path))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok());
    figure.ok_or_else(|| Error::Failed(format!("process {process} does not tell its memory")))
}

/// What a load came to.
pub(super) struct Load {
    pub(super) answers: u64,
    pub(super) took: Duration,
    /// The time that the slowest hundredth of the answers took at least.
    pub(super) p99: Duration,
}

impl Load {
    pub(super) fn per_second(&self) -> f64 {
        // More answers than a float counts exactly would take centuries.
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let answers = self.answers as f64;
        answers / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

/// `clients` connections, each asking `paths` in turn for `time`; every answer has to be 200.
pub(super) fn load(host: &str, clients: usize, paths: &[String], time: Duration) -> Result<Load, Error> {
    let begun = Instant::now();
    let one = |first: usize| -> Result<Vec<Duration>, Error> {
        let mut connection = Connection::open(host)?;
        let signed = signed("lambda");
        let mut times = Vec::new();
        for path in paths.iter().cycle().skip(first) {
            let asked = Instant::now();
            if begun.elapsed() >= time {
                break;
            }
            let answer = connection.ask("GET", path, &[("authorization", &signed)], "")?;
            if answer.status != 200 {
                let words = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(Error::Failed(format!("{host}{path}: {} {words}", answer.status)));
            }
            times.push(asked.elapsed());
        }
        Ok(times)
    };
    let all: Vec<Result<Vec<Duration>, Error>> = std::thread::scope(|scope| {
        let one = &one;
        let running: Vec<_> = (0..clients).map(|client| scope.spawn(move || one(client * 7))).collect();
        running.into_iter().filter_map(|client| client.join().ok()).collect()
    });
    let took = begun.elapsed();
    let mut times: Vec<Duration> = all.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    times.sort();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Load { answers: times.len() as u64, took, p99 })
}

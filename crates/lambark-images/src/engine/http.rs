//! The three requests that an engine is asked.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use crate::Error;

/// Longest wait for a connection: a socket on this machine answers at once, or nobody serves it.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest silence of an engine. One that keeps no archives packs the whole image before its first byte.
const SILENCE: Duration = Duration::from_secs(300);

/// Longest answer that is no archive, in bytes. What `inspect` says of an image has some thousands.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Longest error of an engine that is told, in bytes.
const MAX_TOLD: usize = 500;

/// Whether somebody answers there; else why not.
pub(super) async fn answers(endpoint: &Endpoint) -> Result<(), String> {
    let asked = timeout(CONNECT, async {
        let answer = get(endpoint, "/_ping").await.map_err(Failed::reason)?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("answers {}", answer.status())) }
    });
    asked.await.unwrap_or_else(|_| Err("no answer".to_owned()))
}

/// The id by which the engine knows an image.
pub(super) async fn image_id(endpoint: &Endpoint, image: &str, path: &str) -> Result<String, Error> {
    let answer = get(endpoint, &format!("/images/{path}/json")).await.map_err(|failed| failed.told(endpoint))?;
    let answer = good(answer, endpoint, image).await?;
    let odd = |reason: &str| Error::Engine { place: endpoint.to_string(), reason: reason.to_owned() };
    let bytes = whole(answer).await.ok_or_else(|| odd("broke off telling what the image is"))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| odd("does not speak Docker's language"))?;
    value["Id"].as_str().map(str::to_owned).ok_or_else(|| odd("does not tell the image's id"))
}

/// Writes the image's archive to `file`, `limit` bytes at most.
pub(super) async fn export(
    endpoint: &Endpoint,
    image: &str,
    path: &str,
    limit: u64,
    file: &mut File,
) -> Result<(), Error> {
    let failed = |reason: String| Error::Engine { place: endpoint.to_string(), reason };
    let answer = get(endpoint, &format!("/images/{path}/get")).await.map_err(|failed| failed.told(endpoint))?;
    let mut body = good(answer, endpoint, image).await?.into_body();
    let mut written: u64 = 0;
    loop {
        let frame = timeout(SILENCE, body.frame()).await;
        let frame = frame.map_err(|_| failed(format!("fell silent after {written} bytes of the image")))?;
        let Some(frame) = frame else { return Ok(()) };
        let frame = frame.map_err(|error| failed(format!("broke off after {written} bytes of the image: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        written += data.len() as u64;
        if written > limit {
            return Err(failed(format!("sends more than the {limit} bytes that are taken of one image")));
        }
        file.write_all(data).map_err(|source| Error::Write { path: "a temporary file".into(), source })?;
    }
}

/// Why a request failed.
enum Failed {
    Connecting(io::Error),
    Asking(hyper::Error),
    Silent,
}

impl Failed {
    fn reason(self) -> String {
        match self {
            Failed::Connecting(error) => match error.kind() {
                io::ErrorKind::NotFound => "not there".to_owned(),
                io::ErrorKind::ConnectionRefused => "nobody listens".to_owned(),
                io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => error.to_string(),
            },
            Failed::Asking(error) => error.to_string(),
            Failed::Silent => "no answer".to_owned(),
        }
    }

    fn told(self, endpoint: &Endpoint) -> Error {
        Error::Engine { place: endpoint.to_string(), reason: format!("could not be asked: {}", self.reason()) }
    }
}

async fn get(endpoint: &Endpoint, path: &str) -> Result<Response<Incoming>, Failed> {
    match endpoint {
        Endpoint::Unix(socket) => {
            let stream = timeout(CONNECT, UnixStream::connect(socket)).await.map_err(|_| Failed::Silent)?;
            ask(stream.map_err(Failed::Connecting)?, path).await
        }
        Endpoint::Loopback(address) => {
            let stream = timeout(CONNECT, TcpStream::connect(address)).await.map_err(|_| Failed::Silent)?;
            ask(stream.map_err(Failed::Connecting)?, path).await
        }
    }
}

/// One connection for one request: there are three at most.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    path: &str,
) -> Result<Response<Incoming>, Failed> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(Failed::Asking)?;
    // It ends when the answer was read or is dropped; what went wrong the answer's reader is told.
    drop(tokio::spawn(connection));
    let request = Request::get(path).header("host", "engine").body(Empty::<Bytes>::new());
    let Ok(request) = request else { return Err(Failed::Connecting(io::ErrorKind::InvalidInput.into())) };
    timeout(SILENCE, sender.send_request(request)).await.map_err(|_| Failed::Silent)?.map_err(Failed::Asking)
}

/// The answer, if it is one; else what the engine said.
async fn good(answer: Response<Incoming>, endpoint: &Endpoint, image: &str) -> Result<Response<Incoming>, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    if status == StatusCode::NOT_FOUND {
        return Err(Error::NoSuchImage {
            place: format!("the engine at {endpoint}"),
            wanted: image.to_owned(),
            present: "what `docker images` or `podman images` lists".to_owned(),
        });
    }
    let bytes = whole(answer).await.unwrap_or_default();
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let message = value["message"].as_str().unwrap_or_default();
    let message: String = message.chars().filter(|c| !c.is_control()).take(MAX_TOLD).collect();
    let told = if message.is_empty() { String::new() } else { format!(": {message}") };
    Err(Error::Engine { place: endpoint.to_string(), reason: format!("answers {status}{told}") })
}

/// A short answer's bytes, or nothing if it broke off or has no end.
async fn whole(answer: Response<Incoming>) -> Option<Bytes> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect();
    Some(timeout(SILENCE, body).await.ok()?.ok()?.to_bytes())
}

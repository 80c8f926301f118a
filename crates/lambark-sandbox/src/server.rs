//! The HTTP side of both APIs: bytes to calls, answers to bytes.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::fault::MAX_RESPONSE_BYTES;
use crate::lifecycle::{Answer, Body, Call, Ticket};
use crate::{extensions_api, runtime_api};

/// Connections served at once. A runtime and ten extensions need one or two each; a function that opens more waits.
const MAX_CONNECTIONS: usize = 128;

/// A request with its body read.
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) trailers: HeaderMap,
}

/// What the server hears.
pub(crate) enum Heard {
    /// A call that waits for its answer.
    Call(Ticket, Call, oneshot::Sender<Answer>),
    /// Whoever called is gone.
    HungUp(Ticket),
}

/// Serves both APIs until it is dropped.
pub(crate) async fn serve(listener: TcpListener, heard: mpsc::UnboundedSender<Heard>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let tickets = Rc::new(Cell::new(0));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, for instance: it passes, or the invocation times out.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        // Small answers are awaited by somebody who cannot go on without them.
        let _ = stream.set_nodelay(true);
        let (heard, tickets) = (heard.clone(), Rc::clone(&tickets));
        connections.spawn_local(async move {
            let service = service_fn(move |request| handle(request, heard.clone(), Rc::clone(&tickets)));
            let mut builder = hyper::server::conn::http1::Builder::new();
            // Small runtimes look for the headers as AWS writes them, and those that speak through `nc` close their half
            // of the connection before the answer.
            builder.title_case_headers(true).half_close(true);
            // A connection that breaks is the caller's affair.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

async fn handle(
    request: Request<Incoming>,
    heard: mpsc::UnboundedSender<Heard>,
    tickets: Rc<Cell<Ticket>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match receive(request).await {
        Ok(received) => match understand(received) {
            Ok(call) => {
                let ticket = tickets.replace(tickets.get() + 1);
                ask(ticket, call, heard).await
            }
            Err(answer) => answer,
        },
        Err(_) => Answer::refused(400, "TruncatedHTTPRequest", "HTTP request detected as truncated"),
    };
    Ok(written(answer))
}

/// Reads a request to its end. Of a body that is too large nothing is kept.
async fn receive(request: Request<Incoming>) -> Result<Received, hyper::Error> {
    let (head, mut incoming) = request.into_parts();
    let (mut kept, mut total, mut trailers) = (BytesMut::new(), 0_u64, HeaderMap::new());
    while let Some(frame) = incoming.frame().await {
        match frame?.into_data() {
            Ok(data) => {
                total += data.len() as u64;
                if total <= MAX_RESPONSE_BYTES {
                    kept.extend_from_slice(&data);
                }
            }
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    let body = if total <= MAX_RESPONSE_BYTES { Body::Whole(kept.freeze()) } else { Body::TooLarge };
    Ok(Received { method: head.method, path: head.uri.path().to_owned(), headers: head.headers, body, trailers })
}

fn understand(received: Received) -> Result<Call, Answer> {
    if let Some(answer) = extensions_api::telemetry(&received) {
        return Err(answer);
    }
    if received.path.starts_with(extensions_api::PREFIX) {
        return extensions_api::call(&received);
    }
    runtime_api::call(received)
}

/// Tells of the call and waits for its answer; tells as well if the caller goes away meanwhile.
async fn ask(ticket: Ticket, call: Call, heard: mpsc::UnboundedSender<Heard>) -> Answer {
    struct Waiting(Ticket, mpsc::UnboundedSender<Heard>, bool);
    impl Drop for Waiting {
        fn drop(&mut self) {
            if !self.2 {
                // Nobody listens any more when the environment is over.
                let _ = self.1.send(Heard::HungUp(self.0));
            }
        }
    }
    let (reply, answer) = oneshot::channel();
    let _ = heard.send(Heard::Call(ticket, call, reply));
    let mut waiting = Waiting(ticket, heard, false);
    let answer = answer.await;
    waiting.2 = true;
    answer.unwrap_or_else(|_| Answer::refused(500, "InternalServerError", "the environment is over"))
}

fn written(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in answer.headers {
        // What cannot be a header's value (a line break in a client context) is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

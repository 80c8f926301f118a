//! Sockets, connections, and what the script does to them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::body::{Kill, ScriptBody, Step};
use super::control::{Control, Place, Recorded};
use super::reply::Reply;
use super::script::Fault;
use super::{routes, storage};

/// Listens, tells where, and serves until told to stop.
pub(super) async fn run(
    tell: mpsc::Sender<(SocketAddr, SocketAddr)>,
    started: mpsc::Receiver<Control>,
    stopped: oneshot::Receiver<()>,
) {
    let registry = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on this machine");
    let storage = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on this machine");
    let address = |listener: &TcpListener| listener.local_addr().expect("a bound socket has an address");
    tell.send((address(&registry), address(&storage))).expect("who started the thread waits for this");
    let Ok(control) = started.recv() else { return };
    tokio::spawn(accept(registry, control.clone(), Place::Registry));
    tokio::spawn(accept(storage, control, Place::Storage));
    // An error means that the value was dropped, which is the same.
    stopped.await.ok();
}

async fn accept(listener: TcpListener, control: Control, place: Place) {
    while let Ok((stream, _)) = listener.accept().await {
        control.lock().connections += 1;
        tokio::spawn(converse(stream, control.clone(), place));
    }
}

async fn converse(stream: TcpStream, control: Control, place: Place) {
    // Small answers leave at once; without it each waits for the acknowledgement of the one before.
    stream.set_nodelay(true).ok();
    let kill = Arc::new(Kill::default());
    let service = {
        let kill = Arc::clone(&kill);
        service_fn(move |request| {
            let (control, kill) = (control.clone(), Arc::clone(&kill));
            Box::pin(async move { Ok::<_, Infallible>(handle(request, &control, place, &kill).await) })
        })
    };
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // How a connection ended is the client's to tell.
        _ = &mut connection => {}
        reset = kill.wanted() => {
            let stream = connection.into_parts().io.into_inner();
            if reset {
                // With no time to linger, dropping it sends a reset in place of an orderly end.
                stream.set_zero_linger().ok();
            }
        }
    }
}

async fn handle(request: Request<Incoming>, control: &Control, place: Place, kill: &Arc<Kill>) -> Response<ScriptBody> {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.as_str().to_owned(), parts.uri.path().to_owned());
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut seen = Recorded {
        place,
        method: method.clone(),
        path: path.clone(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body_bytes: 0,
        status: 0,
    };
    let number = {
        let mut inner = control.lock();
        inner.requests.push(seen.clone());
        inner.requests.len() - 1
    };
    let note = |change: &dyn Fn(&mut Recorded)| {
        // The list may have been forgotten meanwhile.
        if let Some(recorded) = control.lock().requests.get_mut(number) {
            change(recorded);
        }
    };
    let fault = control.fault_for(place, &method, &path);
    let stop_at = if let Fault::ResetRequest(bytes) = fault { Some(bytes) } else { None };
    let (body, cut) = read(body, stop_at).await;
    seen.body_bytes = body.len() as u64;
    note(&|recorded| recorded.body_bytes = body.len() as u64);
    if cut || matches!(fault, Fault::Hang) {
        if cut {
            kill.reset();
        }
        return std::future::pending().await;
    }
    if let Fault::Delay(wait) = fault {
        tokio::time::sleep(wait).await;
    }
    let reply = match &fault {
        Fault::Answer { status, headers, body } => {
            Reply { headers: headers.clone(), body: body.clone(), ..Reply::new(*status) }
        }
        Fault::Loop => Reply::new(307).header("location", parts.uri.to_string()),
        Fault::Endless => Reply::new(200),
        _ if place == Place::Storage => storage::answer(control, &seen),
        _ => routes::answer(control, &seen, body),
    };
    if reply.cut || matches!(fault, Fault::LoseAnswer) {
        kill.reset();
        return std::future::pending().await;
    }
    note(&|recorded| recorded.status = reply.status);
    respond(reply, fault, method == "HEAD", kill)
}

/// The request's body, or its beginning up to `stop_at` and that it goes no further.
async fn read(mut body: Incoming, stop_at: Option<u64>) -> (Bytes, bool) {
    let mut bytes = BytesMut::new();
    loop {
        if stop_at.is_some_and(|stop| bytes.len() as u64 >= stop) {
            return (bytes.freeze(), true);
        }
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
            // A body that breaks off is no request.
            Some(Err(_)) => return (bytes.freeze(), true),
            None => return (bytes.freeze(), stop_at.is_some()),
        }
    }
}

fn respond(mut reply: Reply, fault: Fault, head: bool, kill: &Arc<Kill>) -> Response<ScriptBody> {
    let mut length = Some(reply.body.len() as u64);
    let cut_at = |bytes: u64, body: &Bytes| body.slice(..usize::try_from(bytes).unwrap_or(usize::MAX).min(body.len()));
    let steps = match fault {
        Fault::ResetResponse(at) => vec![Step::Chunk(cut_at(at, &reply.body)), Step::Reset(Arc::clone(kill))],
        Fault::StallResponse(at) => vec![Step::Chunk(cut_at(at, &reply.body)), Step::Hang],
        Fault::ContentLength(bytes) => {
            length = Some(bytes);
            // Nothing follows a body that is announced too short: the server counts.
            vec![Step::Chunk(reply.body.clone()), Step::Close(Arc::clone(kill))]
        }
        Fault::Truncate(at) => {
            let body = cut_at(at, &reply.body);
            length = Some(body.len() as u64);
            vec![Step::Chunk(body)]
        }
        Fault::Body(body) => {
            length = Some(body.len() as u64);
            vec![Step::Chunk(body)]
        }
        Fault::Endless => {
            length = None;
            vec![Step::Endless(Bytes::from(vec![b' '; 64 * 1024]))]
        }
        Fault::Header(name, value) => {
            reply.set(&name, value.as_deref());
            vec![Step::Chunk(reply.body.clone())]
        }
        _ => vec![Step::Chunk(reply.body.clone())],
    };
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let has_length = reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if let Some(length) = length.filter(|_| !has_length && reply.status != 204) {
        builder = builder.header("content-length", length);
    }
    let steps = steps.into_iter().filter(|step| !matches!(step, Step::Chunk(bytes) if bytes.is_empty() || head));
    builder.body(ScriptBody::new(steps)).expect("a test's rule names valid headers and a valid status")
}

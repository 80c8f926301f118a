//! Sockets and connections.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::reply::WireBody;
use super::{Reply, Request};
use crate::control;
use crate::limits::{HEADER_SECONDS, MAX_CONNECTIONS};
use crate::shared::Shared;

/// Serves whoever connects, until dropped.
pub(crate) async fn accept(listener: TcpListener, twin: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of file descriptors, most likely: others will end meanwhile.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let twin = Arc::clone(&twin);
        tokio::spawn(async move {
            converse(stream, twin).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, twin: Arc<Shared>) {
    // Small answers leave at once; without it each waits for the acknowledgement of the one before.
    stream.set_nodelay(true).ok();
    let service = service_fn(move |request| {
        let twin = Arc::clone(&twin);
        async move { handle(request, &twin).await.ok_or(Cut) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
        .serve_connection(TokioIo::new(stream), service);
    // How a connection ended is the client's to tell.
    connection.await.ok();
}

/// What tells hyper to drop the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Cut;

async fn handle(request: hyper::Request<Incoming>, twin: &Arc<Shared>) -> Option<Response<WireBody>> {
    let head = request.method() == Method::HEAD;
    let reply: Reply = control::through(twin, Request::new(request)).await;
    reply.into_response(head)
}

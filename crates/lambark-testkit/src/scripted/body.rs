//! Response bodies that can go wrong halfway.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::Notify;

/// How long the bytes before a reset get to reach the other side.
const FLUSH: Duration = Duration::from_millis(20);

/// Ends a connection from within an answer.
#[derive(Default)]
pub(super) struct Kill {
    orderly: AtomicBool,
    now: Notify,
}

impl Kill {
    /// Sends a reset.
    pub(super) fn reset(&self) {
        self.now.notify_one();
    }

    /// Says goodbye first.
    fn close(&self) {
        self.orderly.store(true, Ordering::Relaxed);
        self.now.notify_one();
    }

    /// Waits for either, and tells whether it was a reset.
    pub(super) async fn wanted(&self) -> bool {
        self.now.notified().await;
        !self.orderly.load(Ordering::Relaxed)
    }
}

pub(super) enum Step {
    Chunk(Bytes),
    /// Cuts the connection.
    Reset(Arc<Kill>),
    /// Closes the connection.
    Close(Arc<Kill>),
    /// Says nothing more.
    Hang,
    /// The same bytes again and again.
    Endless(Bytes),
}

/// Steps in order. Its length is unknown to the server, so that any `Content-Length` goes out as it is set.
pub(super) struct ScriptBody(VecDeque<Step>);

impl ScriptBody {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> ScriptBody {
        ScriptBody(steps.into_iter().collect())
    }

    fn end_soon<T>(&mut self, end: impl FnOnce() + Send + 'static) -> Poll<T> {
        self.0.push_front(Step::Hang);
        tokio::spawn(async move {
            tokio::time::sleep(FLUSH).await;
            end();
        });
        Poll::Pending
    }
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Chunk(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Step::Endless(bytes)) => {
                self.0.push_front(Step::Endless(bytes.clone()));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Step::Hang) => {
                self.0.push_front(Step::Hang);
                Poll::Pending
            }
            Some(Step::Reset(kill)) => self.end_soon(move || kill.reset()),
            Some(Step::Close(kill)) => self.end_soon(move || kill.close()),
        }
    }
}

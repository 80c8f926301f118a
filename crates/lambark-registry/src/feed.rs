//! Blocking readers as request bodies, in constant memory, with a watch over a registry that stops reading.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::Stream;
use lambark_oci::{Algorithm, Digest, Hasher};
use tokio::sync::mpsc;

use crate::config::Timeouts;
use crate::error::{Error, Exchange};
use crate::traffic::{Counters, Kind};
use crate::transport::{Failure, Streamed};

/// Bytes a second that a registry is trusted to hash and move once it has them all.
const SLOWEST_STORE: u64 = 8 * 1024 * 1024;

/// Opens what is to be uploaded, from its beginning. Called again for each new try.
pub type Source = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Bytes that are read at once from a source.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that wait between reader and network.
const CHUNKS_IN_FLIGHT: usize = 4;

/// How far a streamed body is, and who is waiting for whom.
pub(crate) struct Progress {
    state: Mutex<State>,
}

struct State {
    /// The network waits for the reader; then slowness is not the registry's.
    reading: bool,
    ended: bool,
    last: Instant,
    sent: u64,
    expect: Expect,
    hasher: Option<Hasher>,
    error: Option<io::Error>,
}

impl Progress {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes handed to the network so far.
    pub(crate) fn sent(&self) -> u64 {
        self.with(|state| state.sent)
    }

    /// The reader's error, if it failed.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.with(|state| state.error.take())
    }

    /// Digest and size of all that was handed over, once the reader came to its end.
    pub(crate) fn finished(&self) -> Option<(Digest, u64)> {
        self.with(|state| {
            let hasher = state.hasher.take().filter(|_| state.ended)?;
            Some((hasher.finish(), state.sent))
        })
    }
}

/// What is known of a body before it is sent.
#[derive(Clone, Copy)]
pub(crate) enum Expect {
    /// Exactly so many bytes.
    Bytes(u64),
    /// Nothing: hash it on the way.
    Unknown,
}

/// Opens `source` on a blocking thread and streams it.
pub(crate) fn stream(source: &Source, expect: Expect, counters: &Arc<Counters>) -> Streamed {
    let receiver = spawn(source, expect);
    let hasher = matches!(expect, Expect::Unknown).then(|| Hasher::new(Algorithm::Sha256));
    // The network stops asking once it has the announced bytes, so that the end itself is never seen.
    let ended = matches!(expect, Expect::Bytes(0));
    let state = State { reading: true, ended, last: Instant::now(), sent: 0, expect, hasher, error: None };
    let progress = Arc::new(Progress { state: Mutex::new(state) });
    let feed = Feed { receiver, progress: Arc::clone(&progress), counters: Arc::clone(counters) };
    Streamed { body: reqwest::Body::wrap_stream(feed), progress }
}

/// The same as plain chunks, for whoever cuts them into requests.
pub(crate) fn pieces(source: &Source, size: Option<u64>) -> mpsc::Receiver<io::Result<Bytes>> {
    spawn(source, size.map_or(Expect::Unknown, Expect::Bytes))
}

fn spawn(source: &Source, expect: Expect) -> mpsc::Receiver<io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let source = Arc::clone(source);
    tokio::task::spawn_blocking(move || pump(&source, expect, &sender));
    receiver
}

/// Reads until the end, an error, or until nobody listens any more.
fn pump(source: &Source, expect: Expect, sender: &mpsc::Sender<io::Result<Bytes>>) {
    let outcome = source().and_then(|mut reader| {
        let mut total = 0_u64;
        loop {
            let chunk = read_chunk(&mut reader)?;
            total += chunk.len() as u64;
            let end = chunk.is_empty();
            if let Expect::Bytes(expected) = expect
                && (total > expected || (end && total < expected))
            {
                let than = if total > expected { "more" } else { "fewer" };
                let reason = format!("it has {than} bytes than the {expected} announced");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            if end || sender.blocking_send(Ok(chunk)).is_err() {
                return Ok(());
            }
        }
    });
    if let Err(error) = outcome {
        // If nobody listens any more, nobody wants to know.
        sender.blocking_send(Err(error)).ok();
    }
}

/// Up to [`CHUNK_BYTES`] bytes; fewer only at the end.
fn read_chunk(reader: &mut dyn Read) -> io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    reader.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
    Ok(Bytes::from(chunk))
}

struct Feed {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    progress: Arc<Progress>,
    counters: Arc<Counters>,
}

impl Stream for Feed {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let polled = self.receiver.poll_recv(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            self.counters.sent(Kind::Upload, chunk.len());
        }
        self.progress.with(|state| {
            state.last = Instant::now();
            state.reading = polled.is_pending();
            match polled {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => {
                    state.ended = true;
                    Poll::Ready(None)
                }
                Poll::Ready(Some(Ok(chunk))) => {
                    state.sent += chunk.len() as u64;
                    state.ended = matches!(state.expect, Expect::Bytes(total) if state.sent >= total);
                    if let Some(hasher) = &mut state.hasher {
                        hasher.update(&chunk);
                    }
                    Poll::Ready(Some(Ok(chunk)))
                }
                Poll::Ready(Some(Err(error))) => {
                    // The network layer shows only its own words; ours are kept beside.
                    let copy = io::Error::new(error.kind(), "the source failed");
                    state.error = Some(error);
                    Poll::Ready(Some(Err(copy)))
                }
            }
        })
    }
}

/// Waits for the answer to a streamed request for as long as bytes move; then for as long as a registry may take to
/// store them.
pub(crate) async fn sent_within<T>(
    sending: impl Future<Output = T>,
    progress: &Progress,
    timeouts: &Timeouts,
    exchange: &Exchange,
) -> Result<T, Failure> {
    let mut sending = std::pin::pin!(sending);
    loop {
        let (quiet, ended, sent) = progress.with(|state| {
            let waits_for_reader = state.reading && !state.ended;
            let quiet = if waits_for_reader { Duration::ZERO } else { state.last.elapsed() };
            (quiet, state.ended, state.sent)
        });
        let storing = Duration::from_secs(sent / SLOWEST_STORE);
        let (what, after) = if ended { ("answer", timeouts.commit + storing) } else { ("progress", timeouts.idle) };
        let Some(left) = after.checked_sub(quiet).filter(|left| !left.is_zero()) else {
            let error = Error::TimedOut { exchange: exchange.clone(), what, after };
            return Err(Failure { error, again: true, wait: None });
        };
        if let Ok(done) = tokio::time::timeout(left, &mut sending).await {
            return Ok(done);
        }
    }
}

//! As much of the Runtime API as one function needs that nobody isolates: written here, so that nothing of lambark takes
//! part in what it is measured with.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::Error;

/// A function that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

const EVENT: &[u8] = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n\
    Lambda-Runtime-Deadline-Ms: 9999999999999\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
    Connection: close\r\n\r\n{}";
const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Gives one event to each process in turn. Who asks for a second one is hung up on, upon which the function of the
/// examples ends.
pub(super) struct Api {
    address: String,
    answers: Arc<AtomicUsize>,
}

impl Api {
    /// Listens on loopback until this program ends.
    pub(super) fn start() -> Result<Api, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io("loopback"))?;
        let address = listener.local_addr().map_err(Error::io("loopback"))?.to_string();
        let answers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answers);
        std::thread::spawn(move || {
            let mut given = false;
            for stream in listener.incoming().flatten() {
                // Who is cut off does not answer, and the count tells.
                let _ = exchange(&stream, &mut given, &counted);
            }
        });
        Ok(Api { address, answers })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The exit code of what failed early is that of the function's end: only the answers tell them apart.
    pub(super) fn expect_answers(&self, expected: usize) -> Result<(), Error> {
        let answers = self.answers.load(Ordering::SeqCst);
        if answers == expected {
            return Ok(());
        }
        Err(Error::Failed(format!("the function was started {expected} times and answered {answers} times")))
    }
}

fn exchange(mut stream: &TcpStream, given: &mut bool, answers: &AtomicUsize) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let answer = line.starts_with("POST ");
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    if answer {
        io::copy(&mut reader.take(length), &mut io::sink())?;
        answers.fetch_add(1, Ordering::SeqCst);
        return stream.write_all(ACCEPTED);
    }
    *given = !*given;
    if *given { stream.write_all(EVENT) } else { Ok(()) }
}

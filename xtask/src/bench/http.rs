//! Just enough HTTP/1.1 to ask an API the same question again and again: what measures must not be what is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Error;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection that stays open for as long as the server lets it.
pub(super) struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
    /// The server ends it after the last answer.
    over: bool,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Connection {
    pub(super) fn open(host: &str) -> Result<Connection, Error> {
        let stream = TcpStream::connect(host).map_err(Error::io(host))?;
        stream.set_nodelay(true).map_err(Error::io(host))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(Error::io(host))?;
        Ok(Connection { host: host.to_owned(), stream: BufReader::new(stream), over: false })
    }

    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, Error> {
        if self.over {
            *self = Connection::open(&self.host.clone())?;
        }
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", self.host, body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let request = format!("{head}\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).map_err(Error::io(self.host.clone()))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer, Error> {
        let odd = |what: &str| Error::Failed(format!("{} answered {what}", self.host));
        let failed = Error::io(self.host.clone());
        let mut line = String::new();
        let (mut status, mut length) = (None, None);
        loop {
            line.clear();
            match self.stream.read_line(&mut line) {
                Ok(0) => return Err(odd("nothing")),
                Ok(_) => {}
                Err(error) => return Err(failed(error)),
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            match text.split_once(':') {
                _ if status.is_none() => status = text.split(' ').nth(1).and_then(|word| word.parse().ok()),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse::<usize>().ok();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("connection") => {
                    self.over = value.trim().eq_ignore_ascii_case("close");
                }
                _ => {}
            }
        }
        let (Some(status), Some(length)) = (status, length) else { return Err(odd("without status or length")) };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(failed)?;
        Ok(Answer { status, body })
    }
}

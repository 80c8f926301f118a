//! What lambark and its companion in a container say to each other: frames of JSON over the container's standard
//! input and output, for these alone pass into an engine's machine, wherever that is.
//!
//! What comes out of the container is not trusted: a function that took over its keeper could say anything, and gets
//! no more by it than wrong answers about itself.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::MAX_MESSAGE_BYTES;
use crate::{FunctionSettings, Init, Invocation, Outcome};

/// To the companion.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// The first one: start the function.
    Start(Box<Start>),
    /// Invoke it.
    Invoke(Invocation),
    /// The last one: let it end as Lambda would. Without it, the end of the stream ends everything at once.
    End,
}

/// What the companion has to know.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The version of whoever speaks: only the same one understands all that is said.
    pub(crate) version: String,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) own_network: bool,
    pub(crate) function: FunctionSettings,
}

/// From the companion.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// A piece of the function's log.
    Log(#[serde(with = "crate::base64_bytes")] Vec<u8>),
    /// The first init is over.
    Started(Init),
    /// The invocation is over.
    Finished(Outcome),
    /// The companion cannot do what it was told.
    Failed(String),
}

/// Sends one message.
pub(crate) fn say(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX_MESSAGE_BYTES).ok_or_else(too_long)?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(&body)?;
    out.flush()
}

/// Receives one message; `None` when the other side has gone.
pub(crate) fn hear<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut header = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut header)?;
    let Ok(header) = <[u8; 4]>::try_from(header.as_slice()) else {
        return if header.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    };
    let length = u32::from_be_bytes(header);
    if length > MAX_MESSAGE_BYTES {
        return Err(too_long());
    }
    let mut body = Vec::new();
    input.by_ref().take(u64::from(length)).read_to_end(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

fn too_long() -> io::Error {
    io::Error::other(format!("a message is longer than {MAX_MESSAGE_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::Failure;
    use crate::fault::MAX_EVENT_BYTES;

    fn heard(bytes: &[u8]) -> Vec<Word> {
        let mut rest = bytes;
        std::iter::from_fn(|| hear(&mut rest).unwrap()).collect()
    }

    #[test]
    fn words_arrive_in_order_and_whole() {
        let failure = Failure::fault("Runtime.ExitError", "Runtime exited");
        let init = Init { duration: Duration::from_micros(1234), failure: Some(failure.clone()), log: vec![0, 255] };
        let mut bytes = Vec::new();
        say(&mut bytes, &Word::Log(b"\xff\0 no text".to_vec())).unwrap();
        say(&mut bytes, &Word::Started(init)).unwrap();
        let [Word::Log(log), Word::Started(init)] = &heard(&bytes)[..] else { panic!() };
        assert_eq!(log, b"\xff\0 no text");
        assert_eq!((init.duration, &init.failure), (Duration::from_micros(1234), &Some(failure)));
    }

    #[test]
    fn the_largest_answer_fits_even_if_it_is_an_error_that_was_reported() {
        let payload = bytes::Bytes::from(vec![b'x'; MAX_EVENT_BYTES + 100]);
        let failure = Failure::Reported { error_type: "E".to_owned(), payload: payload.clone() };
        let outcome = Outcome {
            request_id: String::new(),
            payload,
            failure: Some(failure),
            aftermath: None,
            log: vec![b'x'; 4096],
            init_duration: None,
            duration: Duration::ZERO,
            billed_ms: 1,
            max_memory_used_mb: None,
        };
        let mut bytes = Vec::new();
        say(&mut bytes, &Word::Finished(outcome)).unwrap();
        assert_eq!(heard(&bytes).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_that_comes_out_of_a_container_does_harm(bytes: Vec<u8>, length in 0u32..64, body: Vec<u8>) {
            let _ = hear::<Word>(&mut &bytes[..]);
            let framed = [&length.to_be_bytes()[..], &body].concat();
            let _ = hear::<Word>(&mut &framed[..]);
        }
    }

    #[test]
    fn a_message_of_bogus_length_or_content_is_an_error() {
        for bytes in [&u32::MAX.to_be_bytes()[..], b"\0\0\0\x02{", b"\0\0\0\x02{]", b"\0\0", b"\0\0\0\0"] {
            assert!(hear::<Word>(&mut &bytes[..]).is_err(), "{bytes:?}");
        }
        assert!(hear::<Word>(&mut &b""[..]).unwrap().is_none());
    }
}

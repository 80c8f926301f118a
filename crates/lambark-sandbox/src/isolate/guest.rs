//! The companion: the first process of a container that an engine made. The walls stand, and what is left is to be
//! lambark inside them: one thread starts programs and buries the dead, others drive the function.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Sender};

use super::{Failed, guarded, init, rights};
use crate::engine::dialogue::{Order, Start, Word, hear, say};
use crate::limits::API_PORT;
use crate::{Function, FunctionError, Invocation, Sandbox};

/// Takes its orders from standard input and answers on standard output, until it is told to end. If its maker goes
/// without a word, it ends that moment, and with it everything inside.
pub(super) fn run() -> io::Result<()> {
    // Rights are each thread's own, so they go while there is one.
    let renounced = rights::renounce();
    let Some(Order::Start(start)) = hear(&mut io::stdin().lock())? else { return Ok(()) };
    let (sender, orders) = mpsc::channel();
    std::thread::spawn(move || listen(&sender));
    let started = renounced.map_err(|failed| told(&failed)).and_then(|()| start_function(*start));
    let function = match started {
        Ok(function) => function,
        Err(reason) => return answer(&Word::Failed(reason)),
    };
    answer(&Word::Started(function.init().clone()))?;
    for invocation in orders {
        answer(&match function.invoke(invocation) {
            Ok(outcome) => Word::Finished(outcome),
            Err(error) => Word::Failed(error.to_string()),
        })?;
    }
    // Lets it end as Lambda would.
    drop(function);
    Ok(())
}

/// Hears orders to their end, also while the function is busy.
fn listen(invocations: &Sender<Invocation>) {
    loop {
        match hear(&mut io::stdin().lock()) {
            Ok(Some(Order::Invoke(invocation))) => {
                let _ = invocations.send(invocation);
            }
            Ok(Some(Order::End)) => return,
            Ok(Some(Order::Start(_)) | None) | Err(_) => std::process::exit(1),
        }
    }
}

fn start_function(start: Start) -> Result<Function, String> {
    let own = env!("CARGO_PKG_VERSION");
    if start.version != own {
        return Err(format!("the lambark inside is version {own}, and the one outside {}", start.version));
    }
    // If nobody hears it any more, the end of standard input ends everything.
    let log = Box::new(move |bytes: &[u8]| drop(answer(&Word::Log(bytes.to_vec()))));
    let build = move || Ok(sandbox(start.own_network, start.memory_bytes)?);
    Function::start_in(build, start.function, log).map_err(|error: FunctionError| error.to_string())
}

/// The container itself as a sandbox, its first process being this one.
fn sandbox(own_network: bool, memory_bytes: Option<u64>) -> io::Result<Sandbox> {
    let port = if own_network { API_PORT } else { 0 };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let (ours, theirs) = UnixStream::pair()?;
    let keeper = std::thread::Builder::new().name("keeper".to_owned());
    keeper.spawn(move || guarded(&theirs, |control| init::serve(control, memory_bytes)))?;
    Sandbox::around_this_process(ours, listener).map_err(io::Error::other)
}

fn told(Failed { step, error }: &Failed) -> String {
    format!("{step}: {error}")
}

/// Several threads speak, one word at a time.
fn answer(word: &Word) -> io::Result<()> {
    say(&mut io::stdout().lock(), word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use lambark_oci::config::RunConfig;

    use super::*;
    use crate::FunctionSettings;

    #[test]
    fn another_version_is_refused_before_anything_starts() {
        let function = FunctionSettings::of_image(&RunConfig::default());
        let start = Start { version: "0.0.0".to_owned(), memory_bytes: None, own_network: true, function };
        let reason = start_function(start).err().unwrap();
        assert_eq!(
            reason,
            concat!("the lambark inside is version ", env!("CARGO_PKG_VERSION"), ", and the one outside 0.0.0")
        );
    }
}

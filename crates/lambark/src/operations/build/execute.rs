//! Running the commands: the builder's words pass through as they come, the image goes into a file without a name.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use lambark_images::Error;
use lambark_images::engine::MAX_ENGINE_ARCHIVE_BYTES;

use super::planner::{Archive, Plan, Step, Word};

/// How much of a builder's last words is kept to be explained, in bytes. Its errors stand at the end.
const TAIL_BYTES: usize = 64 * 1024;

/// Most bytes of a file with an image's id; real ones have 71.
const MAX_ID_BYTES: u64 = 1024;

/// Where a builder's words go, while the last of them are kept.
pub(super) struct Log<'a> {
    state: Mutex<State<'a>>,
}

struct State<'a> {
    out: &'a mut (dyn Write + Send),
    tail: VecDeque<u8>,
}

impl<'a> Log<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Log<'a> {
        Log { state: Mutex::new(State { out, tail: VecDeque::new() }) }
    }

    fn hear(&self, words: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A build goes on when nobody listens.
        let _ = state.out.write_all(words).and_then(|()| state.out.flush());
        state.tail.extend(words);
        let surplus = state.tail.len().saturating_sub(TAIL_BYTES);
        state.tail.drain(..surplus);
    }

    /// The last words.
    pub(super) fn tail(&self) -> String {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(state.tail.make_contiguous()).into_owned()
    }
}

/// Why there is no archive.
#[derive(Debug)]
pub(super) enum Broken {
    /// A command ended with something else than success.
    Status(String, ExitStatus),
    /// A command cannot be run, or its archive not be kept.
    Machine(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        Broken::Machine(error)
    }
}

/// Runs the build.
pub(super) fn build(plan: &Plan, asks_stdin: bool, log: &Log<'_>) -> Result<Option<File>, Broken> {
    run(&plan.build, plan.archive == Archive::Build, asks_stdin, log)
}

/// Brings the image out of the builder's store.
pub(super) fn save(plan: &Plan, log: &Log<'_>) -> Result<Option<File>, Broken> {
    let Some(step) = &plan.save else { return Ok(None) };
    let streamed = run(step, plan.archive == Archive::Save, false, log)?;
    match &plan.archive {
        Archive::File(path) => {
            let file = File::open(path).map_err(|source| Error::Read { path: path.into(), source })?;
            Ok(Some(file))
        }
        Archive::Build | Archive::Save | Archive::Layout(_) => Ok(streamed),
    }
}

/// Tidies the builder's store up. That it failed is no reason to lose the image; the log tells it.
pub(super) fn clean(plan: &Plan, log: &Log<'_>) {
    if let Some(step) = &plan.clean {
        let mut command = command(step).unwrap_or_else(|_| Command::new(&step.program));
        match command.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => log.hear(&output.stderr),
            Err(error) => log.hear(format!("{}: {error}\n", step.command_line()).as_bytes()),
        }
    }
}

fn run(step: &Step, archive: bool, asks_stdin: bool, log: &Log<'_>) -> Result<Option<File>, Broken> {
    let mut command = command(step)?;
    command.stdin(if asks_stdin { Stdio::inherit() } else { Stdio::null() });
    let cannot = |source: io::Error| Error::Read { path: step.program.clone().into(), source };
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(cannot)?;
    let mut child = Guarded(child);
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let taken = std::thread::scope(|scope| {
        scope.spawn(|| stderr.map(|words| hear_all(words, log)));
        let taken = match stdout {
            Some(stdout) if archive => take(stdout).map(Some),
            Some(stdout) => {
                hear_all(stdout, log);
                Ok(None)
            }
            None => Ok(None),
        };
        if taken.is_err() {
            // It would write on into a pipe that nobody reads.
            let _ = child.0.kill();
        }
        taken
    });
    let status = child.0.wait().map_err(cannot)?;
    let taken = taken?;
    if status.success() { Ok(taken) } else { Err(Broken::Status(step.command_line(), status)) }
}

/// A program that ends with its maker, should that give up.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

fn command(step: &Step) -> Result<Command, Error> {
    let mut command = Command::new(&step.program);
    for word in &step.arguments {
        match word {
            Word::Text(text) => command.arg(text),
            Word::ContentOf(path) => {
                let failed = |source| Error::Read { path: path.into(), source };
                let mut text = String::new();
                let file = File::open(path).map_err(failed)?;
                file.take(MAX_ID_BYTES).read_to_string(&mut text).map_err(failed)?;
                command.arg(text.trim())
            }
        };
    }
    Ok(command)
}

fn hear_all(mut words: impl Read, log: &Log<'_>) {
    let mut piece = [0; 8192];
    loop {
        match words.read(&mut piece) {
            Ok(0) => return,
            Ok(read) => log.hear(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Keeps an archive, within the limit of what is taken of one image.
fn take(from: impl Read) -> Result<File, Error> {
    let failed = |source| Error::Write { path: "a temporary file".into(), source };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let taken = io::copy(&mut from.take(MAX_ENGINE_ARCHIVE_BYTES + 1), &mut file).map_err(failed)?;
    if taken > MAX_ENGINE_ARCHIVE_BYTES {
        let reason = format!("it has more than the {MAX_ENGINE_ARCHIVE_BYTES} bytes that are taken of one image");
        return Err(Error::Malformed { place: "the builder's archive".to_owned(), reason });
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_last_words_are_kept_and_all_pass_through() {
        let mut out = Vec::new();
        let log = Log::new(&mut out);
        for _ in 0..10_000 {
            log.hear(b"#1 doing something\n");
        }
        log.hear(b"ERROR: the end\n");
        let tail = log.tail();
        assert!(tail.len() == TAIL_BYTES && tail.ends_with("something\nERROR: the end\n"));
        drop(log);
        assert_eq!(out.len(), 10_000 * 19 + 15);
    }
}

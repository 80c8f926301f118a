//! Programs inside, seen from outside.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::cgroup::Cgroup;
use crate::wire::{NotStarted, Order, Word, receive, send};
use crate::{Exit, SpawnError};

/// A program that runs in a sandbox.
#[derive(Debug)]
pub struct Process {
    /// What it writes to its standard output.
    pub stdout: File,
    /// What it writes to its standard error.
    pub stderr: File,
    /// How it ends.
    pub waiter: Waiter,
}

/// Waits for a program's end, or asks for it.
#[derive(Clone, Debug)]
pub struct Waiter(Arc<Listed>);

/// A program on the board; it is taken off when nobody asks for it any more.
#[derive(Debug)]
struct Listed {
    id: u64,
    board: Arc<Board>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.board.lock().programs.remove(&self.id);
    }
}

impl Waiter {
    /// Puts a program on the board, before it is started.
    pub(crate) fn new(id: u64, board: &Arc<Board>) -> Waiter {
        board.lock().programs.insert(id, Program::default());
        Waiter(Arc::new(Listed { id, board: Arc::clone(board) }))
    }

    /// How its start went.
    pub(crate) fn started(&self) -> Result<(), SpawnError> {
        let Listed { id, board } = &*self.0;
        let answer = board.wait_for(|state| state.programs.get(id).and_then(|program| program.start.clone()));
        answer.unwrap_or(Err(SpawnError::Ended))
    }

    /// How it ended, as soon as it has. That is at the latest when the sandbox ends.
    #[must_use]
    pub fn wait(&self) -> Exit {
        let Listed { id, board } = &*self.0;
        board.wait_for(|state| state.programs.get(id).and_then(|program| program.exit)).unwrap_or(KILLED)
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn try_wait(&self) -> Option<Exit> {
        let state = self.0.board.lock();
        state.programs.get(&self.0.id).and_then(|program| program.exit).or(state.ended.then_some(KILLED))
    }

    /// Asks it to end (`SIGTERM`). It may have ended, or not care.
    pub fn terminate(&self) {
        // If the sandbox has ended, so has it.
        let _ = self.0.board.order(&Order::Terminate { id: self.0.id }, &[]);
    }
}

/// The sandbox's end kills its programs.
const KILLED: Exit = Exit::Signal(9);

/// The way to the sandbox's first process, and where what it says is put for whoever waits for it.
#[derive(Debug)]
pub(crate) struct Board {
    socket: Mutex<UnixStream>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    programs: HashMap<u64, Program>,
    /// The last measure of memory, and how many there were.
    pub(crate) measures: (u64, u64),
    /// The lists that were asked for.
    pub(crate) lists: HashMap<u64, Result<Vec<String>, i32>>,
    /// What the sandbox's first process said before it gave up.
    pub(crate) failure: Option<String>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Program {
    start: Option<Result<(), SpawnError>>,
    exit: Option<Exit>,
}

impl Board {
    pub(crate) fn new(socket: UnixStream) -> Board {
        Board { socket: Mutex::new(socket), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Sends an order, with descriptors beside it.
    pub(crate) fn order(&self, order: &Order, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        send(&socket, order, descriptors)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `look` sees something; `None` when the sandbox ended before.
    pub(crate) fn wait_for<T>(&self, look: impl Fn(&State) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(seen) = look(&state) {
                return Some(seen);
            }
            if state.ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts up everything that the sandbox says until it ends.
    pub(crate) fn listen(&self, socket: &UnixStream, cgroup: Option<&Cgroup>) {
        let mut kills = 0;
        // What cannot be understood comes from a sandbox that has been taken over: it is over as well.
        while let Ok(Some((word, _))) = receive::<Word>(socket) {
            let killed_at_wall = cgroup.map_or(0, Cgroup::kills) > kills;
            let mut state = self.lock();
            match word {
                Word::Started { id } => state.answer(id, Ok(())),
                Word::NotStarted { id, failure } => state.answer(id, Err(failure.into())),
                Word::Exited { id, code, signal, out_of_memory } => {
                    let exit = exit_of(code, signal, out_of_memory || (killed_at_wall && signal == Some(9)));
                    kills += u64::from(exit == Exit::OutOfMemory && !out_of_memory);
                    if let Some(program) = state.programs.get_mut(&id) {
                        program.exit = Some(exit);
                    }
                }
                Word::Memory { peak } => state.measures = (peak, state.measures.1 + 1),
                Word::Listed { id, names } => {
                    state.lists.insert(id, names);
                }
                Word::Failed { step, text, .. } => {
                    state.failure = Some(format!("{step}: {text}"));
                    break;
                }
                Word::Unshared | Word::Ready => break,
            }
            drop(state);
            self.changed.notify_all();
        }
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

impl State {
    fn answer(&mut self, id: u64, answer: Result<(), SpawnError>) {
        if let Some(program) = self.programs.get_mut(&id) {
            program.start = Some(answer);
        }
    }
}

fn exit_of(code: Option<i32>, signal: Option<i32>, out_of_memory: bool) -> Exit {
    match (code, signal) {
        _ if out_of_memory => Exit::OutOfMemory,
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => KILLED,
    }
}

impl From<NotStarted> for SpawnError {
    fn from(failure: NotStarted) -> SpawnError {
        use rustix::io::Errno;
        match failure {
            NotStarted::WorkingDirectory(reason) => SpawnError::WorkingDirectory(reason),
            NotStarted::Program { errno, text } => match errno.map(Errno::from_raw_os_error) {
                Some(Errno::NOENT | Errno::NOTDIR) => SpawnError::NotFound,
                Some(Errno::ACCESS | Errno::PERM) => SpawnError::PermissionDenied,
                Some(Errno::NOEXEC) => SpawnError::ExecFormat,
                _ => SpawnError::Other(text),
            },
        }
    }
}

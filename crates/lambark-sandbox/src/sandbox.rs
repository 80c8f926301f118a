//! A sandbox, seen from outside.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fs, io};

use rustix::process::Signal;

use crate::cgroup::Cgroup;
use crate::diagnose::diagnose;
use crate::isolate::OUTER;
use crate::limits::{FIRST_ID_OUTSIDE, FUNCTION_GID, FUNCTION_UID, IDS, KEEPERS_BYTES, START_SECONDS};
use crate::process::{Board, Process, Waiter};
use crate::rootfs::RootFs;
use crate::wire::{Inner, Mapped, Order, Outer, Word, receive, send};
use crate::{Command, Error, Network, Settings, SpawnError};

/// A sandbox. Dropping it ends everything that runs in it.
#[derive(Debug)]
pub struct Sandbox {
    board: Arc<Board>,
    next_id: AtomicU64,
    listener: TcpListener,
    keeper: Keeper,
}

/// What ends the sandbox, and what waits until it has.
#[derive(Debug)]
struct Keeper {
    ender: Ender,
    reader: Mutex<Option<JoinHandle<()>>>,
    _held: Held,
}

/// What is let go of last.
#[derive(Debug, Default)]
struct Held {
    /// It cannot go while somebody lives in it.
    cgroup: Option<Arc<Cgroup>>,
    /// Keeps the layers from being evicted.
    #[expect(dead_code, reason = "it is there to be dropped")]
    root: Option<RootFs>,
}

/// How the sandbox's first process is ended, and with it all others inside.
#[derive(Debug)]
enum Ender {
    /// It is a process of ours, and there is somebody who waits for it.
    Process(OwnedFd, Mutex<Child>),
    /// It is this process: its end is the sandbox's. Until then it starts programs as long as it is spoken to.
    This(UnixStream),
}

impl Sandbox {
    /// Makes a sandbox around a root file system. Nothing runs in it yet.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when this machine does not allow it, and says what to do; [`Error::SetUp`] for any other
    /// failure.
    pub fn start(root: &RootFs, settings: &Settings) -> Result<Sandbox, Error> {
        match Sandbox::start_on(root, settings) {
            Err(Error::CannotStack { .. }) => Sandbox::start_on(&root.flat()?, settings),
            other => other,
        }
    }

    fn start_on(root: &RootFs, settings: &Settings) -> Result<Sandbox, Error> {
        let cgroup = settings
            .memory_bytes
            .and_then(|memory| Cgroup::make(memory.saturating_add(settings.tmp_bytes).saturating_add(KEEPERS_BYTES)));
        let (socket, mut child) = start_helper(settings, cgroup.as_ref())?;
        let set_up = set_up(&socket, &child, root, settings);
        let (first, listener) = match set_up {
            Ok(made) => made,
            Err(error) => {
                // Its failure is told already; what is left is to leave nothing behind.
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let held = Held { cgroup: cgroup.map(Arc::new), root: Some(root.clone()) };
        Sandbox::around(socket, Ender::Process(first, Mutex::new(child)), listener, held)
    }

    /// The sandbox that this process is the first one of; a thread of it starts programs when told through `socket`.
    pub(crate) fn around_this_process(socket: UnixStream, listener: TcpListener) -> Result<Sandbox, Error> {
        let ender = socket.try_clone().map_err(|source| Error::io("share a socket", source))?;
        Sandbox::around(socket, Ender::This(ender), Some(listener), Held::default())
    }

    /// A sandbox whose first process is ready.
    fn around(socket: UnixStream, ender: Ender, listener: Option<TcpListener>, held: Held) -> Result<Sandbox, Error> {
        let cgroup = held.cgroup.clone();
        // From here on, whatever fails ends it.
        let keeper = Keeper { ender, reader: Mutex::new(None), _held: held };
        let listener = listener.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok);
        let listener = listener.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let listener = listener.map_err(|source| Error::io("listen for the Runtime API", source))?;
        let from = socket.try_clone().map_err(|source| Error::io("share a socket", source))?;
        let board = Arc::new(Board::new(socket));
        let heard = Arc::clone(&board);
        let reader = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || heard.listen(&from, cgroup.as_deref()))
            .map_err(|source| Error::io("start a thread", source))?;
        *keeper.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        Ok(Sandbox { board, next_id: AtomicU64::new(0), listener, keeper })
    }

    /// The listening socket behind [`Sandbox::api_address`]; it does not block.
    ///
    /// # Errors
    /// When this process has no descriptor left.
    pub fn listener(&self) -> io::Result<TcpListener> {
        self.listener.try_clone()
    }

    /// Where programs inside reach the Runtime API.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn api_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Starts a program inside.
    ///
    /// # Errors
    /// Why it did not start.
    pub fn spawn(&self, command: &Command) -> Result<Process, SpawnError> {
        let broken = |error: io::Error| SpawnError::Other(error.to_string());
        let (stdout, stdout_inside) = io::pipe().map_err(broken)?;
        let (stderr, stderr_inside) = io::pipe().map_err(broken)?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let Command { program, args, env, working_directory } = command.clone();
        let waiter = Waiter::new(id, &self.board);
        let order = Order::Spawn { id, program, args, env, working_directory };
        let inside = [stdout_inside.as_fd(), stderr_inside.as_fd()];
        self.board.order(&order, &inside).map_err(|_| SpawnError::Ended)?;
        waiter.started()?;
        Ok(Process { stdout: OwnedFd::from(stdout).into(), stderr: OwnedFd::from(stderr).into(), waiter })
    }

    /// The names in a directory inside, sorted, as a program there would see them.
    ///
    /// # Errors
    /// When it is not there, is none or cannot be read; when the sandbox has ended.
    pub fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.board.order(&Order::List { id, path: path.to_owned() }, &[])?;
        let listed = self.board.wait_for(|state| state.lists.get(&id).cloned());
        self.board.lock().lists.remove(&id);
        let ended = || io::Error::other(SpawnError::Ended);
        listed.ok_or_else(ended)?.map_err(io::Error::from_raw_os_error)
    }

    /// Kills every program inside; the sandbox stays, and further ones may be started.
    ///
    /// # Errors
    /// When the sandbox has ended.
    pub fn kill_processes(&self) -> io::Result<()> {
        self.board.order(&Order::KillProcesses, &[])
    }

    /// The most memory that all programs inside had together so far, in bytes; `None` when the sandbox has ended.
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        let (_, before) = self.board.lock().measures;
        self.board.order(&Order::Measure, &[]).ok()?;
        self.board.wait_for(|state| (state.measures.1 > before).then_some(state.measures.0))
    }

    /// Why the sandbox's first process gave up, if it did. That is lambark's fault, and not that of any program inside.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.board.lock().failure.clone()
    }

    /// Ends the sandbox and everything in it. When this returns, nothing of it runs any more.
    pub fn kill(&self) {
        self.keeper.end();
    }
}

impl Keeper {
    fn end(&self) {
        match &self.ender {
            Ender::Process(first, child) => {
                let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
                // It may have ended by itself; waiting for it tells.
                let _ = rustix::process::pidfd_send_signal(first, Signal::KILL);
                let _ = child.wait();
            }
            // If that is not possible, nobody hears it any more.
            Ender::This(socket) => drop(socket.shutdown(Shutdown::Both)),
        }
        if let Some(reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the first helper, already in its control group.
fn start_helper(settings: &Settings, cgroup: Option<&Cgroup>) -> Result<(UnixStream, Child), Error> {
    // Not by its path: an update may have taken its place.
    let helper = settings.helper.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let (ours, theirs) = UnixStream::pair().map_err(|source| Error::io("make a socket", source))?;
    let limit = Some(Duration::from_secs(START_SECONDS));
    ours.set_read_timeout(limit).map_err(|source| Error::io("make a socket", source))?;
    let mut command = std::process::Command::new(&helper);
    // Nothing of this program's environment may be found inside, in no process's memory.
    command.arg(OUTER).env_clear().stdin(Stdio::from(OwnedFd::from(theirs)));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.map_err(|source| Error::io(&format!("start {}", helper.display()), source))?;
    if let Some(cgroup) = cgroup {
        cgroup.add(child.id()).map_err(|source| Error::io("limit the sandbox's memory", source))?;
    }
    Ok((ours, child))
}

fn set_up(
    socket: &UnixStream,
    child: &Child,
    root: &RootFs,
    settings: &Settings,
) -> Result<(OwnedFd, Option<TcpListener>), Error> {
    let own_network = settings.network == Network::None;
    tell(socket, &Outer { directory: root.directory().to_owned(), own_network })?;
    let (Word::Unshared, _) = hear(socket)? else { return Err(out_of_turn()) };
    let many_ids =
        map_ids(child.id()).map_err(|error| diagnose("map ids", error.raw_os_error(), &error.to_string()))?;
    tell(socket, &Mapped)?;
    let resolv_conf = (!own_network).then(resolv_conf).flatten();
    let Settings { tmp_bytes, memory_bytes, hostname, .. } = settings.clone();
    let layers = root.stack().to_vec();
    tell(socket, &Inner { layers, tmp_bytes, memory_bytes, own_network, resolv_conf, hostname, many_ids })?;
    let (Word::Ready, descriptors) = hear(socket)? else { return Err(out_of_turn()) };
    let mut descriptors = descriptors.into_iter();
    let first = descriptors.next().ok_or_else(out_of_turn)?;
    let listener = descriptors.next().map(TcpListener::from);
    socket.set_read_timeout(None).map_err(|source| Error::io("make a socket", source))?;
    Ok((first, listener))
}

fn tell(socket: &UnixStream, message: &impl serde::Serialize) -> Result<(), Error> {
    send(socket, message, &[]).map_err(|source| Error::io("speak to the sandbox", source))
}

fn hear(socket: &UnixStream) -> Result<(Word, Vec<OwnedFd>), Error> {
    match receive(socket).map_err(|source| Error::io("hear from the sandbox", source))? {
        Some((Word::Failed { step, text, .. }, _)) if step == crate::isolate::STACK => {
            Err(Error::CannotStack { reason: text })
        }
        Some((Word::Failed { step, errno, text }, _)) => Err(diagnose(&step, errno, &text)),
        Some(said) => Ok(said),
        None => Err(Error::SetUp { step: "start".to_owned(), reason: "its process ended without a word".to_owned() }),
    }
}

fn out_of_turn() -> Error {
    Error::SetUp { step: "start".to_owned(), reason: "its process said something else than expected".to_owned() }
}

/// Maps ids of the helper's user namespace; says whether they are many. Only root of the machine may have a range.
fn map_ids(pid: u32) -> io::Result<bool> {
    let write = |name: &str, text: &str| fs::write(format!("/proc/{pid}/{name}"), text);
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if has_many_ids() {
        let map = format!("0 {FIRST_ID_OUTSIDE} {IDS}");
        write("gid_map", &map)?;
        write("uid_map", &map)?;
        return Ok(true);
    }
    write("setgroups", "deny")?;
    write("gid_map", &format!("{FUNCTION_GID} {} 1", group.as_raw()))?;
    write("uid_map", &format!("{FUNCTION_UID} {} 1", user.as_raw()))?;
    Ok(false)
}

/// Whether a sandbox that this program makes has a range of ids, and not one alone.
pub(crate) fn has_many_ids() -> bool {
    rustix::process::geteuid().is_root() && range_is_ours()
}

/// Whether the range exists in the user namespace that this process is in: not so inside most containers.
fn range_is_ours() -> bool {
    let whole = |path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().any(|line| {
            let mut numbers = line.split_ascii_whitespace().filter_map(|number| number.parse::<u64>().ok());
            let (Some(first), Some(_), Some(count)) = (numbers.next(), numbers.next(), numbers.next()) else {
                return false;
            };
            first <= u64::from(FIRST_ID_OUTSIDE) && u64::from(FIRST_ID_OUTSIDE + IDS) <= first + count
        })
    };
    whole("/proc/self/uid_map") && whole("/proc/self/gid_map")
}

/// This machine's list of name servers, wherever its links lead.
fn resolv_conf() -> Option<String> {
    fs::canonicalize("/etc/resolv.conf").ok()?.to_str().map(str::to_owned)
}

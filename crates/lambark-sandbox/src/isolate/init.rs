//! The sandbox's first process: starts programs, buries the dead, watches memory.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, pidfd_send_signal};

use super::memory;
use crate::limits::MAX_LISTED;
use crate::wire::{NotStarted, Order, Word, receive, send};

/// How often memory is looked at while programs run, in nanoseconds: a program that asks for more than it may have
/// gets some tens of megabytes meanwhile.
const SAMPLE: i64 = 10_000_000;

struct Init<'a> {
    control: &'a UnixStream,
    memory_limit: Option<u64>,
    /// The programs that were asked for. Their children come here too once they are orphans, and are nobody's.
    programs: HashMap<Pid, Program>,
    peak: u64,
    out_of_memory: bool,
}

struct Program {
    id: u64,
    /// Becomes readable when it ends.
    end: OwnedFd,
}

/// Serves until the other side of `control` is closed. This process's end ends every other one inside.
pub(super) fn serve(control: &UnixStream, memory_limit: Option<u64>) -> io::Result<()> {
    let mut init = Init { control, memory_limit, programs: HashMap::new(), peak: 0, out_of_memory: false };
    let mut alone = true;
    loop {
        if init.wait_for_something(alone)? {
            let Some((order, descriptors)) = receive::<Order>(control)? else { return Ok(()) };
            init.follow(order, descriptors)?;
        }
        alone = init.bury()?;
        if !alone {
            init.watch_memory();
        }
    }
}

impl Init<'_> {
    /// Waits for an order, an end, or the time to look at memory; says whether there is an order.
    fn wait_for_something(&self, alone: bool) -> io::Result<bool> {
        let mut waiting = vec![PollFd::new(self.control, PollFlags::IN)];
        waiting.extend(self.programs.values().map(|program| PollFd::new(&program.end, PollFlags::IN)));
        let timeout = (!alone).then_some(Timespec { tv_sec: 0, tv_nsec: SAMPLE });
        match poll(&mut waiting, timeout.as_ref()) {
            Ok(_) => Ok(!waiting[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn follow(&mut self, order: Order, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        match order {
            Order::Spawn { id, program, args, env, working_directory } => {
                let word = match start(&program, &args, env, &working_directory, descriptors) {
                    Ok((pid, end)) => {
                        self.programs.insert(pid, Program { id, end });
                        Word::Started { id }
                    }
                    Err(failure) => Word::NotStarted { id, failure },
                };
                send(self.control, &word, &[])
            }
            Order::Terminate { id } => {
                let asked = self.programs.values().find(|program| program.id == id);
                // It may have ended this moment.
                let _ = asked.map(|program| pidfd_send_signal(&program.end, Signal::TERM));
                Ok(())
            }
            Order::List { id, path } => {
                let names = list(&path).map_err(|error| error.raw_os_error().unwrap_or(0));
                send(self.control, &Word::Listed { id, names }, &[])
            }
            Order::KillProcesses => kill_all(),
            Order::Measure => {
                self.peak = self.peak.max(memory::resident()).max(memory::highest_of_one());
                send(self.control, &Word::Memory { peak: self.peak }, &[])
            }
        }
    }

    /// Takes in all that have ended; says whether nobody is left.
    fn bury(&mut self) -> io::Result<bool> {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let Some(program) = self.programs.remove(&pid) {
                        send(self.control, &self.ended(program.id, status), &[])?;
                    }
                }
                Ok(None) => return Ok(false),
                Err(rustix::io::Errno::CHILD) => {
                    self.out_of_memory = false;
                    return Ok(true);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn ended(&self, id: u64, status: WaitStatus) -> Word {
        let signal = status.terminating_signal();
        let out_of_memory = self.out_of_memory && signal == Some(Signal::KILL.as_raw());
        Word::Exited { id, code: status.exit_status(), signal, out_of_memory }
    }

    fn watch_memory(&mut self) {
        let resident = memory::resident();
        self.peak = self.peak.max(resident);
        let Some(limit) = self.memory_limit else { return };
        // Only what is over the limit with shared pages counted once is over it.
        if resident > limit && memory::proportional() > limit {
            self.out_of_memory = true;
            // It fails only if there is nobody left.
            let _ = kill_all();
        }
    }
}

/// Kills every process inside but this one.
fn kill_all() -> io::Result<()> {
    // The group of process 1 is the number -1, which stands for everybody.
    match rustix::process::kill_process_group(Pid::INIT, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn start(
    program: &str,
    args: &[String],
    env: Vec<(String, String)>,
    working_directory: &str,
    descriptors: Vec<OwnedFd>,
) -> Result<(Pid, OwnedFd), NotStarted> {
    std::env::set_current_dir(working_directory).map_err(|error| NotStarted::WorkingDirectory(words(&error)))?;
    let failed = |error: io::Error| NotStarted::Program { errno: error.raw_os_error(), text: words(&error) };
    let found = find(program, &env, Path::new(working_directory)).map_err(failed)?;
    let mut command = Command::new(found);
    command.arg0(program).args(args).env_clear().envs(env).process_group(0).stdin(Stdio::null());
    let mut descriptors = descriptors.into_iter();
    command.stdout(descriptors.next().map_or_else(Stdio::null, Stdio::from));
    command.stderr(descriptors.next().map_or_else(Stdio::null, Stdio::from));
    let child = command.spawn().map_err(failed)?;
    let pid = Pid::from_child(&child);
    let end = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| failed(errno.into()))?;
    Ok((pid, end))
}

fn list(path: &str) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(path)?.take(MAX_LISTED);
    let mut names: Vec<String> =
        names.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<_>>()?;
    names.sort_unstable();
    Ok(names)
}

/// The path to execute. It is always absolute: the C library would try a shell on what it looked for itself.
fn find(program: &str, env: &[(String, String)], working_directory: &Path) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(working_directory.join(program));
    }
    let path = env.iter().rev().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value);
    let directories = path.split(':').map(|directory| working_directory.join(directory));
    let mut candidates = directories.map(|directory| directory.join(program));
    candidates.find(|path| is_executable(path)).ok_or_else(|| rustix::io::Errno::NOENT.into())
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// The kernel's words without Rust's addition.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

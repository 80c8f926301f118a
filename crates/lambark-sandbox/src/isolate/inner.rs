//! The second helper: sets up everything inside, then starts programs when told.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::process::PidfdFlags;

use super::{Failed, Step, init, loopback, mounts, rights, tell};
use crate::limits::API_PORT;
use crate::wire::{Inner, Word, receive, send};

/// Sets up the sandbox and serves until its maker has gone.
pub(super) fn run(control: &UnixStream) -> io::Result<()> {
    let Some((order, _)) = receive::<Inner>(control)? else { return Ok(()) };
    set_up(&order, control).map_err(|failed| tell(control, failed))?;
    init::serve(control, order.memory_bytes)
}

fn set_up(order: &Inner, control: &UnixStream) -> Result<(), Failed> {
    mounts::enter(order)?;
    rustix::system::sethostname(order.hostname.as_bytes()).step("set the host's name")?;
    // A user namespace inside this one would give rights back, if only there.
    std::fs::write("/proc/sys/user/max_user_namespaces", "0").step("forbid further user namespaces")?;
    let listener = if order.own_network { Some(listen()?) } else { None };
    rights::give_up(order.many_ids)?;
    let this = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty()).step("name this process")?;
    let mut descriptors = vec![this.as_fd()];
    descriptors.extend(listener.as_ref().map(AsFd::as_fd));
    send(control, &Word::Ready, &descriptors).step("report")
}

/// A socket stays in the network namespace in which it was made, whoever accepts on it.
fn listen() -> Result<TcpListener, Failed> {
    loopback::take_up().step("take up the loopback device")?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, API_PORT)).step("listen for the Runtime API")
}

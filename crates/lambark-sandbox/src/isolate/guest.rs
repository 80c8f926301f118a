//! The first process of a container that an engine made: the walls stand, and what is left is to start programs.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::process::PidfdFlags;

use super::{Failed, Step, init, rights, tell};
use crate::limits::API_PORT;
use crate::wire::{Guest, Word, receive, send};

/// Takes its orders from the socket at the path that it was started with, and serves until its maker has gone.
pub(super) fn run() -> io::Result<()> {
    let path = std::env::args_os().nth(2).ok_or_else(|| io::Error::other("no socket was named"))?;
    let control = UnixStream::connect(path)?;
    let Some((order, _)) = receive::<Guest>(&control)? else { return Ok(()) };
    set_up(&order, &control).map_err(|failed| tell(&control, failed))?;
    init::serve(&control, order.memory_bytes)
}

fn set_up(order: &Guest, control: &UnixStream) -> Result<(), Failed> {
    let listener = match order.own_network {
        true => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, API_PORT)).step("listen for the Runtime API")?),
        false => None,
    };
    rights::renounce()?;
    let this = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty()).step("name this process")?;
    let mut descriptors = vec![this.as_fd()];
    descriptors.extend(listener.as_ref().map(AsFd::as_fd));
    send(control, &Word::Ready, &descriptors).step("report")
}

//! The loopback device of a new network namespace, which is down at first.

use std::io;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// `RTM_NEWLINK`: changes a device.
const NEW_LINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`
const REQUEST_WITH_ANSWER: u16 = 5;
/// `NLMSG_ERROR`, which is also the answer that all is well.
const ANSWER: u16 = 2;
/// The loopback device is the first one of each namespace.
const LOOPBACK: i32 = 1;
/// `IFF_UP`
const UP: u32 = 1;

/// Takes it up, by one request to the kernel's routing socket (rtnetlink(7)).
pub(super) fn take_up() -> io::Result<()> {
    // Protocol `None` is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut request = Vec::with_capacity(32);
    request.extend(32_u32.to_ne_bytes());
    request.extend(NEW_LINK.to_ne_bytes());
    request.extend(REQUEST_WITH_ANSWER.to_ne_bytes());
    // Sequence number and sender.
    request.extend([0; 8]);
    // Family and type of device: any.
    request.extend([0; 4]);
    request.extend(LOOPBACK.to_ne_bytes());
    request.extend(UP.to_ne_bytes());
    // Which flags to change.
    request.extend(UP.to_ne_bytes());
    send(&socket, &request, SendFlags::empty())?;
    let mut answer = [0; 128];
    let (read, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    let kind = answer[..read].get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let code = answer[..read].get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, code) {
        (Some(ANSWER), Some(0)) => Ok(()),
        (Some(ANSWER), Some(negative)) => Err(io::Error::from_raw_os_error(negative.saturating_neg())),
        _ => Err(io::Error::other("the kernel gave no answer that could be read")),
    }
}

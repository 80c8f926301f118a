//! The twin's side of HTTP: requests, replies, sockets. What is said is the faces' affair.

mod reply;
mod request;
mod serve;

pub(crate) use reply::Reply;
pub(crate) use request::{BodyError, Request};
pub(crate) use serve::accept;

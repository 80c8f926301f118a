//! ECR, Lambda and STS in plain types behind narrow traits, and AWS's SDK behind those.
//!
//! Nothing outside this crate names a crate of AWS. [`Aws`] opens a connection when it is first asked for one:
//! before that it reads no file, starts no thread and looks for no credentials. Calls block, like all of lambark's
//! sources and sinks; they must not be made on a thread that drives an asynchronous runtime.
//!
//! Without the feature `sdk` the types and traits are all there, and a connection is answered by
//! [`Error::NotBuilt`].

mod calls;
mod connect;
pub mod ecr;
pub mod error;
pub mod lambda;
mod open_enum;
pub mod operation;
pub mod page;
#[cfg(feature = "sdk")]
mod sdk;
pub mod sts;

pub use connect::{AccessKey, Aws, Settings};
pub use ecr::Ecr;
pub use error::{Error, Refusal};
pub use lambda::Lambda;
pub use operation::{Operation, Service};
pub use page::Page;
pub use sts::Sts;

//! ECR as a registry that one signs in to by AWS: the only place where AWS and the registry dialogue meet.

mod control;
mod create;
mod credentials;
mod sign_in;

pub use control::EcrControl;
pub use create::{Created, RepositoryOptions};
pub use credentials::EcrCredentials;
pub use sign_in::SignIn;

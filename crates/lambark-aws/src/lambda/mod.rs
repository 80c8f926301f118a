//! Lambda's control plane and Invoke, for functions that run container images, in plain types.

mod alias;
mod change;
mod function;
mod invoke;
mod words;

pub use alias::{Alias, AliasUpdate, NewAlias, Weights};
pub use change::{CodeUpdate, ConfigurationUpdate, NewFunction, Publish};
pub use function::{Code, Configuration, Fault, Function, ImageConfig};
pub use invoke::{Invocation, InvocationKind, Invoked};
pub use words::{LastUpdateStatus, PackageType, Processor, ReasonCode, State};

use std::collections::BTreeMap;

use crate::error::Error;
use crate::page::Page;

/// What lambark asks Lambda in one Region. Calls block. A function is named by its name or ARN; a qualifier is a
/// version or an alias.
///
/// Three rules that the callers keep, because AWS does not: a `RevisionId` is read again after every wait (the end of
/// an update changes it); publishing is a call of its own, after the update has settled; a state is success only if it
/// is a known one.
pub trait Lambda: Send + Sync {
    /// A function with its code's place: the one call about state, since its quota is its own.
    ///
    /// # Errors
    /// See [`Error`].
    fn function(&self, function: &str, qualifier: Option<&str>) -> Result<Function, Error>;

    /// A page of all functions, without their state and image: Lambda leaves those out.
    ///
    /// # Errors
    /// See [`Error`].
    fn functions(&self, marker: Option<&str>) -> Result<Page<Configuration>, Error>;

    /// A page of a function's versions, `$LATEST` among them, without their state.
    ///
    /// # Errors
    /// See [`Error`].
    fn versions(&self, function: &str, marker: Option<&str>) -> Result<Page<Configuration>, Error>;

    /// Makes a function from an image.
    ///
    /// # Errors
    /// See [`Error`].
    fn create(&self, new: &NewFunction) -> Result<Configuration, Error>;

    /// Gives `$LATEST` another image.
    ///
    /// # Errors
    /// See [`Error`].
    fn update_code(&self, function: &str, update: &CodeUpdate) -> Result<Configuration, Error>;

    /// Changes `$LATEST`'s settings; never its image nor its architecture.
    ///
    /// # Errors
    /// See [`Error`].
    fn update_configuration(&self, function: &str, update: &ConfigurationUpdate) -> Result<Configuration, Error>;

    /// Makes a version of `$LATEST`, or gives the last one back if nothing was updated since.
    ///
    /// # Errors
    /// See [`Error`].
    fn publish(&self, function: &str, publish: &Publish) -> Result<Configuration, Error>;

    /// Deletes a function, or one version of it.
    ///
    /// # Errors
    /// See [`Error`].
    fn delete(&self, function: &str, qualifier: Option<&str>) -> Result<(), Error>;

    /// An alias.
    ///
    /// # Errors
    /// See [`Error`].
    fn alias(&self, function: &str, alias: &str) -> Result<Alias, Error>;

    /// A page of a function's aliases; only those that point at `version`, if one is given.
    ///
    /// # Errors
    /// See [`Error`].
    fn aliases(&self, function: &str, version: Option<&str>, marker: Option<&str>) -> Result<Page<Alias>, Error>;

    /// Makes an alias.
    ///
    /// # Errors
    /// See [`Error`].
    fn create_alias(&self, function: &str, new: &NewAlias) -> Result<Alias, Error>;

    /// Moves an alias.
    ///
    /// # Errors
    /// See [`Error`].
    fn update_alias(&self, function: &str, alias: &str, update: &AliasUpdate) -> Result<Alias, Error>;

    /// Deletes an alias; one that does not exist is no error to Lambda.
    ///
    /// # Errors
    /// See [`Error`].
    fn delete_alias(&self, function: &str, alias: &str) -> Result<(), Error>;

    /// Runs the function. It is sent once: an invocation that may have run is not repeated.
    ///
    /// # Errors
    /// See [`Error`]; a function that fails is no error but an answer.
    fn invoke(&self, invocation: &Invocation) -> Result<Invoked, Error>;

    /// A function's tags, by its ARN.
    ///
    /// # Errors
    /// See [`Error`].
    fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, Error>;

    /// Adds tags to a function, by its ARN.
    ///
    /// # Errors
    /// See [`Error`].
    fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), Error>;

    /// Takes tags from a function, by its ARN.
    ///
    /// # Errors
    /// See [`Error`].
    fn untag(&self, arn: &str, keys: &[String]) -> Result<(), Error>;
}

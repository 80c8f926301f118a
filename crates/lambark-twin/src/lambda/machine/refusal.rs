//! What a function refuses, in Lambda's words. The texts are AWS's, recorded or reported, unless a line says otherwise.

/// Why a step was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Function not found: {0}")]
    FunctionNotFound(String),
    #[error("The operation cannot be performed at this time. The function is currently in the following state: {0}")]
    State(&'static str),
    #[error("The operation cannot be performed at this time. An update is in progress for resource: {0}")]
    UpdateInProgress(String),
    #[error("The function is trying to use a deleted image.")]
    DeletedImage,
    #[error(
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )]
    Revision,
    #[error(
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"
    )]
    PolicyRevision,
    #[error(
        "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the CodeSHA256 in $LATEST."
    )]
    CodeSha256 { given: String, current: String },
    #[error("$LATEST version cannot be deleted without deleting the function.")]
    DeleteLatest,
    /// That AWS refuses it is not verified, and the text is ours.
    #[error("Version {version} cannot be deleted while an alias points to it: {alias}")]
    VersionInUse { version: u32, alias: String },
    #[error("Alias already exists: {0}")]
    AliasExists(String),
    #[error("Alias not found: {0}")]
    AliasNotFound(String),
    #[error("Cannot find alias arn: {0}")]
    CannotFindAlias(String),
    #[error("Number of items in AdditionalVersionWeights cannot be greater than 1")]
    TooManyWeights,
    #[error("Invalid function version {0}. Function version {0} is already included in routing configuration.")]
    SameVersion(u32),
    #[error("$LATEST is not supported for an alias pointing to more than 1 version")]
    WeightedLatest,
    #[error("Specified versions must be associated with the same execution role")]
    DifferentRoles,
    /// That AWS compares these too is not verified, and the text is ours.
    #[error("Specified versions must be associated with the same dead-letter configuration")]
    DifferentDeadLetters,
    #[error("Lambda cannot initialize the provided container image. Verify the image.")]
    ImageFailed,
    #[error("Lambda is initializing your function. It will be ready to invoke shortly.")]
    Initializing,
}

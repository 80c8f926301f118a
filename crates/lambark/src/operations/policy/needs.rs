//! Which actions each verb needs: the one table, which a test compares with the calls that are made.

/// What a policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `lambark check`.
    Check,
    /// `lambark fix`.
    Fix,
    /// `lambark push`, source and target.
    Push,
    /// `lambark resolve`.
    Resolve,
    /// `lambark build --output` to a registry.
    Build,
    /// `lambark deploy`.
    Deploy,
    /// `lambark rollback`.
    Rollback,
    /// `lambark status`.
    Status,
    /// `lambark ship`.
    Ship,
    /// The repository itself, so that Lambda may read its images.
    Repository,
}

impl Subject {
    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Subject::Check => "check",
            Subject::Fix => "fix",
            Subject::Push => "push",
            Subject::Resolve => "resolve",
            Subject::Build => "build",
            Subject::Deploy => "deploy",
            Subject::Rollback => "rollback",
            Subject::Status => "status",
            Subject::Ship => "ship",
            Subject::Repository => "repository",
        }
    }
}

/// One action that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The IAM action.
    pub action: &'static str,
    /// The statement that it stands in.
    pub statement: Statement,
    /// What it is needed for.
    pub why: &'static str,
}

/// The statements of a policy, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// Signing in to registries; concerns no single resource.
    SignIn,
    /// Reading images.
    ReadImages,
    /// Writing images.
    WriteImages,
    /// Reading functions.
    ReadFunctions,
    /// Changing functions.
    ChangeFunctions,
    /// Handing a role to a function that is made.
    PassRole,
    /// What makes the work better and is not needed for it.
    Optional,
}

impl Statement {
    /// Its `Sid`.
    #[must_use]
    pub fn sid(self) -> &'static str {
        match self {
            Statement::SignIn => "SignIn",
            Statement::ReadImages => "ReadImages",
            Statement::WriteImages => "WriteImages",
            Statement::ReadFunctions => "ReadFunctions",
            Statement::ChangeFunctions => "ChangeFunctions",
            Statement::PassRole => "PassRoleToNewFunctions",
            Statement::Optional => "OptionalQuestions",
        }
    }
}

const fn need(action: &'static str, statement: Statement, why: &'static str) -> Need {
    Need { action, statement, why }
}

use Statement::{ChangeFunctions, Optional, PassRole, ReadFunctions, ReadImages, SignIn, WriteImages};

const SIGN_IN: Need = need("ecr:GetAuthorizationToken", SignIn, "a password for the registry");
const MANIFESTS: Need = need("ecr:BatchGetImage", ReadImages, "manifests");
const BLOBS: Need = need("ecr:GetDownloadUrlForLayer", ReadImages, "configs and layers");
const TAGS_AND_STATUS: Need =
    need("ecr:DescribeImages", Optional, "the rules archived-image and untagged-child, skipped without it");
const STATUS: Need = need("ecr:DescribeImages", Optional, "whether an image that is not found lies in the archive");
const POLICY: Need = need("ecr:GetRepositoryPolicy", Optional, "the rule repository-policy, skipped without it");
const MUTABILITY: Need =
    need("ecr:DescribeRepositories", Optional, "whether a tag may be moved, tried by writing without it");
const CREATE: Need =
    need("ecr:CreateRepository", Optional, "`push --create-repository`, when the repository is not there");
const HAS_BLOB: Need = need("ecr:BatchCheckLayerAvailability", WriteImages, "whether a layer is there already");
const BEGIN: Need = need("ecr:InitiateLayerUpload", WriteImages, "layers");
const PART: Need = need("ecr:UploadLayerPart", WriteImages, "layers");
const END: Need = need("ecr:CompleteLayerUpload", WriteImages, "layers");
const PUT: Need = need("ecr:PutImage", WriteImages, "manifests and tags");

const FUNCTION: Need = need("lambda:GetFunction", ReadFunctions, "what runs now, and waiting until it has settled");
const ALIAS: Need = need("lambda:GetAlias", ReadFunctions, "where the traffic goes");
const VERSIONS: Need = need("lambda:ListVersionsByFunction", ReadFunctions, "what a version replaced");
const UPDATE: Need = need("lambda:UpdateFunctionCode", ChangeFunctions, "the image of $LATEST");
const PUBLISH: Need = need("lambda:PublishVersion", ChangeFunctions, "the version");
const MOVE: Need = need("lambda:UpdateAlias", ChangeFunctions, "the traffic, there and back");
const NEW_ALIAS: Need = need("lambda:CreateAlias", ChangeFunctions, "an alias that does not exist yet");
const DROP_ALIAS: Need = need("lambda:DeleteAlias", ChangeFunctions, "the way back from an alias that was made");
const INVOKE: Need = need("lambda:InvokeFunction", ChangeFunctions, "event tests");
const NEW_FUNCTION: Need = need("lambda:CreateFunction", ChangeFunctions, "`--create`, when the function is not there");
const DROP_FUNCTION: Need =
    need("lambda:DeleteFunction", ChangeFunctions, "`--create`, when what was made does not come up");
const ROLE: Need = need("iam:PassRole", PassRole, "`--create`: the role of the new function");
const OWN_POLICY: Need = need(
    "ecr:SetRepositoryPolicy",
    Optional,
    "Lambda itself: it adds what it needs to the repository's policy if the caller may (documented)",
);
const KEEP: Need = need("ecr:PutImage", WriteImages, "a tag for an image that has none, and `--fix`");

const CHECK: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, TAGS_AND_STATUS, POLICY];
const RESOLVE: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, STATUS];
const WRITE: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, HAS_BLOB, BEGIN, PART, END, PUT, MUTABILITY, STATUS];
const PUSH: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, HAS_BLOB, BEGIN, PART, END, PUT, MUTABILITY, STATUS, CREATE];
const REPOSITORY: &[Need] = &[MANIFESTS, BLOBS];
const STATUS_OF: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, FUNCTION, ALIAS, VERSIONS, TAGS_AND_STATUS, POLICY];
const ROLLBACK: &[Need] = &[SIGN_IN, MANIFESTS, FUNCTION, ALIAS, VERSIONS, UPDATE, MOVE, STATUS];
const DEPLOY: &[Need] = &[
    SIGN_IN,
    MANIFESTS,
    BLOBS,
    HAS_BLOB,
    KEEP,
    FUNCTION,
    ALIAS,
    VERSIONS,
    UPDATE,
    PUBLISH,
    MOVE,
    NEW_ALIAS,
    DROP_ALIAS,
    INVOKE,
    NEW_FUNCTION,
    DROP_FUNCTION,
    ROLE,
    TAGS_AND_STATUS,
    POLICY,
    OWN_POLICY,
];
const SHIP: &[Need] = &[
    SIGN_IN,
    MANIFESTS,
    BLOBS,
    HAS_BLOB,
    BEGIN,
    PART,
    END,
    PUT,
    FUNCTION,
    ALIAS,
    VERSIONS,
    UPDATE,
    PUBLISH,
    MOVE,
    NEW_ALIAS,
    DROP_ALIAS,
    INVOKE,
    NEW_FUNCTION,
    DROP_FUNCTION,
    ROLE,
    TAGS_AND_STATUS,
    POLICY,
    OWN_POLICY,
    MUTABILITY,
    CREATE,
];

/// What a verb needs.
#[must_use]
pub fn of(subject: Subject) -> &'static [Need] {
    match subject {
        Subject::Check => CHECK,
        Subject::Resolve => RESOLVE,
        Subject::Fix => WRITE,
        Subject::Push | Subject::Build => PUSH,
        Subject::Deploy => DEPLOY,
        Subject::Rollback => ROLLBACK,
        Subject::Status => STATUS_OF,
        Subject::Ship => SHIP,
        Subject::Repository => REPOSITORY,
    }
}

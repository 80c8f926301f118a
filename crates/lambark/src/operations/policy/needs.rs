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
            Statement::Optional => "OptionalQuestions",
        }
    }
}

const fn need(action: &'static str, statement: Statement, why: &'static str) -> Need {
    Need { action, statement, why }
}

use Statement::{Optional, ReadImages, SignIn, WriteImages};

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

const CHECK: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, TAGS_AND_STATUS, POLICY];
const RESOLVE: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, STATUS];
const WRITE: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, HAS_BLOB, BEGIN, PART, END, PUT, MUTABILITY, STATUS];
const PUSH: &[Need] = &[SIGN_IN, MANIFESTS, BLOBS, HAS_BLOB, BEGIN, PART, END, PUT, MUTABILITY, STATUS, CREATE];
const REPOSITORY: &[Need] = &[MANIFESTS, BLOBS];

/// What a verb needs.
#[must_use]
pub fn of(subject: Subject) -> &'static [Need] {
    match subject {
        Subject::Check => CHECK,
        Subject::Resolve => RESOLVE,
        Subject::Fix => WRITE,
        Subject::Push => PUSH,
        Subject::Repository => REPOSITORY,
    }
}

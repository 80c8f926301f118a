//! The calls that lambark makes, and the permission that each needs. One table, for errors and for `lambark policy`.

use std::fmt;

/// A service of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Elastic Container Registry, its own API beside the registry protocol.
    Ecr,
    /// Lambda.
    Lambda,
    /// Security Token Service.
    Sts,
}

impl Service {
    /// The service's name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Service::Ecr => "ECR",
            Service::Lambda => "Lambda",
            Service::Sts => "STS",
        }
    }
}

macro_rules! operations {
    ($($service:ident { $($operation:ident $action:literal $(($change:ident))?,)+ })+) => {
        /// One call of AWS's API, named as AWS names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(
                #[doc = concat!("`", stringify!($operation), "`, needs `", $action, "`.")]
                $operation,
            )+)+
        }

        impl Operation {
            /// Every operation, service by service.
            pub const ALL: &[Operation] = &[$($(Operation::$operation,)+)+];

            /// AWS's name of it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($(Operation::$operation => stringify!($operation),)+)+ }
            }

            /// Whose it is.
            #[must_use]
            pub fn service(self) -> Service {
                match self { $($(Operation::$operation => Service::$service,)+)+ }
            }

            /// The IAM action that it needs; the rule has exceptions, which is why this is a table.
            #[must_use]
            pub fn action(self) -> &'static str {
                match self { $($(Operation::$operation => $action,)+)+ }
            }

            /// Whether it changes anything in the account.
            #[must_use]
            pub fn changes(self) -> bool {
                match self { $($(Operation::$operation => false $(|| operations!(@$change))?,)+)+ }
            }
        }
    };
    (@changes) => { true };
}

operations! {
    Ecr {
        GetAuthorizationToken "ecr:GetAuthorizationToken",
        DescribeRepositories "ecr:DescribeRepositories",
        CreateRepository "ecr:CreateRepository" (changes),
        DescribeImages "ecr:DescribeImages",
        BatchGetImage "ecr:BatchGetImage",
        GetRepositoryPolicy "ecr:GetRepositoryPolicy",
        SetRepositoryPolicy "ecr:SetRepositoryPolicy" (changes),
    }
    Lambda {
        GetFunction "lambda:GetFunction",
        ListFunctions "lambda:ListFunctions",
        ListVersionsByFunction "lambda:ListVersionsByFunction",
        CreateFunction "lambda:CreateFunction" (changes),
        UpdateFunctionCode "lambda:UpdateFunctionCode" (changes),
        UpdateFunctionConfiguration "lambda:UpdateFunctionConfiguration" (changes),
        PublishVersion "lambda:PublishVersion" (changes),
        DeleteFunction "lambda:DeleteFunction" (changes),
        GetAlias "lambda:GetAlias",
        ListAliases "lambda:ListAliases",
        CreateAlias "lambda:CreateAlias" (changes),
        UpdateAlias "lambda:UpdateAlias" (changes),
        DeleteAlias "lambda:DeleteAlias" (changes),
        // The action is named otherwise than the call.
        Invoke "lambda:InvokeFunction" (changes),
        ListTags "lambda:ListTags",
        TagResource "lambda:TagResource" (changes),
        UntagResource "lambda:UntagResource" (changes),
    }
    Sts {
        GetCallerIdentity "sts:GetCallerIdentity",
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service().name(), self.name())
    }
}

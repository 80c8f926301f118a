//! Which operation a path and method mean.

use hyper::Method;

/// An operation of Lambda's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    AddPermission,
    CreateAlias,
    CreateFunction,
    DeleteAlias,
    DeleteFunction,
    DeleteFunctionConcurrency,
    GetAlias,
    GetFunction,
    GetFunctionConcurrency,
    GetFunctionConfiguration,
    GetPolicy,
    Invoke,
    ListAliases,
    ListFunctions,
    ListTags,
    ListVersionsByFunction,
    PublishVersion,
    PutFunctionConcurrency,
    RemovePermission,
    TagResource,
    UntagResource,
    UpdateAlias,
    UpdateFunctionCode,
    UpdateFunctionConfiguration,
}

impl Operation {
    /// AWS's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::AddPermission => "AddPermission",
            Operation::CreateAlias => "CreateAlias",
            Operation::CreateFunction => "CreateFunction",
            Operation::DeleteAlias => "DeleteAlias",
            Operation::DeleteFunction => "DeleteFunction",
            Operation::DeleteFunctionConcurrency => "DeleteFunctionConcurrency",
            Operation::GetAlias => "GetAlias",
            Operation::GetFunction => "GetFunction",
            Operation::GetFunctionConcurrency => "GetFunctionConcurrency",
            Operation::GetFunctionConfiguration => "GetFunctionConfiguration",
            Operation::GetPolicy => "GetPolicy",
            Operation::Invoke => "Invoke",
            Operation::ListAliases => "ListAliases",
            Operation::ListFunctions => "ListFunctions",
            Operation::ListTags => "ListTags",
            Operation::ListVersionsByFunction => "ListVersionsByFunction",
            Operation::PublishVersion => "PublishVersion",
            Operation::PutFunctionConcurrency => "PutFunctionConcurrency",
            Operation::RemovePermission => "RemovePermission",
            Operation::TagResource => "TagResource",
            Operation::UntagResource => "UntagResource",
            Operation::UpdateAlias => "UpdateAlias",
            Operation::UpdateFunctionCode => "UpdateFunctionCode",
            Operation::UpdateFunctionConfiguration => "UpdateFunctionConfiguration",
        }
    }
}

/// What a request is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// The function or resource as the caller named it; empty for lists and creations.
    pub(super) subject: String,
    /// The alias or statement below it, or empty.
    pub(super) detail: String,
}

/// Whether a path has the form of Lambda's: it begins with the date of an API version.
pub(crate) fn is_lambda(path: &str) -> bool {
    let date = path.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let form = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    date.len() == 10 && date.bytes().enumerate().all(form)
}

impl Route {
    /// Reads method and path.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Route> {
        let parts: Vec<String> = path.trim_start_matches('/').trim_end_matches('/').split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (operation, subject, detail) = match parts[..] {
            ["2015-03-31", "functions"] => (of_functions(method)?, "", ""),
            ["2015-03-31", "functions", name] => (of_function(method)?, name, ""),
            ["2015-03-31", "functions", name, part] => (of_part(method, part)?, name, ""),
            ["2015-03-31", "functions", name, "aliases", alias] => (of_alias(method)?, name, alias),
            ["2015-03-31", "functions", name, "policy", statement] if method == Method::DELETE => {
                (Operation::RemovePermission, name, statement)
            }
            ["2017-03-31", "tags", arn] => (of_tags(method)?, arn, ""),
            ["2017-10-31", "functions", name, "concurrency"] => (of_concurrency(method)?, name, ""),
            ["2019-09-30", "functions", name, "concurrency"] if method == Method::GET => {
                (Operation::GetFunctionConcurrency, name, "")
            }
            _ => return None,
        };
        Some(Route { operation, subject: subject.to_owned(), detail: detail.to_owned() })
    }
}

fn of_functions(method: &Method) -> Option<Operation> {
    match *method {
        Method::GET => Some(Operation::ListFunctions),
        Method::POST => Some(Operation::CreateFunction),
        _ => None,
    }
}

fn of_function(method: &Method) -> Option<Operation> {
    match *method {
        Method::GET => Some(Operation::GetFunction),
        Method::DELETE => Some(Operation::DeleteFunction),
        _ => None,
    }
}

fn of_part(method: &Method, part: &str) -> Option<Operation> {
    match (method.as_str(), part) {
        ("GET", "configuration") => Some(Operation::GetFunctionConfiguration),
        ("PUT", "configuration") => Some(Operation::UpdateFunctionConfiguration),
        ("PUT", "code") => Some(Operation::UpdateFunctionCode),
        ("GET", "versions") => Some(Operation::ListVersionsByFunction),
        ("POST", "versions") => Some(Operation::PublishVersion),
        ("GET", "aliases") => Some(Operation::ListAliases),
        ("POST", "aliases") => Some(Operation::CreateAlias),
        ("GET", "policy") => Some(Operation::GetPolicy),
        ("POST", "policy") => Some(Operation::AddPermission),
        ("POST", "invocations") => Some(Operation::Invoke),
        _ => None,
    }
}

fn of_alias(method: &Method) -> Option<Operation> {
    match *method {
        Method::GET => Some(Operation::GetAlias),
        Method::PUT => Some(Operation::UpdateAlias),
        Method::DELETE => Some(Operation::DeleteAlias),
        _ => None,
    }
}

fn of_tags(method: &Method) -> Option<Operation> {
    match *method {
        Method::GET => Some(Operation::ListTags),
        Method::POST => Some(Operation::TagResource),
        Method::DELETE => Some(Operation::UntagResource),
        _ => None,
    }
}

fn of_concurrency(method: &Method) -> Option<Operation> {
    match *method {
        Method::PUT => Some(Operation::PutFunctionConcurrency),
        Method::DELETE => Some(Operation::DeleteFunctionConcurrency),
        _ => None,
    }
}

/// One part of a path without its percent-encoding. What is no encoding stands as it is.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match escaped(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that `%XX` at the beginning stands for.
fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn paths_are_read_as_sdks_write_them() {
        for (method, path, name, subject, detail) in [
            ("GET", "/2015-03-31/functions/", "ListFunctions", "", ""),
            ("POST", "/2015-03-31/functions", "CreateFunction", "", ""),
            ("GET", "/2015-03-31/functions/f", "GetFunction", "f", ""),
            (
                "GET",
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Af/configuration",
                "GetFunctionConfiguration",
                "arn:aws:lambda:f",
                "",
            ),
            ("POST", "/2015-03-31/functions/f%3A%24LATEST/invocations", "Invoke", "f:$LATEST", ""),
            ("PUT", "/2015-03-31/functions/f/aliases/live", "UpdateAlias", "f", "live"),
            ("DELETE", "/2015-03-31/functions/f/policy/s1", "RemovePermission", "f", "s1"),
            ("DELETE", "/2017-03-31/tags/arn:aws:x", "UntagResource", "arn:aws:x", ""),
            ("PUT", "/2017-10-31/functions/f/concurrency", "PutFunctionConcurrency", "f", ""),
        ] {
            let route = Route::of(&method.parse().unwrap(), path).unwrap();
            assert_eq!((route.operation.name(), &*route.subject, &*route.detail), (name, subject, detail), "{path}");
        }
        for (method, path) in [("PATCH", "/2015-03-31/functions/f"), ("GET", "/2015-03-31/event-source-mappings")] {
            assert_eq!(Route::of(&method.parse().unwrap(), path), None);
            assert!(is_lambda(path));
        }
        assert!(!is_lambda("/") && !is_lambda("/v2/") && !is_lambda("/2015-03-3x/functions"));
    }
}

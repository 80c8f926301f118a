//! Names of functions in all their forms.

use super::check::Constraints;
use super::error::{ApiError, Code};
use crate::scope::{Scope, is_account};

/// What AWS prints when a name breaks it.
pub(super) const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER_PATTERN: &str = r"(|[a-zA-Z0-9$_-]+)";

/// A function as a caller named it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
}

/// `aws`, `aws-cn` or `aws-us-gov`.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// A function's ARN without a qualifier.
pub(super) fn arn(scope: &Scope, name: &str) -> String {
    let Scope { account, region } = scope;
    format!("arn:{}:lambda:{region}:{account}:function:{name}", partition(region))
}

/// The scope and name in one of our own ARNs.
pub(super) fn scope_of(arn: &str) -> Option<(Scope, &str)> {
    let mut parts = arn.split(':').skip(3);
    let (region, account, _, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((Scope { account: account.to_owned(), region: region.to_owned() }, name))
}

/// Reads a name, a partial ARN or an ARN, and the qualifier beside it.
pub(super) fn named(text: &str, qualifier: Option<&str>, scope: &Scope) -> Result<Named, ApiError> {
    let mut constraints = Constraints::default();
    let parsed = parse(text);
    if parsed.is_none() || text.len() > 256 {
        constraints.pattern(text, "functionName", NAME_PATTERN);
    }
    let qualifier = qualifier.filter(|text| !text.is_empty());
    if let Some(text) = qualifier
        && (!is_word(text, b"$") || text.len() > 128)
    {
        constraints.pattern(text, "qualifier", QUALIFIER_PATTERN);
    }
    constraints.finish()?;
    let Some(parsed) = parsed else { return Err(ApiError::invalid("unreadable function name")) };
    reachable(&parsed, scope)?;
    let derived = parsed.qualifier.map(str::to_owned);
    match (derived, qualifier) {
        (Some(derived), Some(given)) if derived != given => Err(ApiError::invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        )),
        (derived, given) => {
            Ok(Named { name: parsed.name.to_owned(), qualifier: derived.or_else(|| given.map(str::to_owned)) })
        }
    }
}

/// An ARN of another Region or account leads nowhere.
fn reachable(parsed: &Parsed<'_>, scope: &Scope) -> Result<(), ApiError> {
    if let Some(region) = parsed.region.filter(|region| *region != scope.region) {
        let here = &scope.region;
        return Err(ApiError::not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{here}')"
        )));
    }
    match parsed.account {
        Some(account) if account != scope.account => {
            let text = format!("account {} may not use functions of account {account}", scope.account);
            Err(ApiError::new(Code::AccessDenied, text))
        }
        _ => Ok(()),
    }
}

#[derive(Debug, Default)]
struct Parsed<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

fn parse(text: &str) -> Option<Parsed<'_>> {
    let mut parsed = Parsed::default();
    let mut rest = text;
    if let Some(arn) = text.strip_prefix("arn:") {
        let (partition, after) = arn.split_once(":lambda:")?;
        if !partition.starts_with("aws") || !is_word(partition, b"") {
            return None;
        }
        rest = after;
    }
    let mut parts: Vec<&str> = rest.split(':').collect();
    if parts.len() > 1 && is_region(parts[0]) {
        parsed.region = Some(parts.remove(0));
    }
    if parts.len() > 1 && is_account(parts[0]) {
        parsed.account = Some(parts.remove(0));
    }
    // A function may be called `function`.
    if parts.len() > 1 && parts[0] == "function" {
        parts.remove(0);
    }
    (parsed.name, parsed.qualifier) = match parts[..] {
        [name] => (name, None),
        [name, qualifier] if qualifier == "$LATEST" || is_word(qualifier, b"") => (name, Some(qualifier)),
        _ => return None,
    };
    is_word(parsed.name, b"").then_some(parsed)
}

/// Letters, digits, `-`, `_`, and what else is allowed; at least one.
pub(super) fn is_word(text: &str, more: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || more.contains(&b);
    !text.is_empty() && text.bytes().all(plain)
}

/// `us-east-1`: words of small letters, and one digit.
fn is_region(text: &str) -> bool {
    let Some((words, digit)) = text.rsplit_once('-') else { return false };
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() && words.contains('-') && words.split('-').all(word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn here() -> Scope {
        Scope { account: "123456789012".to_owned(), region: "us-east-1".to_owned() }
    }

    #[test]
    fn every_form_of_a_name_is_read() {
        for (text, qualifier) in [
            ("f", None),
            ("f:1", Some("1")),
            ("f:$LATEST", Some("$LATEST")),
            ("function:f", None),
            ("123456789012:function:f", None),
            ("123456789012:f", None),
            ("us-east-1:123456789012:function:f:live", Some("live")),
            ("arn:aws:lambda:us-east-1:123456789012:function:f", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:f:live", Some("live")),
        ] {
            let named = named(text, None, &here()).unwrap();
            assert_eq!((named.name.as_str(), named.qualifier.as_deref()), ("f", qualifier), "{text}");
        }
        assert_eq!(named("f:1", Some("1"), &here()).unwrap().qualifier.as_deref(), Some("1"));
        assert_eq!(named("f", Some("$LATEST"), &here()).unwrap().qualifier.as_deref(), Some("$LATEST"));
    }

    #[test]
    fn what_is_no_name_is_told_in_awss_words() {
        for text in
            ["", "a b", "f:", "f:1:2:3", "arn:aws:s3:::bucket", "arn:gcp:lambda:us-east-1:123456789012:function:f"]
        {
            let error = format!("{:?}", named(text, None, &here()).unwrap_err());
            assert!(error.contains(&format!("Value '{text}' at 'functionName' failed to satisfy")), "{error}");
        }
        let error = format!("{:?}", named("a b", Some("x y"), &here()).unwrap_err());
        assert!(error.contains("2 validation errors detected: "), "{error}");
    }

    #[test]
    fn other_regions_accounts_and_qualifiers_lead_nowhere() {
        for (text, qualifier, part) in [
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", None, "not reachable in this region ('us-east-1')"),
            ("arn:aws:lambda:us-east-1:210987654321:function:f", None, "account 210987654321"),
            ("f:1", Some("2"), "does not match the specified qualifier"),
        ] {
            let error = format!("{:?}", named(text, qualifier, &here()).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn an_arn_tells_its_scope() {
        let text = arn(&Scope { region: "cn-north-1".to_owned(), ..here() }, "f");
        assert_eq!(text, "arn:aws-cn:lambda:cn-north-1:123456789012:function:f");
        assert_eq!(scope_of(&text).unwrap().1, "f");
        assert_eq!(scope_of(&text).unwrap().0.region, "cn-north-1");
    }
}

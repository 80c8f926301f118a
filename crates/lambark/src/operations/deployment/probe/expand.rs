//! `${env:NAME}`: secrets that stand in the environment and nowhere else.

use lambark_oci::Secret;

use crate::failure::Failure;

/// Looks a variable up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

const OPEN: &str = "${env:";

/// Puts variables in their places. The result may hold secrets, so it cannot be printed.
///
/// # Errors
/// [`Failure::Arguments`] when a variable is not set, or a place has no end.
pub fn expand(text: &str, lookup: Lookup<'_>) -> Result<Secret, Failure> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, tail)) = after.split_once('}') else {
            return Err(Failure::Arguments(format!("`{OPEN}` without a `}}` in a test of lambark.toml")));
        };
        let value = lookup(name).ok_or_else(|| {
            Failure::Arguments(format!(
                "a test of lambark.toml needs the environment variable {name}, which is not set"
            ))
        })?;
        out.push_str(before);
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(Secret::new(out))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn variables_are_put_in_their_places_and_cannot_be_printed() {
        let lookup = |name: &str| (name == "TOKEN").then(|| "hunter2".to_owned());
        let secret = expand("Bearer ${env:TOKEN}!${env:TOKEN}", &lookup).unwrap();
        assert_eq!(secret.reveal(), "Bearer hunter2!hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(expand("$TOKEN ${x} plain", &lookup).unwrap().reveal(), "$TOKEN ${x} plain");
        let missing = expand("${env:OTHER}", &lookup).unwrap_err().to_string();
        assert!(missing.contains("OTHER"), "{missing}");
        assert!(expand("${env:TOKEN", &lookup).is_err());
    }
}

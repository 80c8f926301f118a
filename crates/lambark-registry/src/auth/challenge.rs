//! `WWW-Authenticate`, as registries really write it.

/// Longest header value that is parsed, in bytes. A challenge has a few hundred.
pub const MAX_CHALLENGE_BYTES: usize = 8 * 1024;
/// Most challenges in one value, and most parameters in one challenge, that are kept.
const MAX_PARTS: usize = 32;

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, lower-case: `basic`, `bearer`.
    pub scheme: String,
    /// Parameters in order, names lower-case, values unquoted.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The first parameter of that name, which must be lower-case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a `WWW-Authenticate` value. It is lenient, because real servers are loose: unquoted values may hold any
/// character but comma and white space, commas may be doubled or missing, a quote may stay open. What makes no sense
/// is skipped; nothing makes it fail.
#[must_use]
pub fn parse_challenges(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    if header.len() > MAX_CHALLENGE_BYTES {
        return challenges;
    }
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if rest.is_empty() {
            return challenges;
        }
        let end = rest.find(|c: char| c == ',' || c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let equals = after.trim_start().strip_prefix('=');
        // `Negotiate abc==` carries a token in place of parameters: an equals sign that no value follows.
        match (word.is_empty(), equals) {
            (true, _) => rest = after.get(1..).unwrap_or_default(),
            (false, Some(value)) => {
                let (value, remaining) = read_value(value.trim_start());
                if let Some(challenge) = challenges.last_mut()
                    && challenge.parameters.len() < MAX_PARTS
                {
                    challenge.parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = remaining;
            }
            (false, None) => {
                if challenges.len() < MAX_PARTS {
                    challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                }
                rest = after;
            }
        }
    }
}

/// A quoted string or a bare word, and what follows it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        return (word.to_owned(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (position, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, quoted.get(position + 1..).unwrap_or_default()),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn schemes(header: &str) -> Vec<String> {
        parse_challenges(header).into_iter().map(|challenge| challenge.scheme).collect()
    }

    #[test]
    fn what_real_registries_send() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let challenge = &parse_challenges(hub)[0];
        assert_eq!(challenge.scheme, "bearer");
        assert_eq!(challenge.parameter("realm"), Some("https://auth.docker.io/token"));
        assert_eq!(challenge.parameter("service"), Some("registry.docker.io"));
        assert_eq!(challenge.parameter("scope"), Some("repository:a/b:pull,push"));
        let ecr = parse_challenges(
            r#"Basic realm="https://123456789012.dkr.ecr.us-east-1.amazonaws.com/",service="ecr.amazonaws.com""#,
        );
        assert_eq!(ecr[0].parameter("service"), Some("ecr.amazonaws.com"));
        let insufficient = parse_challenges(r#"Bearer realm="x",error="insufficient_scope""#);
        assert_eq!(insufficient[0].parameter("error"), Some("insufficient_scope"));
    }

    #[test]
    fn several_challenges_in_one_value() {
        let both = r#"Basic realm="a, b", Bearer realm="https://t/", scope="s1 s2", Negotiate"#;
        assert_eq!(schemes(both), ["basic", "bearer", "negotiate"]);
        assert_eq!(parse_challenges(both)[0].parameter("realm"), Some("a, b"));
        assert_eq!(parse_challenges(both)[1].parameter("scope"), Some("s1 s2"));
    }

    #[test]
    fn loose_and_hostile_values() {
        for (header, scheme, realm) in [
            ("BEARER Realm=https://t/token?x=1,Service=s", "bearer", Some("https://t/token?x=1")),
            ("Bearer realm = \"r\" , service = s", "bearer", Some("r")),
            ("Bearer ,, realm=\"r\",,", "bearer", Some("r")),
            (r#"Bearer realm="a\"b\\c""#, "bearer", Some(r#"a"b\c"#)),
            ("Bearer realm=\"never closed", "bearer", Some("never closed")),
            ("Bearer realm=", "bearer", Some("")),
            ("Bearer realm=\"\"", "bearer", Some("")),
            ("Bearer realm=\"a\"service=\"b\"", "bearer", Some("a")),
            ("Basic", "basic", None),
            ("Bearer realm=\"\u{fc}\"", "bearer", Some("\u{fc}")),
        ] {
            let challenges = parse_challenges(header);
            assert_eq!((challenges[0].scheme.as_str(), challenges[0].parameter("realm")), (scheme, realm), "{header}");
        }
        for nothing in ["", " , ,", "=", "==,=", "\u{0}=\u{0}"] {
            assert!(parse_challenges(nothing).iter().all(|c| c.parameter("realm").is_none()), "{nothing:?}");
        }
        assert!(parse_challenges(&"a ".repeat(MAX_CHALLENGE_BYTES)).is_empty());
        assert!(parse_challenges(&"a ".repeat(1_000)).len() <= MAX_PARTS);
        assert!(parse_challenges(&format!("a {}", "b=c,".repeat(1_000)))[0].parameters.len() <= MAX_PARTS);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail(text in ".{0,300}") {
            let challenges = parse_challenges(&text);
            prop_assert!(challenges.iter().all(|c| !c.scheme.is_empty()));
        }

        #[test]
        fn syntax_soup_makes_it_end(text in r#"[ ,="\\aB]{0,200}"#) {
            let challenges = parse_challenges(&text);
            prop_assert!(challenges.len() <= MAX_PARTS);
        }

        #[test]
        fn what_is_quoted_comes_back(realm in "[^\\x00-\\x1f]{0,60}", service in "[a-z.]{1,20}") {
            let quoted = realm.replace('\\', r"\\").replace('"', r#"\""#);
            let challenges = parse_challenges(&format!(r#"Bearer realm="{quoted}",service={service}"#));
            prop_assert_eq!(challenges[0].parameter("realm").unwrap(), realm);
            prop_assert_eq!(challenges[0].parameter("service").unwrap(), service);
        }
    }
}

//! Rules: which request goes wrong, how, and how often.

use std::time::Duration;

use bytes::Bytes;

use super::control::{Control, Place};

type Hook = Box<dyn FnOnce(&Control) + Send>;

/// One line of the script. The first rule that matches a request and is not used up applies to it, alone.
pub struct Rule {
    pub(super) place: Place,
    pub(super) method: String,
    pub(super) pattern: String,
    pub(super) skip: usize,
    pub(super) left: Option<usize>,
    pub(super) fault: Fault,
    pub(super) hook: Option<Hook>,
}

/// What happens to a request that a rule matches.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    None,
    Answer { status: u16, headers: Vec<(String, String)>, body: Bytes },
    Delay(Duration),
    Hang,
    ResetRequest(u64),
    LoseAnswer,
    ResetResponse(u64),
    StallResponse(u64),
    ContentLength(u64),
    Truncate(u64),
    Body(Bytes),
    Header(String, Option<String>),
    Endless,
    Loop,
}

impl Rule {
    /// For requests of `method` (`*`: any) whose path matches `pattern`, in which `*` stands for anything. Without
    /// a further word the rule does nothing; without [`Rule::times`] it applies for ever.
    #[must_use]
    pub fn on(method: &str, pattern: &str) -> Rule {
        Rule {
            place: Place::Registry,
            method: method.to_owned(),
            pattern: pattern.to_owned(),
            skip: 0,
            left: None,
            fault: Fault::None,
            hook: None,
        }
    }

    /// For requests to the storage host in place of the registry.
    #[must_use]
    pub fn at_storage(mut self) -> Rule {
        self.place = Place::Storage;
        self
    }

    /// Applies to so many matching requests, then no more.
    #[must_use]
    pub fn times(mut self, count: usize) -> Rule {
        self.left = Some(count);
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, count: usize) -> Rule {
        self.skip = count;
        self
    }

    /// Runs `hook` before the first request that the rule applies to is handled, whatever else the rule does.
    #[must_use]
    pub fn first(mut self, hook: impl FnOnce(&Control) + Send + 'static) -> Rule {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Answers with `status` and nothing else, once the request's body has been read.
    #[must_use]
    pub fn answer(self, status: u16) -> Rule {
        self.with(Fault::Answer { status, headers: Vec::new(), body: Bytes::new() })
    }

    /// Answers as [`Rule::answer`], with a registry's error list.
    #[must_use]
    pub fn error(self, status: u16, code: &str, message: &str) -> Rule {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
        self.answer(status).header("content-type", "application/json").body(body.to_string())
    }

    /// Answers with an HTML page, as proxies do.
    #[must_use]
    pub fn html(self, status: u16, title: &str) -> Rule {
        let page = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        self.answer(status).header("content-type", "text/html").body(page)
    }

    /// Adds a header: to the scripted answer, or in place of the correct answer's.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Rule {
        match &mut self.fault {
            Fault::Answer { headers, .. } => headers.push((name.to_owned(), value.to_owned())),
            fault => *fault = Fault::Header(name.to_owned(), Some(value.to_owned())),
        }
        self
    }

    /// Removes a header of the correct answer.
    #[must_use]
    pub fn without_header(self, name: &str) -> Rule {
        self.with(Fault::Header(name.to_owned(), None))
    }

    /// The body of the scripted answer; without one, other bytes in the correct answer, all else unchanged but the
    /// length.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Rule {
        match &mut self.fault {
            Fault::Answer { body, .. } => *body = bytes.into(),
            fault => *fault = Fault::Body(bytes.into()),
        }
        self
    }

    /// Answers correctly after a while.
    #[must_use]
    pub fn delay(self, wait: Duration) -> Rule {
        self.with(Fault::Delay(wait))
    }

    /// Never answers.
    #[must_use]
    pub fn hang(self) -> Rule {
        self.with(Fault::Hang)
    }

    /// Resets the connection after so many bytes of the request's body.
    #[must_use]
    pub fn reset_request_at(self, bytes: u64) -> Rule {
        self.with(Fault::ResetRequest(bytes))
    }

    /// Does what the request asks for, then resets the connection in place of the answer.
    #[must_use]
    pub fn lose_answer(self) -> Rule {
        self.with(Fault::LoseAnswer)
    }

    /// Answers correctly, but resets the connection after so many bytes of the body (at its end, if it has fewer). The
    /// headers get through: an answer without a body is whole then.
    #[must_use]
    pub fn reset_response_at(self, bytes: u64) -> Rule {
        self.with(Fault::ResetResponse(bytes))
    }

    /// Answers correctly, but goes silent after so many bytes of the body.
    #[must_use]
    pub fn stall_response_at(self, bytes: u64) -> Rule {
        self.with(Fault::StallResponse(bytes))
    }

    /// Announces another `Content-Length` than the correct answer has. A larger one ends in a cut connection, a smaller
    /// one in a short body.
    #[must_use]
    pub fn content_length(self, bytes: u64) -> Rule {
        self.with(Fault::ContentLength(bytes))
    }

    /// Sends only so many bytes of the correct body, and announces just those.
    #[must_use]
    pub fn truncate(self, bytes: u64) -> Rule {
        self.with(Fault::Truncate(bytes))
    }

    /// Answers with a body that never ends.
    #[must_use]
    pub fn endless(self) -> Rule {
        self.with(Fault::Endless)
    }

    /// Redirects (307) to `location`.
    #[must_use]
    pub fn redirect(self, location: &str) -> Rule {
        self.answer(307).header("location", location)
    }

    /// Redirects (307) to the very same URL.
    #[must_use]
    pub fn redirect_in_a_circle(self) -> Rule {
        self.with(Fault::Loop)
    }

    fn with(mut self, fault: Fault) -> Rule {
        self.fault = fault;
        self
    }

    pub(super) fn matches(&self, place: Place, method: &str, path: &str) -> bool {
        self.left != Some(0)
            && self.place == place
            && (self.method == "*" || self.method.eq_ignore_ascii_case(method))
            && glob(&self.pattern, path)
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("/v2/", "/v2/", true),
            ("/v2/", "/v2/a", false),
            ("/v2/*/manifests/*", "/v2/a/b/manifests/v1", true),
            ("/v2/*/manifests/*", "/v2/a/blobs/v1", false),
            ("*a*a", "aa", true),
            ("*a*a", "a", false),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! What has to come back, compared with what did. Pure.

use lambark_oci::Secret;
use serde_json::Value;

/// Most characters of a value that a fault repeats.
const MAX_SHOWN: usize = 120;
/// What stands in a fault where the answer repeated a secret.
const HIDDEN: &str = "[secret]";

/// What has to come back; what is absent is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// The HTTP status, for an event that of the answer's `statusCode`.
    pub status: Option<u16>,
    /// Headers by name, whatever its case, and their whole values.
    pub headers: Vec<(String, String)>,
    /// Fields of the JSON body and their values: `a.b.0`, or a JSON pointer.
    pub json: Vec<(String, Value)>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status, where there is one.
    pub status: Option<u16>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// What a function gave back. One in the form of an HTTP answer (`statusCode`, `headers`, `body`) is taken for one,
    /// as API Gateway and function URLs do; anything else is the body itself.
    #[must_use]
    pub fn of_payload(payload: &[u8]) -> Answer {
        let whole = || Answer { body: payload.to_vec(), ..Answer::default() };
        let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(payload) else { return whole() };
        let Some(status) = fields.get("statusCode").and_then(Value::as_u64) else { return whole() };
        let headers = fields.get("headers").and_then(Value::as_object);
        let headers = headers.into_iter().flatten().map(|(name, value)| (name.clone(), text(value)));
        let body = match fields.get("body") {
            Some(Value::String(body)) if fields.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
                use base64::Engine;
                base64::engine::general_purpose::STANDARD.decode(body).unwrap_or_else(|_| body.clone().into_bytes())
            }
            Some(Value::String(body)) => body.clone().into_bytes(),
            Some(other) => other.to_string().into_bytes(),
            None => Vec::new(),
        };
        Answer { status: u16::try_from(status).ok(), headers: headers.collect(), body }
    }
}

impl Expect {
    /// Every expectation that is not met, in words. What the answer repeats of `secrets` is not told.
    #[must_use]
    pub fn faults(&self, answer: &Answer, secrets: &[Secret]) -> Vec<String> {
        let mut faults = Vec::new();
        let shown = |text: &str| shown(text, secrets);
        if let Some(expected) = self.status
            && answer.status != Some(expected)
        {
            let got = answer.status.map_or_else(|| "there is none".to_owned(), |status| format!("it is {status}"));
            faults.push(format!("status {expected} was expected, {got}"));
        }
        for (name, expected) in &self.headers {
            let values: Vec<&str> = answer
                .headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .collect();
            if values.is_empty() {
                faults.push(format!("the header {name} is absent"));
            } else if !values.contains(&expected.as_str()) {
                let got = shown(&values.join(", "));
                faults.push(format!("the header {name} was expected to be {}, it is {got}", shown(expected)));
            }
        }
        if !self.json.is_empty() {
            match serde_json::from_slice::<Value>(&answer.body) {
                Err(_) => faults.push("the body is no JSON".to_owned()),
                Ok(body) => faults.extend(self.json.iter().filter_map(|field| json_fault(&body, field, &shown))),
            }
        }
        faults
    }
}

fn json_fault(body: &Value, (field, expected): &(String, Value), shown: &dyn Fn(&str) -> String) -> Option<String> {
    match at(body, field) {
        None => Some(format!("the field {field} is absent from the body")),
        Some(got) if same(got, expected) => None,
        Some(got) => {
            let (expected, got) = (shown(&expected.to_string()), shown(&got.to_string()));
            Some(format!("the field {field} was expected to be {expected}, it is {got}"))
        }
    }
}

/// TOML's integers and JSON's floating-point numbers may mean the same.
fn same(got: &Value, expected: &Value) -> bool {
    got == expected || matches!((got.as_f64(), expected.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}

fn at<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    if field.is_empty() || field.starts_with('/') {
        return body.pointer(field);
    }
    field.split('.').try_fold(body, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text as a fault repeats it: secrets are taken out before it is cut, so that no half of one is left.
fn shown(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().map(Secret::reveal).filter(|secret| !secret.is_empty()) {
        for form in forms(secret) {
            text = text.replace(&form, HIDDEN);
        }
    }
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// How a secret may stand in an answer: as it is, escaped in JSON, encoded in an address. The longest come first.
fn forms(secret: &str) -> Vec<String> {
    let quoted = Value::from(secret).to_string();
    let escaped = quoted.get(1..quoted.len() - 1).map(str::to_owned);
    let encoded = reqwest::Url::parse("http://x/").ok().map(|mut url| {
        url.set_query(Some(secret));
        let query = url.query().unwrap_or_default().to_owned();
        url.set_query(None);
        url.set_path(secret);
        (query, url.path().trim_start_matches('/').to_owned())
    });
    let (query, path) = encoded.unzip();
    let mut forms: Vec<String> = [Some(secret.to_owned()), escaped, query, path].into_iter().flatten().collect();
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status: Some(status), headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_expectation_is_compared_and_all_faults_are_told() {
        let expect = Expect {
            status: Some(200),
            headers: vec![("access-control-allow-origin".to_owned(), "https://app.example.com".to_owned())],
            json: vec![("status".to_owned(), json!("ok")), ("items.0.id".to_owned(), json!(3))],
        };
        let cors = [("Access-Control-Allow-Origin", "https://app.example.com")];
        assert!(expect.faults(&answer(200, &cors, r#"{"status":"ok","items":[{"id":3.0}]}"#), &[]).is_empty());
        for (answer, faults) in [
            (answer(500, &cors, r#"{"status":"ok","items":[{"id":3}]}"#), &["status 200 was expected, it is 500"][..]),
            (
                answer(200, &[("access-control-allow-origin", "*")], r#"{"status":"down","items":[]}"#),
                &[
                    "the header access-control-allow-origin was expected to be `https://app.example.com`, it is `*`",
                    "the field status was expected to be `\"ok\"`, it is `\"down\"`",
                    "the field items.0.id is absent from the body",
                ],
            ),
            (answer(200, &[], "<html>"), &["the header access-control-allow-origin is absent", "the body is no JSON"]),
        ] {
            assert_eq!(expect.faults(&answer, &[]), faults);
        }
        let none = Expect { status: Some(200), ..Expect::default() };
        assert_eq!(none.faults(&Answer::default(), &[]), ["status 200 was expected, there is none"]);
        assert!(Expect::default().faults(&Answer::default(), &[]).is_empty());
    }

    #[test]
    fn what_an_answer_repeats_of_a_secret_is_not_told() {
        let secrets = [Secret::new("hunter\"2"), Secret::new("")];
        let expect = Expect {
            headers: vec![("x".to_owned(), "fine".to_owned())],
            json: vec![("echo".to_owned(), json!("fine"))],
            ..Expect::default()
        };
        // So far to the right that the cut would go through it.
        let body = json!({ "echo": format!("{}hunter\"2", "-".repeat(MAX_SHOWN - 5)) }).to_string();
        let faults = expect.faults(&answer(200, &[("x", "Bearer hunter\"2")], &body), &secrets).join("\n");
        assert!(faults.contains("`Bearer [secret]`") && faults.matches("[sec").count() == 2, "{faults}");
        assert!(!faults.contains("hunter"), "{faults}");
    }

    #[test]
    fn pointers_reach_keys_with_dots() {
        let body = json!({ "a.b": { "c/d": 1 } });
        assert_eq!(at(&body, "/a.b/c~1d"), Some(&json!(1)));
        assert_eq!(at(&body, "a.b"), None);
        assert_eq!(at(&body, ""), Some(&body));
        assert_eq!(at(&json!([1, 2]), "1"), Some(&json!(2)));
        assert_eq!(at(&json!([1]), "-1"), None);
    }

    #[test]
    fn a_payload_in_the_form_of_an_http_answer_is_one() {
        let proxied = Answer::of_payload(br#"{"statusCode":201,"headers":{"x":1},"body":"{\"ok\":true}"}"#);
        assert_eq!(proxied, answer(201, &[("x", "1")], r#"{"ok":true}"#));
        let encoded = Answer::of_payload(br#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#);
        assert_eq!(encoded.body, b"hi");
        let plain = Answer::of_payload(br#"{"ok":true}"#);
        assert_eq!((plain.status, plain.body.as_slice()), (None, &br#"{"ok":true}"#[..]));
        assert_eq!(Answer::of_payload(b"\xff").body, b"\xff");
    }
}

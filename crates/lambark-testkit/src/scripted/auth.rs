//! Basic and Bearer, and the token server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::behaviour::Auth;
use super::control::{Control, Inner, Recorded};
use super::reply::Reply;

/// `None` if the request may pass.
pub(super) fn refusal(control: &Control, request: &Recorded, repository: &str) -> Option<Reply> {
    let mut inner = control.lock();
    let given = request.header("authorization");
    match inner.behaviour.auth.clone() {
        Auth::Anonymous => None,
        Auth::Basic { username, password } => {
            let expected = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
            (given != Some(expected.as_str())).then(|| {
                let message =
                    if given.is_some() { "Your authorization token is invalid." } else { "no basic auth credentials" };
                Reply::error(401, "UNAUTHORIZED", message)
                    .header("www-authenticate", format!("Basic realm=\"http://{}/\",service=\"ecr\"", control.host()))
            })
        }
        Auth::Bearer { .. } => {
            let scope = needed_scope(request, repository);
            let challenge = |error: &str| {
                Reply::error(401, "UNAUTHORIZED", "authentication required").header(
                    "www-authenticate",
                    format!(
                        "Bearer realm=\"http://{}/token\",service=\"scripted\",scope=\"{scope}\"{error}",
                        control.host()
                    ),
                )
            };
            let Some(token) = given.and_then(|given| given.strip_prefix("Bearer ")) else {
                return Some(challenge(""));
            };
            match inner.tokens.get_mut(token) {
                None | Some((_, Some(0))) => Some(challenge(",error=\"invalid_token\"")),
                Some((granted, _)) if !covers(granted, &scope) => Some(challenge(",error=\"insufficient_scope\"")),
                Some((_, uses)) => {
                    *uses = uses.map(|left| left - 1);
                    None
                }
            }
        }
    }
}

fn needed_scope(request: &Recorded, repository: &str) -> String {
    let actions = if matches!(request.method.as_str(), "GET" | "HEAD") { "pull" } else { "pull,push" };
    format!("repository:{repository}:{actions}")
}

fn covers(granted: &[String], scope: &str) -> bool {
    let split = |scope: &str| scope.rsplit_once(':').map(|(name, actions)| (name.to_owned(), actions.to_owned()));
    let Some((name, actions)) = split(scope) else { return false };
    let granted: Vec<String> = granted
        .iter()
        .filter_map(|scope| split(scope))
        .filter(|(other, _)| *other == name)
        .flat_map(|(_, actions)| actions.split(',').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    actions.split(',').all(|action| granted.iter().any(|other| other == action))
}

/// `GET /token?service=…&scope=…` with Basic, or `POST /token` with a refresh token.
pub(super) fn token(control: &Control, request: &Recorded, body: &[u8]) -> Reply {
    let mut inner = control.lock();
    let Auth::Bearer { username, password, uses, anonymous_pull } = inner.behaviour.auth.clone() else {
        return Reply::new(404);
    };
    let form = if request.method == "POST" { body } else { request.query.as_bytes() };
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form).into_owned().collect();
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let basic = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
    let known = match (request.method.as_str(), request.header("authorization")) {
        ("POST", _) => value("refresh_token") == Some(password.as_str()),
        (_, given) => given == Some(basic.as_str()),
    };
    if !known && (!anonymous_pull || request.header("authorization").is_some()) {
        return Reply::error(401, "UNAUTHORIZED", "incorrect username or password");
    }
    let asked = pairs.iter().filter(|(name, _)| name == "scope").flat_map(|(_, value)| value.split(' '));
    let granted: Vec<String> = asked.map(|scope| if known { scope.to_owned() } else { only_pull(scope) }).collect();
    grant(&mut inner, granted, uses)
}

fn only_pull(scope: &str) -> String {
    scope.rsplit_once(':').map_or_else(String::new, |(name, _)| format!("{name}:pull"))
}

fn grant(inner: &mut Inner, granted: Vec<String>, uses: Option<u32>) -> Reply {
    let token = inner.fresh("token");
    inner.tokens.insert(token.clone(), (granted, uses));
    let body = serde_json::json!({ "token": token, "expires_in": 300 });
    Reply::new(200).body("application/json", body.to_string())
}

//! What belongs to an account and Region as a whole: tokens and settings.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Call;
use super::check;
use super::refusal::Refusal;
use crate::Error;
use crate::clock::Millis;
use crate::scope::{Scope, is_account};
use crate::shared::Shared;
use crate::signer::Token;
use crate::store::Shelf;

/// How long a registry password is good.
const TOKEN_LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// The kind under which settings are kept.
const KIND: &str = "account-settings";

/// ECR's account settings: the name, what it is if nobody set it, and what it can be.
const SETTINGS: [(&str, &str, &[&str]); 3] = [
    ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", &["AWS_NATIVE", "CLAIR"]),
    ("BLOB_MOUNTING", "DISABLED", &["ENABLED", "DISABLED"]),
    ("REGISTRY_POLICY_SCOPE", "V2", &["V1", "V2"]),
];

/// The settings that were changed.
#[derive(Debug)]
pub(crate) struct AccountSettings(Mutex<BTreeMap<Scope, BTreeMap<String, String>>>);

#[derive(Serialize, Deserialize)]
struct Kept {
    scope: Scope,
    settings: BTreeMap<String, String>,
}

impl AccountSettings {
    pub(crate) fn open(shelf: &Shelf) -> Result<AccountSettings, Error> {
        let kept = shelf.load_all::<Kept>(KIND)?.into_iter().map(|kept| (kept.scope, kept.settings));
        Ok(AccountSettings(Mutex::new(kept.collect())))
    }

    fn get(&self, scope: &Scope, name: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(scope)?.get(name).cloned()
    }

    fn set(&self, shelf: &Shelf, scope: &Scope, name: &str, value: &str) -> Result<(), Error> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = all.entry(scope.clone()).or_default();
        settings.insert(name.to_owned(), value.to_owned());
        let kept = Kept { scope: scope.clone(), settings: settings.clone() };
        shelf.save(KIND, &[&scope.account, &scope.region], &kept)
    }

    /// Whether blobs may be mounted from one repository into another.
    pub(crate) fn mounts_blobs(&self, scope: &Scope) -> bool {
        self.get(scope, "BLOB_MOUNTING").is_some_and(|value| value == "ENABLED")
    }
}

/// `GetAuthorizationToken`. `registryIds` is deprecated, and the token is good for whatever the caller may reach.
pub(super) fn authorization_token(call: &Call<'_>) -> Result<Value, Refusal> {
    let registries = call.texts("registryIds", 1, 10)?;
    if registries.iter().flatten().any(|id| !is_account(id)) {
        return Err(Refusal::parameter("registryIds", "must satisfy regular expression '[0-9]{12}'"));
    }
    let accounts = registries.unwrap_or_else(|| vec![&call.caller.account]);
    let data = accounts.into_iter().map(|account| {
        let scope = Scope { account: account.to_owned(), region: call.caller.region.clone() };
        let (password, expires) = password(call.twin, scope);
        json!({
            "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
            "expiresAt": expires.seconds(),
            "proxyEndpoint": call.base,
        })
    });
    Ok(json!({ "authorizationData": data.collect::<Vec<_>>() }))
}

/// A registry password and when it expires.
pub(crate) fn password(twin: &Shared, scope: Scope) -> (String, Millis) {
    let expires = twin.clock.millis().plus(TOKEN_LIFETIME);
    (twin.signer.token(&Token { scope, expires }), expires)
}

/// `GetAccountSetting`
pub(super) fn get(call: &Call<'_>) -> Result<Value, Refusal> {
    let (name, default, _) = setting(call)?;
    let value = call.twin.account_settings.get(&call.caller, name);
    Ok(json!({ "name": name, "value": value.as_deref().unwrap_or(default) }))
}

/// `PutAccountSetting`
pub(super) fn put(call: &Call<'_>) -> Result<Value, Refusal> {
    let (name, _, values) = setting(call)?;
    let value = call.needed_text("value")?;
    check::one_of("value", value, values)?;
    call.twin.account_settings.set(call.twin.store.shelf(), &call.caller, name, value)?;
    Ok(json!({ "name": name, "value": value }))
}

fn setting(call: &Call<'_>) -> Result<(&'static str, &'static str, &'static [&'static str]), Refusal> {
    let name = call.needed_text("name")?;
    check::one_of("name", name, &SETTINGS.map(|(known, ..)| known))?;
    let known = SETTINGS.into_iter().find(|(known, ..)| *known == name);
    known.ok_or_else(|| super::call::absent("name"))
}

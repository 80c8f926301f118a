//! Waiting until a function, an update or a version has settled.

use std::time::{Duration, Instant};

use lambark_aws::Lambda;
use lambark_aws::lambda::{Configuration, Function, LastUpdateStatus, State};

use crate::failure::Failure;

/// How a function is looked at while it settles.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Before the second look.
    pub first: Duration,
    /// Between two looks at most: a hundred deployments that look once a second use up the account's quota.
    pub most: Duration,
    /// How long a creation, an update or a version may take altogether.
    pub limit: Duration,
}

impl Default for Patience {
    /// AWS's own interval at first, then slower: `GetFunction` has 100 requests a second for the whole account.
    fn default() -> Patience {
        Patience { first: Duration::from_secs(1), most: Duration::from_secs(5), limit: Duration::from_secs(5 * 60) }
    }
}

impl Patience {
    /// For a function whose owner shares no quota with anybody, as in a twin on this machine.
    #[must_use]
    pub fn near() -> Patience {
        Patience { first: Duration::from_millis(20), most: Duration::from_millis(100), ..Patience::default() }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// No update is in progress, and the function is not being made.
    Settled,
    /// A version can be invoked.
    Active,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Waited {
    /// It settled, well or badly.
    Settled(Box<Function>),
    /// Time ran out; this is what was there last.
    TooLong(Box<Function>),
}

/// Looks at a function until it has settled; tells each change of its state.
///
/// # Errors
/// Whatever asking AWS ends in.
pub fn wait(
    lambda: &dyn Lambda,
    function: &str,
    qualifier: Option<&str>,
    until: Until,
    patience: Patience,
    changed: &mut dyn FnMut(&Configuration),
) -> Result<Waited, Failure> {
    let end = Instant::now() + patience.limit;
    let mut pause = patience.first;
    let mut last = None;
    loop {
        let now = lambda.function(function, qualifier)?;
        let state = (now.configuration.state.clone(), now.configuration.last_update_status.clone());
        if last.as_ref() != Some(&state) {
            changed(&now.configuration);
            last = Some(state);
        }
        if is_settled(&now.configuration, until) {
            return Ok(Waited::Settled(Box::new(now)));
        }
        if Instant::now() + pause > end {
            return Ok(Waited::TooLong(Box::new(now)));
        }
        std::thread::sleep(pause);
        pause = (pause + pause / 2).min(patience.most);
    }
}

/// Whether nothing more is to be expected. A word that lambark does not know ends the wait, and never as a success.
#[must_use]
pub fn is_settled(configuration: &Configuration, until: Until) -> bool {
    let pending = configuration.state == Some(State::Pending);
    match until {
        Until::Settled => !pending && configuration.last_update_status != Some(LastUpdateStatus::InProgress),
        Until::Active => !pending,
    }
}

/// AWS's code and words for what did not come up; `None` if it did.
#[must_use]
pub fn failure(configuration: &Configuration, until: Until) -> Option<(String, String)> {
    let state_fine = configuration.state == Some(State::Active);
    let update_fine =
        until == Until::Active || matches!(configuration.last_update_status, None | Some(LastUpdateStatus::Successful));
    let (word, code, reason) = match (state_fine, update_fine) {
        (true, true) => return None,
        (_, false) => (
            configuration.last_update_status.as_ref().map(ToString::to_string),
            &configuration.last_update_status_reason_code,
            &configuration.last_update_status_reason,
        ),
        (false, true) => (
            configuration.state.as_ref().map(ToString::to_string),
            &configuration.state_reason_code,
            &configuration.state_reason,
        ),
    };
    let code = code.as_ref().map(ToString::to_string).or(word).unwrap_or_else(|| "no state".to_owned());
    Some((code, reason.clone().unwrap_or_default()))
}

/// `State Active, LastUpdateStatus InProgress`: AWS's own words, because people search for them.
#[must_use]
pub fn words(now: &Configuration) -> String {
    let state = now.state.as_ref().map(|state| format!("State {state}"));
    let status = now.last_update_status.as_ref().map(|status| format!("LastUpdateStatus {status}"));
    [state, status].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use lambark_aws::lambda::ReasonCode;

    use super::super::fixtures::function;
    use super::super::live::LATEST;
    use super::*;

    fn now(state: Option<&str>, update: Option<&str>) -> Configuration {
        Configuration {
            state: state.map(State::from),
            state_reason_code: Some(ReasonCode::from("StateCode")),
            state_reason: Some("state words".to_owned()),
            last_update_status: update.map(LastUpdateStatus::from),
            last_update_status_reason_code: Some(ReasonCode::from("UpdateCode")),
            last_update_status_reason: Some("update words".to_owned()),
            ..function(LATEST, "x").configuration
        }
    }

    #[test]
    fn only_what_is_known_to_be_well_is_well() {
        let (state, update) = (Some("StateCode: state words"), Some("UpdateCode: update words"));
        for (now, settled, settles, activates) in [
            (now(Some("Active"), Some("Successful")), true, None, None),
            // A version has no update of its own, nor has a function while it is made.
            (now(Some("Active"), None), true, None, None),
            (now(Some("Pending"), None), false, state, state),
            (now(Some("Active"), Some("InProgress")), false, update, None),
            (now(Some("Active"), Some("Failed")), true, update, None),
            (now(Some("Inactive"), Some("Successful")), true, state, state),
            (now(Some("Failed"), Some("Failed")), true, update, state),
            // Words that AWS has added since, and none at all.
            (now(Some("ActiveNonInvocable"), Some("Successful")), true, state, state),
            (now(Some("Active"), Some("Postponed")), true, update, None),
            (now(None, None), true, state, state),
        ] {
            let told = |until| failure(&now, until).map(|(code, words)| format!("{code}: {words}"));
            assert_eq!(is_settled(&now, Until::Settled), settled, "{now:?}");
            assert_eq!(told(Until::Settled).as_deref(), settles, "{now:?}");
            assert_eq!(told(Until::Active).as_deref(), activates, "{now:?}");
        }
    }

    #[test]
    fn without_a_code_the_state_is_told() {
        let bare = Configuration { state_reason_code: None, state_reason: None, ..now(Some("Inactive"), None) };
        assert_eq!(failure(&bare, Until::Active), Some(("Inactive".to_owned(), String::new())));
        let none = Configuration { state: None, ..bare };
        assert_eq!(failure(&none, Until::Active), Some(("no state".to_owned(), String::new())));
    }
}

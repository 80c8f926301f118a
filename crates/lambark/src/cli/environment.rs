//! An environment variable for each flag, all declared here.

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Command};

/// Flags and their variables. A flag means the same under every verb, so it has one variable; only formats differ.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("account", "LAMBARK_ACCOUNT"),
    ("agents", "LAMBARK_AGENTS"),
    ("alarms", "LAMBARK_ALARMS"),
    ("alias", "LAMBARK_ALIAS"),
    ("all", "LAMBARK_ALL"),
    ("allow-remote", "LAMBARK_ALLOW_REMOTE"),
    ("approved-by", "LAMBARK_APPROVED_BY"),
    ("arch", "LAMBARK_ARCH"),
    ("as", "LAMBARK_AS"),
    ("assume-lambda", "LAMBARK_ASSUME_LAMBDA"),
    ("before", "LAMBARK_BEFORE"),
    ("builder", "LAMBARK_BUILDER"),
    ("ca-certificate", "LAMBARK_CA_CERTIFICATE"),
    ("cache-dir", "LAMBARK_CACHE_DIR"),
    ("cache-size", "LAMBARK_CACHE_SIZE"),
    ("canary", "LAMBARK_CANARY"),
    ("ci", "LAMBARK_CI"),
    ("color", "LAMBARK_COLOR"),
    ("companion", "LAMBARK_COMPANION"),
    ("config", "LAMBARK_CONFIG"),
    ("count", "LAMBARK_COUNT"),
    ("create", "LAMBARK_CREATE"),
    ("create-repository", "LAMBARK_CREATE_REPOSITORY"),
    ("data", "LAMBARK_DATA"),
    ("depth", "LAMBARK_DEPTH"),
    ("docs", "LAMBARK_DOCS"),
    ("drop-attestations", "LAMBARK_DROP_ATTESTATIONS"),
    ("encrypt-to", "LAMBARK_ENCRYPT_TO"),
    ("endpoint-url", "LAMBARK_ENDPOINT_URL"),
    ("env", "LAMBARK_ENV"),
    ("event", "LAMBARK_EVENT"),
    ("fail-on", "LAMBARK_FAIL_ON"),
    ("file", "LAMBARK_FILE"),
    ("fix", "LAMBARK_FIX"),
    ("from", "LAMBARK_FROM"),
    ("from-function", "LAMBARK_FROM_FUNCTION"),
    ("function", "LAMBARK_FUNCTION"),
    ("function-account", "LAMBARK_FUNCTION_ACCOUNT"),
    ("gzip-level", "LAMBARK_GZIP_LEVEL"),
    ("handler", "LAMBARK_HANDLER"),
    ("head", "LAMBARK_HEAD"),
    ("image", "LAMBARK_IMAGE"),
    ("immutable-tags", "LAMBARK_IMMUTABLE_TAGS"),
    ("impact", "LAMBARK_IMPACT"),
    ("keep", "LAMBARK_KEEP"),
    ("ledger", "LAMBARK_LEDGER"),
    ("ledger-artifact", "LAMBARK_LEDGER_ARTIFACT"),
    ("limit", "LAMBARK_LIMIT"),
    ("listen", "LAMBARK_LISTEN"),
    ("memory", "LAMBARK_MEMORY"),
    ("network", "LAMBARK_NETWORK"),
    ("no-invoke", "LAMBARK_NO_INVOKE"),
    ("no-progress", "LAMBARK_NO_PROGRESS"),
    ("offline", "LAMBARK_OFFLINE"),
    ("output", "LAMBARK_OUTPUT"),
    ("outputs", "LAMBARK_OUTPUTS"),
    ("overwrite", "LAMBARK_OVERWRITE"),
    ("pessimistic", "LAMBARK_PESSIMISTIC"),
    ("plain-http", "LAMBARK_PLAIN_HTTP"),
    ("plan", "LAMBARK_PLAN"),
    ("pre-commit", "LAMBARK_PRE_COMMIT"),
    ("profile", "LAMBARK_PROFILE"),
    ("quiet", "LAMBARK_QUIET"),
    ("read-anew", "LAMBARK_READ_ANEW"),
    ("reason", "LAMBARK_REASON"),
    ("region", "LAMBARK_REGION"),
    ("replace-multi-platform", "LAMBARK_REPLACE_MULTI_PLATFORM"),
    ("replace-script", "LAMBARK_REPLACE_SCRIPT"),
    ("repository", "LAMBARK_REPOSITORY"),
    ("retention", "LAMBARK_RETENTION"),
    ("reuse-from", "LAMBARK_REUSE_FROM"),
    ("role", "LAMBARK_ROLE"),
    ("sandbox", "LAMBARK_SANDBOX"),
    ("scan-on-push", "LAMBARK_SCAN_ON_PUSH"),
    ("seed", "LAMBARK_SEED"),
    ("service", "LAMBARK_SERVICE"),
    ("settle", "LAMBARK_SETTLE"),
    ("settle-limit", "LAMBARK_SETTLE_LIMIT"),
    ("severity", "LAMBARK_SEVERITY"),
    ("since", "LAMBARK_SINCE"),
    ("state-dir", "LAMBARK_STATE_DIR"),
    ("status", "LAMBARK_STATUS"),
    ("still", "LAMBARK_STILL"),
    ("strict", "LAMBARK_STRICT"),
    ("summary", "LAMBARK_SUMMARY"),
    ("tag", "LAMBARK_TAG"),
    ("ticket", "LAMBARK_TICKET"),
    ("timeout", "LAMBARK_TIMEOUT"),
    ("tmp", "LAMBARK_TMP"),
    ("to", "LAMBARK_TO"),
    ("undo", "LAMBARK_UNDO"),
    ("unsafe-fixes", "LAMBARK_UNSAFE_FIXES"),
    ("until", "LAMBARK_UNTIL"),
    ("verbose", "LAMBARK_VERBOSE"),
    ("wait", "LAMBARK_WAIT"),
    ("watch", "LAMBARK_WATCH"),
    ("with-reads", "LAMBARK_WITH_READS"),
    ("without-way-back", "LAMBARK_WITHOUT_WAY_BACK"),
    ("write", "LAMBARK_WRITE"),
    ("yes", "LAMBARK_YES"),
];

/// `--format` has other values under each verb: one variable for all would break a verb that lacks the value.
const FORMATS: &[(&str, &str)] = &[
    ("build", "LAMBARK_BUILD_FORMAT"),
    ("cache", "LAMBARK_CACHE_FORMAT"),
    ("check", "LAMBARK_CHECK_FORMAT"),
    ("config check", "LAMBARK_CONFIG_CHECK_FORMAT"),
    ("config show", "LAMBARK_CONFIG_SHOW_FORMAT"),
    ("deploy", "LAMBARK_DEPLOY_FORMAT"),
    ("doctor", "LAMBARK_DOCTOR_FORMAT"),
    ("emulate", "LAMBARK_EMULATE_FORMAT"),
    ("explain", "LAMBARK_EXPLAIN_FORMAT"),
    ("fix", "LAMBARK_FIX_FORMAT"),
    ("init", "LAMBARK_INIT_FORMAT"),
    ("knowledge import", "LAMBARK_KNOWLEDGE_IMPORT_FORMAT"),
    ("knowledge lint", "LAMBARK_KNOWLEDGE_LINT_FORMAT"),
    ("knowledge list", "LAMBARK_KNOWLEDGE_LIST_FORMAT"),
    ("knowledge show", "LAMBARK_KNOWLEDGE_SHOW_FORMAT"),
    ("lint", "LAMBARK_LINT_FORMAT"),
    ("policy", "LAMBARK_POLICY_FORMAT"),
    ("push", "LAMBARK_PUSH_FORMAT"),
    ("record export", "LAMBARK_RECORD_EXPORT_FORMAT"),
    ("record list", "LAMBARK_RECORD_LIST_FORMAT"),
    ("record prune", "LAMBARK_RECORD_PRUNE_FORMAT"),
    ("record show", "LAMBARK_RECORD_SHOW_FORMAT"),
    ("record verify", "LAMBARK_RECORD_VERIFY_FORMAT"),
    ("rehearse", "LAMBARK_REHEARSE_FORMAT"),
    ("resolve", "LAMBARK_RESOLVE_FORMAT"),
    ("rollback", "LAMBARK_ROLLBACK_FORMAT"),
    ("rules", "LAMBARK_RULES_FORMAT"),
    ("run", "LAMBARK_RUN_FORMAT"),
    ("ship", "LAMBARK_SHIP_FORMAT"),
    ("status", "LAMBARK_STATUS_FORMAT"),
];

/// Flags that mean something else under one verb than under the others.
const OTHERS: &[(&str, &str, &str)] = &[
    ("build", "output", "LAMBARK_BUILD_OUTPUT"),
    ("deploy", "fix", "LAMBARK_DEPLOY_FIX"),
    ("knowledge show", "as", "LAMBARK_KNOWLEDGE_SHOW_AS"),
    ("rollback", "to", "LAMBARK_ROLLBACK_TO"),
];

/// The variable of a verb's flag; a verb below a verb has both names.
pub(super) fn variable(verb: &str, flag: &str) -> Option<&'static str> {
    if let Some((.., variable)) = OTHERS.iter().find(|(known, other, _)| (*known, *other) == (verb, flag)) {
        return Some(variable);
    }
    let (table, key): (&[(&str, &'static str)], &str) =
        if flag == "format" { (FORMATS, verb) } else { (VARIABLES, flag) };
    table.iter().find(|(known, _)| *known == key).map(|(_, variable)| *variable)
}

/// Gives every flag its variable.
pub(super) fn attach(command: Command) -> Command {
    attach_below("", command)
}

/// The whole name of a verb below `parent`; the command itself has none.
fn name_below(parent: &str, verb: &str) -> String {
    match (parent, verb) {
        (_, "lambark") => String::new(),
        ("", verb) => verb.to_owned(),
        (parent, verb) => format!("{parent} {verb}"),
    }
}

fn attach_below(parent: &str, command: Command) -> Command {
    let verb = name_below(parent, command.get_name());
    command
        .mut_args(|arg| {
            let Some(variable) = arg.get_long().and_then(|flag| variable(&verb, flag)) else { return arg };
            // CI services set variables to nothing when they mean none.
            if std::env::var_os(variable).is_some_and(|value| value.is_empty()) {
                return arg;
            }
            let arg = arg.env(variable).hide_env_values(true);
            // `LAMBARK_STRICT=0` means no: clap's own parser would want `false` in full.
            if matches!(arg.get_action(), ArgAction::SetTrue) {
                arg.value_parser(FalseyValueParser::new())
            } else {
                arg
            }
        })
        .mut_subcommands(|below| attach_below(&verb, below))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn flags(parent: &str, command: &Command, seen: &mut BTreeSet<(String, String)>) {
        let verb = name_below(parent, command.get_name());
        for arg in command.get_arguments() {
            if let Some(flag) = arg.get_long().filter(|flag| !matches!(*flag, "help" | "version")) {
                assert!(arg.get_env().is_some(), "{} --{flag} has no environment variable", command.get_name());
                seen.insert((verb.clone(), flag.to_owned()));
            }
        }
        command.get_subcommands().for_each(|below| flags(&verb, below, seen));
    }

    #[test]
    fn every_flag_has_a_variable_and_every_variable_a_flag() {
        let mut seen = BTreeSet::new();
        flags("", &crate::cli::command(), &mut seen);
        for &(flag, variable) in VARIABLES {
            assert!(seen.iter().any(|(_, known)| known == flag), "{variable} belongs to no flag");
            assert_eq!(variable, format!("LAMBARK_{}", flag.to_uppercase().replace('-', "_")));
        }
        for &(verb, variable) in FORMATS {
            assert!(seen.contains(&(verb.to_owned(), "format".to_owned())), "{variable} belongs to no flag");
        }
        for &(verb, flag, variable) in OTHERS {
            assert!(seen.contains(&(verb.to_owned(), flag.to_owned())), "{variable} belongs to no flag");
        }
    }
}

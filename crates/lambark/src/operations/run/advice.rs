//! What a function's failure means, and what to do about it.

use lambark_sandbox::{Failure as Fault, Network};

use super::{Settings, wants_network};

/// A failure, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What happened.
    pub meaning: String,
    /// What to do, one thing a line.
    pub help: Vec<String>,
}

/// Explains a failure. `log` is the invocation's log, or the end of it.
#[must_use]
pub fn advise(failure: &Fault, log: &[u8], settings: &Settings) -> Advice {
    let (error_type, message) = (failure.error_type(), failure.message());
    let (meaning, help) =
        by_message(&message).or_else(|| by_type(&error_type, &message, settings)).unwrap_or_else(|| {
            ("the function raised an error of its own".to_owned(), "its trace is in the log".to_owned())
        });
    let mut help = vec![help];
    if settings.network == Network::None && wants_network(failure, log) {
        help.push("the function had no network here: `--network host` gives it this machine's".to_owned());
    }
    Advice { meaning, help }
}

fn told(meaning: &str, help: &str) -> Option<(String, String)> {
    Some((meaning.to_owned(), help.to_owned()))
}

/// What the operating system says through whatever language reports it.
fn by_message(message: &str) -> Option<(String, String)> {
    let says = |words: &str| message.contains(words);
    if says("Read-only file system") || says("EROFS") {
        return told(
            "the function wrote outside /tmp, and on Lambda everything else is read-only",
            "write below /tmp, and point caches there (HOME, XDG_CACHE_HOME, a library's own variable)",
        );
    }
    if says("cannot open shared object file") {
        // What the loader says of a file of another processor, too.
        return told(
            "a shared library is not in the image, or was built for another processor",
            "install the package that holds it, in the image's own base and for the function's architecture",
        );
    }
    if let Some(name) = missing_of_node(message) {
        return Some((
            format!("the code asks for `{name}`, which is not in the image"),
            "a package: install it in the build, beside the handler; a file: look at COPY paths, WORKDIR and CMD"
                .to_owned(),
        ));
    }
    if says("version `GLIBC") {
        return told(
            "a binary was built against a newer C library than the image has",
            "build it in the same base image that it runs in",
        );
    }
    if says("ermission denied") && !says("fork/exec") || says("EACCES") {
        return told(
            "a file cannot be read: Lambda runs functions as a user who owns none of the image's files",
            "make files readable by all: COPY --chmod=755, or chmod -R a+rX in the build",
        );
    }
    None
}

/// What Node did not find: a module that is required, or a package that is imported.
fn missing_of_node(message: &str) -> Option<&str> {
    let rest = ["Cannot find module '", "Cannot find package '"].iter().find_map(|words| message.split_once(words));
    rest?.1.split('\'').next()
}

fn by_type(error_type: &str, message: &str, settings: &Settings) -> Option<(String, String)> {
    match error_type {
        "Runtime.ImportModuleError" => import(message),
        "Runtime.HandlerNotFound" => told(
            "the module was loaded, but has no function of the handler's name",
            "compare CMD with the function's name in the code, or try another with --handler",
        ),
        "Runtime.MalformedHandlerName" => {
            told("the handler's name has the wrong form", "CMD has to be FILE.FUNCTION, for instance app.handler")
        }
        "Runtime.UserCodeSyntaxError" => {
            told("the code cannot be parsed", "run the code with the image's own version of the language")
        }
        "Runtime.ExitError" => exit(message, settings),
        "Runtime.InvalidEntrypoint" => entrypoint(message),
        "Runtime.InvalidWorkingDir" => {
            told("WORKDIR cannot be entered", "make the directory in the build, and give it as an absolute path")
        }
        "Sandbox.Timedout" => {
            let seconds = settings.timeout.as_secs();
            let meaning = format!("the function was not done within its timeout of {seconds} s");
            Some((
                meaning,
                "raise --timeout (and the function's), or look in the log for what it waited for".to_owned(),
            ))
        }
        "Function.ResponseSizeTooLarge" => told(
            "the response is larger than the 6 MB that Lambda passes on",
            "put large results into S3 and answer with their address",
        ),
        other if other.starts_with("Extension.") => told(
            "an extension in /opt/extensions failed, and with it the whole environment",
            "every file there is started: it has to be executable, built for this architecture, and has to register",
        ),
        _ => None,
    }
}

fn import(message: &str) -> Option<(String, String)> {
    let quoted = |after: &str| message.split_once(after)?.1.split('\'').next().map(str::to_owned);
    let wanted = quoted("Unable to import module '");
    let missing = quoted("No module named '");
    match (wanted, missing) {
        (Some(wanted), Some(missing)) if wanted == missing => Some((
            format!("the handler's module `{wanted}` is not where the runtime looks for it"),
            format!("look at the COPY path of {wanted}.py, at WORKDIR, and at CMD"),
        )),
        (_, Some(missing)) => Some((
            format!("the code imports `{missing}`, which is not in the image"),
            format!("install it in the build, into the directory of the handler, for the image's Python: `{missing}`"),
        )),
        _ => told(
            "the handler's module, or something that it imports, could not be loaded",
            "look at COPY paths, WORKDIR and CMD, and at what the message names",
        ),
    }
}

fn exit(message: &str, settings: &Settings) -> Option<(String, String)> {
    let ends = |words: &str| message.ends_with(words);
    if ends("without providing a reason") {
        return told(
            "the command ended by itself: it does not ask Lambda for events",
            "start a runtime interface client (awslambdaric, aws-lambda-ric, lambda_runtime), or add the Lambda Web Adapter for a web server",
        );
    }
    if ends("signal: killed") {
        let meaning =
            format!("the function's processes were killed, usually for more memory than {} MB", settings.memory_mb);
        return Some((meaning, "raise --memory (and the function's)".to_owned()));
    }
    if ends("exit status 142") {
        return told(
            "AWS's entry point script got no handler, or more than one word",
            "give CMD exactly one item, for instance CMD [\"app.handler\"]",
        );
    }
    if ends("exit status 127") {
        return told(
            "a program that the command needs, or a library of it, is not in the image",
            "the line before in the log names it",
        );
    }
    if ends("exit status 126") {
        return told("the command is there, but cannot be executed", "chmod 755 it in the build");
    }
    told("the runtime ended where it should have gone on", "the log's last lines before that say why")
}

fn entrypoint(message: &str) -> Option<(String, String)> {
    if message.ends_with("exec format error") {
        return told(
            "the entry point was built for another processor, or is no program",
            "build for the function's architecture; a script needs its `#!` line",
        );
    }
    if message.ends_with("permission denied") {
        return told("the entry point may not be executed", "COPY --chmod=755, or chmod 755 in the build");
    }
    if message.contains("no such file or directory") || message.contains("not found") {
        return told(
            "the entry point is not in the image, or what it is run by is not: the interpreter of its `#!` line, its loader",
            "compare ENTRYPOINT with the files of the image; `lambark check --depth files` tells which of them is missing",
        );
    }
    told("there is no command to start", "give the image an ENTRYPOINT")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings(network: Network) -> Settings {
        Settings {
            image: "image.tar".to_owned(),
            event: "{}".into(),
            env: Vec::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            tmp_mb: 512,
            count: 1,
            handler: None,
            network,
            means: super::super::place::Means {
                maker: super::super::place::Maker::Auto,
                cache: None,
                cache_bytes: 0,
                companion: None,
            },
        }
    }

    fn of(error_type: &'static str, message: &str) -> Advice {
        advise(&Fault::fault(error_type, message), b"", &settings(Network::None))
    }

    #[test]
    fn a_module_of_the_handler_and_one_that_it_imports_are_told_apart() {
        let own = of("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'app'");
        assert!(own.meaning.contains("handler's module `app`"), "{own:?}");
        let other = of("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'requests'");
        assert!(other.meaning.contains("imports `requests`"), "{other:?}");
        let library = of(
            "Runtime.ImportModuleError",
            "Unable to import module 'app': libpq.so.5: cannot open shared object file: No such file or directory",
        );
        assert!(library.meaning.contains("shared library"), "{library:?}");
        let required =
            of("Runtime.ImportModuleError", "Error: Cannot find module 'pg'\nRequire stack:\n- /var/task/app.js");
        // Node's client has no name of its own for what an ES module lacks.
        let imported = of("Error", "Cannot find package 'pg' imported from /var/task/app.mjs");
        assert!(required.meaning.contains("asks for `pg`"), "{required:?}");
        assert_eq!(required, imported);
    }

    #[test]
    fn the_same_type_has_several_causes() {
        let meanings = ["exit status 1", "exit status 127", "exit status 142", "signal: killed"]
            .map(|end| of("Runtime.ExitError", &format!("Runtime exited with error: {end}")).meaning);
        let distinct: std::collections::BTreeSet<&String> = meanings.iter().collect();
        assert_eq!(distinct.len(), meanings.len());
        let entry = of("Runtime.InvalidEntrypoint", "fork/exec /app: permission denied");
        assert!(entry.meaning.contains("may not be executed"), "not the advice for unreadable files: {entry:?}");
    }

    #[test]
    fn the_missing_network_is_told_only_when_it_was_missing() {
        let failure = Fault::fault("gaierror", "[Errno -3] Temporary failure in name resolution");
        let without = advise(&failure, b"", &settings(Network::None));
        assert!(without.help.iter().any(|line| line.contains("--network host")), "{without:?}");
        let with = advise(&failure, b"", &settings(Network::Host));
        assert!(!with.help.iter().any(|line| line.contains("--network")), "{with:?}");
    }
}

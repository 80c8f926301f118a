//! A twin in a process of its own, which runs functions in sandboxes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::support::User;

/// Ends with this value.
pub(crate) struct RunningTwin {
    /// Where it listens.
    pub(crate) url: String,
    child: Child,
}

impl RunningTwin {
    pub(crate) fn start(user: &User) -> RunningTwin {
        let arguments = ["emulate", "--listen", "127.0.0.1:0", "--settle", "100ms", "--format", "json"];
        let mut command = user.command(&arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut twin = RunningTwin { url: String::new(), child };
        let lines = BufReader::new(twin.child.stdout.take().unwrap()).lines();
        let mut document = String::new();
        for line in lines {
            document.push_str(&line.unwrap());
            if let Ok(ready) = serde_json::from_str::<serde_json::Value>(&document) {
                twin.url = ready["url"].as_str().unwrap().to_owned();
                return twin;
            }
        }
        panic!("the twin did not say where it listens: {document}");
    }
}

impl Drop for RunningTwin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

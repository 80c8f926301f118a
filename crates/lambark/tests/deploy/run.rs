//! One run of the command, and what is asked of it.

use std::process::Output;

use serde_json::Value;

/// What a command printed, and how it ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything as one text, for what is to be found in it.
    pub(crate) fn all(&self) -> String {
        format!("exit code: {}\n---- stdout\n{}---- stderr\n{}", self.code, self.stdout, self.stderr)
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Run {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    /// Asserts that both streams together tell this.
    #[track_caller]
    pub(crate) fn tells(self, words: &str) -> Run {
        // A terminal's lines are cut where they are full: what is told may be told in two lines.
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined(&self.all()).contains(&joined(words)), "{words}\nis not in\n{}", self.all());
        self
    }
}

/// Hides times of day and durations.
pub(crate) fn without_times(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut shown: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let is_number = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        let bare = word.trim_matches([',', '"']);
        let is_time = bare.len() > 19 && bare.get(4..5) == Some("-") && bare.get(10..11) == Some("T");
        let has_unit = words.get(index + 1).map(|next| next.trim_end_matches(',')) == Some("ms");
        shown.push(match word {
            _ if is_time => word.replace(bare, "<TIME>"),
            _ if is_number && has_unit => "<N>".to_owned(),
            _ => (*word).to_owned(),
        });
    }
    shown.join(" ")
}

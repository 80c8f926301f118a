//! Counts from libtest's own lines, and from the skips that tests wrote down.

use std::collections::BTreeSet;
use std::fmt;

/// A test that did not look at what it is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Skip {
    pub(super) program: String,
    pub(super) test: String,
    pub(super) reason: String,
}

impl Skip {
    /// Reads `program <TAB> test <TAB> reason`.
    pub(super) fn parse(line: &str) -> Option<Skip> {
        let mut fields = line.splitn(3, '\t');
        Some(Skip {
            program: fields.next()?.to_owned(),
            test: fields.next()?.to_owned(),
            reason: fields.next()?.to_owned(),
        })
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// Names of failed tests, for the summary.
    pub(super) failures: Vec<String>,
    pub(super) skipped: Vec<Skip>,
}

impl Count {
    /// Looks at one line of output.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.passed += number_before(rest, " passed;");
            self.failed += number_before(rest, " failed;");
        } else if let Some(rest) = line.strip_prefix("test ") {
            self.test_line(rest);
        }
    }

    /// One line a test: `NAME ... ok`, `NAME ... FAILED`, `NAME ... ignored, REASON`.
    fn test_line(&mut self, rest: &str) {
        let Some((name, outcome)) = rest.split_once(" ... ") else {
            return;
        };
        if outcome == "FAILED" {
            self.failures.push(name.to_owned());
        } else if let Some(reason) = outcome.strip_prefix("ignored") {
            self.skipped.push(Skip {
                program: String::new(),
                test: name.to_owned(),
                reason: format!("ignored{reason}"),
            });
        }
    }

    /// Takes the tests that skipped themselves off the passed ones: libtest cannot tell them apart.
    ///
    /// A test that skipped one thing and failed at another has failed. A test may write down several skips; it counts
    /// once. (Where tests run one by one, all are named `main` and each line counts.)
    pub(super) fn skips(&mut self, skips: &[Skip]) {
        let mut seen = BTreeSet::new();
        for skip in skips {
            let first = skip.test == "main" || seen.insert((&skip.program, &skip.test));
            if first && self.passed > 0 && !self.failures.contains(&skip.test) {
                self.passed -= 1;
                self.skipped.push(skip.clone());
            }
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { passed, failed, .. } = self;
        let skipped = self.skipped.len();
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// The number right before `word`, 0 if there is none.
fn number_before(text: &str, word: &str) -> usize {
    let before = text.split_once(word).map_or("", |(before, _)| before);
    let digits = before.rsplit(' ').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test registry::copies ... ok
test registry::waits ... ignored, needs a network of its own
test registry::breaks ... FAILED
test registry::starts ... ok

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 1 test
test src/lib.rs - parse (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out; finished in 0.00s
";

    fn counted(skips: &str) -> Count {
        let mut count = Count::default();
        OUTPUT.lines().for_each(|line| count.line(line));
        count.skips(&skips.lines().filter_map(Skip::parse).collect::<Vec<_>>());
        count
    }

    #[test]
    fn lines_of_libtest() {
        let count = counted("");
        assert_eq!(count.to_string(), "3 passed, 1 failed, 1 skipped");
        assert_eq!(count.failures, ["registry::breaks"]);
        assert_eq!(count.skipped[0].reason, "ignored, needs a network of its own");
    }

    #[test]
    fn a_skip_is_no_pass_and_counts_once() {
        let twice = "a-1\tregistry::copies\tcrane needs x\na-1\tregistry::copies\tskopeo needs y\n";
        assert_eq!(counted(twice).to_string(), "2 passed, 1 failed, 2 skipped");
        let other_program = "a-1\tregistry::copies\tx\nb-2\tregistry::copies\tx\n";
        assert_eq!(counted(other_program).to_string(), "1 passed, 1 failed, 3 skipped");
    }

    #[test]
    fn a_failure_stays_one() {
        let skips = "a-1\tregistry::breaks\tcrane is not set up\n";
        assert_eq!(counted(skips).to_string(), "3 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn never_more_skips_than_passes() {
        let skips = "a\tmain\tx\n".repeat(9);
        assert_eq!(counted(&skips).to_string(), "0 passed, 1 failed, 4 skipped");
    }
}

//! Telling how far the work is, on standard error: bars on a terminal, elsewhere a line per state change.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lambark_images::{Progress, Transfer};

use crate::render::escape::plain;
use crate::words::bytes;

/// Transfers below this many bytes are over before anybody has read a line about them.
const MIN_LINE_BYTES: u64 = 10_000_000;
/// A bar is shown only after this long: a flicker tells nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// The kind that suits standard error.
pub(super) fn for_stderr() -> Arc<dyn Progress> {
    if io::stderr().is_terminal() { Arc::new(Bars(MultiProgress::new())) } else { Arc::new(Lines) }
}

/// A line per state change, for logs.
struct Lines;

impl Progress for Lines {
    fn step(&self, text: &str) {
        // Progress that cannot be told is no reason to stop.
        let _ = writeln!(io::stderr(), "lambark: {}", plain(text));
    }

    fn transfer(&self, what: &str, total: Option<u64>) -> Box<dyn Transfer> {
        if let Some(total) = total.filter(|total| *total >= MIN_LINE_BYTES) {
            self.step(&format!("{what} ({})", bytes(total)));
        }
        Box::new(lambark_images::Silent)
    }
}

/// A bar for each transfer.
struct Bars(MultiProgress);

impl Progress for Bars {
    fn step(&self, _: &str) {}

    fn transfer(&self, what: &str, total: Option<u64>) -> Box<dyn Transfer> {
        let (bar, template) = match total {
            Some(total) => (
                hidden(Some(total)),
                "  {msg:24} {bar:24} {decimal_bytes:>10} of {decimal_total_bytes:10} {decimal_bytes_per_sec}",
            ),
            None => (hidden(None), "  {msg:24} {decimal_bytes:>10} {decimal_bytes_per_sec}"),
        };
        let style = ProgressStyle::with_template(template).map(|style| style.progress_chars("━╸─"));
        let bar = bar.with_message(plain(what).into_owned());
        Box::new(Bar {
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
            all: self.0.clone(),
            shown: std::sync::Once::new(),
            begun: std::time::Instant::now(),
        })
    }
}

/// A bar that draws nothing until it is added to the others.
fn hidden(total: Option<u64>) -> ProgressBar {
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
}

struct Bar {
    bar: ProgressBar,
    all: MultiProgress,
    shown: std::sync::Once,
    begun: std::time::Instant,
}

impl Transfer for Bar {
    fn advance(&self, bytes: u64) {
        if self.begun.elapsed() >= PATIENCE {
            self.shown.call_once(|| {
                self.all.add(self.bar.clone());
            });
        }
        self.bar.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! Notes to the person who runs the twin.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::MAX_NOTES;

/// Where notes go as they are made, beside `/_lambark/notes`.
#[derive(Clone)]
pub struct NoteSink(Arc<dyn Fn(&str) + Send + Sync>);

impl NoteSink {
    /// A sink that calls `take` with each note. It must not block.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> NoteSink {
        NoteSink(Arc::new(take))
    }
}

impl fmt::Debug for NoteSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteSink")
    }
}

/// The latest notes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    sink: Option<NoteSink>,
    kept: Mutex<VecDeque<String>>,
}

impl Notes {
    pub(super) fn new(sink: Option<NoteSink>) -> Notes {
        Notes { sink, kept: Mutex::default() }
    }

    pub(crate) fn add(&self, note: String) {
        if let Some(sink) = &self.sink {
            (sink.0)(&note);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_NOTES {
            kept.pop_front();
        }
        kept.push_back(note);
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

//! What is to be written, and what stands in its way. Pure: the files that are there come through a function.

mod block;
mod hooks;

pub use block::Marks;

/// A file as lambark would have it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its path, relative to the repository's root.
    pub path: String,
    /// What it is, for people.
    pub what: &'static str,
    /// How much of it is lambark's.
    pub form: Form,
}

/// How much of a file is lambark's.
#[derive(Clone, Debug)]
pub enum Form {
    /// All of it.
    Whole(String),
    /// All of it when it is made; once it is there it is its owner's, whatever it says.
    Once(String),
    /// All of it, in place of what somebody asked to have replaced.
    Replacement(String),
    /// The text between two marks; the rest is somebody else's.
    Block(Marks, String),
    /// The entry of a pre-commit configuration, between marks in its list.
    Hooks(String),
}

/// A file, and what is to become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the repository's root.
    pub path: String,
    /// What it is, for people.
    pub what: &'static str,
    /// What is there now.
    pub old: Option<String>,
    /// What it shall hold; the same as now where nothing is to be done.
    pub new: String,
    /// What is to become of it.
    pub status: Status,
}

/// What is to become of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not there: it is made.
    New,
    /// It is as it should be.
    Same,
    /// It is there and stays as it is.
    Kept,
    /// Lambark's part of it is put in or brought up to date.
    Block,
    /// It is replaced, as was asked.
    Overwritten,
    /// It is there with other content, and nobody said that it may be replaced.
    Refused(String),
}

impl Status {
    /// Whether the file is written.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Status::New | Status::Block | Status::Overwritten)
    }
}

/// What each file is to become.
///
/// # Errors
/// What `read` says of a file that is there and cannot be read.
pub fn plan<E>(
    drafts: Vec<Draft>,
    overwrite: &[String],
    read: impl Fn(&str) -> Result<Option<String>, E>,
) -> Result<Vec<File>, E> {
    drafts
        .into_iter()
        .map(|draft| {
            let old = read(&draft.path)?;
            let consent = overwrite.contains(&draft.path);
            Ok(settle(draft, old, consent))
        })
        .collect()
}

fn settle(draft: Draft, old: Option<String>, consent: bool) -> File {
    let Draft { path, what, form } = draft;
    let (new, status) = match (form, &old) {
        (Form::Whole(new) | Form::Once(new) | Form::Replacement(new), None) => (new, Status::New),
        (Form::Whole(new) | Form::Once(new) | Form::Replacement(new), Some(old)) if new == *old => (new, Status::Same),
        (Form::Replacement(new), Some(_)) => (new, Status::Overwritten),
        (Form::Whole(new) | Form::Once(new), Some(_)) if consent => (new, Status::Overwritten),
        (Form::Once(_), Some(old)) => (old.clone(), Status::Kept),
        (Form::Whole(new), Some(_)) => {
            let reason = "it is there with other content".to_owned();
            (new, Status::Refused(reason))
        }
        (Form::Block(marks, body), old) => put(block::put(old.as_deref(), marks, &body), old.as_deref()),
        (Form::Hooks(body), old) => put(hooks::put(old.as_deref(), &body), old.as_deref()),
    };
    File { path, what, old, new, status }
}

fn put(result: Result<String, String>, old: Option<&str>) -> (String, Status) {
    match (result, old) {
        (Ok(new), None) => (new, Status::New),
        (Ok(new), Some(old)) if new == old => (new, Status::Same),
        (Ok(new), Some(_)) => (new, Status::Block),
        (Err(reason), old) => (old.unwrap_or_default().to_owned(), Status::Refused(reason)),
    }
}

#[cfg(test)]
mod tests;

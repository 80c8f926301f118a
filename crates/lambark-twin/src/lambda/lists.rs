//! Lists, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::call::Call;
use super::check::Constraints;
use super::error::ApiError;
use super::machine::{Function, VersionRef};
use super::render::{self, Detail};
use crate::http::Reply;

/// Entries of a page at most, whatever the caller asks for.
const PAGE: usize = 50;

/// How many, and from where on.
struct Page {
    size: usize,
    /// The first entry: a name, and a version where versions are listed.
    from: Option<(String, VersionRef)>,
}

impl Page {
    fn of(call: &Call<'_>) -> Result<Page, ApiError> {
        let mut constraints = Constraints::default();
        let most = call.parameter("MaxItems").map(|text| text.parse::<i64>().unwrap_or(0));
        constraints.range(most, "maxItems", 1, 10_000);
        constraints.finish()?;
        let size = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE).min(PAGE);
        let from = match call.parameter("Marker").filter(|marker| !marker.is_empty()) {
            Some(marker) => Some(read_marker(&marker).ok_or_else(|| ApiError::invalid("Invalid Marker"))?),
            None => None,
        };
        Ok(Page { size, from })
    }

    /// The page made of what lies from its beginning on; one entry more than fits tells the next page's beginning.
    fn reply(&self, name: &str, mut entries: Vec<(Key, Value)>) -> Reply {
        let next = entries.get(self.size).map(|(key, _)| marker(key));
        entries.truncate(self.size);
        let all: Vec<Value> = entries.into_iter().map(|(_, value)| value).collect();
        let mut body = json!({ name: all });
        if let Some(next) = next {
            body["NextMarker"] = next.into();
        }
        Reply::json(200, &body)
    }
}

type Key = (String, VersionRef);

/// Markers are opaque to clients.
fn marker((name, version): &Key) -> String {
    URL_SAFE_NO_PAD.encode(format!("{name}:{version}"))
}

fn read_marker(marker: &str) -> Option<Key> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok()?;
    let (name, version) = text.rsplit_once(':')?;
    Some((name.to_owned(), VersionRef::parse(version)?))
}

pub(super) fn functions(call: &Call<'_>) -> Result<Reply, ApiError> {
    let page = Page::of(call)?;
    let with = call.parameter("FunctionVersion");
    let mut constraints = Constraints::default();
    constraints.one_of(with.as_deref(), "functionVersion", &["ALL"]);
    constraints.finish()?;
    let (from, version) = match &page.from {
        Some((name, version)) => (name.as_str(), *version),
        None => ("", VersionRef::Latest),
    };
    let mut entries = Vec::new();
    for (name, cell) in call.twin.functions.from(&call.scope, from, page.size + 1) {
        let first = if *name == *from { version } else { VersionRef::Latest };
        cell.look(|function| {
            function.settle(call.now);
            match with {
                Some(_) => versions_of(function, first, page.size + 1, &mut entries),
                None => {
                    let arn = &function.arn;
                    let latest = VersionRef::Latest;
                    let told = render::configuration(function, latest, &function.latest, arn, Detail::Listed);
                    entries.push(((name.to_string(), latest), Value::Object(told)));
                }
            }
        });
        if entries.len() > page.size {
            break;
        }
    }
    Ok(page.reply("Functions", entries))
}

/// `$LATEST` and the versions from `first` on, until there are `most` entries.
fn versions_of(function: &Function, first: VersionRef, most: usize, entries: &mut Vec<(Key, Value)>) {
    let latest = (VersionRef::Latest, &function.latest);
    let numbered = function.versions.iter().map(|(number, unit)| (VersionRef::Number(*number), unit));
    for (version, unit) in std::iter::once(latest).chain(numbered).filter(|(version, _)| *version >= first) {
        if entries.len() >= most {
            return;
        }
        let arn = function.qualified(&version.to_string());
        let told = render::configuration(function, version, unit, &arn, Detail::Listed);
        entries.push(((function.name().to_owned(), version), Value::Object(told)));
    }
}

pub(super) fn versions(call: &Call<'_>) -> Result<Reply, ApiError> {
    let page = Page::of(call)?;
    let first = page.from.as_ref().map_or(VersionRef::Latest, |(_, version)| *version);
    call.look(&call.unqualified()?, |function| {
        function.settle(call.now);
        let mut entries = Vec::new();
        versions_of(function, first, page.size + 1, &mut entries);
        Ok(page.reply("Versions", entries))
    })
}

pub(super) fn aliases(call: &Call<'_>) -> Result<Reply, ApiError> {
    let page = Page::of(call)?;
    let of_version = call.parameter("FunctionVersion");
    let from = page.from.as_ref().map_or("", |(name, _)| name.as_str());
    call.look(&call.unqualified()?, |function| {
        let listed = function.aliases.iter().filter(|(name, alias)| {
            name.as_ref() >= from && of_version.as_ref().is_none_or(|version| *version == alias.version.to_string())
        });
        let entries = listed.take(page.size + 1).map(|(name, alias)| {
            let told = render::alias(&function.qualified(name), name, alias);
            ((name.to_string(), VersionRef::Latest), told)
        });
        Ok(page.reply("Aliases", entries.collect()))
    })
}

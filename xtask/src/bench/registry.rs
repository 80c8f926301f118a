//! Work in a registry. The requests are counted by the registry's own log, not by who made them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use lambark_parts as parts;
use parts::{DockerRegistry, Flavour, Part, Request};

use super::measure::{Contestant, Sample, once, race};
use super::table::{COLUMNS, Table, cells};
use super::{Context, data, layout, needed};
use crate::Error;

/// More than manifests, a config and the first bytes of three layers come to; far less than a layer.
const FIRST_BYTES: u64 = 256 * 1024;

/// An attested index becomes deployable under its own tag, by lambark and by skopeo.
pub(super) fn unwrap(context: &Context) -> Result<Table, Error> {
    let registry = filled(context, "unwrap", 2 * (context.runs + 1))?;
    let home = context.fresh("unwrap-home")?;
    let lambark = |tag: usize| {
        let mut command = context.lambark(&home);
        command.args(["fix", &image(&registry, tag)]);
        Ok(command)
    };
    let skopeo = |tag: usize| {
        let name = format!("docker://{}", image(&registry, tag));
        let mut command = needed(Part::Skopeo, parts::skopeo())?;
        command.args(["copy", "--quiet", "--format", "v2s2", "--src-tls-verify=false", "--dest-tls-verify=false"]);
        command.args([&name, &name]);
        Ok(command)
    };
    // Each run has a tag of its own: what is mended is mended. The last two are for counting.
    let runs = context.runs;
    let mut contestants = [
        Contestant { name: "lambark fix", fine: &[0, 1], next: Box::new(lambark) },
        Contestant { name: "skopeo copy --format v2s2", fine: &[0], next: Box::new(move |run| skopeo(runs + run)) },
    ];
    let samples = race(runs, &mut contestants)?;
    for tag in [0, runs] {
        assert_mended(&registry, tag)?;
    }
    let mut table =
        Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "requests", "bytes served", "of which"]);
    let mut asked = Vec::new();
    for ((contestant, sample), tag) in contestants.iter_mut().zip(&samples).zip([2 * runs, runs + 1]) {
        let command = (contestant.next)(tag)?;
        let requests = requests_of(&registry, &command, contestant.fine)?.1;
        let mut row = vec![contestant.name.to_owned()];
        row.extend(cells(sample));
        row.extend([requests.len().to_string(), served(&requests).to_string(), kinds(&requests)]);
        table.row(row);
        asked.push(requests);
    }
    if let ([ours, theirs], [requests, _]) = (samples.as_slice(), asked.as_slice()) {
        table.target("faster than skopeo", ours.wall < theirs.wall);
        let manifests = requests.iter().filter(|request| request.path.contains("/manifests/")).count();
        table.target("at most 3 manifest requests, 2 for the attestation, 2 for the referrers tag", manifests <= 7);
        let others = requests.len() - manifests;
        table.target("besides them one config and the first bytes of each layer (3 layers)", others <= 4);
        table.target("no layer read in full", served(requests) < FIRST_BYTES);
    }
    table.note("skopeo 1.9 looks at no layer and leaves the attestation behind; lambark does both");
    Ok(table)
}

/// What a check asks of a registry.
pub(super) fn check(context: &Context) -> Result<Table, Error> {
    let registry = filled(context, "check", 1)?;
    let mut table =
        Table::new(&["command", COLUMNS[0], COLUMNS[1], COLUMNS[2], "requests", "bytes served", "of which"]);
    let mut seen = BTreeMap::new();
    let mut home = PathBuf::new();
    for (what, depth) in [("manifest", "manifest"), ("bytes", "bytes"), ("files", "files"), ("files, again", "files")] {
        if what == depth {
            // A home without a cache, as on a CI runner.
            home = context.fresh("check-home")?;
        }
        let mut command = context.lambark(&home);
        command.args(["check", &image(&registry, 0), "--depth", depth]);
        let (sample, requests) = requests_of(&registry, &command, &[0, 1])?;
        let mut row = vec![format!("lambark check --depth {what}")];
        row.extend(cells(&sample));
        row.extend([requests.len().to_string(), served(&requests).to_string(), kinds(&requests)]);
        table.row(row);
        seen.insert(what, (requests.len(), served(&requests)));
    }
    let of = |what: &str| seen.get(what).copied().unwrap_or_default();
    let ((manifest, _), (bytes, _), (again, served_again)) = (of("manifest"), of("bytes"), of("files, again"));
    table.target("at most 3 requests for the manifest", (1..=3).contains(&manifest));
    table.target("one more a layer for the bytes (3 layers)", bytes == manifest + 3);
    table.target("no layer read twice", again == bytes && served_again < FIRST_BYTES);
    Ok(table)
}

/// A registry that holds the attested image under `tags` tags, `v0` and up.
fn filled(context: &Context, name: &str, tags: usize) -> Result<DockerRegistry, Error> {
    let layers = data::layers(&context.data)?;
    let directory = context.fresh(name)?;
    layout::attested(&directory.join("source"), &layers)?;
    let registry = needed(Part::DockerRegistry, DockerRegistry::start(Flavour::Plain))?;
    let source = format!("oci:{}:v1", directory.join("source").display());
    let first = format!("docker://{}", image(&registry, 0));
    for tag in 0..tags {
        let target = format!("docker://{}", image(&registry, tag));
        let mut command = needed(Part::Skopeo, parts::skopeo())?;
        command.args(["copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false"]);
        data::succeed(command.args([if tag == 0 { &source } else { &first }, &target]))?;
    }
    Ok(registry)
}

/// Whoever left the index under the tag has not done the job that is measured.
fn assert_mended(registry: &DockerRegistry, tag: usize) -> Result<(), Error> {
    let name = image(registry, tag);
    let mut command = needed(Part::Skopeo, parts::skopeo())?;
    command.args(["inspect", "--raw", "--tls-verify=false", &format!("docker://{name}")]);
    let output = command.output().map_err(Error::io("skopeo"))?;
    let manifest = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && manifest.contains("\"config\"") && !manifest.contains("\"manifests\"") {
        return Ok(());
    }
    Err(Error::Failed(format!("{name} was not mended: {manifest}")))
}

fn image(registry: &DockerRegistry, tag: usize) -> String {
    format!("{}/team/app:v{tag}", registry.host())
}

/// Runs a command, and gives what the registry was asked meanwhile.
fn requests_of(registry: &DockerRegistry, command: &Command, fine: &[i64]) -> Result<(Sample, Vec<Request>), Error> {
    let before = registry.requests().len();
    let sample = once(command, fine)?;
    Ok((sample, registry.requests().split_off(before)))
}

/// Bytes in all answers together.
fn served(requests: &[Request]) -> u64 {
    requests.iter().map(|request| if request.method == "HEAD" { 0 } else { request.bytes }).sum()
}

/// How many of each kind, as `2 GET manifest, 1 PUT manifest`.
fn kinds(requests: &[Request]) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests {
        let what = ["manifests", "uploads", "blobs", "referrers"].into_iter().find(|what| request.path.contains(what));
        *kinds.entry(format!("{} {}", request.method, what.unwrap_or("/v2/"))).or_default() += 1;
    }
    let texts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    texts.join(", ")
}

//! GetFunction from many clients, of the twin and of moto; and what ten thousand functions weigh.

use std::time::{Duration, Instant};

use lambark_parts as parts;
use parts::{Moto, Part};
use serde_json::json;

use super::http::Connection;
use super::measure::once;
use super::table::{Table, mebibytes, time};
use super::twin::{Load, Twin, load, peak_kib, signed};
use super::{Context, needed, push};
use crate::{Error, workspace};

/// Clients at once.
const CLIENTS: usize = 64;
/// How long they ask.
const TIME: Duration = Duration::from_secs(5);
/// Functions that are asked for.
const ASKED: usize = 100;
/// Functions that are there at the end. moto is spared them: it takes minutes for a thousand.
const MANY: usize = 10_000;

pub(super) fn run(context: &Context) -> Result<Table, Error> {
    let twin = Twin::start(context.lambark(&context.fresh("functions-home")?), None)?;
    let image = seeded(context, &twin)?;
    create(twin.host(), &image, 0..ASKED)?;
    let ours = load(twin.host(), CLIENTS, &paths(), TIME)?;
    let light = twin.peak_kib()?;
    let begun = Instant::now();
    create(twin.host(), &image, ASKED..MANY)?;
    let took = begun.elapsed();
    let heavy = twin.peak_kib()?;
    let full = load(twin.host(), CLIENTS, &paths(), TIME)?;
    drop(twin);

    let moto = needed(Part::Moto, Moto::start())?;
    assumable_role(&moto.host())?;
    create(&moto.host(), &image, 0..ASKED)?;
    let theirs = load(&moto.host(), CLIENTS, &paths(), TIME)?;

    let mut table = Table::new(&["server", "functions", "requests/s", "p99", "peak memory"]);
    let row = |name: &str, functions: usize, load: &Load, peak: u64| {
        let rate = format!("{:.0}", load.per_second());
        vec![name.to_owned(), functions.to_string(), rate, time(load.p99), mebibytes(peak)]
    };
    table.row(row("twin", ASKED, &ours, light));
    table.row(row("twin", MANY, &full, heavy));
    table.row(row("moto", ASKED, &theirs, peak_kib(moto.id())?));
    table.target("more requests a second than moto", full.per_second() > theirs.per_second());
    table.note(format!(
        "{} more functions took {} to make, and {} of memory; the clients share the machine's cores with the server",
        MANY - ASKED,
        time(took),
        mebibytes(heavy.saturating_sub(light)),
    ));
    Ok(table)
}

/// Puts an image that Lambda takes into the twin, and gives its URI.
fn seeded(context: &Context, twin: &Twin) -> Result<String, Error> {
    twin.ecr("CreateRepository", &json!({ "repositoryName": "app" }))?;
    let archive = workspace::root().join("examples/attested.tar");
    let password = twin.password()?;
    let target = format!("{}/app:v1", twin.host());
    once(
        &push::lambark(context, &context.fresh("push-home")?, &archive, &target, Some((twin.host(), &password)))?,
        &[0],
    )?;
    Ok("123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1".to_owned())
}

/// moto wants the role to be there; the twin knows no IAM.
fn assumable_role(host: &str) -> Result<(), Error> {
    let policy = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22\
                  lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
    let body = format!("Action=CreateRole&Version=2010-05-08&RoleName=bench&AssumeRolePolicyDocument={policy}");
    let signed = signed("iam");
    let headers = [("authorization", signed.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer = Connection::open(host)?.ask("POST", "/", &headers, &body)?;
    if answer.status == 200 {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&answer.body).into_owned();
    Err(Error::Failed(format!("CreateRole at {host}: {} {words}", answer.status)))
}

fn create(host: &str, image: &str, numbers: std::ops::Range<usize>) -> Result<(), Error> {
    let mut connection = Connection::open(host)?;
    let signed = signed("lambda");
    for number in numbers {
        let body = json!({
            "FunctionName": name(number),
            "PackageType": "Image",
            "Code": { "ImageUri": image },
            "Role": "arn:aws:iam::123456789012:role/bench",
        });
        let headers = [("authorization", signed.as_str()), ("content-type", "application/json")];
        let answer = connection.ask("POST", "/2015-03-31/functions", &headers, &body.to_string())?;
        if answer.status != 201 {
            let words = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(Error::Failed(format!("CreateFunction at {host}: {} {words}", answer.status)));
        }
    }
    Ok(())
}

fn name(number: usize) -> String {
    format!("function-{number}")
}

fn paths() -> Vec<String> {
    (0..ASKED).map(|number| format!("/2015-03-31/functions/{}", name(number))).collect()
}

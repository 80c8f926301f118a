//! The traits over real HTTP, against recorded answers.
#![allow(clippy::unwrap_used, reason = "tests")]

mod ecr;
mod errors;
mod lambda;
mod server;

use lambark_aws::{AccessKey, Aws, Settings};
use lambark_oci::Secret;
use server::{Answer, Server};

/// Made up for these tests; AWS never gave it out.
const KEY_ID: &str = "AKIATESTTESTTESTTEST";
const KEY_SECRET: &str = "not-a-real-secret-key";

fn aws(server: &Server) -> Aws {
    let url = server.url.clone();
    Aws::new(move || {
        Ok(Settings {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(url.clone()),
            access_key: Some(AccessKey { id: KEY_ID.to_owned(), secret: Secret::new(KEY_SECRET) }),
            ..Settings::default()
        })
    })
}

fn serve(answers: Vec<Answer>) -> (Server, Aws) {
    let server = Server::start(answers);
    let aws = aws(&server);
    (server, aws)
}

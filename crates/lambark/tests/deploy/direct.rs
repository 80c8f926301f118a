//! Calls to the twin that lambark's own client never makes, written out as HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

use lambark_oci::Digest;
use serde_json::Value;

use crate::bench::{Bench, ROLE};

impl Bench {
    /// Calls ECR's API with a body as it is.
    pub(crate) fn ecr(&self, operation: &str, body: &Value) {
        let target = format!("x-amz-target: AmazonEC2ContainerRegistry_V20150921.{operation}\r\n");
        let answer = self.post("/", &target, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn post(&self, path: &str, header: &str, body: &Value) -> String {
        let address = self.twin.address();
        let mut stream = TcpStream::connect(address).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{header}content-type: application/x-amz-json-1.1\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A function of a zip archive; lambark's own API makes none.
    pub(crate) fn zip_function(&self, name: &str) {
        let body = serde_json::json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "x", "Role": ROLE,
            "Code": { "ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
        });
        let created = self.post("/2015-03-31/functions", "", &body);
        assert!(created.starts_with("HTTP/1.1 201"), "{created}");
        self.settled(name);
    }

    /// Deletes an image with all of its tags.
    pub(crate) fn delete_image(&self, digest: &Digest) {
        let ids = serde_json::json!([{ "imageDigest": digest }]);
        self.ecr("BatchDeleteImage", &serde_json::json!({ "repositoryName": "app", "imageIds": ids }));
    }

    /// Puts an image into ECR's archive.
    pub(crate) fn archive_image(&self, digest: &Digest) {
        self.ecr(
            "UpdateImageStorageClass",
            &serde_json::json!({
                "repositoryName": "app", "imageId": { "imageDigest": digest }, "targetStorageClass": "ARCHIVE",
            }),
        );
    }
}

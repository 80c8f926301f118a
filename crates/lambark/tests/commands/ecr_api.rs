//! ECR's own API on this machine, as far as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What an operation is answered by: a status and a body.
type Answer = dyn Fn(&str, &Value) -> (u16, Value) + Send + Sync;

/// The API, until the test's process ends.
pub(crate) struct EcrApi {
    url: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl EcrApi {
    /// Answers each operation as `answer` says.
    pub(crate) fn start(answer: impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static) -> EcrApi {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, asked): (Arc<Answer>, Arc<Mutex<Vec<_>>>) = (Arc::new(answer), Arc::default());
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                std::thread::spawn(move || serve(&stream.unwrap(), &*answer, &kept));
            }
        });
        EcrApi { url, asked }
    }

    /// Gives the password `tok` for the registry at `host`, and refuses everything else.
    pub(crate) fn signing_in_to(host: &str) -> EcrApi {
        let host = host.to_owned();
        EcrApi::start(move |operation, _| match operation {
            "GetAuthorizationToken" => token(&host),
            other => denied(other),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `GetAuthorizationToken us-east-1`, for each call so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(operation, region)| format!("{operation} {region}")).collect()
    }
}

/// The answer that holds the password `tok`.
pub(crate) fn token(host: &str) -> (u16, Value) {
    // base64 of `AWS:tok`
    let data = json!([{"authorizationToken": "QVdTOnRvaw==", "proxyEndpoint": format!("http://{host}")}]);
    (200, json!({ "authorizationData": data }))
}

/// AWS's way to say that the caller may not.
pub(crate) fn denied(operation: &str) -> (u16, Value) {
    let message = format!(
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:{operation} on resource: * because \
         no identity-based policy allows the ecr:{operation} action"
    );
    (400, json!({"__type": "AccessDeniedException", "message": message}))
}

fn serve(stream: &TcpStream, answer: &Answer, asked: &Mutex<Vec<(String, String)>>) {
    let mut reader = BufReader::new(stream);
    let (mut length, mut operation, mut region) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => operation = value.rsplit('.').next().unwrap().to_owned(),
            // …Credential=ID/DATE/REGION/ecr/aws4_request…
            "authorization" => region = value.split('/').nth(2).unwrap().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.lock().unwrap().push((operation.clone(), region));
    let (status, body) = answer(&operation, &serde_json::from_slice(&body).unwrap());
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nx-amzn-RequestId: 11111111-2222-3333-4444-555555555555\r\n");
    let end = format!("connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    (&*stream).write_all(format!("{head}{end}").as_bytes()).unwrap();
}

//! A real BuildKit pushes the image that lambark exists for: an index with an attestation.
#![allow(clippy::unwrap_used, reason = "tests")]

use lambark_parts::{DockerRegistry, Dockerd, Flavour, skopeo};

#[test]
fn a_default_push_leaves_an_attested_index() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else {
        return;
    };
    let host = registry.host();
    let (Some(daemon), Some(mut skopeo)) = (Dockerd::start(&[&host]), skopeo()) else {
        return;
    };
    let context = tempfile::tempdir().unwrap();
    std::fs::write(context.path().join("app.py"), "def handler(e, c): return e\n").unwrap();
    let dockerfile = "FROM scratch\nCOPY app.py /var/task/\nCMD [\"app.handler\"]\n";
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let image = format!("{host}/app:v1");
    let mut build = daemon.docker();
    let output = build.args(["buildx", "build", "--push", "-t", &image, "."]).current_dir(context.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    skopeo.args(["inspect", "--raw", "--tls-verify=false", &format!("docker://{image}")]);
    let index = String::from_utf8(skopeo.output().unwrap().stdout).unwrap();
    assert!(index.contains("application/vnd.oci.image.index.v1+json"), "{index}");
    assert!(index.contains("attestation-manifest"), "{index}");

    let socket = daemon.socket();
    drop(daemon);
    assert!(!socket.exists());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let directory = socket.parent().unwrap().to_string_lossy().into_owned();
    assert!(!mounts.contains(&directory), "mounts left behind below {directory}");
}

//! The registries start, ask for what they should, and serve a real client.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

use lambark_parts::{Buildah, CraneRegistry, DockerRegistry, Flavour, Part, skopeo, umoci};

/// Runs a command that has to succeed and gives its standard output.
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A layout of one small image at `work/layout`, tag `v1`.
fn layout(work: &Path) -> Option<()> {
    let buildah = Buildah::new()?;
    std::fs::create_dir_all(work.join("context/var/task")).unwrap();
    std::fs::write(work.join("context/var/task/app.py"), "def handler(e, c): return e\n").unwrap();
    let output = buildah.script(
        work,
        "c=$(buildah from scratch)
         buildah copy -q $c context /
         buildah config --cmd app.handler $c
         buildah commit -q --signature-policy $POLICY --format oci $c oci:layout:v1",
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(())
}

#[test]
fn skopeo_pushes_to_every_flavour_and_reads_it_back() {
    let work = tempfile::tempdir().unwrap();
    if layout(work.path()).is_none() || skopeo().is_none() {
        return;
    }
    for flavour in Flavour::ALL {
        let Some(registry) = DockerRegistry::start(flavour) else {
            return;
        };
        let target = format!("docker://{}/team/app:v1", registry.localhost());
        let mut copy = skopeo().unwrap();
        copy.arg("copy").current_dir(work.path());
        let mut inspect = skopeo().unwrap();
        inspect.args(["inspect", "--raw"]);
        if let Some((user, password)) = registry.credentials() {
            copy.args(["--dest-creds", &format!("{user}:{password}")]);
            inspect.args(["--creds", &format!("{user}:{password}")]);
        }
        match registry.cert_dir() {
            Some(dir) => {
                copy.arg("--dest-cert-dir").arg(&dir);
                inspect.arg("--cert-dir").arg(&dir);
            }
            None => {
                copy.arg("--dest-tls-verify=false");
                inspect.arg("--tls-verify=false");
            }
        }
        succeed(copy.args(["oci:layout:v1", &target]));
        let manifest = succeed(inspect.arg(&target));
        assert!(manifest.contains("application/vnd.oci.image.config.v1+json"), "{manifest}");

        let requests = registry.requests();
        let put = requests.iter().find(|request| request.method == "PUT" && request.path.ends_with("/manifests/v1"));
        assert_eq!(put.map(|request| request.status), Some(201), "{flavour:?}: {requests:?}");
        assert_eq!(registry.tokens_issued() > 0, flavour == Flavour::Token, "{flavour:?}");
        let link = "docker/registry/v2/repositories/team/app/_manifests/tags/v1/current/link";
        assert!(registry.store().join(link).exists());
    }
}

#[test]
fn wrong_credentials_are_refused() {
    for flavour in [Flavour::Basic, Flavour::Token] {
        let (Some(registry), Some(mut skopeo)) = (DockerRegistry::start(flavour), skopeo()) else {
            return;
        };
        let target = format!("docker://{}/team/app", registry.host());
        skopeo.args(["list-tags", "--tls-verify=false", "--creds", "AWS:wrong", &target]);
        let output = skopeo.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains("unauthorized"), "{flavour:?}: {errors}");
    }
}

#[test]
fn crane_serves_a_second_registry_and_umoci_unpacks_the_copy() {
    let work = tempfile::tempdir().unwrap();
    if layout(work.path()).is_none() {
        return;
    }
    let (Some(registry), Some(mut push), Some(mut pull), Some(mut unpack)) =
        (CraneRegistry::start(), skopeo(), skopeo(), umoci())
    else {
        return;
    };
    let image = format!("docker://{}/app:v1", registry.host());
    push.args(["copy", "--dest-tls-verify=false", "oci:layout:v1", &image]);
    succeed(push.current_dir(work.path()));
    pull.args(["copy", "--src-tls-verify=false", &image, "oci:copy:v1"]);
    succeed(pull.current_dir(work.path()));
    unpack.args(["unpack", "--rootless", "--image", "copy:v1", "bundle"]);
    succeed(unpack.current_dir(work.path()));
    let app = std::fs::read_to_string(work.path().join("bundle/rootfs/var/task/app.py")).unwrap();
    assert_eq!(app, "def handler(e, c): return e\n");
}

#[test]
fn a_registry_that_is_dropped_is_gone() {
    let Some(registry) = DockerRegistry::start(Flavour::Plain) else {
        return;
    };
    let host = registry.host();
    assert!(std::net::TcpStream::connect(&host).is_ok());
    drop(registry);
    assert!(std::net::TcpStream::connect(&host).is_err());
}

#[test]
fn a_part_is_found_only_when_it_is_whole() {
    // Whatever is here, what is found has all its programs.
    for part in Part::ALL {
        if let Ok(dir) = part.find() {
            for program in part.recipe().programs {
                assert!(dir.join(program).exists(), "{part}: {program}");
            }
        }
    }
}

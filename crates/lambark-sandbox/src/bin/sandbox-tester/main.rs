//! For tests only: starts a sandbox as the user that it runs as, and is the program that runs in it.

#[cfg(target_os = "linux")]
mod acts;
#[cfg(target_os = "linux")]
mod drive;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    lambark_sandbox::child_main_if_asked();
    let args: Vec<String> = std::env::args().collect();
    let rest: Vec<&str> = args.iter().skip(2).map(String::as_str).collect();
    match args.get(1).map(String::as_str) {
        Some("drive") => drive::drive(),
        Some(act) => acts::act(act, &rest),
        None => std::process::exit(2),
    }
}

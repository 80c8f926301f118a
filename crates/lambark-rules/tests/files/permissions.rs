//! Cases of the rules on permissions.

use lambark_rules::Severity::{Error, Warning};
use lambark_rules::facts::TarEntry;

use super::support::files::{directory, file, program, script, symlink};
use super::support::image;
use super::support::laws::Expect::{Find, Pass, Says};
use super::{ARM, Table, X86, holds, starts, table, with_mode, workdir};

pub(super) fn tables() -> Vec<Table> {
    vec![entrypoint_not_executable(), extension_not_executable(), unreadable_file()]
}

fn entrypoint_not_executable() -> Table {
    let main = |mode| starts(&["/app/main"], vec![with_mode(mode, program("app/main", X86))]).facts();
    let below =
        |mode| starts(&["/app/main"], vec![with_mode(mode, directory("app")), program("app/main", X86)]).facts();
    let scripted = |mode, shell| {
        let shell = with_mode(shell, program("bin/sh", X86));
        starts(&["/main"], vec![with_mode(mode, script("main", "/bin/sh")), shell]).facts()
    };
    let linked = |mode| {
        let files = vec![with_mode(mode, directory("real")), program("real/main", X86), symlink("app", "real")];
        starts(&["/app/main"], files).facts()
    };
    table(
        "entrypoint-not-executable",
        vec![
            ("a good image", image().facts(), Pass),
            ("755", main(0o755), Pass),
            ("711", main(0o711), Pass),
            ("644", main(0o644), Says(Error, "mode 0644: others may not execute it")),
            ("700", main(0o700), Says(Error, "permission denied")),
            ("770", main(0o770), Find(&[Error])),
            ("its directory 700", below(0o700), Says(Error, "others may not enter it")),
            ("its directory 711", below(0o711), Pass),
            ("its directory 644", below(0o644), Find(&[Error])),
            ("through a link", linked(0o755), Pass),
            ("through a link into a closed directory", linked(0o700), Find(&[Error])),
            ("a script", scripted(0o755, 0o755), Pass),
            ("a script that is not executable", scripted(0o644, 0o755), Find(&[Error])),
            ("its shell is not executable", scripted(0o755, 0o700), Says(Error, "`/bin/sh` has mode 0700")),
            ("neither", scripted(0o600, 0o700), Find(&[Error, Error])),
            ("a directory", starts(&["/d"], vec![directory("d")]).facts(), Says(Error, "is a directory")),
            ("another processor's", starts(&["/main"], vec![program("main", ARM)]).facts(), Pass),
            ("absent", starts(&["/main"], vec![]).facts(), Pass),
            ("nothing to start", image().command(&[], &[]).facts(), Pass),
        ],
    )
}

fn extension_not_executable() -> Table {
    let with = |entries: Vec<TarEntry>| holds(entries).facts();
    let below = "opt/extensions/lambda-adapter";
    table(
        "extension-not-executable",
        vec![
            ("none", image().facts(), Pass),
            ("one", with(vec![program(below, X86)]), Pass),
            ("one that is not", with(vec![file(below)]), Says(Warning, "Extension.LaunchError")),
            ("only its owner may", with(vec![with_mode(0o744, program(below, X86))]), Find(&[Warning])),
            (
                "two of three",
                with(vec![file("opt/extensions/a"), file("opt/extensions/b"), program(below, X86)]),
                Find(&[Warning, Warning]),
            ),
            ("in a directory below", with(vec![file("opt/extensions/lib/data.txt")]), Pass),
            ("a link to one", with(vec![program("opt/x", X86), symlink(below, "../x")]), Pass),
            (
                "a link to one that is not",
                with(vec![file("opt/x"), symlink(below, "/opt/x")]),
                Says(Warning, "`/opt/x`"),
            ),
            ("a link to nowhere", with(vec![symlink(below, "/opt/x")]), Pass),
            ("elsewhere", with(vec![file("opt/data")]), Pass),
        ],
    )
}

fn unreadable_file() -> Table {
    let with = |mode, entry| holds(vec![with_mode(mode, entry)]).facts();
    let app = |mode| {
        let command = ["/usr/bin/python3", "-m", "awslambdaric", "app.handler"];
        starts(&command, vec![program("usr/bin/python3", X86), with_mode(mode, file("var/task/app.py"))]).facts()
    };
    let root = |mode| {
        let command = ["/usr/bin/python3", "-m", "awslambdaric", "app.handler"];
        let task = with_mode(mode, directory("var/task"));
        starts(&command, vec![program("usr/bin/python3", X86), task, file("var/task/app.py")]).facts()
    };
    let run = |mode| starts(&["/run"], vec![with_mode(mode, script("run", "/sh")), program("sh", X86)]).facts();
    let srv = |path| workdir(holds(vec![with_mode(0o600, file(path))]), "/srv").facts();
    table(
        "unreadable-file",
        vec![
            ("a good image", image().facts(), Pass),
            ("644", with(0o644, file("var/task/a")), Pass),
            ("600", with(0o600, file("var/task/a")), Says(Warning, "mode 0600: others may not read it")),
            ("640", with(0o640, file("var/task/a")), Find(&[Warning])),
            ("a directory 755", with(0o755, directory("var/task/a")), Pass),
            ("a directory 750", with(0o750, directory("var/task/a")), Says(Warning, "others may not enter it")),
            ("a directory 711", with(0o711, directory("var/task/a")), Says(Warning, "others may not list it")),
            (
                "a closed directory speaks for what it holds",
                holds(vec![with_mode(0o700, directory("var/task/a")), with_mode(0o600, file("var/task/a/b"))]).facts(),
                Find(&[Warning]),
            ),
            (
                "its neighbour speaks for itself",
                holds(vec![with_mode(0o700, directory("var/task/a")), with_mode(0o600, file("var/task/a.txt"))])
                    .facts(),
                Find(&[Warning, Warning]),
            ),
            ("a program that others may execute", with(0o711, program("var/task/a", X86)), Pass),
            ("a program that nobody may", with(0o700, program("var/task/a", X86)), Find(&[Warning])),
            ("in /opt", with(0o600, file("opt/lib/a")), Find(&[Warning])),
            ("of the system", with(0o640, file("etc/shadow")), Pass),
            ("of root", with(0o700, directory("root")), Pass),
            ("a link", with(0o700, symlink("var/task/a", "bootstrap")), Pass),
            ("in the working directory", srv("srv/a"), Find(&[Warning])),
            ("beside the working directory", srv("srw/a"), Pass),
            (
                "a working directory of the system",
                workdir(holds(vec![with_mode(0o600, file("etc/a"))]), "/etc").facts(),
                Pass,
            ),
            ("the handler", app(0o644), Pass),
            ("the handler, closed", app(0o600), Says(Error, "PermissionError: [Errno 13]")),
            ("the handler's directory", root(0o700), Find(&[Error])),
            ("the handler's directory, not to be listed", root(0o711), Find(&[Error])),
            ("a script", run(0o755), Pass),
            ("a script that only runs", run(0o711), Find(&[Error])),
        ],
    )
}

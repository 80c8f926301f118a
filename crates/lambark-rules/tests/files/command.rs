//! Cases of the rules on what starts.

use lambark_oci::Architecture;
use lambark_rules::Severity::{Error, Warning};
use lambark_rules::facts::{Evidence, ImageFacts, TarEntry};

use super::support::files::{directory, file, hardlink, program, script, symlink};
use super::support::laws::Expect::{Find, NotAsked, NotLooked, Pass, Says};
use super::support::{Image, image};
use super::{ARM, Table, X86, elf, env, holds, starts, table, workdir};

pub(super) fn tables() -> Vec<Table> {
    vec![
        entrypoint_missing(),
        entrypoint_wrong_machine(),
        interpreter_missing(),
        handler_missing(),
        cmd_count(),
        workdir_missing(),
        no_runtime_client(),
    ]
}

fn bash() -> TarEntry {
    program("usr/bin/bash", X86)
}

fn entrypoint_missing() -> Table {
    let main = || program("app/main", X86);
    let merged = || vec![program("usr/bin/node", X86), symlink("bin", "usr/bin")];
    let gone =
        |entry: TarEntry| starts(&["/app/main"], vec![main()]).files(vec![super::tree(vec![main()]), vec![entry]]);
    table(
        "entrypoint-missing",
        vec![
            ("a good image", image().facts(), Pass),
            ("there", starts(&["/app/main", "x"], vec![main()]).facts(), Pass),
            ("absent", starts(&["/app/main"], vec![]).facts(), Says(Error, "fork/exec `/app/main`: no such file")),
            (
                "the wrong directory",
                starts(&["/app/mane"], vec![main()]).facts(),
                Says(Error, "`/app/mane`, which is not in its files"),
            ),
            (
                "below a file",
                starts(&["/app/main/x"], vec![main()]).facts(),
                Says(Error, "not in its files: `/app/main is no directory`"),
            ),
            ("through a link", starts(&["/bin/node"], merged()).facts(), Pass),
            ("a link to nowhere", starts(&["/a"], vec![symlink("a", "/b")]).facts(), Says(Error, "/b is not there")),
            ("links in a circle", starts(&["/a"], vec![symlink("a", "a")]).facts(), Says(Error, "too many links")),
            ("a hard link", starts(&["/h"], vec![main(), hardlink("h", "app/main")]).facts(), Pass),
            ("on the default path", starts(&["node"], merged()).facts(), Pass),
            ("not on the path", starts(&["main"], vec![main()]).facts(), Says(Error, "valid bootstrap(s): [`main`]")),
            ("on its own path", env(starts(&["main"], vec![main()]), &["PATH=/x:/app"]).facts(), Pass),
            ("not on its own path", env(starts(&["node"], merged()), &["PATH=/x"]).facts(), Find(&[Error])),
            ("the last path counts", env(starts(&["main"], vec![main()]), &["PATH=/x", "PATH=/app"]).facts(), Pass),
            ("relative", workdir(starts(&["./main"], vec![main()]), "/app").facts(), Pass),
            ("relative, elsewhere", workdir(starts(&["./main"], vec![main()]), "/var").facts(), Find(&[Error])),
            ("relative to the root", workdir(starts(&["app/main"], vec![main()]), "").facts(), Pass),
            ("only CMD", image().command(&[], &["/app/main"]).files(vec![super::tree(vec![main()])]).facts(), Pass),
            ("a lost entry point", image().command(&[], &["app.handler"]).facts(), Says(Error, "reads like a handler")),
            ("nothing to start", image().command(&[], &[]).facts(), Pass),
            ("an empty word", image().command(&[""], &[]).facts(), Pass),
            ("deleted above", gone(file("app/.wh.main")).facts(), Find(&[Error])),
            ("its directory deleted", gone(file(".wh.app")).facts(), Find(&[Error])),
            ("its directory opaque", gone(file("app/.wh..wh..opq")).facts(), Find(&[Error])),
            ("replaced above", gone(program("app/main", X86)).facts(), Pass),
            ("a hostile name", image().command(&["/\u{202e}\n"], &[]).facts(), Find(&[Error])),
        ],
    )
}

fn entrypoint_wrong_machine() -> Table {
    use Architecture::{Arm64, X86_64};
    let of = |machine| starts(&["/main"], vec![program("main", machine)]);
    let named = |machine, word: &str| of(machine).config(|config| config.architecture = word.to_owned());
    let scripted = |machine| starts(&["/main"], vec![script("main", "/bin/sh"), program("bin/sh", machine)]);
    table(
        "entrypoint-wrong-machine",
        vec![
            ("as the config says", of(X86).facts(), Pass),
            ("not as the config says", of(ARM).facts(), Says(Error, "is compiled for arm64, and must run on x86_64")),
            ("arm64 all through", named(ARM, "arm64").facts(), Pass),
            ("asked for, and right", named(ARM, "arm64").asked(Arm64).facts(), Pass),
            ("asked for, and both wrong", named(ARM, "arm64").asked(X86_64).facts(), Pass),
            ("asked for, and the config lies", named(X86, "arm64").asked(X86_64).facts(), Pass),
            ("asked for, and only the config is right", named(X86, "arm64").asked(Arm64).facts(), Find(&[Error])),
            ("32-bit x86", of(3).facts(), Says(Error, "compiled for 32-bit x86")),
            ("32-bit arm", of(40).facts(), Says(Error, "compiled for 32-bit arm")),
            ("something else", of(9999).facts(), Says(Error, "e_machine 9999")),
            ("no architecture at all", named(X86, "").facts(), NotAsked),
            ("no architecture, one asked for", named(X86, "").asked(X86_64).facts(), Pass),
            ("an interpreter of the right kind", scripted(X86).facts(), Pass),
            ("an interpreter of another kind", scripted(ARM).facts(), Says(Error, "`/bin/sh` is compiled for arm64")),
            ("no program", starts(&["/none"], vec![]).facts(), Pass),
        ],
    )
}

fn interpreter_missing() -> Table {
    let run = |line: &str| starts(&["/main"], vec![script("main", line), bash(), symlink("bin", "usr/bin")]);
    let with_env = |line: &str| {
        starts(&["/main"], vec![script("main", line), bash(), program("usr/bin/env", X86), file("usr/bin/plain")])
    };
    let loader = |path: &str| starts(&["/main"], vec![elf("main", |elf| elf.interpreter = Some(path.into()))]);
    let debian = || {
        let main = elf("main", |elf| elf.interpreter = Some("/lib64/ld-linux-x86-64.so.2".into()));
        vec![main, program("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", X86)]
    };
    let linked = |mut entries: Vec<TarEntry>| {
        entries.push(symlink("usr/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
        entries.push(symlink("lib64", "usr/lib64"));
        starts(&["/main"], entries)
    };
    let nested = |depth: usize| {
        let mut entries: Vec<_> = (1..depth).map(|n| script(&format!("s{n}"), &format!("/s{}", n + 1))).collect();
        entries.extend([script("main", "/s1"), program(&format!("s{depth}"), X86)]);
        starts(&["/main"], entries)
    };
    table(
        "interpreter-missing",
        vec![
            ("a static program", image().facts(), Pass),
            ("a script", run("/bin/bash").facts(), Pass),
            ("a script with blanks and arguments", run(" /bin/bash -e ").facts(), Pass),
            ("another interpreter", run("/bin/zsh").facts(), Says(Error, "`/bin/zsh`, which is not there")),
            ("no line at all", starts(&["/main"], vec![file("main")]).facts(), Says(Error, "exec format error")),
            ("an empty line", run("").facts(), Says(Error, "begins with no #! line")),
            ("a carriage return", run("/bin/bash\r").facts(), Says(Error, "ends with a carriage return")),
            ("a carriage return after arguments", run("/bin/bash -e\r").facts(), Find(&[Error])),
            ("env", with_env("/usr/bin/env bash").facts(), Pass),
            ("env -S", with_env("/usr/bin/env -S A=b bash -e").facts(), Pass),
            (
                "env of something absent",
                with_env("/usr/bin/env python3").facts(),
                Says(Error, "asks env for `python3`"),
            ),
            ("env of nothing", with_env("/usr/bin/env").facts(), Pass),
            ("no env", run("/usr/bin/env bash").facts(), Says(Error, "`/usr/bin/env`, which is not there")),
            ("env with a carriage return", with_env("/usr/bin/env bash\r").facts(), Find(&[Error])),
            ("a script for a script", nested(2).facts(), Pass),
            ("scripts without end", starts(&["/a"], vec![script("a", "/b"), script("b", "/a")]).facts(), Pass),
            ("no loader", loader("/lib/ld-linux-aarch64.so.1").facts(), Says(Error, "was built for glibc")),
            ("no musl loader", loader("/lib/ld-musl-x86_64.so.1").facts(), Says(Error, "was built for musl")),
            ("lib64 without its link", starts(&["/main"], debian()).facts(), Says(Error, "/lib64 is not there")),
            ("lib64 with its link", linked(debian()).facts(), Pass),
            ("no program", starts(&["/none"], vec![]).facts(), Pass),
            ("a directory", starts(&["/d"], vec![directory("d")]).facts(), Pass),
        ],
    )
}

/// AWS's Python image with these files.
fn python(cmd: &[&str], files: Vec<TarEntry>) -> Image {
    let mut all = vec![
        script("lambda-entrypoint.sh", "/bin/sh"),
        program("usr/bin/sh", X86),
        symlink("bin", "usr/bin"),
        file("var/runtime/bootstrap.py"),
        script("var/runtime/bootstrap", "/bin/sh"),
        directory("var/task"),
        directory("var/lang/lib/python3.12/site-packages"),
    ];
    all.extend(files);
    image().command(&["/lambda-entrypoint.sh"], cmd).files(vec![super::tree(all)])
}

/// AWS's Node.js image with these files.
fn node(cmd: &[&str], files: Vec<TarEntry>) -> Image {
    let mut all =
        vec![script("lambda-entrypoint.sh", "/bin/sh"), program("var/lang/bin/node", X86), directory("var/task")];
    all.extend(files);
    image().command(&["/lambda-entrypoint.sh"], cmd).files(vec![super::tree(all)])
}

/// An image of one's own that starts a client with this handler.
fn client(command: &[&str], files: Vec<TarEntry>) -> Image {
    let mut all = vec![program("usr/bin/python3", X86), program("usr/bin/npx", X86), directory("var/task")];
    all.extend(files);
    starts(command, all)
}

fn handler_missing() -> Table {
    let ric = ["/usr/bin/python3", "-m", "awslambdaric", "app.handler"];
    let site = "var/lang/lib/python3.12/site-packages";
    let py = |text: &str, path: &str| python(&[text], vec![file(path)]).facts();
    let js = |text: &str, path: &str| node(&[text], vec![file(path)]).facts();
    table(
        "handler-missing",
        vec![
            ("python", py("app.handler", "var/task/app.py"), Pass),
            (
                "python, absent",
                py("app.handler", "var/task/main.py"),
                Says(Warning, "`app.handler` is not in the image"),
            ),
            ("python, another directory", py("app.handler", "app/app.py"), Says(Warning, "Runtime.ImportModuleError")),
            ("python, nested with points", py("a.b.handler", "var/task/a/b.py"), Pass),
            ("python, nested with slashes", py("a/b.handler", "var/task/a/b.py"), Pass),
            ("python, nested, absent", py("a.b.handler", "var/task/a/c.py"), Find(&[Warning])),
            ("python, a package", py("a.handler", "var/task/a/__init__.py"), Pass),
            ("python, compiled", py("a.handler", "var/task/a.pyc"), Pass),
            ("python, native", py("a.handler", "var/task/a.cpython-312-x86_64-linux-gnu.so"), Pass),
            (
                "python, native, absent",
                py("a.handler", "var/task/ab.cpython-312-x86_64-linux-gnu.so"),
                Find(&[Warning]),
            ),
            ("python, installed", py("a.handler", &format!("{site}/a/__init__.py")), Pass),
            ("python, a layer", py("a.handler", "opt/python/a.py"), Pass),
            ("python, a source tree", py("a.handler", &format!("{site}/__editable___a.pth")), NotAsked),
            ("python, setuptools' own", py("a.handler", &format!("{site}/distutils-precedence.pth")), Find(&[Warning])),
            ("python, old namespaces", py("a.handler", &format!("{site}/b-nspkg.pth")), Find(&[Warning])),
            ("python, a directory more", py("a.handler", &format!("{site}/b.pth")), NotAsked),
            ("python, no point", py("handler", "var/task/handler.py"), Says(Warning, "is no module.function")),
            ("python, an empty name", py(".handler", "var/task/a.py"), Says(Warning, "MalformedHandlerName")),
            (
                "python, its path",
                env(python(&["a.handler"], vec![file("x/a.py")]), &["PYTHONPATH=/y:/x"]).facts(),
                Pass,
            ),
            ("python, an archive", env(python(&["a.handler"], vec![]), &["PYTHONPATH=/x/a.zip"]).facts(), NotAsked),
            (
                "python, another root",
                env(python(&["a.handler"], vec![file("x/a.py")]), &["LAMBDA_TASK_ROOT=/x"]).facts(),
                Pass,
            ),
            ("python, no command", python(&[], vec![]).facts(), NotAsked),
            ("python, two words", python(&["a.handler", "x"], vec![]).facts(), NotAsked),
            ("python's client", client(&ric, vec![file("var/task/app.py")]).facts(), Pass),
            ("python's client, absent", client(&ric, vec![]).facts(), Says(Warning, "`/var/task`")),
            ("python's client, elsewhere", workdir(client(&ric, vec![file("srv/app.py")]), "/srv").facts(), Pass),
            ("python's client, no handler", client(&ric[..3], vec![]).facts(), NotAsked),
            ("node", js("index.handler", "var/task/index.js"), Pass),
            ("node, a module", js("index.handler", "var/task/index.mjs"), Pass),
            ("node, common js", js("index.handler", "var/task/index.cjs"), Pass),
            ("node, nested", js("src/index.handler", "var/task/src/index.js"), Pass),
            ("node, a directory", js("src.handler", "var/task/src/index.js"), Pass),
            ("node, a package", js("a/b.handler", "var/task/node_modules/a/b.js"), Pass),
            ("node, more points", js("index.a.b", "var/task/index.js"), Pass),
            ("node, absent", js("index.handler", "var/task/main.js"), Says(Warning, "Cannot find module")),
            ("node, typescript only", js("index.handler", "var/task/index.ts"), Find(&[Warning])),
            ("node, no point", js("index", "var/task/index.js"), Says(Warning, "is no file.function")),
            (
                "node's client",
                client(&["/usr/bin/npx", "aws-lambda-ric", "i.h"], vec![file("var/task/i.js")]).facts(),
                Pass,
            ),
            (
                "node's client, absent",
                client(&["/usr/bin/npx", "aws-lambda-ric", "i.h"], vec![]).facts(),
                Find(&[Warning]),
            ),
            (
                "node's client by its path",
                client(&["/usr/bin/npx", "/var/task/node_modules/aws-lambda-ric/bin/index.mjs", "i.h"], vec![]).facts(),
                Find(&[Warning]),
            ),
            ("another language of AWS", image().command(&["/lambda-entrypoint.sh"], &["a.B::c"]).facts(), NotAsked),
            ("a program of its own", image().facts(), NotAsked),
            ("nothing to start", image().command(&[], &[]).facts(), NotAsked),
        ],
    )
}

fn cmd_count() -> Table {
    let base = |cmd: &[&str]| image().command(&["/lambda-entrypoint.sh"], cmd).facts();
    table(
        "cmd-count",
        vec![
            ("one", base(&["app.handler"]), Pass),
            ("none", base(&[]), Says(Error, "started with 0 arguments")),
            ("two", base(&["app.handler", "x"]), Says(Error, "set CMD to [`app.handler`]")),
            ("shell form", base(&["/bin/sh", "-c", "app.handler"]), Says(Error, "set CMD to [`app.handler`]")),
            ("a shell line", base(&["/bin/sh", "-c", "python app.py"]), Says(Error, "name the handler in CMD")),
            ("a program", base(&["/usr/bin/python3", "app.py"]), Says(Error, "name the handler in CMD")),
            ("in the entry point", image().command(&["/lambda-entrypoint.sh", "app.handler"], &[]).facts(), Pass),
            ("one in each", image().command(&["/lambda-entrypoint.sh", "a.b"], &["c.d"]).facts(), Find(&[Error])),
            ("another entry point", image().command(&["/entry.sh"], &["a", "b"]).facts(), Pass),
            ("no entry point", image().command(&[], &["/lambda-entrypoint.sh"]).facts(), Pass),
            ("a good image", image().facts(), Pass),
        ],
    )
}

fn blind(mut facts: ImageFacts) -> ImageFacts {
    facts.files = Evidence::NotLooked("not read".into());
    facts
}

fn workdir_missing() -> Table {
    let at = |path: &str| workdir(holds(vec![symlink("link", "var/task"), symlink("gone", "/x"), file("file")]), path);
    table(
        "workdir-missing",
        vec![
            ("there", at("/var/task").facts(), Pass),
            ("none", at("").facts(), Pass),
            ("the root", at("/").facts(), Pass),
            ("with a slash", at("/var/task/").facts(), Pass),
            ("through a link", at("/link").facts(), Pass),
            ("relative", at("var/task").facts(), Says(Error, "needs to be an absolute path")),
            ("relative, to make absolute", at("var/task").facts(), Says(Error, "set it to `/var/task`")),
            ("relative, files not read", blind(at("var/task").facts()), Find(&[Error])),
            ("absolute, files not read", blind(at("/var/task").facts()), NotLooked),
            ("absent", at("/srv").facts(), Says(Warning, "the working directory doesn't exist: `/srv`")),
            ("a link to nowhere", at("/gone").facts(), Says(Warning, "/x is not there")),
            ("a file", at("/file").facts(), Says(Warning, "it is no directory")),
        ],
    )
}

fn no_runtime_client() -> Table {
    let silent = |files: Vec<TarEntry>| {
        let mut all = vec![elf("main", |_| {})];
        all.extend(files);
        starts(&["/main"], all)
    };
    let with = |path: &str| silent(vec![file(path)]).facts();
    let java = |path: &str| starts(&["/usr/bin/java", "-jar", "/app.jar"], vec![file(path)]).facts();
    table(
        "no-runtime-client",
        vec![
            ("a program that speaks it", image().facts(), Pass),
            ("nothing", silent(vec![]).facts(), Says(Warning, "Runtime exited without providing a reason")),
            ("a web server", with("srv/uvicorn/main.py"), Find(&[Warning])),
            ("python", with("usr/lib/python3/dist-packages/awslambdaric/__init__.py"), Pass),
            ("node", with("var/task/node_modules/aws-lambda-ric/package.json"), Pass),
            ("ruby", with("usr/lib/gems/aws_lambda_ric-3.1.3/lib/x.rb"), Pass),
            ("java", with("function/aws-lambda-java-runtime-interface-client-2.6.0.jar"), Pass),
            ("dotnet", with("var/task/Amazon.Lambda.RuntimeSupport.dll"), Pass),
            ("an image of AWS", with("var/runtime/bootstrap"), Pass),
            ("AWS's entry point", with("lambda-entrypoint.sh"), Pass),
            ("the web adapter", with("opt/extensions/lambda-adapter"), Pass),
            ("bref", with("opt/bref/bootstrap.php"), Pass),
            ("a name like bref", with("opt/brefs.txt"), Find(&[Warning])),
            ("another extension", with("opt/extensions/insights"), Find(&[Warning])),
            ("a jar that may hold it", java("app.jar"), NotAsked),
            ("java without a jar", java("app.class"), Find(&[Warning])),
        ],
    )
}

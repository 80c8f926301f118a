//! Dockerfiles.
//!
//! A reader of our own: a grammar of eighteen keywords, and it has to go on after a bad line, follow several
//! here-documents and give the place of every word.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::{FrontEnd, FrontResult};
use crate::dockerfile::{Arguments, Dockerfile, Instruction, Stage};
use crate::fragment::Fragment;
use crate::json_words;
use crate::source::{Note, SourceFile, Tree, name_of};
use crate::step::Value;

/// Dockerfiles and Containerfiles.
pub static FRONT_END: FrontEnd = FrontEnd { name: "Dockerfile", recognises, words: &["from"], read };

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

fn recognises(path: &str) -> bool {
    // What a template becomes is not known, and an ignore file or a page about Dockerfiles is none.
    const NOT: [&str; 9] = [".dockerignore", ".j2", ".tmpl", ".tpl", ".erb", ".md", ".template", ".mustache", ".in"];
    // Sources that are about Dockerfiles.
    const SOURCES: [&str; 12] =
        [".rs", ".go", ".py", ".js", ".ts", ".java", ".rb", ".vim", ".lua", ".json", ".yml", ".yaml"];
    let name = name_of(path).to_ascii_lowercase();
    let stem = ["dockerfile", "containerfile"].iter().any(|stem| {
        name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            || name.strip_suffix(stem).is_some_and(|rest| rest.ends_with('.'))
    });
    stem && !NOT.iter().chain(&SOURCES).any(|suffix| name.ends_with(suffix))
}

fn read(file: &SourceFile, _: &dyn Tree) -> FrontResult {
    let mut reader = Reader {
        file,
        escape: escape_character(file.text()),
        defaults: BTreeMap::new(),
        dockerfile: Dockerfile { path: Arc::clone(file.path()), arguments: Vec::new(), stages: Vec::new() },
        notes: Vec::new(),
    };
    if !reader.begins_as_one() {
        let reason = "no Dockerfile: it begins with neither FROM nor ARG".to_owned();
        let note = Note { span: file.span(0..0), reason };
        return FrontResult { notes: vec![note], ..FrontResult::default() };
    }
    reader.read();
    FrontResult { dockerfile: Some(reader.dockerfile), notes: reader.notes, ..FrontResult::default() }
}

/// The parser directive `# escape=` at the top, or a backslash.
fn escape_character(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')?.trim().split_once('='));
    let escape = directives.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    if escape.is_some_and(|(_, value)| value.trim() == "`") { '`' } else { '\\' }
}

struct Reader<'a> {
    file: &'a SourceFile,
    escape: char,
    /// Defaults of the `ARG`s before the first `FROM`.
    defaults: BTreeMap<String, String>,
    dockerfile: Dockerfile,
    notes: Vec<Note>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while at < self.file.text().len() {
            let (line, next) = self.line(at);
            let text = &self.file.text()[line.clone()];
            if text.trim().is_empty() || text.trim_start().starts_with('#') {
                at = next;
            } else {
                at = self.instruction(at);
            }
        }
    }

    /// Whether the first instruction is one that a Dockerfile begins with.
    fn begins_as_one(&self) -> bool {
        let mut lines = self.file.text().lines().map(str::trim);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let word = first.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        word.eq_ignore_ascii_case("FROM") || word.eq_ignore_ascii_case("ARG")
    }

    /// The line that begins at `at`, without its end, and where the next one begins.
    fn line(&self, at: usize) -> (Range<usize>, usize) {
        let rest = &self.file.text()[at..];
        let (end, next) = rest.find('\n').map_or((rest.len(), rest.len()), |newline| (newline, newline + 1));
        let end = if rest[..end].ends_with('\r') { end - 1 } else { end };
        (at..at + end, at + next)
    }

    /// Reads the instruction that begins at `at` and returns where the next line begins.
    fn instruction(&mut self, at: usize) -> usize {
        let mut text = Fragment::new(self.file);
        let mut next = at;
        let mut end = at;
        while next < self.file.text().len() {
            let (line, after) = self.line(next);
            next = after;
            let words = &self.file.text()[line.clone()];
            let continues = end > at;
            if continues && (words.trim().is_empty() || words.trim_start().starts_with('#')) {
                continue;
            }
            let body = words.trim_end();
            end = line.start + body.len();
            match body.strip_suffix(self.escape) {
                Some(body) => text.push(self.file, line.start..line.start + body.len()),
                None => {
                    text.push(self.file, line.start..end);
                    break;
                }
            }
        }
        let split = text.text().trim_start();
        let keyword: String = split.chars().take_while(|letter| !letter.is_whitespace()).collect();
        let upper = keyword.to_ascii_uppercase();
        let start = at + (self.file.text()[at..].len() - self.file.text()[at..].trim_start().len());
        if !KEYWORDS.contains(&upper.as_str()) {
            self.notes.push(Note { span: self.file.span(start..end), reason: "no instruction of a Dockerfile".into() });
            return next;
        }
        let arguments_at = text.text().len() - split.len() + keyword.len();
        if matches!(upper.as_str(), "RUN" | "COPY" | "ADD") {
            let keep = upper == "RUN";
            next = self.here_documents(&mut text, arguments_at, next, keep);
        }
        self.add(upper, &text, arguments_at, start..end);
        next
    }

    /// Reads the bodies of here-documents that the instruction announces; a `RUN` keeps them as part of its command.
    fn here_documents(&self, text: &mut Fragment, from: usize, mut next: usize, keep: bool) -> usize {
        for (name, tabs) in here_document_names(&text.text()[from..]) {
            loop {
                if next >= self.file.text().len() {
                    return next;
                }
                let (line, after) = self.line(next);
                next = after;
                let words = &self.file.text()[line.clone()];
                if (if tabs { words.trim_start_matches('\t') } else { words }) == name {
                    break;
                }
                if keep {
                    text.push_as(line.start..line.start, "\n");
                    text.push(self.file, line);
                }
            }
        }
        next
    }

    fn add(&mut self, keyword: String, text: &Fragment, at: usize, whole: Range<usize>) {
        let span = self.file.span(whole);
        let (flags, at) = flags(text, at);
        let rest = text.text()[at..].trim_start();
        let at = text.text().len() - rest.len();
        let value = |range: Range<usize>| {
            let words = text.text()[range.clone()].to_owned();
            let literal = text.is_literal(range.clone());
            Value { known: true, span: text.span(range), literal, text: words }
        };
        if keyword == "FROM" {
            self.stage(text, at, flags, span);
            return;
        }
        let exec = rest.starts_with('[').then(|| json_words::parse(text, at)).flatten();
        let end = at + rest.trim_end().len();
        let arguments = exec.map_or_else(|| Arguments::Text(value(at..end)), Arguments::Exec);
        let instruction = Instruction { keyword, flags, arguments, span };
        match self.dockerfile.stages.last_mut() {
            Some(stage) => stage.instructions.push(instruction),
            None if instruction.keyword == "ARG" => {
                self.learn_default(rest);
                self.dockerfile.arguments.push(instruction);
            }
            None => {
                self.notes.push(Note { span: instruction.span, reason: "an instruction before the first FROM".into() });
            }
        }
    }

    fn learn_default(&mut self, text: &str) {
        for word in text.split_whitespace() {
            if let Some((name, value)) = word.split_once('=') {
                let (value, _) = substitute(value.trim_matches(['"', '\'']), &self.defaults);
                self.defaults.insert(name.to_owned(), value);
            }
        }
    }

    fn stage(&mut self, text: &Fragment, at: usize, flags: Vec<(String, Value)>, span: crate::source::Span) {
        let rest = &text.text()[at..];
        let base = rest.split_whitespace().next().unwrap_or_default();
        if base.is_empty() {
            self.notes.push(Note { span, reason: "FROM without an image".into() });
            return;
        }
        let range = at..at + base.len();
        let (image, known) = substitute(base, &self.defaults);
        let literal = known && text.is_literal(range.clone());
        let mut words = rest.split_whitespace().skip(1);
        let name = words.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| words.next());
        let platform = flags.into_iter().find(|(name, _)| name == "platform").map(|(_, value)| {
            let (platform, known) = substitute(&value.text, &self.defaults);
            Value { text: platform, known: known && value.known, ..value }
        });
        self.dockerfile.stages.push(Stage {
            name: name.map(str::to_lowercase),
            base: Value { text: image, known, span: text.span(range), literal },
            platform,
            span,
            instructions: Vec::new(),
        });
    }
}

/// The flags behind the keyword, and where they end.
fn flags(text: &Fragment, mut at: usize) -> (Vec<(String, Value)>, usize) {
    let mut flags = Vec::new();
    loop {
        let rest = &text.text()[at..];
        let start = at + rest.len() - rest.trim_start().len();
        let word = text.text()[start..].split(char::is_whitespace).next().unwrap_or_default();
        let Some(flag) = word.strip_prefix("--") else { return (flags, at) };
        let (name, value_at) = match flag.split_once('=') {
            Some((name, _)) => (name, start + 2 + name.len() + 1),
            None => (flag, start + word.len()),
        };
        let range = value_at..start + word.len();
        let value = text.text()[range.clone()].trim_matches(['"', '\'']).to_owned();
        let known = !value.contains('$');
        let literal = known && text.is_literal(range.clone());
        flags.push((name.to_ascii_lowercase(), Value { text: value, known, span: text.span(range), literal }));
        at = start + word.len();
    }
}

/// `$NAME`, `${NAME}` and `${NAME:-default}` replaced as far as defaults are known; whether nothing was to replace.
/// A default is what the build uses unless it is told otherwise, so the text is good to recognise by and not certain.
fn substitute(text: &str, defaults: &BTreeMap<String, String>) -> (String, bool) {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (inner, used) = match after.strip_prefix('{') {
            Some(braced) => {
                let Some(end) = braced.find('}') else { break };
                (&braced[..end], end + 2)
            }
            None => {
                let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                let end = end.unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        let (name, fallback) = inner.split_once(":-").or_else(|| inner.split_once('-')).unwrap_or((inner, ""));
        match defaults.get(name).map(String::as_str).filter(|value| !value.is_empty()) {
            Some(value) => out.push_str(value),
            None if !fallback.is_empty() => out.push_str(fallback),
            None => out.push_str(&format!("${{{name}}}")),
        }
        rest = &after[used..];
        if out.len() > crate::limits::MAX_VALUE_BYTES {
            return (text.to_owned(), false);
        }
    }
    out.push_str(rest);
    (out, !text.contains('$'))
}

/// Names of the here-documents that a line announces, and whether leading tabs do not count.
fn here_document_names(text: &str) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<<") {
        let after = &rest[at + 2..];
        // `<<<` gives a string, and `1<<3` is arithmetic.
        if let Some(string) = after.strip_prefix('<') {
            rest = string;
            continue;
        }
        let (after, tabs) = after.strip_prefix('-').map_or((after, false), |after| (after, true));
        let word = after.split(|letter: char| letter.is_whitespace() || ";|&<>)".contains(letter)).next();
        let name = word.unwrap_or_default().trim_matches(['"', '\'']);
        if name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            names.push((name.to_owned(), tabs));
        }
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::source::MemoryTree;

    fn parse(text: &str) -> (Dockerfile, Vec<Note>) {
        let (file, _) = SourceFile::new("Dockerfile", text.as_bytes().to_vec());
        let result = read(&file, &MemoryTree::default());
        (result.dockerfile.unwrap(), result.notes)
    }

    fn words(instruction: &Instruction) -> Vec<&str> {
        match &instruction.arguments {
            Arguments::Exec(words) => words.iter().map(|word| word.text.as_str()).collect(),
            Arguments::Text(value) => vec![value.text.as_str()],
        }
    }

    #[test]
    fn files_are_known_by_name() {
        for path in ["Dockerfile", "a/Dockerfile.prod", "x/api.Dockerfile", "Containerfile", "dockerfile-arm"] {
            assert!(recognises(path), "{path}");
        }
        for path in
            ["Dockerfile.dockerignore", "Dockerfile.j2", "dockerfiles.md", "mydockerfile", "docker", "dockerfile.rs"]
        {
            assert!(!recognises(path), "{path}");
        }
    }

    #[test]
    fn stages_flags_and_forms() {
        let (file, notes) = parse(
            "# syntax=docker/dockerfile:1\nARG VERSION=3.13\nFROM --platform=linux/amd64 public.ecr.aws/lambda/python:$VERSION AS Base\n\
             RUN pip install \\\n  # why\n  boto3\n\nFROM base\nCOPY --chmod=644 app.py ${LAMBDA_TASK_ROOT}/\nCMD [\"app.handler\"]\n",
        );
        assert_eq!(notes, []);
        assert_eq!(file.stages[0].base.text, "public.ecr.aws/lambda/python:3.13");
        assert!(!file.stages[0].base.known);
        assert_eq!(file.stages[0].platform.as_ref().unwrap().text, "linux/amd64");
        assert_eq!(words(&file.stages[0].instructions[0]), ["pip install   boto3"]);
        assert_eq!(file.stages[1].instructions[0].flags[0].1.text, "644");
        assert_eq!(words(&file.stages[1].instructions[1]), ["app.handler"]);
        assert_eq!(file.lineage(None).len(), 2);
        assert_eq!(file.lineage(Some("base")).len(), 1);
    }

    #[test]
    fn several_here_documents_end_where_they_end() {
        let (file, notes) =
            parse("FROM a\nRUN <<A cat <<-\"B\"\none\nA\n\ttwo\n\tB\nCOPY <<E /x\nCMD no\nE\nCMD [\"x\"]\n");
        assert_eq!(notes, []);
        let keywords: Vec<&str> =
            file.stages[0].instructions.iter().map(|instruction| instruction.keyword.as_str()).collect();
        assert_eq!(keywords, ["RUN", "COPY", "CMD"]);
        assert!(words(&file.stages[0].instructions[0])[0].contains("\none\n"));
    }

    #[test]
    fn a_bad_line_is_told_and_the_rest_is_read() {
        let (file, notes) = parse("FROM a\nRUNN x\nFROM\nCMD [\"x\",\n");
        assert_eq!(notes.len(), 2);
        assert_eq!(notes[0].span.start, 7);
        assert_eq!(words(&file.stages[0].instructions[0]), ["[\"x\","]);
    }

    #[test]
    fn windows_line_ends_and_escapes() {
        let (file, notes) = parse("# escape=`\r\nFROM a\r\nRUN one `\r\n  two\r\nUSER \\x\r\n");
        assert_eq!(notes, []);
        assert_eq!(words(&file.stages[0].instructions[0]), ["one   two"]);
        assert_eq!(words(&file.stages[0].instructions[1]), ["\\x"]);
    }
}

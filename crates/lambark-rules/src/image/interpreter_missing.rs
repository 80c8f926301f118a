//! A program that is there and still cannot start.

use super::start::{Broken, Start, Why, about, because, shown};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "interpreter-missing",
    summary: "the program that the image starts is there, but not what interprets or loads it",
    severity: Severity::Error,
    confidence: Confidence::Reported(2),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["aws/aws-lambda-go#554"],
    doc: include_str!("interpreter_missing.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    Ok(Start::of(facts)?.chain().broken.iter().map(finding).collect())
}

fn finding(broken: &Broken<'_>) -> Finding {
    let file = shown(&broken.file.path);
    let told = |message: String| about(&RULE, broken.file.node.layer, &broken.file.path, message);
    let absent =
        "Lambda answers Runtime.InvalidEntrypoint: fork/exec …: no such file or directory, though the file is there";
    match &broken.why {
        Why::NoProgram => told(format!("{file} is no ELF file and begins with no #! line"))
            .note("Lambda answers Runtime.InvalidEntrypoint: fork/exec …: exec format error")
            .note("a shell would run it as a script, the kernel does not; a Go package that is not main builds no program")
            .fix(Safety::Manual, "write the interpreter into its first line (#!/bin/sh), or build a program"),
        Why::CarriageReturn(line) => told(format!("the first line of {file} ends with a carriage return"))
            .confidence(Confidence::Inferred)
            .note(format!("the kernel looks for an interpreter called {} with the carriage return", words::quoted(line)))
            .note(absent)
            .fix(Safety::Manual, "store the script with LF line ends (.gitattributes: *.sh text eol=lf)"),
        Why::Interpreter(name, why) => {
            told(format!("{file} is interpreted by {}, which is not there{}", words::quoted(name), because(name, why)))
                .note(absent)
                .fix(Safety::Manual, "install the interpreter, or name one that the image has")
        }
        Why::NotOnPath(name) => {
            told(format!("{file} asks env for {}, which no directory of PATH has", words::quoted(name)))
                .note("the function ends at its start with exit status 127")
                .fix(Safety::Manual, "install the interpreter, or add its directory to PATH with ENV")
        }
        Why::Loader(name, why) => {
            let finding = told(format!("{file} is loaded by {}, which is not there{}", words::quoted(name), because(name, why)))
                .confidence(Confidence::Inferred)
                .note(absent);
            let finding = if name.contains("musl") {
                finding.note("it was built for musl (Alpine), and the image has another C library or none")
            } else {
                finding.note("it was built for glibc; an image of Alpine or from scratch has no such loader, and one \
                     without the links /lib and /lib64 does not find it")
            };
            finding.fix(Safety::Manual, "build it in the same base image, or link it statically")
        }
    }
}

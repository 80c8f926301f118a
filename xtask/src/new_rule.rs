//! `cargo xtask new-rule`: the files with which a rule begins.

use std::path::{Path, PathBuf};

use crate::{Error, workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The rule's public name: what is wrong with the image, in lower case with dashes
    name: String,
}

/// Where the rules on images lie.
const DIRECTORY: &str = "crates/lambark-rules/src/image";

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let rule = Template::of(&arguments.name)?;
    for path in rule.write(&workspace::root().join(DIRECTORY))? {
        println!("wrote {}", path.display());
    }
    let module = &rule.module;
    println!("\nNow, in this order:");
    println!("  {DIRECTORY}/mod.rs                      add `pub mod {module};`");
    println!(
        "  crates/lambark-rules/src/catalogue.rs              add `&image::{module}::RULE` where its findings belong"
    );
    println!("  {DIRECTORY}/{module}.rs   fill in the check, and a case for it, against it and without evidence");
    println!("  {DIRECTORY}/{module}.md   fill in the page: every claim with its source, or \"inferred\"");
    println!("  cargo test -p lambark-rules && cargo xtask generate");
    Ok(())
}

/// A rule's names.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    name: String,
    module: String,
}

impl Template {
    fn of(name: &str) -> Result<Template, Error> {
        let words = name.split('-');
        let fits = |word: &str| {
            let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            !word.is_empty() && plain
        };
        let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !starts_well || !words.clone().all(fits) || words.count() > 5 {
            let why = format!("{name:?} is no name of a rule (one to five lower-case words with dashes between)");
            return Err(Error::Failed(why));
        }
        Ok(Template { name: name.to_owned(), module: name.replace('-', "_") })
    }

    /// Writes both files; a rule that exists stays as it is.
    fn write(&self, directory: &Path) -> Result<[PathBuf; 2], Error> {
        let code = directory.join(format!("{}.rs", self.module));
        let page = directory.join(format!("{}.md", self.module));
        for path in [&code, &page] {
            if path.exists() {
                return Err(Error::Failed(format!("{} exists", path.display())));
            }
        }
        std::fs::write(&code, self.code()).map_err(Error::io(code.display().to_string()))?;
        std::fs::write(&page, self.page()).map_err(Error::io(page.display().to_string()))?;
        Ok([code, page])
    }

    fn code(&self) -> String {
        include_str!("new_rule/rule.rs.txt").replace("NAME", &self.name).replace("MODULE", &self.module)
    }

    fn page(&self) -> String {
        include_str!("new_rule/rule.md.txt").replace("NAME", &self.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names() {
        assert_eq!(Template::of("wrong-os").unwrap().module, "wrong_os");
        assert!(Template::of("schema-1-manifest").is_ok());
        for bad in ["", "Wrong-OS", "wrong_os", "-wrong", "wrong-", "wrong--os", "1-wrong", "../wrong", "a-b-c-d-e-f"] {
            assert!(Template::of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_is_written_once() {
        let directory = tempfile::tempdir().unwrap();
        let rule = Template::of("late-file").unwrap();
        let [code, page] = rule.write(directory.path()).unwrap();
        let text = std::fs::read_to_string(&code).unwrap();
        assert!(text.contains("name: \"late-file\"") && text.contains("include_str!(\"late_file.md\")"));
        assert!(!text.contains("NAME") && !text.contains("MODULE"));
        assert!(std::fs::read_to_string(page).unwrap().starts_with("# late-file\n"));
        assert!(rule.write(directory.path()).is_err());
    }
}

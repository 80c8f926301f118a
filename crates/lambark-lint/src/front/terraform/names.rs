//! What names such as `local.tag` and `docker_image.app.name` stand for.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use super::label;
use crate::hcl::{Document, NO_NAMES};
use crate::source::{Tree, join};
use crate::step::Value;

/// How far names are followed that stand for names, and how many in all for one of them: two names in each of many
/// would double at each level.
const MAX_NAMES: usize = 64;

/// Files in which a module's local values and versions stand by convention.
const SIBLINGS: [&str; 5] = ["locals.tf", "versions.tf", "providers.tf", "terraform.tf", "main.tf"];

/// Resolves names in one file, with what files beside it say by convention.
pub(super) struct Resolver<'d> {
    document: &'d Document<'d>,
    tree: &'d dyn Tree,
    /// Resources by kind and name.
    resources: BTreeMap<(&'d str, &'d str), &'d Block>,
    locals: BTreeMap<&'d str, &'d Expression>,
    docker_provider: OnceCell<Option<Value>>,
    siblings: OnceCell<Siblings>,
    /// How many names may still be followed.
    left: Cell<usize>,
}

/// What files beside this one say.
#[derive(Default)]
struct Siblings {
    locals: BTreeMap<String, Value>,
    docker_provider: Option<Value>,
}

impl<'d> Resolver<'d> {
    pub(super) fn new(document: &'d Document<'d>, tree: &'d dyn Tree) -> Resolver<'d> {
        let resources = document.body().get_blocks("resource");
        let locals = document.body().get_blocks("locals").flat_map(|block| block.body.attributes());
        Resolver {
            document,
            tree,
            resources: resources.map(|block| ((label(block, 0), label(block, 1)), block)).collect(),
            locals: locals.map(|local| (local.key.as_str(), &local.value)).collect(),
            docker_provider: OnceCell::new(),
            siblings: OnceCell::new(),
            left: Cell::new(0),
        }
    }

    fn siblings(&self) -> &Siblings {
        self.siblings.get_or_init(|| {
            let mut siblings = Siblings::default();
            let own = self.document.file();
            let paths = SIBLINGS.iter().filter(|name| **name != own.name());
            for file in paths.filter_map(|name| self.tree.read(&join(own.directory(), name)?)) {
                let document = Document::read(&file);
                for local in document.body().get_blocks("locals").flat_map(|block| block.body.attributes()) {
                    // Names in another file's values are left as they stand.
                    let value = document.value(&local.value, NO_NAMES);
                    siblings.locals.insert(local.key.as_str().to_owned(), value);
                }
                siblings.docker_provider = siblings.docker_provider.or_else(|| provider_version(&document));
            }
            siblings
        })
    }

    /// What a name stands for, if this file or a sibling says so. Variables may be set to anything.
    pub(super) fn resolve(&self, name: &str) -> Option<Value> {
        self.left.set(MAX_NAMES);
        self.follow(name)
    }

    fn follow(&self, name: &str) -> Option<Value> {
        self.left.set(self.left.get().checked_sub(1)?);
        if let Some(path) = name.strip_prefix("local.") {
            return self.local(path);
        }
        let mut parts = name.split('.');
        match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            // Paths here are relative to the file's directory. Terraform is started there unless it is a module's.
            ("path", "module", None, None) => Some(self.here()),
            ("path", "root" | "cwd", None, None) => {
                let is_module = self.document.file().directory().split('/').any(|part| part == "modules");
                (!is_module).then(|| self.here())
            }
            (kind @ ("docker_image" | "docker_registry_image"), resource, Some("name"), None) => {
                let block = self.resource(kind, resource)?;
                Some(self.value(&block.body.get_attribute("name")?.value))
            }
            ("aws_ecr_repository", resource, Some("name"), None) => {
                let block = self.resource("aws_ecr_repository", resource)?;
                Some(self.value(&block.body.get_attribute("name")?.value))
            }
            ("aws_ecr_repository", resource, Some("repository_url"), None) => {
                let block = self.resource("aws_ecr_repository", resource)?;
                let name = self.value(&block.body.get_attribute("name")?.value);
                // Account and Region are known only when it is applied.
                Some(Value::unknown(format!("${{aws_ecr_repository.{resource}.registry}}/{}", name.text), name.span))
            }
            _ => None,
        }
    }

    fn value(&self, expression: &Expression) -> Value {
        self.document.value(expression, &|name| self.follow(name))
    }

    fn resource(&self, kind: &str, name: &str) -> Option<&'d Block> {
        self.resources.get(&(kind, name)).copied()
    }

    fn here(&self) -> Value {
        Value::derived(".", self.document.file().span(0..0))
    }

    /// `local.NAME`, or what stands under further names in an object there.
    fn local(&self, path: &str) -> Option<Value> {
        let mut parts = path.split('.');
        let name = parts.next()?;
        let Some(local) = self.locals.get(name) else { return self.siblings().locals.get(path).cloned() };
        let found = parts.try_fold(*local, |expression, part| match expression {
            Expression::Object(object) => {
                let entry = object.iter().find(|(key, _)| key.as_ident().is_some_and(|key| key.as_str() == part));
                entry.map(|(_, value)| value.expr())
            }
            _ => None,
        })?;
        Some(self.value(found))
    }

    /// The version that the module asks of the docker provider.
    pub(super) fn docker_provider(&self) -> Option<Value> {
        let version = self
            .docker_provider
            .get_or_init(|| provider_version(self.document).or_else(|| self.siblings().docker_provider.clone()));
        version.clone()
    }
}

fn provider_version(document: &Document<'_>) -> Option<Value> {
    let terraform = document.body().get_blocks("terraform");
    let mut providers = terraform.flat_map(|block| block.body.get_blocks("required_providers"));
    providers.find_map(|block| {
        let docker = block.body.attributes().find_map(|provider| {
            let entries = document.entries(&provider.value, NO_NAMES)?;
            let has = |key: &str, text: &str| {
                entries.iter().any(|(name, value, _)| name.text == key && value.text.contains(text))
            };
            has("source", "kreuzwerker/docker").then_some(entries)
        })?;
        docker.into_iter().find(|(name, _, _)| name.text == "version").map(|(_, version, _)| version)
    })
}

//! Scripts that Terraform runs: `local-exec`.

use hcl_edit::structure::Block;

use super::Module;
use crate::front::FrontResult;
use crate::shell::{self, Scope};
use crate::source::name_of;
use crate::step::Step;

impl<'d> Module<'d> {
    /// The steps of a resource's provisioners.
    pub(super) fn scripts(&self, resource: &'d Block, result: &mut FrontResult) -> Vec<Step> {
        let provisioners = resource.body.get_blocks("provisioner");
        let mut steps = Vec::new();
        for block in provisioners.filter(|block| super::label(block, 0) == "local-exec") {
            let at_the_end = self.text(block, "when").is_some_and(|when| when.text.contains("destroy"));
            let Some(command) = block.body.get_attribute("command").filter(|_| !at_the_end) else { continue };
            if !self.is_shell(block) {
                continue;
            }
            let mut scope = self.scope(block);
            let (script, _) = self.document.fragment(&command.value, &|name| self.resolver.resolve(name));
            steps.extend(shell::run(&script, &mut scope, self.tree, result));
        }
        steps
    }

    fn is_shell(&self, block: &Block) -> bool {
        let Some(interpreter) = block.body.get_attribute("interpreter") else { return true };
        let words = self.document.list(&interpreter.value, crate::hcl::NO_NAMES).unwrap_or_default();
        words.first().is_some_and(|program| matches!(name_of(&program.text), "bash" | "sh" | "zsh" | "dash"))
    }

    /// Terraform runs commands where it was started, which is nearly always the directory of the files.
    fn scope(&self, block: &'d Block) -> Scope {
        let mut scope = Scope::new(self.document.file().directory());
        if let Some(directory) = self.text(block, "working_dir") {
            scope.directory = directory.known().and_then(|path| scope.locate(path));
        }
        let names = |name: &str| self.resolver.resolve(name);
        let environment = block.body.get_attribute("environment");
        let entries = environment.and_then(|environment| self.document.entries(&environment.value, &names));
        for (name, value, _) in entries.unwrap_or_default() {
            scope.export(name.text, value);
        }
        scope
    }
}

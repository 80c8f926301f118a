//! From a template's values, with their functions, to texts.

use crate::step::Value;
use crate::yaml::Node;

/// How deep functions stand in functions.
const MAX_DEPTH: usize = 16;

/// A template.
pub(super) struct Template<'d> {
    root: Node<'d>,
}

/// A function of the template language, in its short form (`!Sub`) or its long one (`Fn::Sub:`).
struct Call<'d> {
    name: &'d str,
    argument: Node<'d>,
}

impl<'d> Template<'d> {
    pub(super) fn new(root: Node<'d>) -> Template<'d> {
        Template { root }
    }

    /// A property of a resource, or SAM's `Globals` for it.
    pub(super) fn property(&self, resource: &Node<'d>, path: &[&str]) -> Option<Node<'d>> {
        let own = resource.get("Properties").and_then(|properties| properties.at(path));
        own.or_else(|| {
            let is_sam = resource.get("Type")?.as_str()?.starts_with("AWS::Serverless::");
            self.root.at(&["Globals", "Function"]).filter(|_| is_sam)?.at(path)
        })
    }

    /// A value as one text. What is known only when the stack is made stands in it as `${Name}`.
    pub(super) fn value(&self, node: &Node<'d>) -> Option<Value> {
        self.nested(node, MAX_DEPTH)
    }

    fn nested(&self, node: &Node<'d>, depth: usize) -> Option<Value> {
        let Some(call) = call(node) else { return node.value() };
        let depth = depth.checked_sub(1)?;
        let (text, known) = match call.name {
            "Ref" => self.parameter(call.argument.as_str()?),
            "GetAtt" => {
                let path = joined(&call.argument, ".")?;
                (self.repository(&path).unwrap_or_else(|| format!("${{{path}}}")), false)
            }
            "Sub" => {
                let template = call.argument.items().next().unwrap_or(call.argument);
                let text = template.as_str()?;
                (self.substitute(text), !text.contains("${"))
            }
            "Join" => {
                let mut arguments = call.argument.items();
                let between = arguments.next()?.as_str()?;
                let parts: Option<Vec<Value>> =
                    arguments.next()?.items().map(|part| self.nested(&part, depth)).collect();
                let parts = parts?;
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                (texts.join(between), parts.iter().all(|part| part.known))
            }
            other => (format!("${{Fn::{other}}}"), false),
        };
        Some(Value { text, known, span: node.span(), literal: false })
    }

    /// A text in which the addresses of the template's own repositories are put in; all else stays as it stands.
    fn substitute(&self, text: &str) -> String {
        let mut new = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(end) = rest[start..].find('}').map(|at| start + at) else { break };
            new.push_str(&rest[..start]);
            match self.repository(&rest[start + 2..end]) {
                Some(address) => new.push_str(&address),
                None => new.push_str(&rest[start..=end]),
            }
            rest = &rest[end + 1..];
        }
        new.push_str(rest);
        new
    }

    /// The address of a repository that the template makes and names: account and Region are known to the stack alone.
    fn repository(&self, attribute: &str) -> Option<String> {
        let name = attribute.strip_suffix(".RepositoryUri")?;
        let resource = self.root.at(&["Resources", name])?;
        resource.get("Type").filter(|kind| kind.as_str() == Some("AWS::ECR::Repository"))?;
        let name = resource.at(&["Properties", "RepositoryName"])?;
        let name = name.as_str().filter(|_| name.tag().is_none())?;
        Some(format!("${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/{name}"))
    }

    /// A parameter that can have one value only is known; another may be set to anything.
    fn parameter(&self, name: &str) -> (String, bool) {
        let allowed = self.root.at(&["Parameters", name, "AllowedValues"]);
        let mut values = allowed.iter().flat_map(Node::items);
        match (values.next().and_then(|value| value.as_str()), values.next()) {
            (Some(only), None) => (only.to_owned(), true),
            _ => (format!("${{{name}}}"), false),
        }
    }
}

fn call<'d>(node: &Node<'d>) -> Option<Call<'d>> {
    if let Some(name) = node.tag().and_then(|tag| tag.strip_prefix('!')).filter(|name| !name.starts_with('!')) {
        return Some(Call { name, argument: *node });
    }
    let mut entries = node.entries();
    let (entry, more) = (entries.next()?, entries.next());
    let key = entry.key.as_str().filter(|_| more.is_none())?;
    let name = if key == "Ref" { key } else { key.strip_prefix("Fn::")? };
    Some(Call { name, argument: entry.value })
}

/// A text, or the items of a list as one text.
fn joined(node: &Node<'_>, between: &str) -> Option<String> {
    if let Some(text) = node.as_str() {
        return Some(text.to_owned());
    }
    let items: Vec<&str> = node.items().filter_map(|item| item.as_str()).collect();
    Some(items.join(between))
}

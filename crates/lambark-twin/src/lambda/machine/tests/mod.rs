//! The state tables, row by row.
#![allow(clippy::unwrap_used, reason = "tests")]

mod aliases;
mod revisions;
mod states;

use std::time::Duration;

use lambark_oci::{Architecture, Digest};

use super::*;
use crate::clock::Millis;
use crate::scope::Scope;

const SETTLE: Duration = Duration::from_secs(3);

/// A function's clock.
struct Bench {
    now: Millis,
}

impl Bench {
    fn new() -> Bench {
        Bench { now: Millis(1_795_326_600_000) }
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    fn plan(&self, outcome: Outcome) -> Plan {
        Plan { now: self.now, until: self.now.plus(SETTLE), polls: 0, outcome }
    }

    fn good(&self) -> Plan {
        self.plan(Outcome::Good)
    }

    fn bad(&self) -> Plan {
        self.plan(Outcome::Bad(Why::invalid_image("SizeLimitExceeded: too much")))
    }

    fn created(&self) -> Function {
        Function::create("arn:aws:lambda:us-east-1:123456789012:function:f", image("one"), &self.good(), false)
    }

    /// Settled and `Active`.
    fn active(&mut self) -> Function {
        let mut function = self.created();
        self.settle(&mut function);
        function
    }

    fn settle(&mut self, function: &mut Function) {
        self.pass(SETTLE);
        function.settle(self.now);
    }

    fn update(&self, function: &mut Function, content: &str) -> Result<(), Refusal> {
        function.may_change(Change::Code)?;
        function.update(image(content), &self.good());
        Ok(())
    }

    fn publish(&self, function: &mut Function) -> Result<u32, Refusal> {
        function.may_change(Change::Publish)?;
        function.publish(None, None, &self.good())
    }

    /// An active function with versions 1 to `count`.
    fn published(&mut self, count: u32) -> Function {
        let mut function = self.active();
        for number in 1..=count {
            self.update(&mut function, &format!("content {number}")).unwrap();
            self.settle(&mut function);
            assert_eq!(self.publish(&mut function).unwrap(), number);
            self.settle(&mut function);
        }
        function
    }
}

fn image(content: &str) -> Configuration {
    let code = ImageCode {
        uri: format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/app:{content}").into(),
        scope: Scope { account: "123456789012".into(), region: "us-east-1".into() },
        repository: "app".into(),
        digest: Digest::of(content.as_bytes()),
        config: None,
    };
    Configuration {
        code: Code::Image(Box::new(code)),
        architecture: Architecture::X86_64,
        role: "arn:aws:iam::123456789012:role/r".into(),
        description: "".into(),
        timeout: 3,
        memory: 128,
        storage: 512,
        environment: None,
        others: serde_json::Map::new(),
    }
}

fn digest_of(unit: &Unit) -> Digest {
    unit.configuration.image().unwrap().digest.clone()
}

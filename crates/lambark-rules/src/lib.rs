//! What AWS Lambda accepts in a container image: facts in, findings and a verdict out.
//!
//! Pure: no I/O, no clock, no environment. Facts are [`Known`](facts::Evidence::Known) or they were not looked at, and
//! a rule whose evidence was not looked at is skipped with the reason, never passed.

pub mod catalogue;
pub mod facts;
pub mod finding;
pub mod image;
pub mod report;
pub mod rule;

pub use catalogue::{CATALOGUE, rule};
pub use finding::{Finding, Fix, Place, Safety};
pub use report::{GateVerdict, Judgement, Skipped, Verdict, judge};
pub use rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

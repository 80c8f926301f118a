//! Machine formats: versioned copies of what is inside, never the inside itself.

pub mod check;
mod emulate;
mod fix;
mod rules;
#[cfg(test)]
mod tests;
mod v1;
mod write;

pub use check::check;
pub use emulate::emulate;
pub use fix::{fix, push, resolve, undone};
pub use rules::{explain, rules};
pub use write::document;

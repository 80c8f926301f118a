//! lambark
fn main() {}

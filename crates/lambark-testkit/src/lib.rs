//! lambark-testkit

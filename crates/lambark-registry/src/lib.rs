//! lambark-registry

//! lambark-layers

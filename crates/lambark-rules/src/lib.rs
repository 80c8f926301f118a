//! lambark-rules

//! lambark-images

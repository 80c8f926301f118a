//! lambark-layers
pub mod gzip;

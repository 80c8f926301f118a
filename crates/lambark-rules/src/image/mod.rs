//! Rules on an image: one file and one Markdown page each.

pub mod image_index;

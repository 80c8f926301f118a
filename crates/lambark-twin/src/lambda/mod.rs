//! Lambda's REST API, for functions made of images.

mod machine;

//! The rows of the facts about ECR's control plane, one test each.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

mod accounts;
mod images;
mod layers;
mod paging;
mod put_image;
mod repositories;

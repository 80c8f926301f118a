//! The shell, as far as build scripts need it.
//!
//! `run(&Fragment, &mut Scope, &dyn Tree, &mut FrontResult) -> Vec<Step>` is what a front end calls for a script inside
//! its file: the scope goes in with the variables in force and comes out as the script leaves it; notes and followed
//! scripts go to the result.

mod scope;

pub use scope::Scope;

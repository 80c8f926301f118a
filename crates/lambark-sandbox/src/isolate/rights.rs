//! Rights: kept over one start, then given up for good.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets, Gid, Uid};

use super::{Failed, Step};
use crate::limits::{FUNCTION_GID, FUNCTION_UID, MAX_OPEN_FILES, MAX_PROCESSES};

/// Lets the next program have every right that this process has in its user namespace. It is no root there, and would
/// lose them.
pub(super) fn keep_across_exec() -> io::Result<()> {
    let mut sets = rustix::thread::capabilities(None)?;
    sets.inheritable = sets.permitted;
    rustix::thread::set_capabilities(None, sets)?;
    for capability in sets.permitted {
        rustix::thread::configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Becomes the user namespace's root, so that what is made from here on has an owner there.
pub(super) fn become_root() -> Result<(), Failed> {
    rustix::thread::set_thread_groups(&[]).step("leave groups")?;
    let (root, wheel) = (Uid::ROOT, Gid::ROOT);
    rustix::thread::set_thread_res_gid(wheel, wheel, wheel).step("become the namespace's root group")?;
    rustix::thread::set_thread_res_uid(root, root, root).step("become the namespace's root")
}

/// Becomes the function's user and gives up all rights; what is started from here on can never get one back.
pub(super) fn give_up(many_ids: bool) -> Result<(), Failed> {
    limit(Resource::Nofile, MAX_OPEN_FILES)?;
    limit(Resource::Nproc, MAX_PROCESSES)?;
    limit(Resource::Core, 0)?;
    for capability in CapabilitySet::all() {
        // Those that this kernel does not know are refused, and need not be dropped.
        if rustix::thread::capability_is_in_bounding_set(capability).unwrap_or(false) {
            rustix::thread::remove_capability_from_bounding_set(capability).step("drop a capability")?;
        }
    }
    rustix::thread::clear_ambient_capability_set().step("drop ambient capabilities")?;
    if many_ids {
        let (user, group) = (Uid::from_raw(FUNCTION_UID), Gid::from_raw(FUNCTION_GID));
        rustix::thread::set_thread_res_gid(group, group, group).step("become the function's group")?;
        rustix::thread::set_thread_res_uid(user, user, user).step("become the function's user")?;
    }
    renounce()?;
    // A change of user forgets this, so it comes last.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("be bound to the parent")
}

/// Gives up what rights there are, for good.
pub(super) fn renounce() -> Result<(), Failed> {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets).step("drop capabilities")?;
    rustix::thread::set_no_new_privs(true).step("renounce new privileges")?;
    // The function has the same user: it must not trace its keeper or look into it.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("forbid tracing")
}

fn limit(resource: Resource, most: u64) -> Result<(), Failed> {
    // A limit may be lowered only.
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
    let both = Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(resource, both).step(&format!("limit {resource:?}"))
}

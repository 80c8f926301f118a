//! Lambda's enumerations. They are open: AWS sends words that its own model lacks.

use lambark_oci::Architecture;

use crate::open_enum::open_enum;

open_enum! {
    /// Whether a function or version can be invoked.
    State {
        /// Being made; invocations and updates are refused.
        Pending = "Pending",
        /// Ready.
        Active = "Active",
        /// Idle for long, or its image is gone; the next invocation wakes it, or fails.
        Inactive = "Inactive",
        /// Could not be made.
        Failed = "Failed",
        /// On its way to `Deactivated`.
        Deactivating = "Deactivating",
        /// Switched off.
        Deactivated = "Deactivated",
        /// There, and cannot be invoked.
        ActiveNonInvocable = "ActiveNonInvocable",
        /// On its way out.
        Deleting = "Deleting",
    }
}

open_enum! {
    /// What became of the last update.
    LastUpdateStatus {
        /// It is in force.
        Successful = "Successful",
        /// It failed, and the previous code keeps running.
        Failed = "Failed",
        /// It is under way, and the previous code keeps running meanwhile.
        InProgress = "InProgress",
    }
}

open_enum! {
    /// Why a function is in its state, or an update in its: the codes that speak of images, beside all others.
    ReasonCode {
        /// Being made; AWS sends it with every update too.
        Creating = "Creating",
        /// Not invoked for long.
        Idle = "Idle",
        /// On its way back from `Inactive`.
        Restoring = "Restoring",
        /// The image was deleted.
        ImageDeleted = "ImageDeleted",
        /// Lambda may not read the image.
        ImageAccessDenied = "ImageAccessDenied",
        /// The image is of a kind that Lambda does not take.
        InvalidImage = "InvalidImage",
        /// The role lacks a permission.
        InsufficientRolePermissions = "InsufficientRolePermissions",
        /// A setting contradicts another.
        InvalidConfiguration = "InvalidConfiguration",
        /// AWS's own fault.
        InternalError = "InternalError",
    }
}

open_enum! {
    /// What a function's code comes in.
    PackageType {
        /// A container image.
        Image = "Image",
        /// A zip archive.
        Zip = "Zip",
    }
}

open_enum! {
    /// The processor that a function runs on.
    Processor {
        /// `x86_64`.
        X86_64 = "x86_64",
        /// `arm64`.
        Arm64 = "arm64",
    }
}

impl Processor {
    /// The architecture, if it is one that images can be checked for.
    #[must_use]
    pub fn architecture(&self) -> Option<Architecture> {
        match self {
            Processor::X86_64 => Some(Architecture::X86_64),
            Processor::Arm64 => Some(Architecture::Arm64),
            Processor::Other(_) => None,
        }
    }
}

impl From<Architecture> for Processor {
    fn from(architecture: Architecture) -> Processor {
        match architecture {
            Architecture::X86_64 => Processor::X86_64,
            Architecture::Arm64 => Processor::Arm64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_stays_as_it_is() {
        assert_eq!(State::from("Active"), State::Active);
        let new = State::from("Hibernating");
        assert_eq!(new, State::Other("Hibernating".into()));
        assert_eq!(new.to_string(), "Hibernating");
        assert_eq!(ReasonCode::from("FunctionError.InitTimeout").as_str(), "FunctionError.InitTimeout");
    }
}

//! How a scripted registry behaves when no rule interferes.

/// Whom it lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anybody.
    Anonymous,
    /// User name and password with each request.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// Tokens, from a token server at `/token` of the same host.
    Bearer {
        /// The user name that may push.
        username: String,
        /// Its password; as a refresh token (POST) it does too.
        password: String,
        /// How many requests a token is good for; then it has expired. `None`: for ever.
        uses: Option<u32>,
        /// Whether anybody gets a token to pull.
        anonymous_pull: bool,
    },
}

/// When a manifest asked for by tag comes converted between Docker's and OCI's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Never.
    Never,
    /// When its type is not among those accepted, as ECR does.
    NarrowAccept,
    /// Always: whoever trusts the tag's answer sees bytes that are not stored.
    Always,
}

/// Everything in which registries differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a difference of its own that tests switch by name")]
pub struct Behaviour {
    /// Whom it lets in.
    pub auth: Auth,
    /// Repositories come into being with the first push; otherwise only by `create_repository`.
    pub create_on_push: bool,
    /// Starting an upload in a missing repository cuts the connection in place of a 404.
    pub cut_on_missing_repository: bool,
    /// What a PATCH answers: 202 by the specification, 201 by ECR.
    pub patch_status: u16,
    /// `Range` stays at the first chunk, whatever came after.
    pub stale_range: bool,
    /// A chunk that another one follows must have this many bytes.
    pub least_chunk: u64,
    /// Largest body of one request, as proxies limit it (413).
    pub largest_body: Option<u64>,
    /// Mounts are done (201); otherwise they open an upload (202).
    pub mounts: bool,
    /// A manifest PUT answers with `Location` and `Docker-Content-Digest`.
    pub names_what_was_put: bool,
    /// Manifest reads name their digest in `Docker-Content-Digest`.
    pub names_digests: bool,
    /// Existing tags cannot be written, not even with the same bytes.
    pub immutable_tags: bool,
    /// Conversion by tag.
    pub conversion: Conversion,
    /// Blobs come from a storage host by redirect (307) to a signed URL.
    pub storage: bool,
    /// How many requests a signed URL is good for. `None`: for ever.
    pub link_uses: Option<u32>,
    /// The referrers API exists.
    pub referrers: bool,
    /// `Range` is honoured when blobs are read.
    pub ranges: bool,
    /// Upload addresses are relative.
    pub relative_locations: bool,
    /// PATCH answers with the next address.
    pub patch_location: bool,
    /// A manifest that names blobs or manifests which are not there is refused.
    pub checks_references: bool,
    /// A blob of other bytes than its digest says is refused.
    pub checks_digests: bool,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            auth: Auth::Anonymous,
            create_on_push: true,
            cut_on_missing_repository: false,
            patch_status: 202,
            stale_range: false,
            least_chunk: 0,
            largest_body: None,
            mounts: true,
            names_what_was_put: true,
            names_digests: true,
            immutable_tags: false,
            conversion: Conversion::Never,
            storage: false,
            link_uses: None,
            referrers: true,
            ranges: true,
            relative_locations: true,
            patch_location: true,
            checks_references: true,
            checks_digests: true,
        }
    }
}

impl Behaviour {
    /// ECR's data plane, row by row as its users report it. Tags are mutable, as ECR has them by default.
    #[must_use]
    pub fn ecr() -> Behaviour {
        Behaviour {
            auth: Auth::Basic { username: "AWS".to_owned(), password: "tok".to_owned() },
            create_on_push: false,
            cut_on_missing_repository: true,
            patch_status: 201,
            stale_range: true,
            least_chunk: 5 * 1024 * 1024,
            mounts: false,
            names_what_was_put: false,
            conversion: Conversion::NarrowAccept,
            storage: true,
            relative_locations: false,
            ..Behaviour::default()
        }
    }
}

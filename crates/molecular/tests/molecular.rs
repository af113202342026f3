//! What a laboratory's files become: the PCGR tumour, names, broken files, profiles.
#![allow(clippy::unwrap_used, reason = "tests")]

mod molecular {
    pub mod bytes;
    pub mod files;
    pub mod names;
    pub mod profiles;
    pub mod tumour;
}

//! What a laboratory's files become: the PCGR tumour, names, broken files, profiles.
#![allow(clippy::unwrap_used, reason = "tests")]

mod molecular {
    pub mod bytes;
    pub mod files;
    pub mod names;
    pub mod profiles;
    pub mod tumour;

    /// So many rounds of a property, fifty times as many with `SHIRUBE_SLOW=1`.
    pub fn rounds(cases: u32) -> proptest::prelude::ProptestConfig {
        let slow = std::env::var("SHIRUBE_SLOW").is_ok_and(|v| v == "1");
        let cases = if slow { cases * 50 } else { cases };
        proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
    }
}

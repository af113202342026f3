//! The files of a release: built in, or from a folder.

use crate::Problem;
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a release by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, String>);

impl Files {
    pub const NAMES: [&'static str; 15] = [
        "regimens.csv",
        "approvals.csv",
        "labels.csv",
        "drugs.csv",
        "assays.csv",
        "concepts.csv",
        "findings.csv",
        "results.csv",
        "considerations.csv",
        "civic.csv",
        "levels.csv",
        "routes.csv",
        "adequacy.csv",
        "reviews.csv",
        "release.csv",
    ];
    /// Tables that came later; a release without them is whole.
    pub(super) const LATER: [&'static str; 2] = ["routes.csv", "adequacy.csv"];

    /// The breast cancer knowledge that is built in.
    pub fn breast() -> Files {
        let files = [
            ("regimens.csv", include_str!("../../../../../knowledge/breast/regimens.csv")),
            ("approvals.csv", include_str!("../../../../../knowledge/breast/approvals.csv")),
            ("labels.csv", include_str!("../../../../../knowledge/breast/labels.csv")),
            ("drugs.csv", include_str!("../../../../../knowledge/breast/drugs.csv")),
            ("assays.csv", include_str!("../../../../../knowledge/breast/assays.csv")),
            ("concepts.csv", include_str!("../../../../../knowledge/breast/concepts.csv")),
            ("findings.csv", include_str!("../../../../../knowledge/breast/findings.csv")),
            ("results.csv", include_str!("../../../../../knowledge/breast/results.csv")),
            ("considerations.csv", include_str!("../../../../../knowledge/breast/considerations.csv")),
            ("civic.csv", include_str!("../../../../../knowledge/breast/civic.csv")),
            ("levels.csv", include_str!("../../../../../knowledge/breast/levels.csv")),
            ("routes.csv", include_str!("../../../../../knowledge/breast/routes.csv")),
            ("adequacy.csv", include_str!("../../../../../knowledge/breast/adequacy.csv")),
            ("reviews.csv", include_str!("../../../../../knowledge/breast/reviews.csv")),
            ("release.csv", include_str!("../../../../../knowledge/breast/release.csv")),
        ];
        Files(files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }

    /// Reads the files of a folder.
    pub fn read(folder: &Path) -> Result<Files, Vec<Problem>> {
        let (mut files, mut problems) = (Files::default(), Vec::new());
        for name in Files::NAMES {
            match std::fs::read_to_string(folder.join(name)) {
                Ok(text) => {
                    files.0.insert(name.to_owned(), text);
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && Files::LATER.contains(&name) => {}
                Err(e) => problems.push(Problem::new(
                    folder.join(name).display().to_string(),
                    "file",
                    format!("ファイルを読めません: {e}"),
                    format!("the file cannot be read: {e}"),
                )),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }
}

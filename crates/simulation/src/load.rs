//! Reading `simulation.yaml`.

use crate::plan::Plan;
use std::path::{Path, PathBuf};

/// A plan that cannot be read; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("{0} is missing: a study is simulated by the plan in its folder")]
    Missing(PathBuf),
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: PathBuf, why: std::io::Error },
    #[error("{path}: {why}")]
    Malformed { path: PathBuf, why: String },
}

impl Plan {
    /// Reads `simulation.yaml` of a study folder.
    pub fn load(folder: &Path) -> Result<Plan, PlanFileError> {
        let path = folder.join("simulation.yaml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Plan::read(&text).map_err(|why| PlanFileError::Malformed { path, why }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(PlanFileError::Missing(path)),
            Err(why) => Err(PlanFileError::Unreadable { path, why }),
        }
    }

    /// Reads a plan's text. The error tells line and column.
    pub fn read(text: &str) -> Result<Plan, String> {
        let plan: Plan = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
        plan.check().map_err(|(what, why)| format!("{what}: {why}"))?;
        Ok(plan)
    }

    /// Numbers that no distribution can have.
    fn check(&self) -> Result<(), (String, &'static str)> {
        let positive = |x: f64| x.is_finite() && x >= 0.0;
        if self.sites.is_empty() {
            return Err(("sites".into(), "a trial needs at least one"));
        }
        if let Some(s) = self.sites.iter().find(|s| !positive(s.weight)) {
            return Err((format!("sites.{}.weight", s.id), "must be 0 or more"));
        }
        if self.accrual.to <= self.accrual.from {
            return Err(("accrual.to".into(), "must be after `from`"));
        }
        for (id, l) in &self.latent {
            if l.hazard.is_empty() == l.on.is_none() {
                return Err((format!("latent.{id}"), "needs either `hazard` or `on`"));
            }
            if !(-1.0..=1.0).contains(&l.loading) {
                return Err((format!("latent.{id}.loading"), "must be -1 to 1"));
            }
            for (arm, pieces) in &l.hazard {
                let mut end = 0.0;
                for p in pieces {
                    if !positive(p.rate) || p.to.is_some_and(|to| to <= end) {
                        return Err((
                            format!("latent.{id}.hazard.{arm}"),
                            "rates are 0 or more, and each `to` lies after the one before",
                        ));
                    }
                    end = p.to.unwrap_or(f64::INFINITY);
                }
            }
        }
        Ok(())
    }
}

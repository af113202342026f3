//! Clustered data: several lesions, readers or visits per participant.

mod bootstrap;
mod gee;
mod icc;
mod pairs;
mod proportion;
mod rao_scott;
#[cfg(test)]
mod tests;

pub use bootstrap::{ClusterBootstrap, cluster_bootstrap};
pub use gee::{
    Correlation, Denominators, GeeData, GeeFit, GeeOptions, GeeVariance, Jackknife, gee as fit_gee,
    gee_jackknife,
};
pub use icc::{Icc, IccForm, icc_agreement, icc_anova};
pub use pairs::{ClusterPairs, ClusteredPairs, clustered_pairs, eliasziw_donner};
pub use proportion::{
    ClusteredMethod, ClusteredProportion, clustered_proportion, clustered_proportion_interval,
};
pub use rao_scott::{RaoScott, rao_scott};

use crate::{Result, StatsError};

/// Sums of a cluster: successes and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClusterCount {
    pub x: u64,
    pub m: u64,
}

/// Counts of yes answers per cluster, in the order of the cluster codes.
pub(crate) fn counts(y: &[bool], cluster: &[usize]) -> Result<Vec<ClusterCount>> {
    if y.is_empty() {
        return Err(StatsError::NoRows);
    }
    if y.len() != cluster.len() {
        return Err(StatsError::Length { what: "cluster", expected: y.len(), got: cluster.len() });
    }
    let mut by: std::collections::BTreeMap<usize, ClusterCount> = std::collections::BTreeMap::new();
    for (v, c) in y.iter().zip(cluster) {
        let entry = by.entry(*c).or_insert(ClusterCount { x: 0, m: 0 });
        entry.x += u64::from(*v);
        entry.m += 1;
    }
    Ok(by.into_values().collect())
}

//! Diagnostic tests: accuracy, paired comparison, receiver operating characteristic, agreement.

mod accuracy;
mod agreement;
mod kappa;
mod paired;
mod roc;
#[cfg(test)]
mod tests;

pub use accuracy::{Accuracy, LikelihoodRatios, accuracy, likelihood_ratios};
pub use agreement::{BlandAltman, bland_altman};
pub use kappa::{Agreement, KappaWeights, cohen_kappa, gwet_ac1};
pub use paired::{
    PairedAccuracy, PairedTable, PredictiveValueTest, RatioComparison, compare_likelihood_ratios,
    compare_predictive_values, compare_sensitivity, relative_predictive_values, relative_sensitivity,
};
pub use roc::{RocCurve, auc, compare_auc};

//! Time to event.
mod competing;
mod cox;
mod data;
mod fine_gray;
mod interval;
mod km;
mod logrank;
mod maxcombo;
mod parametric;
mod rmst;
mod switching;

pub use competing::{
    Competing, CumulativeIncidence, CumulativeIncidenceOptions, Gray, IncidenceAt, cumulative_incidence, gray,
};
pub use cox::{
    Coefficient, Concordance, CoxCurve, CoxData, CoxFit, CoxOptions, CoxResiduals, PairWeight, Stop, Test,
    Ties, TimeTransform, Zph, concordance, concordance_weighted, cox,
};
pub use data::{NearTies, Survival};
pub use fine_gray::{
    CensoringTerm, CensoringTies, Expanded, FineGray, FineGrayOptions, fine_gray, fine_gray_expand,
};
pub use interval::ConfType;
pub use km::{
    HazardTies, KmAt, KmCurve, KmOptions, KmQuantile, KmVariance, QuantileRule, kaplan_meier, kaplan_meier_by,
};
pub use logrank::{
    Landmark, Logrank, LogrankOptions, LogrankWeight, OneSampleLogrank, OneSampleVariance, landmark, logrank,
    logrank_family, logrank_one_sample, median_follow_up,
};
pub use maxcombo::{FOUR_WEIGHTS, MaxCombo, box_probability, maxcombo};
pub use parametric::{
    Distribution, Observed, Parametric, Piece, Piecewise, Turnbull, observed, parametric, piecewise_equal,
    piecewise_exponential, turnbull,
};
pub use rmst::{
    AdjustedRmst, Contrast, RestrictedMean, Rmst, RmstCoefficient, RmstModel, RmstOptions, rmst,
    rmst_adjusted,
};
pub use switching::{Rpsft, SwitchWeights, Switching, rpsft, switch_weights};

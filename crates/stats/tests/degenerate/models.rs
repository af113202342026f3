//! The same for proportions, ranks, models, clustered and diagnostic data.
use std::fmt::Debug;

use proptest::prelude::*;
use stats::cluster::*;
use stats::diagnostic::*;
use stats::inference::{Alternative, Level};
use stats::model::*;
use stats::proportion::*;
use stats::rank::{
    CorrelationP, RankOptions, RankP, Zeros, jonckheere, kendall, kruskal_wallis, pearson, rank_sum,
    sign_test, signed_rank, spearman,
};

/// An answer, if there is one, holds no NaN anywhere; a refusal says something.
fn sound<T: Debug, E: std::fmt::Display>(answer: &Result<T, E>) {
    match answer {
        Ok(result) => {
            let text = format!("{result:?}");
            assert!(!text.contains("NaN"), "{text}");
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

#[derive(Debug, Clone)]
struct Rows {
    yes: Vec<bool>,
    other: Vec<bool>,
    y: Vec<f64>,
    x: Vec<f64>,
    z: Vec<f64>,
    cluster: Vec<usize>,
    visit: Vec<usize>,
    group: Vec<usize>,
}

/// Few rows; constant, repeated, collinear, tiny and enormous columns; everybody, nobody, or one in a group or cluster.
fn rows() -> impl Strategy<Value = Rows> {
    let number = || prop_oneof![Just(0.0), Just(1.0), Just(1e150), Just(-1e-150), Just(1e200), -3.0..3.0f64];
    let plain = || prop_oneof![4 => -3.0..3.0f64, 1 => Just(0.0), 1 => Just(1.0)];
    let kind = 0..6u8;
    (1..14usize, kind).prop_flat_map(move |(n, kind)| {
        let wild = kind % 2 == 1;
        let x = if wild { number().boxed() } else { plain().boxed() };
        let row = (0..4u8, x.clone(), x, 0..4usize, 0..3usize, 0..3usize);
        prop::collection::vec(row, n).prop_map(move |v| Rows {
            yes: v.iter().map(|r| if kind == 4 { false } else { r.0 & 1 == 1 }).collect(),
            other: v.iter().map(|r| if kind == 5 { true } else { r.0 & 2 == 2 }).collect(),
            y: v.iter().map(|r| if kind == 2 { 7.0 } else { r.1 }).collect(),
            x: v.iter().map(|r| r.2).collect(),
            z: v.iter().map(|r| if kind == 3 { 2.0 * r.2 - 1.0 } else { r.2.abs() }).collect(),
            cluster: v.iter().map(|r| r.3).collect(),
            visit: v.iter().map(|r| r.4).collect(),
            group: v.iter().map(|r| if kind == 4 { 0 } else { r.5 }).collect(),
        })
    })
}

fn as_number(v: &[bool]) -> Vec<f64> {
    v.iter().map(|&b| f64::from(u8::from(b))).collect()
}

/// Cluster codes without gaps.
fn dense(codes: &[usize]) -> Vec<usize> {
    let mut seen = Vec::new();
    codes
        .iter()
        .map(|c| {
            seen.iter().position(|s| s == c).unwrap_or_else(|| {
                seen.push(*c);
                seen.len() - 1
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(crate::times(200))]

    #[test]
    fn models_hold_no_nan(r in rows()) {
        let level = Level::default();
        for columns in [&[][..], &[&r.x[..]], &[&r.x[..], &r.z[..]]] {
            sound(&linear(&r.y, columns, level));
            for firth in [false, true] {
                let options = LogisticOptions { firth, ..LogisticOptions::default() };
                sound(&logistic(&as_number(&r.yes), columns, options));
            }
            sound(&ancova(&r.y, &r.group, 3, columns, level));
            for covariance in Covariance::ALL {
                let options = MixedOptions { covariance, ..MixedOptions::default() };
                sound(&repeated_measures(&r.y, columns, &r.cluster, &r.visit, options));
                let small = MixedOptions { df: MixedDf::KenwardRoger, ..options };
                sound(&repeated_measures(&r.y, columns, &r.cluster, &r.visit, small));
            }
            for df in MixedDf::ALL {
                let covariance = Covariance::RandomIntercept;
                let options = MixedOptions { covariance, df, ..MixedOptions::default() };
                sound(&repeated_measures(&r.y, columns, &r.cluster, &r.visit, options));
            }
        }
        sound(&t_test_one_sample(&r.y, TTestOptions::default()));
        for variances in [Variances::Equal, Variances::Unequal] {
            let options = TTestOptions { variances, ..TTestOptions::default() };
            sound(&t_test_two_sample(&r.y, &r.x, options));
        }
    }

    #[test]
    fn estimating_equations_hold_no_nan(r in rows()) {
        let (yes, counts) = (as_number(&r.yes), r.group.iter().map(|&g| g as f64).collect::<Vec<f64>>());
        let cluster = dense(&r.cluster);
        for columns in [&[][..], &[&r.x[..]], &[&r.x[..], &r.z[..]]] {
            for correlation in [Correlation::Independence, Correlation::Exchangeable, Correlation::Ar1] {
                for (family, link, y) in [
                    (Family::Binomial, Link::Logit, &yes),
                    (Family::Gaussian, Link::Identity, &r.y),
                    (Family::Poisson, Link::Log, &counts),
                ] {
                    let options = GeeOptions { family, link, correlation, ..GeeOptions::default() };
                    let fit = fit_gee(&GeeData { y, columns, cluster: &cluster, offset: None }, options);
                    if let Ok(fit) = &fit {
                        for kind in GeeVariance::ALL {
                            let text = format!("{:?} {:?}", fit.standard_errors(kind), fit.wald(kind));
                            // A variance that does not exist for so few clusters is said so.
                            prop_assert!(!text.contains("NaN") || !fit.warnings.is_empty(), "{text}");
                        }
                    }
                    if let Err(why) = fit {
                        prop_assert!(!why.to_string().is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn imputation_and_bootstrap_hold_no_nan(r in rows()) {
        let hole = |v: &[f64], k: usize| -> Vec<Option<f64>> {
            v.iter().enumerate().map(|(i, x)| (i % 4 != k).then_some(*x)).collect()
        };
        let columns = vec![hole(&r.y, 0), hole(&r.x, 1), r.z.iter().map(|v| Some(*v)).collect()];
        let options = ImputationOptions { imputations: 3, rounds: 2, seed: 5 };
        sound(&impute(&columns, options));
        let variances: Vec<f64> = r.x.iter().map(|v| v.abs()).collect();
        for df in [None, Some(0.5), Some(40.0)] {
            sound(&pool(&r.y, &variances, df, Level::default()));
        }
        let mean = |drawn: &[usize]| {
            let sum: f64 = drawn.iter().map(|&k| r.y[k]).sum();
            (!drawn.is_empty()).then(|| sum / drawn.len() as f64)
        };
        sound(&cluster_bootstrap(r.y.len(), mean, 40, 1, Level::default()));
    }

    #[test]
    fn ranks_hold_no_nan(r in rows()) {
        let (a, b) = (&r.x, &r.z);
        let d: Vec<f64> = a.iter().zip(b).map(|(x, z)| x - z).collect();
        for p in [RankP::Exact, RankP::Normal, RankP::NormalCorrected, RankP::RDefault] {
            let options = RankOptions { p, ..RankOptions::default() };
            sound(&rank_sum(a, b, options));
            sound(&signed_rank(&d, options));
            sound(&signed_rank(&d, RankOptions { zeros: Zeros::Pratt, ..options }));
        }
        sound(&sign_test(&d, Alternative::TwoSided));
        let parts: Vec<Vec<f64>> = (0..3)
            .map(|g| r.y.iter().zip(&r.group).filter(|(_, h)| **h == g).map(|(v, _)| *v).collect())
            .collect();
        let slices: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
        sound(&kruskal_wallis(&slices));
        sound(&jonckheere(&slices, Alternative::TwoSided));
        sound(&pearson(a, b, Alternative::TwoSided, Level::default()));
        for p in [CorrelationP::Exact, CorrelationP::Approximate] {
            sound(&spearman(a, b, p, Alternative::TwoSided, Level::default()));
            sound(&kendall(a, b, p, Alternative::TwoSided, Level::default()));
        }
    }

    #[test]
    fn clustered_and_diagnostic_data_hold_no_nan(r in rows()) {
        let (level, cluster) = (Level::default(), dense(&r.cluster));
        let proportion = clustered_proportion(&r.yes, &cluster);
        sound(&proportion);
        if let Ok(p) = &proportion {
            for method in ClusteredMethod::ALL {
                sound(&clustered_proportion_interval(p, method, level));
            }
        }
        let codes: Vec<usize> = r.yes.iter().map(|&b| usize::from(b)).collect();
        sound(&rao_scott(&codes, &r.group, &cluster));
        sound(&clustered_pairs(&r.yes, &r.other, &cluster, level));
        sound(&eliasziw_donner(&r.yes, &r.other, &cluster));
        sound(&icc_anova(&r.y, &cluster));
        for form in [IccForm::Agreement, IccForm::Consistency, IccForm::OneWay] {
            sound(&icc_agreement(&[&r.x, &r.z], form, level));
        }
        for method in BinomialMethod::ALL {
            sound(&accuracy(&r.yes, &r.other, method, level));
        }
        sound(&likelihood_ratios(&r.yes, &r.other, level));
        let first: Vec<bool> = r.visit.iter().map(|v| *v > 0).collect();
        let table = PairedTable::new(&r.yes, &r.other, &first);
        sound(&table);
        if let Ok(t) = &table {
            for side in [false, true] {
                sound(&compare_sensitivity(t, side, level));
                sound(&relative_sensitivity(t, side, level));
                sound(&compare_predictive_values(t, side));
                sound(&compare_likelihood_ratios(t, side, level));
            }
            sound(&relative_predictive_values(t, level));
        }
        let curves = (auc(&r.yes, &r.x, level), auc(&r.yes, &r.z, level));
        sound(&curves.0);
        if let (Ok(a), Ok(b)) = &curves {
            sound(&compare_auc(a, b, level));
        }
        for weights in [KappaWeights::None, KappaWeights::Linear, KappaWeights::Quadratic] {
            sound(&cohen_kappa(&r.group, &r.visit, 3, weights, level));
        }
        sound(&gwet_ac1(&r.group, &r.visit, 3, level));
        sound(&bland_altman(&r.x, &r.z, 0.95, level));
    }

    #[test]
    fn proportions_hold_no_nan(
        x1 in 0..9u64, n1 in 0..9u64, x2 in 0..9u64, n2 in 0..9u64, share in prop_oneof![Just(0.95), Just(0.5), Just(0.9999)]
    ) {
        let (a, b, level) = (Count::new(x1, n1), Count::new(x2, n2), Level::two_sided(share));
        for method in BinomialMethod::ALL {
            sound(&binomial_interval(a, method, level));
        }
        for rule in [TwoSidedRule::SmallProbabilities, TwoSidedRule::DoubledTail, TwoSidedRule::DoubledMidP] {
            for p0 in [0.0, 1e-300, 0.3, 1.0] {
                sound(&binomial_test(a, p0, Alternative::TwoSided, rule));
            }
            sound(&fisher_2x2([[x1, n1], [x2, n2]], rule, level));
        }
        for method in DifferenceMethod::ALL {
            sound(&risk_difference(a, b, method, level));
        }
        for method in RatioMethod::ALL {
            sound(&risk_ratio(a, b, method, level));
            sound(&odds_ratio_score(a, b, method, level));
        }
        sound(&farrington_manning(a, b, 0.1, Alternative::Less));
        sound(&barnard(a, b, Alternative::TwoSided));
        sound(&boschloo(a, b, Alternative::TwoSided, BoschlooSides::Doubled));
        sound(&exact_difference(a, b, level));
        for yates in [Yates::None, Yates::Corrected] {
            sound(&pearson_chi2(a, b, yates));
            sound(&mantel_haenszel(&[[[x1, n1], [x2, n2]], [[n2, x1], [0, 0]]], yates, level));
        }
        sound(&mantel_haenszel_exact(&[[[x1, n1], [x2, n2]]], TwoSidedRule::SmallProbabilities, level));
        sound(&mcnemar([[x1, n1], [x2, n2]], level));
        for method in PairedDifferenceMethod::ALL {
            sound(&paired_difference([[x1, n1], [x2, n2]], method, level));
        }
        sound(&cochran_armitage(&[a, b, Count::new(x2, n1)], None, Alternative::TwoSided));
        sound(&homogeneity(&[a, b]));
        sound(&fisher_rxc(&[vec![x1, n1, x2], vec![n2, x1, x2]]));
    }
}

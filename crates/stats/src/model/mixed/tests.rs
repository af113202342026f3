//! Checks of mixed models against other programs.
use super::*;
use crate::model::{TTestOptions, t_test_one_sample};

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-3), "{got} for {expected}");
}

/// Two complete visits: the visit effect is the paired t-test, whatever the covariance, with n - 1 degrees of freedom.
#[test]
fn two_complete_visits_are_the_paired_t_test() {
    let a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let d: Vec<f64> = b.iter().zip(&a).map(|(x, y)| x - y).collect();
    let t = t_test_one_sample(&d, TTestOptions::default()).unwrap();
    let y = [a.as_slice(), b.as_slice()].concat();
    let visit: Vec<usize> = (0..20).map(|i| i / 10).collect();
    let participant: Vec<usize> = (0..20).map(|i| i % 10).collect();
    let x: Vec<f64> = visit.iter().map(|v| *v as f64).collect();
    for covariance in [Covariance::Unstructured, Covariance::CompoundSymmetry] {
        let options = MixedOptions { covariance, ..MixedOptions::default() };
        let f = repeated_measures(&y, &[&x], &participant, &visit, options).unwrap();
        let c = f.coefficients[1].clone().unwrap();
        close(c.estimate.estimate, t.estimate.estimate, 1e-10);
        close(c.standard_error, t.standard_error, 1e-9);
        close(c.test.df.unwrap(), 9.0, 1e-9);
        close(c.test.p, t.test.p, 1e-9);
    }
}

/// statsmodels 0.15 MixedLM with a random intercept (REML and ML) on an incomplete table.
#[test]
fn a_random_intercept_on_incomplete_visits_equals_statsmodels() {
    let y = [3.1, 4.0, 5.2, 2.0, 2.9, 4.4, 4.1, 5.5, 6.8, 3.3, 3.2, 5.0, 6.1, 1.9, 3.5, 4.9];
    let participant = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5];
    let visit = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 2, 0, 1, 2];
    let x: Vec<f64> = visit.iter().map(|v| *v as f64).collect();
    let arm: Vec<f64> = participant.iter().map(|p| f64::from(u8::from(p % 2 == 0))).collect();
    // intercept, visit, arm: estimate and standard error; log-likelihood
    let expected: [([(f64, f64); 3], f64); 2] = include!("reference.in");
    for (restricted, (values, ll)) in [true, false].into_iter().zip(expected) {
        let options = MixedOptions {
            covariance: Covariance::CompoundSymmetry,
            restricted,
            df: MixedDf::Infinite,
            ..MixedOptions::default()
        };
        let f = repeated_measures(&y, &[&x, &arm], &participant, &visit, options).unwrap();
        close(f.log_likelihood, ll, 1e-7);
        for (c, (b, se)) in f.coefficients.iter().flatten().zip(values) {
            close(c.estimate.estimate, b, 1e-5);
            close(c.standard_error, se, 1e-5);
        }
    }
}

/// The made-up visits of the book: score by baseline, arm and visit.
struct Visits {
    y: Vec<f64>,
    baseline: Vec<f64>,
    arm: Vec<f64>,
    second: Vec<f64>,
    third: Vec<f64>,
    participant: Vec<usize>,
    visit: Vec<usize>,
}

fn visits() -> Visits {
    let table = include_str!("../../../../../docs/stats/data/visits.csv");
    let cells: Vec<Vec<&str>> = table.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let cells: Vec<_> = cells.into_iter().filter(|c| c[5].parse::<f64>().is_ok()).collect();
    let number = |k: usize| cells.iter().map(|c| c[k].parse::<f64>().unwrap()).collect::<Vec<_>>();
    let is =
        |k: usize, v: &str| -> Vec<f64> { cells.iter().map(|c| f64::from(u8::from(c[k] == v))).collect() };
    let participant: Vec<usize> = cells.iter().map(|c| c[0].parse().unwrap()).collect();
    let visit: Vec<usize> = cells.iter().map(|c| c[3].parse::<usize>().unwrap() - 1).collect();
    Visits {
        y: number(5),
        baseline: number(4),
        arm: is(1, "B"),
        second: is(3, "2"),
        third: is(3, "3"),
        participant,
        visit,
    }
}

/// pbkrtest 0.5.2 (vcovAdj, Lb_ddf) for a random intercept; the formula with whole matrices in R on the estimates of
/// nlme::gls for an unstructured covariance. Standard error, its adjusted form, and degrees of freedom.
#[test]
fn kenward_roger_on_incomplete_visits_equals_pbkrtest() {
    let Visits { y, baseline, arm, second, third, participant, visit } = visits();
    let columns: [&[f64]; 4] = [&baseline, &arm, &second, &third];
    let expected = [
        (
            Covariance::CompoundSymmetry,
            [
                (3.857_710_801_23, 3.858_064_124_58, 57.548_140_826_8),
                (0.072_141_613_518_1, 0.072_149_000_661_2, 56.530_153_420_9),
                (1.179_763_287_26, 1.179_936_735_09, 56.705_788_322_2),
                (0.714_581_386_072, 0.714_915_010_174, 106.284_591_707),
                (0.714_534_293_87, 0.714_874_919_298, 106.320_315_459),
            ],
        ),
        (
            Covariance::Unstructured,
            [
                (3.776_543_249, 3.909_382_579, 58.162_139_69),
                (0.070_246_172_89, 0.072_820_431_46, 55.907_879_53),
                (1.151_426_965, 1.194_036_175, 56.430_099_69),
                (0.701_207_554_2, 0.702_898_385_4, 56.594_601_34),
                (0.775_322_850_9, 0.777_111_292_3, 56.836_220_52),
            ],
        ),
    ];
    for (covariance, values) in expected {
        for df in [MixedDf::KenwardRoger, MixedDf::Infinite] {
            let options = MixedOptions { covariance, df, ..MixedOptions::default() };
            let f = repeated_measures(&y, &columns, &participant, &visit, options).unwrap();
            for (c, (plain, adjusted, freedom)) in f.coefficients.iter().flatten().zip(values) {
                if df == MixedDf::Infinite {
                    close(c.standard_error, plain, 1e-6);
                } else {
                    close(c.standard_error, adjusted, 1e-6);
                    close(c.test.df.unwrap(), freedom, 1e-6);
                }
            }
        }
    }
    let ml = MixedOptions { restricted: false, df: MixedDf::KenwardRoger, ..MixedOptions::default() };
    assert!(repeated_measures(&y, &columns, &participant, &visit, ml).is_err());
}

#[test]
fn data_that_cannot_determine_the_covariance_are_refused() {
    let y = [1.0, 2.0, 3.0, 4.0, 5.5, 6.0];
    let options = MixedOptions::default();
    assert!(repeated_measures(&y, &[], &[0, 0, 1, 1, 2, 2], &[0, 0, 0, 1, 0, 1], options).is_err());
    assert!(repeated_measures(&y, &[], &[0, 1, 2, 3, 4, 5], &[0, 1, 0, 1, 0, 1], options).is_err());
    assert!(repeated_measures(&[], &[], &[], &[], options).is_err());
    assert!(repeated_measures(&[2.0; 6], &[], &[0, 0, 1, 1, 2, 2], &[0, 1, 0, 1, 0, 1], options).is_err());
    let one = repeated_measures(&y, &[], &[0, 0, 0, 0, 1, 1], &[0, 1, 2, 3, 0, 1], options);
    assert!(one.unwrap_err().to_string().contains("simpler covariance"));
}

/// One structure by one information: standard errors without and with the adjustment, degrees of freedom.
struct Row {
    covariance: Covariance,
    information: Information,
    log_likelihood: f64,
    plain: [f64; 5],
    first: [f64; 5],
    second: [f64; 5],
    df: [f64; 5],
}

/// The formulas with whole matrices in R 4.2 (derivatives of V by differences), at the maximum by their Newton steps; likelihoods
/// and standard errors of ar1 and heterogeneous ar1 are those of nlme::gls, of random slopes those of lmerTest and pbkrtest.
const STRUCTURES: [Row; 14] = [
    Row {
        covariance: Covariance::Ar1,
        information: Information::Expected,
        log_likelihood: -493.443_679_176_3,
        plain: [
            3.798_192_493_909,
            0.070_935_301_729,
            1.164_774_067_589,
            0.671_064_630_251,
            0.839_804_255_869,
        ],
        first: [
            3.799_633_128_233,
            0.070_963_168_705,
            1.165_311_722_306,
            0.671_268_856_799,
            0.840_195_878_433,
        ],
        second: [
            3.785_296_467_460,
            0.070_685_703_425,
            1.160_902_023_838,
            0.675_485_389_402,
            0.846_945_583_894,
        ],
        df: [60.488_602_782, 59.324_788_369, 59.850_702_923, 98.784_977_745, 139.362_740_498],
    },
    Row {
        covariance: Covariance::Ar1,
        information: Information::Observed,
        log_likelihood: -493.443_679_176_3,
        plain: [
            3.798_192_493_909,
            0.070_935_301_729,
            1.164_774_067_589,
            0.671_064_630_251,
            0.839_804_255_869,
        ],
        first: [
            3.799_731_590_306,
            0.070_965_073_297,
            1.165_348_467_420,
            0.671_282_815_494,
            0.840_222_643_155,
        ],
        second: [
            3.784_413_288_057,
            0.070_668_608_648,
            1.160_636_858_528,
            0.675_786_537_259,
            0.847_431_568_775,
        ],
        df: [58.012_797_809, 56.869_666_384, 57.386_100_378, 96.242_600_918, 138.094_053_347],
    },
    Row {
        covariance: Covariance::HeterogeneousAr1,
        information: Information::Expected,
        log_likelihood: -491.393_200_987_1,
        plain: [
            3.701_418_129_864,
            0.068_764_216_108,
            1.129_955_318_403,
            0.697_195_526_651,
            0.860_790_198_809,
        ],
        first: [
            3.798_392_274_280,
            0.070_644_430_437,
            1.161_355_378_765,
            0.697_876_958_807,
            0.861_307_430_051,
        ],
        second: [
            3.791_088_053_153,
            0.070_501_874_765,
            1.159_129_671_689,
            0.699_703_676_975,
            0.866_079_413_698,
        ],
        df: [60.358_725_539, 58.015_116_639, 58.498_226_979, 78.804_997_375, 105.186_814_571],
    },
    Row {
        covariance: Covariance::HeterogeneousAr1,
        information: Information::Observed,
        log_likelihood: -491.393_200_987_1,
        plain: [
            3.701_418_129_864,
            0.068_764_216_108,
            1.129_955_318_403,
            0.697_195_526_651,
            0.860_790_198_809,
        ],
        first: [
            3.803_116_673_502,
            0.070_735_561_377,
            1.162_883_098_088,
            0.697_915_675_470,
            0.861_324_264_448,
        ],
        second: [3.795_935_408_60, 0.070_595_384_97, 1.160_695_908_69, 0.699_783_158_60, 0.866_076_935_16],
        df: [59.949_570_811, 57.588_335_395, 58.046_631_878, 78.246_887_909, 103.487_968_866],
    },
    Row {
        covariance: Covariance::HeterogeneousCompoundSymmetry,
        information: Information::Expected,
        log_likelihood: -490.832_251_636_1,
        plain: [
            3.758_295_327_359,
            0.069_898_800_285,
            1.143_240_444_755,
            0.729_093_895_013,
            0.734_647_237_578,
        ],
        first: [
            3.861_526_240_221,
            0.071_905_193_369,
            1.176_125_692_148,
            0.729_668_518_445,
            0.735_245_641_552,
        ],
        second: [
            3.857_769_939_970,
            0.071_832_384_711,
            1.174_940_202_940,
            0.731_710_300_328,
            0.737_325_677_899,
        ],
        df: [59.658_738_301, 57.431_173_463, 57.602_302_079, 86.581_438_442, 86.999_477_983],
    },
    Row {
        covariance: Covariance::HeterogeneousCompoundSymmetry,
        information: Information::Observed,
        log_likelihood: -490.832_251_636_1,
        plain: [
            3.758_295_327_359,
            0.069_898_800_285,
            1.143_240_444_755,
            0.729_093_895_013,
            0.734_647_237_578,
        ],
        first: [
            3.866_887_601_423,
            0.072_009_165_339,
            1.177_803_459_096,
            0.729_674_357_305,
            0.735_277_465_680,
        ],
        second: [
            3.863_441_611_927,
            0.071_942_356_322,
            1.176_715_493_712,
            0.731_679_475_447,
            0.737_268_508_948,
        ],
        df: [59.655_947_499, 57.419_105_152, 57.665_762_911, 85.339_402_692, 87.334_454_399],
    },
    Row {
        covariance: Covariance::Toeplitz,
        information: Information::Expected,
        log_likelihood: -492.356_680_184_7,
        plain: [
            3.879_293_752_936,
            0.072_527_138_788,
            1.188_292_568_217,
            0.677_107_085_113,
            0.763_057_829_664,
        ],
        first: [
            3.889_818_593_859,
            0.072_729_480_342,
            1.191_702_181_739,
            0.677_607_010_907,
            0.764_389_764_510,
        ],
        second: [
            3.889_818_593_858,
            0.072_729_480_342,
            1.191_702_181_738,
            0.677_607_010_909,
            0.764_389_764_515,
        ],
        df: [57.238_768_594, 56.171_683_989, 56.727_189_903, 90.627_199_282, 60.680_184_167],
    },
    Row {
        covariance: Covariance::Toeplitz,
        information: Information::Observed,
        log_likelihood: -492.356_680_184_7,
        plain: [
            3.879_293_752_936,
            0.072_527_138_788,
            1.188_292_568_217,
            0.677_107_085_113,
            0.763_057_829_664,
        ],
        first: [
            3.888_546_284_428,
            0.072_705_113_883,
            1.191_292_672_978,
            0.677_613_292_812,
            0.764_244_371_348,
        ],
        second: [
            3.888_546_284_427,
            0.072_705_113_883,
            1.191_292_672_978,
            0.677_613_292_813,
            0.764_244_371_353,
        ],
        df: [56.515_441_013, 55.487_735_570, 55.913_773_557, 88.359_457_020, 67.490_460_109],
    },
    Row {
        covariance: Covariance::HeterogeneousToeplitz,
        information: Information::Expected,
        log_likelihood: -490.195_995_394_6,
        plain: [
            3.776_359_891_877,
            0.070_242_383_855,
            1.151_372_650_688,
            0.701_020_278_816,
            0.775_356_346_800,
        ],
        first: [
            3.891_276_526_885,
            0.072_471_741_302,
            1.188_090_127_976,
            0.701_942_987_903,
            0.776_711_724_732,
        ],
        second: [
            3.887_052_405_279,
            0.072_389_804_245,
            1.186_767_887_143,
            0.704_092_666_154,
            0.779_133_144_962,
        ],
        df: [58.955_872_485, 56.791_533_352, 57.187_985_264, 75.136_263_671, 57.198_699_166],
    },
    Row {
        covariance: Covariance::HeterogeneousToeplitz,
        information: Information::Observed,
        log_likelihood: -490.195_995_394_6,
        plain: [
            3.776_359_891_877,
            0.070_242_383_855,
            1.151_372_650_688,
            0.701_020_278_816,
            0.775_356_346_800,
        ],
        first: [
            3.896_420_058_107,
            0.072_571_048_522,
            1.189_732_206_718,
            0.701_967_931_538,
            0.776_680_294_124,
        ],
        second: [
            3.892_444_858_349,
            0.072_493_925_805,
            1.188_487_333_140,
            0.704_142_072_671,
            0.779_020_420_792,
        ],
        df: [58.654_672_536, 56.475_387_460, 56.850_707_110, 75.015_821_999, 58.789_865_532],
    },
    Row {
        covariance: Covariance::RandomSlope,
        information: Information::Expected,
        log_likelihood: -490.687_801_164,
        plain: [
            3.779_391_608_331,
            0.070_351_034_265,
            1.155_303_689_563,
            0.666_449_847_819,
            0.779_056_402_930,
        ],
        first: [
            3.846_963_891_057,
            0.071_662_947_199,
            1.177_013_707_238,
            0.666_829_916_354,
            0.780_473_537_608,
        ],
        second: [3.846_963_891_12, 0.071_662_947_20, 1.177_013_707_26, 0.666_829_916_26, 0.780_473_537_61],
        df: [57.681_290_686, 55.580_092_255, 56.367_803_192, 91.417_719_991, 56.816_242_707],
    },
    Row {
        covariance: Covariance::RandomSlope,
        information: Information::Observed,
        log_likelihood: -490.687_801_164,
        plain: [
            3.779_391_608_331,
            0.070_351_034_265,
            1.155_303_689_563,
            0.666_449_847_819,
            0.779_056_402_930,
        ],
        first: [
            3.847_001_575_910,
            0.071_663_677_443,
            1.177_019_160_658,
            0.666_826_131_425,
            0.780_430_321_021,
        ],
        second: [
            3.847_001_575_974,
            0.071_663_677_445,
            1.177_019_160_679,
            0.666_826_131_336,
            0.780_430_321_023,
        ],
        df: [57.699_860_514, 55.624_370_459, 56.392_093_349, 92.083_247_088, 58.228_759_988],
    },
    Row {
        covariance: Covariance::Unstructured,
        information: Information::Expected,
        log_likelihood: -490.195_980_228_6,
        plain: [
            3.776_543_620_215,
            0.070_246_179_473,
            1.151_427_075_183,
            0.701_207_539_547,
            0.775_322_843_042,
        ],
        first: [
            3.909_382_962_559,
            0.072_820_438_295,
            1.194_036_288_780,
            0.702_898_370_466,
            0.777_111_283_985,
        ],
        second: [
            3.909_382_962_560,
            0.072_820_438_295,
            1.194_036_288_780,
            0.702_898_370_453,
            0.777_111_283_985,
        ],
        df: [58.162_140_372, 55.907_879_182, 56.430_099_493, 56.594_602_167, 56.836_221_436],
    },
    Row {
        covariance: Covariance::Unstructured,
        information: Information::Observed,
        log_likelihood: -490.195_980_228_6,
        plain: [
            3.776_543_620_215,
            0.070_246_179_473,
            1.151_427_075_183,
            0.701_207_539_547,
            0.775_322_843_042,
        ],
        first: [
            3.914_274_516_327,
            0.072_914_812_628,
            1.195_601_173_356,
            0.702_923_655_263,
            0.777_077_886_675,
        ],
        second: [
            3.914_274_516_328,
            0.072_914_812_628,
            1.195_601_173_356,
            0.702_923_655_250,
            0.777_077_886_675,
        ],
        df: [58.118_270_767, 55.864_496_891, 56.374_457_632, 55.435_992_732, 58.371_254_902],
    },
];

#[test]
fn every_structure_has_the_small_sample_inference_of_a_second_implementation() {
    let Visits { y, baseline, arm, second, third, participant, visit } = visits();
    let columns: [&[f64]; 4] = [&baseline, &arm, &second, &third];
    for row in STRUCTURES {
        for df in [MixedDf::Satterthwaite, MixedDf::KenwardRoger, MixedDf::KenwardRogerFirstOrder] {
            let options = MixedOptions {
                covariance: row.covariance,
                df,
                information: Some(row.information),
                ..MixedOptions::default()
            };
            let times = [1.0, 2.0, 3.0];
            let f = repeated_measures_at(&y, &columns, &participant, &visit, &times, options).unwrap();
            close(f.log_likelihood, row.log_likelihood, 1e-12);
            let errors = match df {
                MixedDf::KenwardRoger => row.second,
                MixedDf::KenwardRogerFirstOrder => row.first,
                _ => row.plain,
            };
            for (k, c) in f.coefficients.iter().flatten().enumerate() {
                close(c.standard_error, errors[k], 1e-8);
                close(c.test.df.unwrap(), row.df[k], 1e-7);
            }
        }
    }
}

/// SAS/STAT User's Guide, PROC MIXED, example "Random Coefficients" (stability data of Obenchain 1990): printed values.
#[test]
fn random_coefficients_of_the_sas_guide_are_found() {
    let lines = [
        (1, 0, "101.2 103.3 103.3 102.1 104.4 102.4"),
        (1, 1, "98.8 99.4 99.7 99.5"),
        (1, 3, "98.4 99.0 97.3 99.8"),
        (1, 6, "101.5 100.2 101.7 102.7"),
        (1, 9, "96.3 97.2 97.2 96.3"),
        (1, 12, "97.3 97.9 96.8 97.7 97.7 96.7"),
        (2, 0, "102.6 102.7 102.4 102.1 102.9 102.6"),
        (2, 1, "99.1 99.0 99.9 100.6"),
        (2, 3, "105.7 103.3 103.4 104.0"),
        (2, 6, "101.3 101.5 100.9 101.4"),
        (2, 9, "94.1 96.5 97.2 95.6"),
        (2, 12, "93.1 92.8 95.4 92.2 92.2 93.0"),
        (3, 0, "105.1 103.9 106.1 104.1 103.7 104.6"),
        (3, 1, "102.2 102.0 100.8 99.8"),
        (3, 3, "101.2 101.8 100.8 102.6"),
        (3, 6, "101.1 102.0 100.1 100.2"),
        (3, 9, "100.9 99.5 102.2 100.8"),
        (3, 12, "97.8 98.3 96.9 98.4 96.9 96.5"),
    ];
    // a code for each month and replicate
    let months = [0, 1, 3, 6, 9, 12];
    let times: Vec<f64> = months.iter().flat_map(|m| [f64::from(*m); 6]).collect();
    let (mut y, mut month, mut batch, mut code) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (b, m, values) in lines {
        let place = months.iter().position(|x| *x == m).unwrap();
        for (k, v) in values.split(' ').enumerate() {
            y.push(v.parse::<f64>().unwrap());
            month.push(f64::from(m));
            batch.push(b);
            code.push(6 * place + k);
        }
    }
    assert_eq!(y.len(), 84);
    let options = MixedOptions {
        covariance: Covariance::RandomSlope,
        df: MixedDf::Containment,
        ..MixedOptions::default()
    };
    let f = repeated_measures_at(&y, &[&month], &batch, &code, &times, options).unwrap();
    // Printed with four or five digits.
    let printed = |got: f64, shown: f64, half: f64| assert!((got - shown).abs() <= half, "{got} for {shown}");
    printed(-2.0 * f.log_likelihood, 350.3, 0.05);
    let parameters: Vec<f64> = f.parameters.iter().map(|p| p.1).collect();
    for (got, (shown, half)) in
        parameters.iter().zip([(0.9768, 5e-5), (-0.1045, 5e-5), (0.03717, 5e-6), (3.2932, 5e-5)])
    {
        printed(*got, shown, half);
    }
    let [Some(intercept), Some(slope)] = &f.coefficients[..] else { panic!("two coefficients") };
    printed(intercept.estimate.estimate, 102.70, 0.005);
    printed(intercept.standard_error, 0.6456, 5e-5);
    printed(slope.estimate.estimate, -0.5259, 5e-5);
    printed(slope.standard_error, 0.1194, 5e-5);
    printed(slope.test.p, 0.0478, 5e-5);
    assert_eq!([intercept.test.df, slope.test.df], [Some(2.0), Some(2.0)]);
}

/// nlme::lme, and the rules of SAS on the same rows: 60 participants, 166 rows, 3 coefficients between and 2 within.
#[test]
fn counted_degrees_of_freedom_follow_sas_or_r_by_name() {
    let Visits { y, baseline, arm, second, third, participant, visit } = visits();
    let columns: [&[f64]; 4] = [&baseline, &arm, &second, &third];
    let fit = |covariance, df| {
        let options = MixedOptions { covariance, df, ..MixedOptions::default() };
        let f = repeated_measures(&y, &columns, &participant, &visit, options)?;
        Ok(f.coefficients.iter().flatten().filter_map(|c| c.test.df).collect::<Vec<_>>())
    };
    let of = |covariance, df| -> Vec<f64> { crate::Result::unwrap(fit(covariance, df)) };
    assert_eq!(of(Covariance::CompoundSymmetry, MixedDf::BetweenWithin), [57.0, 57.0, 57.0, 104.0, 104.0]);
    assert_eq!(of(Covariance::Unstructured, MixedDf::BetweenWithin), [57.0; 5]);
    assert_eq!(of(Covariance::RandomIntercept, MixedDf::BetweenWithinR), [104.0, 57.0, 57.0, 104.0, 104.0]);
    assert_eq!(of(Covariance::Unstructured, MixedDf::BetweenWithinR), [104.0, 57.0, 57.0, 104.0, 104.0]);
    assert_eq!(of(Covariance::RandomIntercept, MixedDf::Containment), [57.0, 57.0, 57.0, 104.0, 104.0]);
    assert!(fit(Covariance::Ar1, MixedDf::Containment).is_err());
}

/// Negative correlation: no variance between participants can give it.
#[test]
fn a_random_intercept_without_variance_is_refused_and_compound_symmetry_is_not() {
    let mut y = Vec::new();
    let (mut participant, mut visit) = (Vec::new(), Vec::new());
    for i in 0..12 {
        let d = [1.0, 2.0, 0.5, 1.5][i % 4];
        y.extend([10.0 + d + 0.01 * i as f64, 10.0 - d]);
        participant.extend([i, i]);
        visit.extend([0, 1]);
    }
    let fit = |covariance| {
        let options = MixedOptions { covariance, ..MixedOptions::default() };
        repeated_measures(&y, &[], &participant, &visit, options)
    };
    assert!(fit(Covariance::RandomIntercept).unwrap_err().to_string().contains("compound-symmetry"));
    assert!(fit(Covariance::CompoundSymmetry).unwrap().visits[0][1] < 0.0);
}

//! The normal distribution, with upper tails and logarithms kept to full relative precision.

use std::f64::consts::PI;

const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;
/// ln sqrt(2 pi)
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

// Rational Chebyshev approximations: Cody, Math. Comp. 23 (1969) 631-637; coefficients as tabulated there
// for the normal integral.
const CENTRE_NUM: [f64; 5] = [
    0.065_682_337_918_207_449_113,
    2.235_252_035_460_683_928_7,
    161.028_231_068_555_878_81,
    1_067.689_485_460_370_958_2,
    18_154.981_253_343_561_249,
];
const CENTRE_DEN: [f64; 5] = [
    1.0,
    47.202_581_904_688_241_87,
    976.098_551_737_776_693_22,
    10_260.932_208_618_978_205,
    45_507.789_335_026_729_956,
];
const MIDDLE_NUM: [f64; 9] = [
    1.076_557_677_372_019_231_7e-8,
    0.398_941_512_088_134_667_64,
    8.883_149_794_388_375_941_2,
    93.506_656_132_177_855_979,
    597.270_276_394_800_262_26,
    2_494.537_585_290_372_671_1,
    6_848.190_450_536_282_332_6,
    11_602.651_437_647_350_124,
    9_842.714_838_383_978_021_8,
];
const MIDDLE_DEN: [f64; 9] = [
    1.0,
    22.266_688_044_328_115_691,
    235.387_901_782_624_998_61,
    1_519.377_599_407_554_805,
    6_485.558_298_266_760_755,
    18_615.571_640_885_098_091,
    34_900.952_721_145_977_266,
    38_912.003_286_093_271_411,
    19_685.429_676_859_990_727,
];
const TAIL_NUM: [f64; 6] = [
    0.023_073_441_764_940_173_03,
    0.215_898_534_057_956_99,
    0.127_401_161_160_247_363_9,
    0.022_235_277_870_649_807,
    0.001_421_619_193_227_893_466,
    2.911_287_495_116_879_2e-5,
];
const TAIL_DEN: [f64; 6] = [
    1.0,
    1.284_260_096_144_911_21,
    0.468_238_212_480_865_118,
    0.065_988_137_868_928_551_5,
    0.003_782_396_332_027_582_44,
    7.297_515_550_839_662_05e-5,
];

fn horner(c: &[f64], x: f64) -> f64 {
    c.iter().fold(0.0, |s, &v| s * x + v)
}

/// Phi(x) - 1/2 for |x| <= 0.67448975.
fn centre(x: f64) -> f64 {
    x * horner(&CENTRE_NUM, x * x) / horner(&CENTRE_DEN, x * x)
}

/// exp(y^2/2) (1 - Phi(y)) for y > 0.67448975: the scaled upper tail.
fn scaled_tail(y: f64) -> f64 {
    if y < 5.656_854_249_492_381 {
        horner(&MIDDLE_NUM, y) / horner(&MIDDLE_DEN, y)
    } else {
        let s = 1.0 / (y * y);
        (FRAC_1_SQRT_2PI - s * horner(&TAIL_NUM, s) / horner(&TAIL_DEN, s)) / y
    }
}

/// exp(-y^2/2) without the rounding of y^2: y is split at sixteenths.
fn exp_half_square(y: f64) -> f64 {
    let head = (y * 16.0).trunc() / 16.0;
    (-0.5 * head * head).exp() * (-0.5 * (y - head) * (y + head)).exp()
}

const CENTRE_LIMIT: f64 = 0.674_489_75;

/// Upper tail P(Z > x) of the standard normal distribution. Relative precision down to the smallest numbers.
pub fn norm_sf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let y = x.abs();
    if y <= CENTRE_LIMIT {
        return 0.5 - centre(x);
    }
    if y > 39.0 {
        return if x > 0.0 { 0.0 } else { 1.0 };
    }
    let tail = exp_half_square(y) * scaled_tail(y);
    if x > 0.0 { tail } else { 1.0 - tail }
}

/// Distribution function P(Z <= x) of the standard normal distribution.
pub fn norm_cdf(x: f64) -> f64 {
    norm_sf(-x)
}

/// Density of the standard normal distribution.
pub fn norm_pdf(x: f64) -> f64 {
    FRAC_1_SQRT_2PI * exp_half_square(x.abs())
}

/// ln P(Z > x), finite for every finite x.
pub fn norm_log_sf(x: f64) -> f64 {
    if x > CENTRE_LIMIT {
        if x.is_infinite() { f64::NEG_INFINITY } else { -0.5 * x * x + scaled_tail(x).ln() }
    } else if x >= -CENTRE_LIMIT {
        norm_sf(x).ln()
    } else {
        // The upper tail is near one: its complement is the small number.
        (-norm_sf(-x)).ln_1p()
    }
}

/// ln P(Z <= x).
pub fn norm_log_cdf(x: f64) -> f64 {
    norm_log_sf(-x)
}

// Wichura, Algorithm AS 241, Applied Statistics 37 (1988) 477-484, routine PPND16.
const Q_CENTRE: ([f64; 8], [f64; 8]) = (
    [
        2_509.080_928_730_122_672_7,
        33_430.575_583_588_128_105,
        67_265.770_927_008_700_853,
        45_921.953_931_549_871_457,
        13_731.693_765_509_461_125,
        1_971.590_950_306_551_442_7,
        133.141_667_891_784_377_45,
        3.387_132_872_796_366_608,
    ],
    [
        5_226.495_278_852_854_561,
        28_729.085_735_721_942_674,
        39_307.895_800_092_710_61,
        21_213.794_301_586_595_867,
        5_394.196_021_424_751_107_7,
        687.187_007_492_057_908_3,
        42.313_330_701_600_911_252,
        1.0,
    ],
);
const Q_MIDDLE: ([f64; 8], [f64; 8]) = (
    [
        7.745_450_142_783_414_076_4e-4,
        0.022_723_844_989_269_184_583_3,
        0.241_780_725_177_450_611_77,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_5,
        4.630_337_846_156_545_295_9,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946e-4,
        0.015_198_666_563_616_457_196_6,
        0.148_103_976_427_480_074_59,
        0.689_767_334_985_100_004_55,
        1.676_384_830_183_803_849_4,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
);
const Q_TAIL: ([f64; 8], [f64; 8]) = (
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        0.001_242_660_947_388_078_438_6,
        0.026_532_189_526_576_123_093,
        0.296_560_571_828_504_891_23,
        1.784_826_539_917_291_335_8,
        5.463_784_911_164_114_369_9,
        6.657_904_643_501_103_777_2,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_7e-7,
        1.846_318_317_510_054_681_8e-5,
        7.868_691_311_456_132_591e-4,
        0.014_875_361_290_850_614_852_5,
        0.136_929_880_922_735_805_31,
        0.599_832_206_555_887_937_69,
        1.0,
    ],
);

/// The x > 0 whose upper tail has logarithm `ln_p` (p < 0.075).
fn tail_quantile(ln_p: f64) -> f64 {
    let r = (-ln_p).sqrt();
    let x = if r <= 5.0 {
        horner(&Q_MIDDLE.0, r - 1.6) / horner(&Q_MIDDLE.1, r - 1.6)
    } else if r <= 27.0 {
        horner(&Q_TAIL.0, r - 5.0) / horner(&Q_TAIL.1, r - 5.0)
    } else {
        // x^2/2 + ln x + ln sqrt(2 pi) + O(1/x^2) = -ln p, started there and refined below
        let s = -2.0 * ln_p;
        (s - (2.0 * PI * s).ln()).sqrt()
    };
    let steps = if r <= 27.0 { 1 } else { 4 };
    (0..steps).fold(x, |x, _| {
        // Newton on the log tail; its slope is the inverse Mills ratio.
        x + (norm_log_sf(x) - ln_p) * scaled_tail(x) / FRAC_1_SQRT_2PI
    })
}

/// Upper quantile: the x with P(Z > x) = p. `p` outside [0, 1] gives NaN, 0 and 1 give the infinities.
pub fn norm_isf(p: f64) -> f64 {
    -norm_quantile(p)
}

/// Quantile: the x with P(Z <= x) = p. `p` outside [0, 1] gives NaN, 0 and 1 give the infinities.
pub fn norm_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(&Q_CENTRE.0, r) / horner(&Q_CENTRE.1, r);
    }
    if q < 0.0 { -tail_quantile(p.ln()) } else { tail_quantile((1.0 - p).ln()) }
}

/// Quantile from the logarithm of the upper tail: the x with ln P(Z > x) = `ln_p`, for p below any normal number.
pub fn norm_isf_ln(ln_p: f64) -> f64 {
    if ln_p.is_nan() || ln_p > 0.0 {
        return f64::NAN;
    }
    if ln_p < -3.0 {
        return if ln_p.is_infinite() { f64::INFINITY } else { tail_quantile(ln_p) };
    }
    // 1 - p without cancellation decides which side carries the digits
    let upper = -ln_p.exp_m1();
    if upper < 0.05 { norm_quantile(upper) } else { norm_isf(ln_p.exp()) }
}

/// Complementary error function.
pub fn erfc(x: f64) -> f64 {
    2.0 * norm_sf(x * std::f64::consts::SQRT_2)
}

use super::*;

/// Two readings of 51 glands in 21 patients, rows as `(patient, test, answer)`.
fn readings() -> (Vec<f64>, Vec<f64>, Vec<usize>) {
    const GLANDS: [(u64, u64, u64, u64); 21] = include!("../thyroids.in");
    let (mut y, mut test, mut patient) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (a, b, c, d)) in GLANDS.into_iter().enumerate() {
        for (count, pet, spect) in [(a, 1.0, 1.0), (b, 1.0, 0.0), (c, 0.0, 1.0), (d, 0.0, 0.0)] {
            for _ in 0..count {
                y.extend([pet, spect]);
                test.extend([1.0, 0.0]);
                patient.extend([i, i]);
            }
        }
    }
    (y, test, patient)
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs(), "{got} for {expected}");
}

fn fit(options: GeeOptions) -> GeeFit {
    let (y, test, cluster) = readings();
    gee(&GeeData { y: &y, columns: &[&test], cluster: &cluster, offset: None }, options).unwrap()
}

/// geepack 1.3.9 and gee 4.13 on the same rows.
#[test]
fn both_denominators_give_the_numbers_of_their_packages() {
    let plain = GeeOptions { denominators: Denominators::Uncorrected, ..GeeOptions::default() };
    let f = fit(plain);
    close(f.coefficients[1].unwrap(), -0.9400404326209928, 1e-10);
    close(f.alpha, 0.12515307473470974, 1e-9);
    close(f.standard_errors(GeeVariance::Robust)[1], 0.44794182652326014, 1e-10);
    close(f.standard_errors(GeeVariance::Naive)[1], 0.5641298318184365, 1e-10);
    let f = fit(GeeOptions::default());
    close(f.coefficients[1].unwrap(), -0.9399274871572332, 1e-10);
    close(f.alpha, 0.12380674723180449, 1e-9);
    close(f.scale, 1.0468951970339897, 1e-10);
}

#[test]
fn small_sample_variances_grow_from_robust_to_mancl_derouen() {
    for correlation in [Correlation::Independence, Correlation::Exchangeable, Correlation::Ar1] {
        let f = fit(GeeOptions { correlation, ..GeeOptions::default() });
        let se = |kind| f.standard_errors(kind)[1];
        let (lz, kc, md) =
            (se(GeeVariance::Robust), se(GeeVariance::KauermannCarroll), se(GeeVariance::ManclDeRouen));
        assert!(lz < kc && kc < md, "{lz} {kc} {md}");
        assert!(se(GeeVariance::FayGraubard) > lz);
    }
}

/// With an intercept only, independence and one size m per cluster, the leverage of each cluster is 1/K: Mancl-DeRouen is
/// the sandwich times (K/(K-1))^2, Kauermann-Carroll and Fay-Graubard times K/(K-1).
#[test]
fn balanced_means_give_the_small_sample_factors_in_closed_form() {
    let y = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
    let cluster = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
    for correlation in [Correlation::Independence, Correlation::Exchangeable] {
        let options = GeeOptions { correlation, ..GeeOptions::default() };
        let f = gee(&GeeData { y: &y, columns: &[], cluster: &cluster, offset: None }, options).unwrap();
        let v = |kind| f.covariance(kind).get(0, 0);
        let robust = v(GeeVariance::Robust);
        close(v(GeeVariance::ManclDeRouen), robust * (4.0_f64 / 3.0).powi(2), 1e-9);
        close(v(GeeVariance::KauermannCarroll), robust * 4.0 / 3.0, 1e-9);
        close(v(GeeVariance::FayGraubard), robust * 4.0 / 3.0, 1e-9);
    }
}

/// A gaussian mean by group with independence: Kauermann-Carroll with clusters of one row is HC2, Mancl-DeRouen is HC3.
#[test]
fn clusters_of_one_row_give_the_heteroscedastic_variances_of_least_squares() {
    let y = [1.0, 2.5, 0.5, 4.0, 3.0, 7.0, 5.5];
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0];
    let cluster: Vec<usize> = (0..7).collect();
    let options = GeeOptions {
        family: Family::Gaussian,
        link: Link::Identity,
        correlation: Correlation::Independence,
        ..GeeOptions::default()
    };
    let f = gee(&GeeData { y: &y, columns: &[&x], cluster: &cluster, offset: None }, options).unwrap();
    let n = 7.0;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sxx: f64 = x.iter().map(|v| (v - mx).powi(2)).sum();
    let b: f64 = x.iter().zip(y).map(|(v, w)| (v - mx) * (w - my)).sum::<f64>() / sxx;
    close(f.coefficients[1].unwrap(), b, 1e-12);
    let hc = |power: f64| {
        x.iter()
            .zip(y)
            .map(|(v, w)| {
                let r = w - my - b * (v - mx);
                let h = 1.0 / n + (v - mx).powi(2) / sxx;
                (v - mx).powi(2) * r * r / (1.0 - h).powf(power)
            })
            .sum::<f64>()
            / sxx
            / sxx
    };
    close(f.covariance(GeeVariance::KauermannCarroll).get(1, 1), hc(1.0), 1e-9);
    close(f.covariance(GeeVariance::ManclDeRouen).get(1, 1), hc(2.0), 1e-9);
}

#[test]
fn the_scale_of_a_covariate_and_the_order_of_rows_do_not_matter() {
    let (y, test, cluster) = readings();
    let first = fit(GeeOptions::default());
    let huge: Vec<f64> = test.iter().map(|t| 1e9 * t + 1e9).collect();
    let order: Vec<usize> = (0..y.len()).rev().collect();
    let pick = |v: &[f64]| order.iter().map(|&i| v[i]).collect::<Vec<_>>();
    let (y2, x2) = (pick(&y), pick(&huge));
    let c2: Vec<usize> = order.iter().map(|&i| cluster[i]).collect();
    let data = GeeData { y: &y2, columns: &[&x2], cluster: &c2, offset: None };
    let second = gee(&data, GeeOptions::default()).unwrap();
    close(second.coefficients[1].unwrap() * 1e9, first.coefficients[1].unwrap(), 1e-6);
}

#[test]
fn degenerate_data_are_refused_by_name() {
    let gee_of = |y: &[f64], x: &[f64], cluster: &[usize]| {
        let options = GeeOptions { correlation: Correlation::Independence, ..GeeOptions::default() };
        gee(&GeeData { y, columns: &[x], cluster, offset: None }, options)
    };
    let clusters = [0, 0, 1, 1, 2, 2];
    assert!(gee_of(&[], &[], &[]).is_err());
    assert!(gee_of(&[1.0; 6], &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], &clusters).is_err());
    // separation
    let e = gee_of(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], &clusters).unwrap_err();
    assert!(e.to_string().contains("separation") || e.to_string().contains("exactly"), "{e}");
    assert!(gee_of(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], &[1.0; 6], &[0; 6]).is_err());
    assert!(gee_of(&[0.0, 2.0, 0.0, 1.0, 0.0, 1.0], &[1.0; 6], &clusters).is_err());
    // a column that repeats the intercept is dropped and told
    let f = gee_of(&[0.0, 1.0, 0.0, 1.0, 0.0, 0.0], &[1.0; 6], &clusters);
    if let Ok(f) = f {
        assert_eq!(f.coefficients[1], None);
        assert!(f.warnings.iter().any(|w| w.code() == "collinear-columns"));
    }
}

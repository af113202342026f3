//! Days of the body's own events: death, progression, and the like.

use crate::draw::Stream;
use crate::generate::{Drawn, later};
use crate::plan::{Latent, Piece};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Years to an event whose cumulative hazard reaches `target`; `None` when the hazard ends before.
pub fn years_to(pieces: &[Piece], factor: f64, target: f64) -> Option<f64> {
    let (mut start, mut sum) = (0.0, 0.0);
    for p in pieces {
        let rate = p.rate * factor;
        let end = p.to.unwrap_or(f64::INFINITY);
        let within = rate * (end - start);
        if rate > 0.0 && sum + within >= target {
            return Some(start + (target - sum) / rate);
        }
        sum += within.max(0.0);
        start = end;
    }
    None
}

/// The day of one event. The participant's `constitution` (standard normal; large is robust) enters by a Gaussian copula: the share `loading`
/// of this event's own normal comes from it, so that events go together while each keeps its margin.
pub fn day(
    latent: &Latent,
    from: Date,
    arm: Option<&str>,
    vars: &BTreeMap<String, Drawn>,
    constitution: f64,
    s: &mut Stream,
) -> Option<Date> {
    let own = s.normal();
    let z = latent.loading * constitution + (1.0 - latent.loading * latent.loading).max(0.0).sqrt() * own;
    // A large z is a late event: the cumulative hazard at the event is -ln(1 - Phi(z)).
    let target = -stats::special::norm_log_sf(z);
    let pieces = arm.and_then(|a| latent.hazard.get(a)).or_else(|| latent.hazard.get("all"))?;
    let factor: f64 = latent
        .effects
        .iter()
        .filter_map(|(var, by)| match vars.get(var)? {
            Drawn::Text(level) => by.get(level).copied(),
            Drawn::Boolean(b) => by.get(if *b { "true" } else { "false" }).copied(),
            _ => None,
        })
        .product();
    let years = years_to(pieces, factor, target)?;
    Some(later(from, (years * 365.25).ceil().min(200_000.0) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cumulative_hazard_is_walked_piece_by_piece() {
        let pieces = [Piece { to: Some(1.0), rate: 0.1 }, Piece { to: None, rate: 0.5 }];
        assert_eq!(years_to(&pieces, 1.0, 0.05), Some(0.5));
        assert_eq!(years_to(&pieces, 1.0, 0.6), Some(2.0));
        assert_eq!(years_to(&pieces, 2.0, 0.2), Some(1.0));
        assert_eq!(years_to(&[Piece { to: Some(1.0), rate: 0.1 }], 1.0, 0.2), None);
    }

    #[test]
    fn a_common_constitution_leaves_the_margin_as_planned() {
        let latent = Latent {
            from: "s".into(),
            event: None,
            unless: None,
            only: None,
            on: None,
            hazard: [("all".to_owned(), vec![Piece { to: None, rate: 0.2 }])].into_iter().collect(),
            loading: 0.8,
            effects: Default::default(),
            before: vec![],
        };
        let from = jiff::civil::date(2020, 1, 1);
        let n = 20_000u32;
        let mut early = 0;
        for i in 0..n {
            let constitution = Stream::new(3, i, "constitution").normal();
            let d = day(&latent, from, None, &BTreeMap::new(), constitution, &mut Stream::new(3, i, "death"))
                .unwrap();
            early += u32::from(d <= later(from, 1826));
        }
        let share = f64::from(early) / f64::from(n);
        let wanted = 1.0 - (-1.0f64).exp();
        assert!((share - wanted).abs() < 4.0 * (wanted * (1.0 - wanted) / f64::from(n)).sqrt(), "{share}");
    }
}

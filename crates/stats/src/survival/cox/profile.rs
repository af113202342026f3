//! Profile-likelihood limits of a coefficient.
use super::fit::{CoxFit, Search};
use crate::special::chi2_isf;
use crate::{Result, StatsError};

impl CoxFit {
    /// Limits of coefficient `column` where twice the fall of the maximised log-likelihood reaches the
    /// chi-square quantile (Venzon and Moolgavkar 1988). `None` on a side without a limit.
    pub fn profile_limits(&self, column: usize, level: f64) -> Result<(Option<f64>, Option<f64>)> {
        super::super::data::check_level(level)?;
        let c = self.coefficients.get(column).ok_or(StatsError::GroupCode {
            row: 0,
            code: column,
            groups: self.coefficients.len(),
        })?;
        let (Some(_), Some(se)) = (c.estimate, c.se) else { return Ok((None, None)) };
        let rows = &self.model.rows;
        let centre = self.model.beta[column];
        let se = se * rows.scale[column];
        let target = chi2_isf(1.0 - level, 1.0);
        let bound = |side: f64| -> Result<Option<f64>> {
            let mut at = centre + side * se * target.sqrt();
            // The limit lies between the inner and the outer value.
            let (mut inner, mut outer) = (centre, None);
            let mut start = self.model.beta.clone();
            for _ in 0..100 {
                let mut search = Search::new(rows, &self.model.options);
                start[column] = at;
                search.fixed = vec![column];
                search.start = start.clone();
                let found = search.run()?;
                let fall = 2.0 * (self.loglik[1] - found.at.loglik) - target;
                search.fixed.clear();
                let slope = -2.0 * search.evaluate(&found.beta).score[column];
                start = found.beta;
                if fall < 0.0 {
                    inner = at;
                } else {
                    outer = Some(at);
                }
                let step = fall / slope;
                if fall.abs() < 1e-11 * target || step.abs() < 1e-12 * at.abs().max(se) {
                    return Ok(Some((at - step) / rows.scale[column]));
                }
                let newton = at - step;
                let inside = |v: f64| (v - inner) * side > 0.0 && outer.is_none_or(|o| (o - v) * side > 0.0);
                at = match outer {
                    _ if newton.is_finite() && inside(newton) && (newton - centre).abs() < 1e3 * se => newton,
                    Some(o) => (inner + o) / 2.0,
                    None => at + side * 2.0 * (at - centre).abs(),
                };
                if (at - centre).abs() > 1e4 * se {
                    return Ok(None);
                }
            }
            Err(StatsError::NoConvergence {
                method: "profile limits",
                iterations: 100,
                advice: "the likelihood is flat; use Firth's correction",
            })
        };
        Ok((bound(-1.0)?, bound(1.0)?))
    }
}

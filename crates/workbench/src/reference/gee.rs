//! Records of estimating equations.
use super::Method;

pub(super) const METHODS: &[Method] = &[];

//! Records of paired diagnostic tests.
use super::Method;

pub(super) const METHODS: &[Method] = &[];

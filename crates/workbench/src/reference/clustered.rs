//! Records of clustered binary data.
use super::Method;

pub(super) const METHODS: &[Method] = &[];

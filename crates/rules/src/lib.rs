//! Typed, three-valued expressions in CEL syntax.
#![forbid(unsafe_code)]

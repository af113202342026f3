//! Figures, tables and pages from result rows; only lays out, never computes.
#![forbid(unsafe_code)]

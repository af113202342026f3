//! The web pages and the JSON API.
#![forbid(unsafe_code)]

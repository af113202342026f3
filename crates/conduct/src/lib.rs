//! What may happen in a trial: command and state to events; events to state; who may see what.
#![forbid(unsafe_code)]

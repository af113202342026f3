//! Progress of long work: a line that moves on a terminal, nothing in a pipe.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

pub struct Progress {
    shown: bool,
    last: Instant,
}

impl Progress {
    pub fn new() -> Progress {
        Progress { shown: false, last: Instant::now() }
    }

    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        let mut err = std::io::stderr();
        if err.is_terminal() && (!self.shown || self.last.elapsed() > Duration::from_millis(100)) {
            let _ = write!(err, "\r\x1b[2K{}", text());
            let _ = err.flush();
            (self.shown, self.last) = (true, Instant::now());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

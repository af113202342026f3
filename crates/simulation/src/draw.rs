//! Random numbers: counter-based, so that each participant's fate depends on the seed and the participant alone,
//! not on the order of work or the number of threads.
//!
//! Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): the key is the seed, the counter is
//! (participant, purpose, block).

use stats::random::philox_block;

/// A stream of numbers for one participant and one purpose.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    who: u32,
    purpose: u32,
    block: u32,
    left: Vec<u32>,
}

impl Stream {
    /// `purpose` is any text: `person`, `visit follow_up 3`.
    pub fn new(seed: u64, who: u32, purpose: &str) -> Stream {
        // FNV-1a: a name for the purpose, nothing secret.
        let purpose =
            purpose.bytes().fold(0x811C_9DC5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Stream { key: [seed as u32, (seed >> 32) as u32], who, purpose, block: 0, left: Vec::new() }
    }

    pub fn bits(&mut self) -> u32 {
        if let Some(bits) = self.left.pop() {
            return bits;
        }
        let mut four = philox_block([self.block, self.purpose, self.who, 0], self.key);
        self.block = self.block.wrapping_add(1);
        four.reverse();
        self.left.extend_from_slice(&four[..3]);
        four[3]
    }

    /// Uniform on the open interval (0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        let high = u64::from(self.bits()) << 21 | u64::from(self.bits()) >> 11;
        (high as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// Standard normal (Box and Muller 1958; one of the pair is used, so that a stream's length says how much was drawn).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Poisson by inversion; `mean` up to some hundreds.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let (mut k, mut p) = (0, (-mean).exp());
        let (mut sum, u) = (p, self.unit());
        while u > sum && k < 10_000 {
            k += 1;
            p *= mean / f64::from(k);
            sum += p;
        }
        k
    }

    /// 32 bytes, such as a payload's salt.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        for chunk in out.chunks_exact_mut(4) {
            chunk.copy_from_slice(&self.bits().to_le_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_participant_and_purpose_and_repeat_by_seed() {
        let take = |seed, who, purpose: &str| {
            let mut s = Stream::new(seed, who, purpose);
            (0..8).map(|_| s.bits()).collect::<Vec<_>>()
        };
        assert_eq!(take(1, 5, "person"), take(1, 5, "person"));
        assert_ne!(take(1, 5, "person"), take(2, 5, "person"));
        assert_ne!(take(1, 5, "person"), take(1, 6, "person"));
        assert_ne!(take(1, 5, "person"), take(1, 5, "death"));
    }

    #[test]
    fn normal_and_poisson_have_their_moments() {
        let n = 40_000;
        let mut s = Stream::new(7, 0, "moments");
        let z: Vec<f64> = (0..n).map(|_| s.normal()).collect();
        let mean = z.iter().sum::<f64>() / n as f64;
        let var = z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 4.0 / (n as f64).sqrt(), "{mean}");
        assert!((var - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(), "{var}");
        let k: f64 = (0..n).map(|_| f64::from(s.poisson(1.7))).sum::<f64>() / n as f64;
        assert!((k - 1.7).abs() < 4.0 * (1.7 / n as f64).sqrt(), "{k}");
    }
}

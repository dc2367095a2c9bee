//! Files of edits, texts to start from, hashes, and repeating until enough time has passed.
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

pub struct Edit {
    pub pos: usize,
    pub del: usize,
    pub text: String,
    pub text_cp: usize,
}

pub fn edits(path: &str) -> Result<Vec<Edit>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    let mut at = 0;
    let mut word = || {
        at += 4;
        u32::from_le_bytes(bytes[at - 4..at].try_into().unwrap()) as usize
    };
    let n = word();
    let heads: Vec<[usize; 3]> = (0..n).map(|_| [word(), word(), word()]).collect();
    let mut list = Vec::with_capacity(n);
    for [pos, del, len] in heads {
        let text = std::str::from_utf8(&bytes[at..at + len]).map_err(|e| format!("{path}: {e}"))?;
        at += len;
        list.push(Edit { pos, del, text_cp: text.chars().count(), text: text.to_owned() });
    }
    Ok(list)
}

const ASCII: &str = "The quick brown fox jumps over the lazy dog; 0123456789 abcdef.\n";
const MIXED: &str = "Zażółć gęślą jaźń, 你好世界 😀 naïve façade, the quick fox 123\n";

pub fn base(kind: &str, n_cp: usize) -> String {
    let pattern = if kind == "mixed" { MIXED } else { ASCII };
    pattern.chars().cycle().take(n_cp).collect()
}

pub fn sha(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

pub fn number(words: &[&str], i: usize) -> Result<usize, String> {
    words.get(i).and_then(|w| w.parse().ok()).ok_or(format!("word {i} is no number"))
}

/// Times in ns, gathered until they sum up to what was asked for.
pub struct Laps {
    enough: Duration,
    sum: Duration,
    began: Instant,
    times: Vec<f64>,
}

impl Laps {
    pub fn new(min_ms: usize) -> Laps {
        Laps {
            enough: Duration::from_millis(min_ms as u64),
            sum: Duration::ZERO,
            began: Instant::now(),
            times: vec![],
        }
    }
    pub fn more(&self) -> bool {
        self.times.is_empty()
            || (self.sum < self.enough
                && self.times.len() < 4096
                && self.began.elapsed() < 3 * self.enough)
    }
    pub fn add(&mut self, start: Instant) {
        let took = start.elapsed();
        self.sum += took;
        self.times.push(took.as_nanos() as f64);
    }
    pub fn median(&mut self) -> f64 {
        self.times.sort_by(|a, b| a.total_cmp(b));
        self.times[self.times.len() / 2]
    }
}

//! The peers written in Rust, as one worker: a question per line in, an answer in JSON per line out.
//! The questions, and how a file of edits looks, stand in ../../README.md.
mod input;
mod ops;
mod ropes;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counted. Loads and stores instead of atomic additions: there is one
/// thread, and the peers shall not pay for the counting.
struct Counted;
static HELD: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        HELD.store(HELD.load(Relaxed) + l.size(), Relaxed);
        CALLS.store(CALLS.load(Relaxed) + 1, Relaxed);
        System.alloc(l)
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        HELD.store(HELD.load(Relaxed) - l.size(), Relaxed);
        System.dealloc(p, l)
    }
    unsafe fn realloc(&self, p: *mut u8, l: Layout, n: usize) -> *mut u8 {
        HELD.store(HELD.load(Relaxed) - l.size() + n, Relaxed);
        CALLS.store(CALLS.load(Relaxed) + 1, Relaxed);
        System.realloc(p, l, n)
    }
}

#[global_allocator]
static ALLOC: Counted = Counted;

pub fn held() -> usize {
    HELD.load(Relaxed)
}

pub fn calls() -> usize {
    CALLS.load(Relaxed)
}

fn answer(words: &[&str]) -> Result<String, String> {
    match (words[0], words.get(1).copied()) {
        ("edit" | "memory", _) => ropes::edit(words),
        ("convert", _) => ropes::convert(words),
        ("pair", Some("ot")) => ops::pair(words),
        ("allpairs", Some("ot")) => ops::all_pairs(words),
        ("compose", Some("ot")) => ops::compose(words),
        ("offline", Some("ot")) => ops::offline(words),
        ("apply", Some("ot")) => ops::apply(words),
        _ => Err(format!("unknown question: {}", words.join(" "))),
    }
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let said = answer(&words).unwrap_or_else(|why| format!("{{\"error\":\"{why}\"}}"));
        println!("{said}");
        std::io::stdout().flush().expect("a reader");
    }
}

//! The ropes: edits played into a text, memory held, positions converted.
use crate::input::{base, edits, number, sha, Edit, Laps};
use std::time::Instant;

trait Text {
    fn of(s: &str) -> Self;
    fn edit(&mut self, e: &Edit);
    /// Whatever was put off is done now.
    fn settle(&mut self) {}
    fn all(&self) -> String;
}

impl Text for jumprope::JumpRope {
    fn of(s: &str) -> Self {
        if s.is_empty() {
            Self::new()
        } else {
            Self::from(s)
        }
    }
    fn edit(&mut self, e: &Edit) {
        if e.del > 0 {
            self.remove(e.pos..e.pos + e.del);
        }
        if !e.text.is_empty() {
            self.insert(e.pos, &e.text);
        }
    }
    fn all(&self) -> String {
        self.to_string()
    }
}

impl Text for jumprope::JumpRopeBuf {
    fn of(s: &str) -> Self {
        if s.is_empty() {
            Self::new()
        } else {
            Self::new_from_str(s)
        }
    }
    fn edit(&mut self, e: &Edit) {
        if e.del > 0 {
            self.remove(e.pos..e.pos + e.del);
        }
        if !e.text.is_empty() {
            self.insert(e.pos, &e.text);
        }
    }
    fn settle(&mut self) {
        drop(self.borrow());
    }
    fn all(&self) -> String {
        self.borrow().to_string()
    }
}

impl Text for ropey::Rope {
    fn of(s: &str) -> Self {
        Self::from_str(s)
    }
    fn edit(&mut self, e: &Edit) {
        if e.del > 0 {
            self.remove(e.pos..e.pos + e.del);
        }
        if !e.text.is_empty() {
            self.insert(e.pos, &e.text);
        }
    }
    fn all(&self) -> String {
        self.to_string()
    }
}

/// crop counts bytes only: it is handed byte positions, made beforehand by `to_bytes`.
impl Text for crop::Rope {
    fn of(s: &str) -> Self {
        Self::from(s)
    }
    fn edit(&mut self, e: &Edit) {
        if e.del > 0 {
            self.delete(e.pos..e.pos + e.del);
        }
        if !e.text.is_empty() {
            self.insert(e.pos, &e.text);
        }
    }
    fn all(&self) -> String {
        self.to_string()
    }
}

fn to_bytes(start: &str, list: &mut [Edit]) {
    let mut text = ropey::Rope::from_str(start);
    for e in list {
        let from = text.char_to_byte(e.pos);
        let to = text.char_to_byte(e.pos + e.del);
        <ropey::Rope as Text>::edit(&mut text, e);
        e.pos = from;
        e.del = to - from;
    }
}

fn play<T: Text>(start: &str, list: &[Edit], min_ms: usize) -> String {
    let mut laps = Laps::new(min_ms);
    let mut end = String::new();
    while laps.more() {
        let mut text = T::of(start);
        let begin = Instant::now();
        for e in list {
            text.edit(e);
        }
        text.settle();
        laps.add(begin);
        if end.is_empty() {
            end = text.all();
        }
    }
    format!("{{\"ns\":{},\"n\":{},\"sha\":\"{}\"}}", laps.median(), list.len(), sha(&end))
}

fn weigh<T: Text>(start: &str, list: &[Edit]) -> String {
    let before = crate::held();
    let mut text = T::of(start);
    for e in list {
        text.edit(e);
    }
    text.settle();
    let bytes = crate::held() - before + std::mem::size_of::<T>();
    let end = text.all();
    format!("{{\"bytes\":{},\"text\":{},\"sha\":\"{}\"}}", bytes, end.len(), sha(&end))
}

/// edit LIB BASE_CP KIND FILE MIN_MS, memory LIB BASE_CP KIND FILE
pub fn edit(words: &[&str]) -> Result<String, String> {
    let start = base(words[3], number(words, 2)?);
    let mut list = if words[4] == "-" { vec![] } else { edits(words[4])? };
    let lib = words[1];
    if lib == "crop" {
        to_bytes(&start, &mut list);
    }
    let weighs = words[0] == "memory";
    let min_ms = if weighs { 0 } else { number(words, 5)? };
    Ok(match (lib, weighs) {
        ("jumprope", false) => play::<jumprope::JumpRope>(&start, &list, min_ms),
        ("jumprope-buffered", false) => play::<jumprope::JumpRopeBuf>(&start, &list, min_ms),
        ("ropey", false) => play::<ropey::Rope>(&start, &list, min_ms),
        ("crop", false) => play::<crop::Rope>(&start, &list, min_ms),
        ("jumprope", true) => weigh::<jumprope::JumpRope>(&start, &list),
        ("jumprope-buffered", true) => weigh::<jumprope::JumpRopeBuf>(&start, &list),
        ("ropey", true) => weigh::<ropey::Rope>(&start, &list),
        ("crop", true) => weigh::<crop::Rope>(&start, &list),
        _ => return Err(format!("unknown rope {lib}")),
    })
}

/// convert ropey N_CP COUNT MIN_MS: code points to UTF-16 units, at scattered places
pub fn convert(words: &[&str]) -> Result<String, String> {
    if words[1] != "ropey" {
        return Err(format!("{} does not convert", words[1]));
    }
    let (n, count) = (number(words, 2)?, number(words, 3)?);
    let text = ropey::Rope::from_str(&base("mixed", n));
    let mut laps = Laps::new(number(words, 4)?);
    let mut sum = 0u64;
    while laps.more() {
        let mut at = 12345u64;
        sum = 0;
        let begin = Instant::now();
        for _ in 0..count {
            at = (at * 1103515245 + 12345) & 0x7fffffff;
            sum += text.char_to_utf16_cu(at as usize % n) as u64;
        }
        laps.add(begin);
    }
    Ok(format!("{{\"ns\":{},\"n\":{count},\"sha\":\"{sum}\"}}", laps.median()))
}

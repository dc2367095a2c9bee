//! The operational-transform crate: the same questions as weft's own operations are asked.
use crate::input::{base, edits, number, sha, Edit, Laps};
use operational_transform::OperationSeq as Op;
use std::time::Instant;

/// Its operations know the length of the document: n code points before.
fn op_of(e: &Edit, n: usize) -> Op {
    let mut op = Op::default();
    op.retain(e.pos as u64);
    if e.del > 0 {
        op.delete(e.del as u64);
    }
    if !e.text.is_empty() {
        op.insert(&e.text);
    }
    op.retain((n - e.pos - e.del) as u64);
    op
}

/// Edits that follow one another, from a text of n code points.
fn sequence(list: &[Edit], mut n: usize) -> Vec<Op> {
    list.iter()
        .map(|e| {
            let op = op_of(e, n);
            n = n - e.del + e.text_cp;
            op
        })
        .collect()
}

fn compose_all(ops: &[Op]) -> Op {
    match ops.len() {
        1 => ops[0].clone(),
        2 => ops[0].compose(&ops[1]).unwrap(),
        n => compose_all(&ops[..n / 2]).compose(&compose_all(&ops[n / 2..])).unwrap(),
    }
}

/// pair ot FILE FILE BASE_CP MIN_MS: the i-th edits of both files against one text
pub fn pair(words: &[&str]) -> Result<String, String> {
    let n = number(words, 4)?;
    let a: Vec<Op> = edits(words[2])?.iter().map(|e| op_of(e, n)).collect();
    let b: Vec<Op> = edits(words[3])?.iter().map(|e| op_of(e, n)).collect();
    let start = base("ascii", n);
    let mut all = String::new();
    for (a, b) in a.iter().zip(&b) {
        let (moved, _) = a.transform(b).unwrap();
        all += &moved.apply(&b.apply(&start).unwrap()).unwrap();
    }
    let mut laps = Laps::new(number(words, 5)?);
    let mut calls = 0;
    while laps.more() {
        let before = crate::calls();
        let begin = Instant::now();
        for (a, b) in a.iter().zip(&b) {
            std::hint::black_box(a.transform(b).unwrap());
        }
        laps.add(begin);
        calls = crate::calls() - before;
    }
    let each = laps.median() / a.len() as f64;
    Ok(format!(
        "{{\"both_ns\":{each},\"allocs\":{},\"sha\":\"{}\"}}",
        calls as f64 / a.len() as f64,
        sha(&all)
    ))
}

/// allpairs ot FILE FILE BASE_CP N: N edits of each file, one author each
pub fn all_pairs(words: &[&str]) -> Result<String, String> {
    let (len, n) = (number(words, 4)?, number(words, 5)?);
    let mut a = sequence(&edits(words[2])?[..n], len);
    let mut b = sequence(&edits(words[3])?[..n], len);
    let mut text = base("ascii", len);
    text = compose_all(&b).apply(&text).unwrap();
    let begin = Instant::now();
    for a in a.iter_mut() {
        for b in b.iter_mut() {
            let (a2, b2) = a.transform(b).unwrap();
            *a = a2;
            *b = b2;
        }
    }
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    text = compose_all(&a).apply(&text).unwrap();
    Ok(format!("{{\"ms\":{ms},\"sha\":\"{}\"}}", sha(&text)))
}

/// compose ot FILE BASE_CP N MIN_MS
pub fn compose(words: &[&str]) -> Result<String, String> {
    let len = number(words, 3)?;
    let ops = sequence(&edits(words[2])?[..number(words, 4)?], len);
    let mut laps = Laps::new(number(words, 5)?);
    let mut one = Op::default();
    while laps.more() {
        let begin = Instant::now();
        one = compose_all(&ops);
        laps.add(begin);
    }
    let end = one.apply(&base("ascii", len)).unwrap();
    Ok(format!("{{\"ms\":{},\"sha\":\"{}\"}}", laps.median() / 1e6, sha(&end)))
}

/// offline ot LOGGED CLIENT BASE_CP
pub fn offline(words: &[&str]) -> Result<String, String> {
    let len = number(words, 4)?;
    let logged = sequence(&edits(words[2])?, len);
    let client = sequence(&edits(words[3])?, len);
    let begin = Instant::now();
    let c = compose_all(&client);
    let client_ms = begin.elapsed().as_secs_f64() * 1e3;
    let begin = Instant::now();
    let l = compose_all(&logged);
    let compose_ms = begin.elapsed().as_secs_f64() * 1e3;
    let begin = Instant::now();
    let (moved, _) = c.transform(&l).unwrap();
    let kept_ms = begin.elapsed().as_secs_f64() * 1e3;
    let text = moved.apply(&l.apply(&base("ascii", len)).unwrap()).unwrap();
    Ok(format!(
        "{{\"client_ms\":{client_ms},\"first_ms\":{},\"kept_ms\":{kept_ms},\"sha\":\"{}\"}}",
        compose_ms + kept_ms,
        sha(&text)
    ))
}

/// apply ot FILE BASE_CP MIN_MS: the file's edits as one operation onto a text
pub fn apply(words: &[&str]) -> Result<String, String> {
    let len = number(words, 3)?;
    let op = compose_all(&sequence(&edits(words[2])?, len));
    let start = base("ascii", len);
    let mut laps = Laps::new(number(words, 4)?);
    let mut end = String::new();
    while laps.more() {
        let begin = Instant::now();
        end = op.apply(&start).unwrap();
        laps.add(begin);
    }
    Ok(format!("{{\"ns\":{},\"sha\":\"{}\"}}", laps.median(), sha(&end)))
}

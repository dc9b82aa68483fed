//! A small mutator: what a fuzzer does, without what guides it.
//!
//! The libraries that do this on a stable compiler either bring an engine that has to be installed,
//! or make inputs from nothing instead of from a corpus, which never get past a parser's first brace.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};

/// Longer inputs only take longer.
const BYTES_MAX: usize = 4_096;

/// Changes of one input, at most.
const CHANGES_MAX: usize = 6;

/// What breaks parsers and those who believe them.
const WORDS: [&[u8]; 36] = [
    b"",
    b"\0",
    b"'",
    b"''",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"9223372036854775807",
    b"-9223372036854775809",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\x8b",
    "\u{fffd}é".as_bytes(),
    b"%00",
    b"%27",
    b"&",
    b"=",
    b"+",
    b"\r\n",
    b"*/1",
    b"\"value\":",
    b"\"Id\":7",
    b"\"meta\":{\"total\":\"1000000\"}",
    b"!429 5\n",
    b"!403\n",
    b"=\n[[",
];

/// One of `inputs`, changed here and there.
pub fn mutated(inputs: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut input = inputs.choose(rng).cloned().unwrap_or_default();
    for _ in 0..rng.random_range(1..=CHANGES_MAX) {
        change(&mut input, inputs, rng);
        input.truncate(BYTES_MAX);
    }
    input
}

fn change(input: &mut Vec<u8>, inputs: &[Vec<u8>], rng: &mut StdRng) {
    let (from, to) = range(input, rng);
    match rng.random_range(0..8) {
        0 => drop(input.drain(from..to)),
        1 => input.truncate(from),
        2 => {
            if let Some(byte) = input.get_mut(from) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        3 => input.insert(from, rng.random()),
        // Something that stands elsewhere in it, once more.
        4 => {
            let piece = input[from..to].to_vec();
            put(input, &piece, rng);
        }
        // Something of another input.
        5 => {
            let other = inputs.choose(rng).map_or(&[][..], Vec::as_slice);
            let (from, to) = range(other, rng);
            put(input, &other[from..to], rng);
        }
        6 => number(input, from, rng),
        _ => {
            let word = WORDS.choose(rng).copied().unwrap_or_default();
            put(input, word, rng);
        }
    }
}

/// A piece of at most 64 bytes.
fn range(input: &[u8], rng: &mut StdRng) -> (usize, usize) {
    let from = rng.random_range(0..=input.len());
    (from, rng.random_range(from..=input.len().min(from + 64)))
}

/// Puts a piece somewhere, between what is there or over it.
fn put(input: &mut Vec<u8>, piece: &[u8], rng: &mut StdRng) {
    let at = rng.random_range(0..=input.len());
    let over = if rng.random() { piece.len() } else { 0 };
    let end = input.len().min(at + over);
    input.splice(at..end, piece.iter().copied());
}

/// Makes another number of the first one after `from`.
fn number(input: &mut Vec<u8>, from: usize, rng: &mut StdRng) {
    let Some(start) = input[from..].iter().position(u8::is_ascii_digit) else { return };
    let start = from + start;
    let digits = input[start..].iter().take_while(|it| it.is_ascii_digit()).count();
    let other = match rng.random_range(0..4) {
        0 => rng.random_range(0..70).to_string(),
        1 => rng.random::<i64>().to_string(),
        2 => "0".repeat(digits),
        _ => "9".repeat(digits + 1),
    };
    input.splice(start..start + digits, other.into_bytes());
}

//! CPFs and CNPJs whose check digits are right.

use rand::{Rng as _, rngs::StdRng};

/// A CPF: eleven digits, bare or with its usual marks.
pub(super) fn cpf(rng: &mut StdRng) -> String {
    let mut digits: Vec<u32> = (0..9).map(|_| rng.random_range(0..10)).collect();
    // Eleven equal digits pass the check and are none all the same.
    digits[8] = (digits[0] + 1) % 10;
    for _ in 0..2 {
        let weights = (2..).take(digits.len());
        let sum: u32 = digits.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
        digits.push(check(sum));
    }
    let text: String = digits.iter().filter_map(|it| char::from_digit(*it, 10)).collect();
    if rng.random_bool(0.5) {
        return text;
    }
    format!("{}.{}.{}-{}", &text[..3], &text[3..6], &text[6..9], &text[9..])
}

/// A CNPJ: twelve digits, or since July 2026 capital letters too, and two check digits.
pub(super) fn cnpj(rng: &mut StdRng) -> String {
    let letters = rng.random_range(0..10) == 0;
    let mut text: String = (0..8)
        .map(|at| {
            if letters && at == 2 {
                char::from(rng.random_range(b'A'..=b'Z'))
            } else {
                char::from(rng.random_range(b'0'..=b'9'))
            }
        })
        .collect();
    text.push_str("0001");
    for _ in 0..2 {
        let weights = (2..=9).cycle();
        let value = |byte: u8| u32::from(byte - b'0');
        let sum = text.bytes().rev().zip(weights).map(|(byte, weight)| value(byte) * weight).sum();
        text.push(char::from_digit(check(sum), 10).expect("a check digit is below ten"));
    }
    if rng.random_bool(0.5) {
        return text;
    }
    format!("{}.{}.{}/{}-{}", &text[..2], &text[2..5], &text[5..8], &text[8..12], &text[12..])
}

/// Both documents: eleven minus the rest, where that is one digit.
fn check(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

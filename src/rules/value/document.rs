//! CPF and CNPJ: text with leading zeros, check digits verified, never "fixed".

use cpf_cnpj::{cnpj, cpf};

/// The eleven digits of a valid CPF.
pub(super) fn read_cpf(text: &str) -> Option<String> {
    let plain = without_punctuation(text);
    cpf::validate(&plain).then_some(plain)
}

/// The fourteen characters of a valid CNPJ; letters, which stand in those given out since July
/// 2026, in upper case.
pub(super) fn read_cnpj(text: &str) -> Option<String> {
    let plain = without_punctuation(text).to_ascii_uppercase();
    cnpj::validate(&plain).then_some(plain)
}

/// What may stand between the digits of a document; anything else makes it an invalid one.
fn without_punctuation(text: &str) -> String {
    text.trim().chars().filter(|c| !matches!(c, '.' | '-' | '/' | ' ')).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The check digit after `characters`: the rule of both documents, written a second time.
    fn check_digit(characters: &str, weights: impl Iterator<Item = u32>) -> char {
        let value = |c: char| u32::from(c) - u32::from('0');
        let sum: u32 = characters.chars().map(value).zip(weights).map(|(v, w)| v * w).sum();
        let rest = sum % 11;
        char::from_digit(if rest < 2 { 0 } else { 11 - rest }, 10).expect("below 10")
    }

    /// A valid CPF from its first nine digits.
    pub(in crate::rules) fn cpf_of(base: &str) -> String {
        let mut cpf = base.to_owned();
        for first in [10, 11] {
            cpf.push(check_digit(&cpf, (2..=first).rev()));
        }
        cpf
    }

    /// A valid CNPJ from its first twelve characters.
    pub(in crate::rules) fn cnpj_of(base: &str) -> String {
        let mut cnpj = base.to_owned();
        for first in [5, 6] {
            cnpj.push(check_digit(&cnpj, (2..=first).rev().chain((2..=9).rev())));
        }
        cnpj
    }

    #[test]
    fn a_valid_document_loses_its_punctuation_and_keeps_its_zeros() {
        let cpf = cpf_of("001234567");
        let typed = format!(" {}.{}.{}-{} ", &cpf[..3], &cpf[3..6], &cpf[6..9], &cpf[9..]);
        assert_eq!(read_cpf(&typed).as_deref(), Some(cpf.as_str()));
        assert!(cpf.starts_with("00"));

        let cnpj = cnpj_of("001234560001");
        let typed = format!("{}.{}/{}-{}", &cnpj[..2], &cnpj[2..8], &cnpj[8..12], &cnpj[12..]);
        assert_eq!(read_cnpj(&typed).as_deref(), Some(cnpj.as_str()));
    }

    #[test]
    fn a_cnpj_may_have_letters() {
        // The example of the tax office's own manual.
        assert_eq!(cnpj_of("12ABC34501DE"), "12ABC34501DE35");
        assert_eq!(read_cnpj("12.abc.345/01de-35").as_deref(), Some("12ABC34501DE35"));
        assert_eq!(read_cnpj("12.ABC.345/01DE-36"), None);
    }

    #[test]
    fn what_is_no_document_is_not_made_one() {
        let cpf = cpf_of("001234567");
        let full_width: String = cpf
            .chars()
            .filter_map(|c| char::from_u32(u32::from(c) - u32::from('0') + u32::from('０')))
            .collect();
        for text in [
            "",
            "11111111111",
            // A spreadsheet ate the leading zeros.
            &cpf[2..],
            &format!("{cpf}0"),
            &format!("CPF {cpf}"),
            &full_width,
        ] {
            assert_eq!(read_cpf(text), None, "{text}");
            assert_eq!(read_cnpj(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_document_reads_the_same_with_any_punctuation(
            base in "[0-9]{9}",
            marks in proptest::collection::vec("[./ -]{0,2}", 11),
        ) {
            prop_assume!(base.bytes().any(|byte| byte != base.as_bytes()[0]));
            let cpf = cpf_of(&base);
            let typed: String =
                marks.iter().zip(cpf.chars()).flat_map(|(m, c)| m.chars().chain([c])).collect();
            prop_assert_eq!(read_cpf(&typed), Some(cpf));
        }

        #[test]
        fn a_letter_of_a_cnpj_may_be_typed_small(base in "[0-9A-Z]{12}") {
            prop_assume!(base.bytes().any(|byte| byte != base.as_bytes()[0]));
            let cnpj = cnpj_of(&base);
            prop_assert_eq!(read_cnpj(&cnpj.to_lowercase()), Some(cnpj));
        }

        #[test]
        fn a_wrong_check_digit_makes_a_cpf_invalid(
            base in "[0-9]{9}", at in 9usize..11, by in 1u8..10,
        ) {
            let mut typed = cpf_of(&base).into_bytes();
            typed[at] = (typed[at] - b'0' + by) % 10 + b'0';
            let typed = String::from_utf8(typed).expect("digits");
            prop_assert_eq!(read_cpf(&typed), None);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            let _ = (read_cpf(&text), read_cnpj(&text));
        }
    }
}

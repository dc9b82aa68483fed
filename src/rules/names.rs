//! Names as people write them: compared without case and accents, and guessed where one is wrong.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A name without case, accents and surplus spaces: two names that fold to the same are the same.
pub fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            let letters = word.nfd().filter(|c| !is_combining_mark(*c));
            folded.extend(letters.flat_map(char::to_lowercase));
        }
    }
    folded
}

/// The items of this name: those written exactly so, else those that are written alike.
pub(super) fn named<'a, T>(
    name: &str,
    items: impl IntoIterator<Item = &'a T> + Clone,
    name_of: impl Fn(&T) -> &str,
) -> Vec<&'a T> {
    let name = name.trim();
    let exact: Vec<&T> =
        items.clone().into_iter().filter(|item| name_of(item).trim() == name).collect();
    if !exact.is_empty() {
        return exact;
    }
    let folded = fold(name);
    items.into_iter().filter(|item| fold(name_of(item)) == folded).collect()
}

/// The known word that is nearest to `word`, where one is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    let near = |known: &'a str| (strsim::damerau_levenshtein(&word, &fold(known)), known);
    // A third of the letters may be wrong; beyond that a guess misleads.
    known
        .into_iter()
        .map(near)
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.chars().count().div_ceil(3))
        .map(|(_, known)| known)
}

/// "did you mean …", or the first names that there are.
pub(super) fn suggest<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    // A list that is longer than this is not read.
    const SHOWN_MAX: usize = 8;
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean {near:?}?"));
    }
    let mut names: Vec<String> =
        known.into_iter().take(SHOWN_MAX + 1).map(|name| format!("{name:?}")).collect();
    if names.len() > SHOWN_MAX {
        names.truncate(SHOWN_MAX);
        names.push("…".to_owned());
    }
    (!names.is_empty()).then(|| format!("there is {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_accents_and_spaces_fold_to_the_same() {
        for (one, other) in [
            ("Não informado", "NAO INFORMADO"),
            ("  Lead   novo ", "lead novo"),
            ("Orçamento", "orcamento"),
            // The same letter composed and decomposed.
            ("caf\u{e9}", "cafe\u{301}"),
            ("ÀÉÎÕÜÇ", "aeiouc"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
        assert_ne!(fold("São Paulo"), fold("Sao Paolo"));
    }

    #[test]
    fn a_name_written_exactly_so_comes_before_one_written_alike() {
        let names = ["vendas".to_owned(), "Vendas".to_owned()];
        assert_eq!(named("Vendas", &names, String::as_str), [&names[1]]);
        assert_eq!(named("VENDAS", &names, String::as_str), [&names[0], &names[1]]);
        assert!(named("Compras", &names, String::as_str).is_empty());
    }

    #[test]
    fn a_near_name_is_guessed_and_others_are_listed() {
        let known = ["Vendas", "Pós-venda"];
        assert_eq!(suggest("Vedas", known).as_deref(), Some("did you mean \"Vendas\"?"));
        let listed = "there is \"Vendas\", \"Pós-venda\"";
        assert_eq!(suggest("Marketing", known).as_deref(), Some(listed));
        assert_eq!(suggest("Marketing", []), None);
    }
}

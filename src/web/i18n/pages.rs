//! The words of each page, both languages side by side.
//!
//! What goes into a sentence stands in braces, `{count}`, and is filled in by [`fill`]: the
//! languages place it differently.

mod contacts;
mod frame;
mod routes;
mod runs;
mod settings;

pub use contacts::{Leads, Person, Story, Waiting};
pub use frame::{Common, Frame, Notices, Refusals, SignIn};
pub use routes::{Dry, RouteForm, Routes};
pub use runs::{Jobs, Runs};
pub use settings::Settings;

/// Defines the words of a page, `name: "English", "português";`, with one value for each language.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $en:literal, $pt:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            $(#[doc = $en] pub $field: &'static str,)+
        }

        impl $name {
            pub(super) const ENGLISH: Self = Self { $($field: $en,)+ };
            pub(super) const PORTUGUESE: Self = Self { $($field: $pt,)+ };

            /// Each name with its words in English and in Portuguese.
            #[cfg(test)]
            pub(super) const PAIRS: &[(&str, &str, &str)] =
                &[$((stringify!($field), $en, $pt),)+];
        }
    };
}

use words;

/// Defines the set of pages out of their words.
macro_rules! pages {
    ($($field:ident: $page:ident,)+) => {
        /// The words of all pages, in one language.
        #[derive(Debug)]
        pub struct Pages {
            $(#[doc = concat!("Words of `", stringify!($page), "`.")] pub $field: $page,)+
        }

        pub(super) static ENGLISH: Pages = Pages { $($field: $page::ENGLISH,)+ };
        pub(super) static PORTUGUESE: Pages = Pages { $($field: $page::PORTUGUESE,)+ };

        #[cfg(test)]
        const ALL: &[(&str, &[(&str, &str, &str)])] =
            &[$((stringify!($field), $page::PAIRS),)+];
    };
}

pages! {
    common: Common,
    frame: Frame,
    sign_in: SignIn,
    notices: Notices,
    refusals: Refusals,
    leads: Leads,
    story: Story,
    waiting: Waiting,
    person: Person,
    runs: Runs,
    jobs: Jobs,
    routes: Routes,
    form: RouteForm,
    dry: Dry,
    settings: Settings,
}

/// Puts values into a sentence.
pub fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut text = words.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names in braces.
    fn holes(words: &str) -> BTreeSet<&str> {
        let pieces = words.split('{').skip(1);
        pieces.filter_map(|it| it.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_string_is_there_in_both_languages_with_the_same_values() {
        let mut count = 0;
        for (page, pairs) in ALL {
            for (name, english, portuguese) in *pairs {
                assert!(!english.trim().is_empty(), "{page}.{name}");
                assert!(!portuguese.trim().is_empty(), "{page}.{name}");
                assert_eq!(holes(english), holes(portuguese), "{page}.{name}");
                let typed = |words: &str| words.matches('`').count();
                assert_eq!(typed(english) % 2, 0, "{page}.{name}");
                assert_eq!(typed(english), typed(portuguese), "{page}.{name}");
                count += 1;
            }
        }
        assert!(count > 200, "{count}");
    }

    /// Words that both languages write alike.
    const ALIKE: [&str; 15] = [
        "ActiveCampaign",
        "Ploomes",
        "Leads",
        "Lead",
        "lead",
        "webhook",
        "Webhook",
        "id",
        "English",
        "Português",
        "JSON",
        "CSV",
        "HTML",
        "Drift",
        "Tags",
    ];

    #[test]
    fn what_is_the_same_in_both_languages_is_meant_to_be() {
        for (page, pairs) in ALL {
            for (name, english, portuguese) in *pairs {
                let alike = english == portuguese;
                assert!(!alike || ALIKE.contains(english), "{page}.{name}: {english}");
            }
        }
    }
}

//! Looks for a person in the bytes of files.

use std::{fs, path::Path};

/// Texts that tell who somebody is.
pub struct Person {
    pub name: &'static str,
    pub emails: &'static [&'static str],
    /// As typed, with what stands between the digits.
    pub phone: &'static str,
    pub cpf: &'static str,
}

/// Somebody of whom the ledger comes to know much.
pub const MARIA: Person = Person {
    name: "Márcia Aparecida Quaresma",
    emails: &["marcia.quaresma+site@example.com", "marcia.nova@example.com"],
    phone: "+55 (11) 98765-4321",
    cpf: "529.982.247-25",
};

impl Person {
    /// Every way in which a text of the person may be written.
    fn spellings(&self) -> Vec<Vec<u8>> {
        let words = self.name.split(' ').filter(|word| word.len() > 5);
        let mut texts: Vec<String> = words.map(str::to_owned).collect();
        texts.push(self.name.to_owned());
        texts.extend(self.emails.iter().map(|&it| it.to_owned()));
        for number in [self.phone, self.cpf] {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            texts.extend([number.to_owned(), digits.clone(), digits[2..].to_owned()]);
        }
        // A mobile as it was written before the ninth digit.
        texts.push("1187654321".to_owned());
        let cased = texts.iter().flat_map(|it| [it.clone(), it.to_lowercase(), it.to_uppercase()]);
        let mut all: Vec<Vec<u8>> = Vec::new();
        for text in cased {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let escaped = text.chars().fold(String::new(), |escaped, c| match c {
                c if c.is_ascii() => escaped + &c.to_string(),
                c => escaped + &format!("\\u{:04x}", u32::from(c)),
            });
            let all_encoded =
                text.bytes().fold(String::new(), |encoded, it| encoded + &format!("%{it:02X}"));
            let spelled = [encoded.to_lowercase(), encoded, escaped, all_encoded, text];
            all.extend(spelled.map(Into::into));
        }
        all.sort();
        all.dedup();
        all
    }

    /// Where anything of the person stands in the files of a directory, and in whatever text.
    pub fn found_in(&self, directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(self.found_in(&path));
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let what = self.within(&bytes);
            found.extend(what.into_iter().map(|it| format!("{}: {it}", path.display())));
        }
        found
    }

    /// What of the person stands in these bytes.
    pub fn within(&self, bytes: &[u8]) -> Vec<String> {
        self.spellings()
            .into_iter()
            .filter(|it| bytes.windows(it.len()).any(|window| window == &it[..]))
            .map(|it| {
                let at = bytes.windows(it.len()).position(|window| window == &it[..]).unwrap_or(0);
                let around = &bytes[at.saturating_sub(150)..(at + 150).min(bytes.len())];
                format!("{} in {:?}", String::from_utf8_lossy(&it), String::from_utf8_lossy(around))
            })
            .collect()
    }
}

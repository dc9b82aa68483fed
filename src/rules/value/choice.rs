//! Fields that take the id of something with a name: an option, a user, an origin.

use std::collections::BTreeMap;

use super::{fold, number};
use crate::domain::catalog::{Named, User};

/// The ids that a field takes, by name.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Choices {
    exact: BTreeMap<String, i64>,
    folded: BTreeMap<String, i64>,
    /// Whether an id may stand in place of a name.
    by_id: bool,
    remark: &'static str,
}

impl Choices {
    /// The options of a list, matched by name.
    pub(in crate::rules) fn of_options(options: &[Named]) -> Self {
        let names = options.iter().map(|it| (it.name.as_str(), it.id.0));
        Self::new(names, false, "is none of the field's options")
    }

    /// The origins of the account, matched by name or id.
    pub(in crate::rules) fn of_origins(origins: &[Named]) -> Self {
        let names = origins.iter().map(|it| (it.name.as_str(), it.id.0));
        Self::new(names, true, "is no origin of the account")
    }

    /// Whole numbers, and users who are not suspended by e-mail or name.
    pub(in crate::rules) fn of_users(users: &[User]) -> Self {
        let users = users.iter().filter(|user| !user.suspended);
        // An address is one user's; a name may be several people's, and comes second.
        let addresses = users.clone().map(|it| (it.email.as_str(), it.id.0));
        let names = users.map(|it| (it.name.as_str(), it.id.0));
        Self::new(addresses.chain(names), true, "is neither a whole number nor a user")
    }

    fn new<'a>(
        names: impl Iterator<Item = (&'a str, i64)>,
        by_id: bool,
        remark: &'static str,
    ) -> Self {
        let (mut exact, mut folded) = (BTreeMap::new(), BTreeMap::new());
        for (name, id) in names.filter(|(name, _)| !name.trim().is_empty()) {
            exact.entry(name.trim().to_owned()).or_insert(id);
            folded.entry(fold(name)).or_insert(id);
        }
        Self { exact, folded, by_id, remark }
    }

    /// The id of a name: of the one written exactly so, else of the first that is written alike.
    pub(super) fn find(&self, text: &str) -> Option<i64> {
        let exact = self.exact.get(text.trim()).copied();
        exact
            .or_else(|| self.folded.get(&fold(text)).copied())
            .or_else(|| self.by_id.then(|| number::parse_whole(text)).flatten())
    }

    /// Whether these are the options of a list.
    pub(in crate::rules) const fn are_options(&self) -> bool {
        !self.by_id
    }

    pub(super) const fn remark(&self) -> &'static str {
        self.remark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RecordId;

    fn named(id: i64, name: &str) -> Named {
        Named { id: RecordId(id), name: name.to_owned() }
    }

    fn user(id: i64, name: &str, email: &str, suspended: bool) -> User {
        User {
            id: RecordId(id),
            name: name.to_owned(),
            email: email.to_owned(),
            suspended,
            integration: false,
        }
    }

    #[test]
    fn an_option_is_found_by_its_name_and_not_by_its_id() {
        let options =
            [named(1, "Não informado"), named(2, "sim"), named(3, "Sim"), named(4, "500")];
        let choices = Choices::of_options(&options);
        assert_eq!(choices.find(" NAO INFORMADO "), Some(1));
        assert_eq!(choices.find("Sim"), Some(3), "written exactly so");
        assert_eq!(choices.find("SIM"), Some(2), "the first of those written alike");
        assert_eq!(choices.find("500"), Some(4));
        assert_eq!(choices.find("1"), None);
        assert_eq!(choices.find("Talvez"), None);
    }

    #[test]
    fn a_user_is_found_by_address_name_or_id_and_a_suspended_one_by_id_only() {
        let users = [
            user(10, "Bruno Exemplo", "bruno@example.com", false),
            user(11, "Célia Exemplo", "celia@example.com", true),
        ];
        let choices = Choices::of_users(&users);
        assert_eq!(choices.find("Bruno@Example.com"), Some(10));
        assert_eq!(choices.find("bruno exemplo"), Some(10));
        assert_eq!(choices.find("11"), Some(11));
        assert_eq!(choices.find("celia exemplo"), None);
    }
}

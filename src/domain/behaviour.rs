//! What a route creates, and how it treats what is there.

/// What a route creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// `company-person-deal`.
    CompanyPersonDeal,
    /// `person-deal`.
    PersonDeal,
    /// `company-person`.
    CompanyPerson,
}

impl Behaviour {
    /// All of them, with their names in the configuration.
    pub const ALL: [(&'static str, Self); 3] = [
        ("company-person-deal", Self::CompanyPersonDeal),
        ("person-deal", Self::PersonDeal),
        ("company-person", Self::CompanyPerson),
    ];

    /// Whether companies are created.
    pub const fn has_company(self) -> bool {
        matches!(self, Self::CompanyPersonDeal | Self::CompanyPerson)
    }

    /// Whether deals are created.
    pub const fn has_deal(self) -> bool {
        matches!(self, Self::CompanyPersonDeal | Self::PersonDeal)
    }
}

/// How a route treats a person or company that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// `fill`: writes only fields that are empty in Ploomes.
    Fill,
    /// `overwrite`: writes every mapped field that differs; an empty value never erases.
    Overwrite,
    /// `leave`: touches nothing that exists.
    Leave,
}

impl Existing {
    /// All of them, with their names in the configuration.
    pub const ALL: [(&'static str, Self); 3] =
        [("fill", Self::Fill), ("overwrite", Self::Overwrite), ("leave", Self::Leave)];
}

//! The native properties that every account has, and what they take.

use super::{Kind, Record};

/// What Ploomes reckons or records itself.
const READ_ONLY: &[&str] = &[
    "Id",
    "Key",
    "CreatorId",
    "UpdaterId",
    "CreateDate",
    "LastUpdateDate",
    "Editable",
    "Deletable",
    "LeadId",
    "NextAnniversary",
    "PreviousAnniversary",
    "FirstTaskId",
    "FirstTaskDate",
    "FirstTaskNoTime",
    "HasScheduledTasks",
    "TasksOrdination",
    "LastInteractionRecordId",
    "LastDealId",
    "LastOrderId",
    "LastDocumentId",
    "LastCompanyId",
    "LastQuoteId",
    "LastStageId",
    "IsLastQuoteApproved",
    "WonQuoteId",
    "LossReasonId",
    "FinishDate",
    "OriginDealId",
    "ReevId",
    "Read",
    "DaysInStage",
    "HoursInStage",
    "Length",
    "DealNumber",
    "ImportId",
    "CreateImportId",
    "UpdateImportId",
    "CreateImportationId",
    "UpdateImportationId",
    "ImportationIdCreate",
    "ImportationIdUpdate",
    "PublicFormIdCreate",
    "PublicFormIdUpdate",
];

const CONTACT: &[(&str, Kind)] = &[
    ("Name", Kind::Line),
    ("LegalName", Kind::Line),
    ("Email", Kind::Email),
    ("CPF", Kind::Cpf),
    ("CNPJ", Kind::Cnpj),
    ("Register", Kind::Register),
    ("IdentityDocument", Kind::Line),
    ("Birthday", Kind::Date),
    ("Note", Kind::Line),
    ("Website", Kind::Line),
    ("Skype", Kind::Line),
    ("Facebook", Kind::Line),
    ("StreetAddress", Kind::Line),
    ("StreetAddressNumber", Kind::Line),
    ("StreetAddressLine2", Kind::Line),
    ("Neighborhood", Kind::Line),
    ("ZipCode", Kind::ZipCode),
    ("ForeignZipCode", Kind::Line),
    ("CityId", Kind::Whole),
    ("StateId", Kind::Whole),
    ("CountryId", Kind::Whole),
    ("CurrencyId", Kind::Whole),
    ("StatusId", Kind::Whole),
    ("ClassId", Kind::Whole),
    ("RelationshipId", Kind::Whole),
    ("LineOfBusinessId", Kind::Whole),
    ("NumberOfEmployeesId", Kind::Whole),
    ("RoleId", Kind::Whole),
    ("DepartmentId", Kind::Whole),
];

const DEAL: &[(&str, Kind)] = &[
    ("Title", Kind::Line),
    ("Amount", Kind::Decimal),
    ("StartDate", Kind::Date),
    ("CurrencyId", Kind::Whole),
];

const fn table(record: Record) -> &'static [(&'static str, Kind)] {
    match record {
        Record::Company | Record::Person => CONTACT,
        Record::Deal => DEAL,
    }
}

/// Whether a property is kept by Ploomes.
pub(super) fn is_read_only(property: &str) -> bool {
    READ_ONLY.contains(&property)
}

/// What a property takes, where every account has it.
pub(super) fn kind(record: Record, property: &str) -> Option<Kind> {
    let found = table(record).iter().find(|(name, _)| *name == property);
    found.map(|(_, kind)| kind.clone())
}

/// The properties that every account has.
pub(super) fn names(record: Record) -> impl Iterator<Item = &'static str> + Clone {
    let phones = ["Phones"].into_iter().filter(move |_| record != Record::Deal);
    table(record).iter().map(|(name, _)| *name).chain(phones)
}

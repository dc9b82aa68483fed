//! Companies and persons, and what hangs on them.

use super::{Navigation, Schema, Table, many, no_one, nothing, one, owned, properties};

pub(super) static CONTACT: Schema = Schema {
    properties: properties! {
        Id: Int, TypeId: Int w, Name: Text w, LegalName: Text w, Register: Text w, CNPJ: Text w,
        CPF: Text w, StatusId: Int w, CompanyId: Int w, RelationshipId: Int w,
        LineOfBusinessId: Int w, OriginId: Int w, NumberOfEmployeesId: Int w, ClassId: Int w,
        OwnerId: Int w, Birthday: Date w, NextAnniversary: Date, PreviousAnniversary: Date,
        Note: Text w, Email: Text w, Website: Text w, RoleId: Int w, DepartmentId: Int w,
        Skype: Text w, Facebook: Text w, StreetAddress: Text w, StreetAddressNumber: Text w,
        StreetAddressLine2: Text w, Neighborhood: Text w, ZipCode: Int w, ForeignZipCode: Text w,
        CityId: Int w, StateId: Int w, CountryId: Int w, CurrencyId: Int w, EmailMarketing: Bool w,
        CNAECode: Text w, CNAEName: Text w, CNAESecondary: Text w, Latitude: Decimal w,
        Longitude: Decimal w, ImportId: Int, CreateImportationId: Int, UpdateImportationId: Int,
        FirstTaskId: Int, FirstTaskDate: Date, LastInteractionRecordId: Int, LastDealId: Int,
        LastOrderId: Int, TasksOrdination: Int, LeadId: Int, Editable: Bool, Deletable: Bool,
        CreatorId: Int, UpdaterId: Int, CreateDate: Date, LastUpdateDate: Date, Key: Text,
        LastDocumentId: Int, AvatarUrl: Text w, HasConsent: Bool w, LastCompanyId: Int,
        IdentityDocument: Text w, HasScheduledTasks: Bool, ImportationIdCreate: Int,
        ImportationIdUpdate: Int, PublicFormIdCreate: Int, PublicFormIdUpdate: Int,
    },
    navigations: CONTACT_NAVIGATIONS,
};

static CONTACT_NAVIGATIONS: &[Navigation] = &[
    one("Type", Table::ContactTypes, "TypeId"),
    no_one("Class"),
    one("City", Table::Cities, "CityId"),
    one("State", Table::States, "StateId"),
    one("Country", Table::Countries, "CountryId"),
    one("Currency", Table::Currencies, "CurrencyId"),
    one("Company", Table::Contacts, "CompanyId"),
    one("Owner", Table::Users, "OwnerId"),
    one("Creator", Table::Users, "CreatorId"),
    one("Updater", Table::Users, "UpdaterId"),
    one("Origin", Table::Origins, "OriginId"),
    one("Status", Table::ContactStatus, "StatusId"),
    no_one("LineOfBusiness"),
    no_one("NumberOfEmployees"),
    no_one("Relationship"),
    no_one("Role"),
    no_one("Department"),
    owned("Phones", Table::Phones),
    owned("Tags", Table::TagLinks),
    owned("OtherProperties", Table::OtherOfContacts),
    nothing("CollaboratingUsers"),
    many("Deals", Table::Deals, "ContactId"),
    many("Contacts", Table::Contacts, "CompanyId"),
    many("InteractionRecords", Table::InteractionRecords, "ContactId"),
    nothing("Attachments"),
    nothing("Lists"),
];

pub(super) static PHONE: Schema = Schema {
    properties: properties! {
        Id: Int, ContactId: Int, PhoneNumber: Text w, TypeId: Int w, CountryId: Int w,
        SearchPhoneNumber: Int,
    },
    navigations: &[
        one("Type", Table::PhoneTypes, "TypeId"),
        one("Country", Table::Countries, "CountryId"),
    ],
};

pub(super) static INTERACTION_RECORD: Schema = Schema {
    properties: properties! {
        Id: Int, ContactId: Int w, DealId: Int w, LeadId: Int, OrderId: Int, TypeId: Int w,
        Content: Text w, Date: Date w, Editable: Bool, Deletable: Bool, CreatorId: Int,
        UpdaterId: Int, CreateDate: Date, LastUpdateDate: Date,
    },
    navigations: &[
        one("Contact", Table::Contacts, "ContactId"),
        one("Deal", Table::Deals, "DealId"),
        one("Type", Table::TaskTypes, "TypeId"),
        one("Creator", Table::Users, "CreatorId"),
        owned("Tags", Table::TagLinks),
        nothing("OtherProperties"),
        nothing("Attachments"),
    ],
};

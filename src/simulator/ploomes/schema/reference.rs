//! Everything small that other records point to.

use super::{Schema, Table, one, properties};

pub(super) static NAMED: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w,
    },
    navigations: &[],
};

pub(super) static ACCOUNT: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Register: Text, Email: Text, LogoUrl: Text, CreateDate: Date,
    },
    navigations: &[],
};

pub(super) static USER: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Email: Text, Phone: Text, AvatarUrl: Text, RoleId: Int,
        ProfileId: Int, Facebook: Text, LinkedIn: Text, Birthday: Date, NextAnniversary: Date,
        PreviousAnniversary: Date, Integration: Bool, NativeIntegration: Bool,
        GoogleAuthenticatorConfigured: Bool, UserKey: Text, LastLogin: Date, Frequency: Int,
        AccountOwner: Bool, ActiveSmtp: Bool, LastSeen: Date, LastSeenRoute: Text, Editable: Bool,
        Suspended: Bool, CreatorId: Int, UpdaterId: Int, CreateDate: Date, UpdateDate: Date,
        LastUpdateDate: Date, LastSeenPlatform: Text, ResetPassword: Bool, Language: Text,
        LanguageId: Int, NoLogin: Bool,
    },
    navigations: &[one("Profile", Table::Profiles, "ProfileId")],
};

pub(super) static PROFILE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, ContactsView: Int, ContactsEdit: Int, ContactsDelete: Int,
        ContactsCreatePermission: Bool, DealsView: Int, DealsEdit: Int, DealsDelete: Int,
        DealsCreatePermission: Bool, OtherOptionsCreatePermission: Bool,
        TagsCreatePermission: Bool, LossReasonsCreatePermission: Bool,
    },
    navigations: &[],
};

pub(super) static TAG: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w, Color: Text w, EntityId: Int w,
    },
    navigations: &[one("Entity", Table::Entities, "EntityId")],
};

pub(super) static CITY: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, StateId: Int, CountryId: Int,
    },
    navigations: &[
        one("State", Table::States, "StateId"),
        one("Country", Table::Countries, "CountryId"),
    ],
};

pub(super) static STATE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Short: Text, CountryId: Int,
    },
    navigations: &[one("Country", Table::Countries, "CountryId")],
};

pub(super) static COUNTRY: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Short: Text,
    },
    navigations: &[],
};

pub(super) static CURRENCY: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Symbol: Text, Code: Text,
    },
    navigations: &[],
};

pub(super) static WEBHOOK: Schema = Schema {
    properties: properties! {
        Id: Int, EntityId: Int w, SecondaryEntityId: Int w, ActionId: Int w, Name: Text w,
        CallbackUrl: Text w, ValidationKey: Text w, CreatorId: Int, CreateDate: Date,
        Active: Bool w, UserWebhook: Bool,
    },
    navigations: &[],
};

//! Deals, and the pipelines they go through.

use super::{Navigation, Schema, Table, many, nothing, one, owned, properties};

pub(super) static DEAL: Schema = Schema {
    properties: properties! {
        Id: Int, Title: Text w, ContactId: Int w, ContactName: Text, PersonId: Int w,
        PersonName: Text, PipelineId: Int w, StageId: Int w, StatusId: Int, FirstTaskId: Int,
        FirstTaskDate: Date, FirstTaskNoTime: Bool, HasScheduledTasks: Bool, TasksOrdination: Int,
        ContactProductId: Int, LastQuoteId: Int, IsLastQuoteApproved: Bool, WonQuoteId: Int,
        LastStageId: Int, LossReasonId: Int w, OriginId: Int w, OwnerId: Int w, StartDate: Date w,
        FinishDate: Date, CurrencyId: Int w, Amount: Decimal w, StartCurrencyId: Int,
        StartAmount: Decimal, Read: Bool w, LastInteractionRecordId: Int, LastOrderId: Int,
        DaysInStage: Int, HoursInStage: Int, Length: Int, CreateImportId: Int, UpdateImportId: Int,
        LeadId: Int, OriginDealId: Int w, ReevId: Int, Editable: Bool, Deletable: Bool,
        CreatorId: Int, UpdaterId: Int, CreateDate: Date, LastUpdateDate: Date,
        LastDocumentId: Int, DealNumber: Int, ImportationIdCreate: Int, ImportationIdUpdate: Int,
        PublicFormIdCreate: Int, PublicFormIdUpdate: Int,
    },
    navigations: DEAL_NAVIGATIONS,
};

static DEAL_NAVIGATIONS: &[Navigation] = &[
    one("Contact", Table::Contacts, "ContactId"),
    one("Person", Table::Contacts, "PersonId"),
    one("Pipeline", Table::Pipelines, "PipelineId"),
    one("Stage", Table::Stages, "StageId"),
    one("Status", Table::DealStatus, "StatusId"),
    one("LossReason", Table::LossReasons, "LossReasonId"),
    one("Origin", Table::Origins, "OriginId"),
    one("Owner", Table::Users, "OwnerId"),
    one("Creator", Table::Users, "CreatorId"),
    one("Updater", Table::Users, "UpdaterId"),
    one("Currency", Table::Currencies, "CurrencyId"),
    owned("Tags", Table::TagLinks),
    owned("OtherProperties", Table::OtherOfDeals),
    many("InteractionRecords", Table::InteractionRecords, "DealId"),
    nothing("Attachments"),
    nothing("Stages"),
    nothing("Products"),
    nothing("Contacts"),
    nothing("CollaboratingUsers"),
];

pub(super) static PIPELINE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w, FormId: Int, QuickFormId: Int, MustPassAllStages: Bool w,
        ForbiddenStageReturn: Bool w, MayCreateQuotes: Bool w, MayCreateOrders: Bool w,
        MayCreateDocuments: Bool w, MayWinDeals: Bool w, MayLoseDeals: Bool w, Archived: Bool w,
        NewOrderOnWonDeal: Bool w, CreateOrderOnWonDeal: Bool w, WinDealOnLastStage: Bool w,
        SingularUnitName: Text w, PluralUnitName: Text w, GenderId: Int w,
        DefaultQuoteDocumentTemplateId: Int, DefaultOrderDocumentTemplateId: Int,
        DefaultDocumentDocumentTemplateId: Int, Color: Text w, IconId: Int w,
        EnableTableViewMode: Bool, EnableFunnelViewMode: Bool, NoAllowedPipelines: Bool,
        WinButtonId: Int, LoseButtonId: Int, WinVerbId: Int, LoseVerbId: Int, Ordination: Int w,
        ViewMode: Int, LastUpdateDate: Date, ContactPageTableId: Int, QuotesUseERPFormat: Bool,
        OrdersUseERPFormat: Bool, DocumentsUseERPFormat: Bool,
        ExecuteAutomationsAsAutomationUser: Bool,
    },
    navigations: &[
        many("Stages", Table::Stages, "PipelineId"),
        many("LossReasons", Table::LossReasons, "PipelineId"),
        nothing("Tables"),
        nothing("AllowedUsers"),
        nothing("AllowedTeams"),
    ],
};

pub(super) static STAGE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w, PipelineId: Int, Ordination: Int w, LastPipelineStage: Bool,
        LastUpdateDate: Date,
    },
    navigations: &[one("Pipeline", Table::Pipelines, "PipelineId")],
};

pub(super) static LOSS_REASON: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w, PipelineId: Int w, LastUpdateDate: Date,
    },
    navigations: &[one("Pipeline", Table::Pipelines, "PipelineId")],
};

pub(super) static TAG_LINK: Schema = Schema {
    properties: properties! {
        Id: Int, TagId: Int w, NoteId: Int, InteractionRecordId: Int, TaskId: Int, ContactId: Int,
        DealId: Int, LeadId: Int, EmailId: Int,
    },
    navigations: &[one("Tag", Table::Tags, "TagId")],
};

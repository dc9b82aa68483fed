//! Native and custom fields, their option lists, and custom values.

use super::{Schema, Table, many, no_one, nothing, one, properties};

pub(super) static FIELD: Schema = Schema {
    properties: properties! {
        Id: Int, Key: Text, Dynamic: Bool, Name: Text w, EntityId: Int w,
        SecondaryEntityId: Int w, TypeId: Int w, OptionsTableId: Int w, Multiple: Bool w,
        MustSkipManyToManyTable: Bool, Required: Bool w, NotNullable: Bool, Permanent: Bool,
        Unique: Bool, Disabled: Bool w, FormHidden: Bool, Hidden: Bool, Integration: Bool,
        IntegrationCustomFieldId: Int, Filterable: Bool, FormFilterable: Bool, Importable: Bool,
        Wide: Bool, ColumnSize: Int w, InternalFormula: Text, FieldHideFormula: Text,
        FieldDisableFormula: Text, ExternalFormulaUrl: Text, ExternalFormulaMethod: Text,
        ExternalFormulaHeaders: Text, ExternalFormulaRequestBody: Text, DefaultStringValue: Text,
        DefaultBigStringValue: Text, DefaultIntegerValue: Int, DefaultDecimalValue: Decimal,
        DefaultDateTimeValue: Date, DefaultBoolValue: Bool, GoogleSheetsIntegrationId: Int,
        OriginFieldKey: Text, OriginFieldFieldPathId: Int, ApiUrl: Text, PropertyName: Text,
        UpdatePropertyName: Text, DisplayProperty: Bool, AutoParagraph: Bool, Label: Text,
        UseCheckbox: Bool, FilterId: Int, GeneratedFormula: Bool, InlineEditable: Bool,
        InlineEditTriggerDocumentGeneration: Bool, OptionsCreationPermissionPropertyName: Text,
        ProductGroupId: Int, ProductFamilyId: Int, ValueEditable: Bool, IsSensitiveData: Bool,
        ShowTime: Bool, IsMobileEdit: Bool, UseAttachmentUrl: Bool, ClearOnDefaultCrud: Bool,
    },
    navigations: &[
        one("Type", Table::FieldTypes, "TypeId"),
        one("OptionsTable", Table::OptionsTables, "OptionsTableId"),
        one("Entity", Table::Entities, "EntityId"),
        no_one("Filter"),
        no_one("ProductGroup"),
        nothing("FormulaVariables"),
        nothing("ExternalFormulaResponsePaths"),
        nothing("ExternalFormulaMappedFields"),
    ],
};

pub(super) static FIELD_TYPE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text, Icon: Text, NativeType: Text, Listable: Bool, Multipliable: Bool,
        StandardFormat: Text,
    },
    navigations: &[nothing("AllowedOperations")],
};

pub(super) static OPTIONS_TABLE: Schema = Schema {
    properties: properties! {
        Id: Int, Name: Text w, AutoSort: Bool w,
    },
    navigations: &[many("Options", Table::Options, "TableId")],
};

pub(super) static OPTION: Schema = Schema {
    properties: properties! {
        Id: Int, TableId: Int w, Name: Text w, Ordination: Int w, ExternalKey: Text w,
        Default: Bool w, Disabled: Bool w,
    },
    navigations: &[one("Table", Table::OptionsTables, "TableId")],
};

/// A custom value; the property that holds its owner's id differs.
macro_rules! other_property {
    ($owner:ident) => {
        Schema {
            properties: properties! {
                Id: Int, FieldId: Int, FieldKey: Text w, $owner: Int, StringValue: Text w,
                BigStringValue: Text w, IntegerValue: Int w, DecimalValue: Decimal w,
                DateTimeValue: Date w, BoolValue: Bool w, ObjectValueId: Int,
                ObjectValueName: Text, UserValueId: Int, UserValueName: Text,
                UserValueAvatarUrl: Text, ProductValueId: Int, ProductValueName: Text,
                AttachmentValueId: Int, AttachmentValueName: Text, ContactValueId: Int,
                ContactValueName: Text, ContactValueTypeId: Int, ContactValueRegister: Text,
                CurrencyValueId: Int, AttachmentItemValueId: Int, AttachmentItemValueName: Text,
            },
            navigations: &[one("Field", Table::Fields, "FieldId"), no_one("CurrencyValue")],
        }
    };
}

pub(super) static OTHER_OF_CONTACT: Schema = other_property!(ContactId);

pub(super) static OTHER_OF_DEAL: Schema = other_property!(DealId);

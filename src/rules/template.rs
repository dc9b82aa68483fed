//! Templates: compiled once, checked for the names they use, rendered for each contact.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use minijinja::{
    Environment, Value,
    value::{Enumerator, Object},
};

use super::{
    compile::Refusal,
    names::nearest,
    source::{NAMES, Names},
    value::joined,
};
use crate::domain::{FieldId, catalog::AcField};

/// Custom fields of `ActiveCampaign` by personalisation tag, upper case.
pub(super) type Perstags = BTreeMap<String, FieldId>;

/// The field that `CPF`, `cpf` or `12` names.
pub(super) fn field_named(name: &str, known: &Perstags) -> Option<FieldId> {
    let tagged = known.get(&name.to_uppercase());
    let numbered = || name.parse().ok().map(FieldId);
    tagged.copied().or_else(|| numbered().filter(|id| known.values().any(|it| it == id)))
}

/// What is said of a field that there is not.
pub(super) fn unknown_field(name: &str, known: &Perstags) -> Refusal {
    let refusal = Refusal::new(format!("ActiveCampaign has no custom field `{name}`"));
    match nearest(name, known.keys().map(String::as_str)) {
        Some(near) => refusal.hint(format!("did you mean \"field.{near}\"?")),
        None => refusal.hint("`ponte fields activecampaign` lists them"),
    }
}

/// The templates of a route.
pub(super) struct Templates {
    environment: Environment<'static>,
    known: Arc<Perstags>,
    any: bool,
    uses_fields: bool,
    uses_automation: bool,
}

impl Templates {
    pub(super) fn new(fields: &[AcField]) -> Self {
        let mut environment = Environment::new();
        // The text goes into JSON, not into a page, whatever a template is called.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let tagged = fields.iter().filter(|field| !field.perstag.is_empty());
        let known = tagged.map(|field| (field.perstag.to_uppercase(), field.id)).collect();
        Self {
            environment,
            known: Arc::new(known),
            any: false,
            uses_fields: false,
            uses_automation: false,
        }
    }

    pub(super) fn known(&self) -> &Perstags {
        &self.known
    }

    pub(super) const fn uses_automation(&self) -> bool {
        self.uses_automation
    }

    /// Compiles a template under a name of its own; refuses what it cannot know.
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<(), Vec<Refusal>> {
        if let Err(error) = self.environment.add_template_owned(name.to_owned(), text.to_owned()) {
            let detail = error.detail().map(|it| format!(": {it}")).unwrap_or_default();
            let message = format!("this template does not work: {}{detail}", error.kind());
            return Err(vec![Refusal::new(message)]);
        }
        let template = self.environment.get_template(name).expect("it was added");
        // Sorted, so that problems come in the same order each time.
        let used: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
        let globals: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let refusals: Vec<Refusal> =
            used.iter().filter_map(|used| unknown(used, &globals, &self.known)).collect();
        let heads = |wanted| used.iter().any(|used| used.split('.').next() == Some(wanted));
        self.any = true;
        self.uses_fields |= heads("field");
        self.uses_automation |= heads("automation");
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    /// What templates see of a contact; `None` where there are none.
    pub(super) fn context(&self, names: &Names<'_>, automation: &str) -> Option<Value> {
        self.any.then(|| {
            let values = self.uses_fields.then(|| {
                names.fields().map(|(id, text)| (id, Value::from(text.as_ref()))).collect()
            });
            Value::from_object(Context {
                email: Value::from(names.email.as_str()),
                first_name: Value::from(names.first_name()),
                last_name: Value::from(names.last_name()),
                full_name: Value::from(names.full_name.as_str()),
                phone: Value::from(names.phone()),
                company: Value::from(names.company),
                tags: Value::from(joined(&names.tags()).as_ref()),
                field: Value::from_object(Fields {
                    known: Arc::clone(&self.known),
                    values: values.unwrap_or_default(),
                }),
                automation: Value::from_object(Automation(automation.to_owned())),
            })
        })
    }

    /// Renders a template; `None` where it fails on this contact's values.
    pub(super) fn render(&self, name: &str, context: &Value) -> Option<String> {
        let template = self.environment.get_template(name).ok()?;
        template.render(context.clone()).ok().map(|text| text.trim().to_owned())
    }
}

/// Why a name cannot be used, where it cannot: `full_nam`, `field.CFP`, `automation.id`.
fn unknown(used: &str, globals: &BTreeSet<&str>, known: &Perstags) -> Option<Refusal> {
    let mut parts = used.split('.');
    let (head, rest) = (parts.next().unwrap_or_default(), parts.next());
    match (head, rest) {
        ("field", Some(field)) => {
            field_named(field, known).is_none().then(|| unknown_field(field, known))
        }
        ("automation", Some("name")) | ("field" | "automation", None) => None,
        ("automation", Some(other)) => {
            let refusal = Refusal::new(format!("an automation has no `{other}` here"));
            Some(refusal.hint("did you mean \"automation.name\"?"))
        }
        _ if NAMES.contains(&head) || globals.contains(head) => None,
        _ => {
            let refusal = Refusal::new(format!("the template names `{head}`, which there is not"));
            Some(match nearest(head, NAMES.into_iter().chain(["field", "automation"])) {
                Some(near) => refusal.hint(format!("did you mean \"{near}\"?")),
                None => refusal.hint(format!(
                    "there is {}, field.<PERSTAG>, automation.name",
                    NAMES.join(", ")
                )),
            })
        }
    }
}

/// The names of a contact.
struct Context {
    email: Value,
    first_name: Value,
    last_name: Value,
    full_name: Value,
    phone: Value,
    company: Value,
    tags: Value,
    field: Value,
    automation: Value,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let value = match key {
            "email" => &self.email,
            "first_name" => &self.first_name,
            "last_name" => &self.last_name,
            "full_name" => &self.full_name,
            "phone" => &self.phone,
            "company" => &self.company,
            "tags" => &self.tags,
            "field" => &self.field,
            "automation" => &self.automation,
            _ => return None,
        };
        Some(value.clone())
    }
}

/// The custom fields of a contact: by personalisation tag in either case, or by id.
struct Fields {
    known: Arc<Perstags>,
    values: BTreeMap<FieldId, Value>,
}

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(name) => self.get_value_by_str(name),
            None => self.get_value_by_str(&key.as_i64()?.to_string()),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let id = field_named(key, &self.known)?;
        Some(self.values.get(&id).cloned().unwrap_or_else(|| Value::from("")))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let filled = self.known.iter().filter(|(_, id)| self.values.contains_key(id));
        Enumerator::Values(filled.map(|(perstag, _)| Value::from(perstag.as_str())).collect())
    }
}

/// The automation by which the contact came.
struct Automation(String);

impl Object for Automation {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("name")).then(|| Value::from(self.0.as_str()))
    }
}

macro_rules! opaque {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            /// Shows nothing of the values: they are personal data.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

opaque!(Context, Fields, Automation, Templates);

//! The client.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use http::HeaderName;
use secrecy::SecretString;

use super::{
    ContactFilter, ContactPages, ContactView, EnrollmentPages, Wants,
    account::Account,
    answer::API,
    model::{self, Row},
};
use crate::{
    clock::Clock,
    domain::{AutomationId, ContactId, Lane, catalog::AcField},
    transport::{BadEndpoint, CallError, Endpoint, Limiter, Sender, Standing, Verdict, Wire},
};

/// An automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    /// `id`.
    pub id: AutomationId,
    /// `name`.
    pub name: String,
    /// `entered`: how many contacts ever entered it.
    pub entered: Option<i64>,
    /// `status` 1.
    pub active: bool,
}

/// An id with a name: a list or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `id`.
    pub id: i64,
    /// `name`, or `tag`.
    pub name: String,
}

/// Reads `ActiveCampaign`; clones share the limiter and the caches.
#[derive(Clone)]
pub struct Client {
    account: Arc<Account>,
}

/// The path of the API's third version.
const API_PATH: &str = "/api/3";

impl Client {
    /// A client for the account at `url`, with or without `/api/3`.
    pub fn new(
        url: &str,
        key: SecretString,
        timeout: Duration,
        wire: Wire,
        limiter: Arc<Limiter>,
        clock: Clock,
    ) -> Result<Self, BadEndpoint> {
        let host = url.trim().trim_end_matches('/');
        let base = format!("{}{API_PATH}", host.strip_suffix(API_PATH).unwrap_or(host));
        let header = HeaderName::from_static("api-token");
        let endpoint = Endpoint { api: API, base, header, key, timeout };
        let sender = Sender::new(endpoint, wire, limiter, clock)?;
        Ok(Self { account: Arc::new(Account::new(sender)) })
    }

    /// The limiter that everything to this API goes through.
    pub fn limiter(&self) -> &Limiter {
        self.account.limiter()
    }

    /// How far its clock is ahead, and whether it takes the key.
    pub fn standing(&self) -> &Standing {
        self.account.sender().standing()
    }

    /// Asks whether the key works; a refusal is [`Verdict::WrongKey`].
    ///
    /// A 403 to any other call is "try later" once the key has worked, because AC says it now and
    /// then for nothing; this tells whether the key was taken away meanwhile.
    pub async fn verify(&self, lane: Lane) -> Result<(), CallError> {
        match self.account.get("/contacts", &[("limit", "1")], lane).await {
            Ok(read) => read.rows("contacts").map(drop),
            Err(CallError::Status { api, operation, status: 403, message, .. }) => {
                let verdict = Verdict::WrongKey;
                self.account.sender().note_key(false);
                Err(CallError::Status { api, operation, status: 403, message, verdict })
            }
            Err(error) => Err(error),
        }
    }

    /// A contact; `None` where there is none, also where it was merged into another one.
    ///
    /// One call, and one more for each of: tags, the name of its company when not read lately, and
    /// what AC left out of the answer.
    pub async fn contact(
        &self,
        id: ContactId,
        wants: Wants,
        lane: Lane,
    ) -> Result<Option<ContactView>, CallError> {
        self.account.contact(id, wants, lane).await
    }

    /// The contact that has this address now.
    pub async fn contact_with(
        &self,
        email: &str,
        lane: Lane,
    ) -> Result<Option<ContactId>, CallError> {
        let read =
            self.account.get("/contacts", &[("email", email), ("limit", "100")], lane).await?;
        let rows = read.rows("contacts")?;
        // The filter is not believed.
        let has = |row: &Row<'_>| row.text("email").eq_ignore_ascii_case(email);
        Ok(rows.into_iter().filter(has).filter_map(|row| row.id("id")).map(ContactId).min())
    }

    /// All custom fields, fresh.
    pub async fn fields(&self, lane: Lane) -> Result<Vec<AcField>, CallError> {
        self.account.fields(lane).await
    }

    /// An automation; `None` where there is none.
    pub async fn automation(
        &self,
        id: AutomationId,
        lane: Lane,
    ) -> Result<Option<Automation>, CallError> {
        let Some(read) = self.account.find(&format!("/automations/{id}"), lane).await? else {
            return Ok(None);
        };
        let row = read.row().object("automation");
        let row = row.ok_or_else(|| read.unreadable("`automation` is missing"))?;
        model::automation(row).map(Some).map_err(|problem| read.unreadable(problem))
    }

    /// All automations.
    pub async fn automations(&self, lane: Lane) -> Result<Vec<Automation>, CallError> {
        self.account.list("/automations", "automations", lane, model::automation).await
    }

    /// All lists.
    pub async fn lists(&self, lane: Lane) -> Result<Vec<Item>, CallError> {
        self.account.list("/lists", "lists", lane, |row: Row| model::item(row, "name")).await
    }

    /// All tags.
    pub async fn tags(&self, lane: Lane) -> Result<Vec<Item>, CallError> {
        self.account.list("/tags", "tags", lane, |row: Row| model::item(row, "tag")).await
    }

    /// Contacts by ascending id, those after `after`, page by page.
    pub fn contacts(&self, filter: ContactFilter, after: ContactId, lane: Lane) -> ContactPages {
        ContactPages::new(self.account.clone(), filter, after, lane)
    }

    /// Enrollments of an automation since `since`, the oldest first, page by page from `offset`.
    pub fn enrollments(
        &self,
        automation: AutomationId,
        since: Option<DateTime<Utc>>,
        offset: u64,
        lane: Lane,
    ) -> EnrollmentPages {
        EnrollmentPages::new(self.account.clone(), automation, since, offset, lane)
    }
}

#[cfg(test)]
mod tests;

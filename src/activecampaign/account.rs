//! One account: how it is asked, and what is remembered of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use form_urlencoded::Serializer;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    answer::{self, Key, Read},
    model::{self, Problem, Row},
    names::{Names, Singles},
};
use crate::{
    domain::{FieldId, Lane, catalog::AcField},
    transport::{Call, CallError, Limiter, Sender, Verdict},
};

/// Rows in a page: the most that AC gives.
pub(super) const PAGE_ROWS: usize = 100;

/// A page without a total that is shorter than this is the last one.
///
/// 20 is AC's default: a longer page may have been cut there although 100 were asked for.
pub(super) const CUT_ROWS_MIN: usize = 20;

/// Pages of a list of reference data, 100,000 rows: no account has as many fields, tags or lists.
const LIST_PAGES_MAX: usize = 1_000;

/// An account of `ActiveCampaign`.
pub(super) struct Account {
    sender: Sender,
    /// The key has been accepted since the process started.
    worked: AtomicBool,
    fields: AsyncMutex<Names>,
    tags: AsyncMutex<Names>,
    companies: Mutex<Singles>,
}

impl Account {
    pub(super) fn new(sender: Sender) -> Self {
        Self {
            sender,
            worked: AtomicBool::new(false),
            fields: AsyncMutex::default(),
            tags: AsyncMutex::default(),
            companies: Mutex::default(),
        }
    }

    pub(super) fn limiter(&self) -> &Limiter {
        self.sender.limiter()
    }

    /// Reads `path` with `query`.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        lane: Lane,
    ) -> Result<Read, CallError> {
        let mut target = path.to_owned();
        if !query.is_empty() {
            target.push('?');
            let start = target.len();
            target = Serializer::for_suffix(target, start).extend_pairs(query).finish();
        }
        let call = Call::get(target);
        let operation = call.operation();
        let answer = self.sender.send(call, lane).await?;
        // AC also says 503 when it is asked too often; the sender knows 429 only.
        if answer.status == 503 && answer.retry_after().is_some() {
            self.limiter().throttled(answer.retry_after());
        }
        let worked = self.worked.load(Ordering::Relaxed);
        let key = if worked { Key::Worked } else { Key::Untried };
        let read = answer::read(&answer, operation, key).inspect_err(|error| {
            if error.verdict() == Verdict::WrongKey {
                self.sender.note_key(false);
            }
        })?;
        self.sender.note_key(true);
        self.worked.store(true, Ordering::Relaxed);
        Ok(read)
    }

    pub(super) const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Reads `path`, where not being there is an answer.
    pub(super) async fn find(&self, path: &str, lane: Lane) -> Result<Option<Read>, CallError> {
        match self.get(path, &[], lane).await {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.verdict() == Verdict::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a whole list, page by page, and converts each row that is not a repetition.
    ///
    /// A list that ends before its `meta.total` is an error: part of it would pass for all of it.
    pub(super) async fn list<T>(
        &self,
        path: &str,
        key: &'static str,
        lane: Lane,
        convert: impl for<'a> Fn(Row<'a>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, CallError> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        let mut offset = 0;
        for _ in 0..LIST_PAGES_MAX {
            let place = offset.to_string();
            let read = self.get(path, &[("limit", "100"), ("offset", &place)], lane).await?;
            let rows = read.rows(key)?;
            offset += rows.len();
            let mut new = 0;
            for &row in &rows {
                let id = row.id("id").ok_or_else(|| read.unreadable("a row has no id"))?;
                if seen.insert(id) {
                    new += 1;
                    all.push(convert(row).map_err(|problem| read.unreadable(problem))?);
                }
            }
            let total = read.total();
            let whole = total.is_none_or(|total| seen.len() as u64 >= total);
            let short = rows.len() < total.map_or(CUT_ROWS_MIN, |_| PAGE_ROWS);
            if new == 0 && !whole {
                return Err(read.unreadable("the list ends before its total"));
            }
            if new == 0 || (short && whole) {
                return Ok(all);
            }
        }
        Err(answer::unreadable(format!("GET {path}"), "the list does not end"))
    }

    /// All custom fields, fresh; their tags are remembered.
    pub(super) async fn fields(&self, lane: Lane) -> Result<Vec<AcField>, CallError> {
        let fields = self.list("/fields", "fields", lane, model::field).await?;
        self.fields.lock().await.replace(perstags(&fields), &BTreeSet::new());
        Ok(fields)
    }

    /// The personalisation tags of custom fields, `ids` among them where they exist.
    pub(super) async fn perstags(
        &self,
        ids: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, String>, CallError> {
        // Held over the call, so that passes side by side do not all read the same list.
        let mut names = self.fields.lock().await;
        if let Some(all) = names.with(ids) {
            return Ok(all.clone());
        }
        // Whoever needs it, others may wait for it: it goes in the first lane.
        let fields = self.list("/fields", "fields", Lane::Fresh, model::field).await?;
        let all = perstags(&fields);
        names.replace(all.clone(), ids);
        Ok(all)
    }

    /// The names of tags, `ids` among them where they exist.
    pub(super) async fn tag_names(
        &self,
        ids: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, String>, CallError> {
        let mut names = self.tags.lock().await;
        if let Some(all) = names.with(ids) {
            return Ok(all.clone());
        }
        let item = |row: Row| model::item(row, "tag");
        let tags = self.list("/tags", "tags", Lane::Fresh, item).await?;
        let all: BTreeMap<_, _> = tags.into_iter().map(|tag| (tag.id, tag.name)).collect();
        names.replace(all.clone(), ids);
        Ok(all)
    }

    /// The name of a company (`account`); empty where there is none.
    pub(super) async fn company(&self, id: i64, lane: Lane) -> Result<String, CallError> {
        let kept = || self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = kept().get(id) {
            return Ok(name.to_owned());
        }
        let name = match self.find(&format!("/accounts/{id}"), lane).await? {
            None => String::new(),
            Some(read) => read
                .row()
                .object("account")
                .ok_or_else(|| read.unreadable("`account` is missing"))?
                .text("name"),
        };
        kept().insert(id, name.clone());
        Ok(name)
    }
}

fn perstags(fields: &[AcField]) -> BTreeMap<i64, String> {
    fields
        .iter()
        .map(|&AcField { id: FieldId(id), ref perstag, .. }| (id, perstag.clone()))
        .collect()
}

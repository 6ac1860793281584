//! Records, part by part.

use std::sync::Arc;

use altus4_connections::{ColumnRef, Filter};
use altus4_kernel::{Granted, grants::Read};

use super::{Desk, EntityService, includes::Include};
use crate::{
    Count, Counting, EntityError, EntityView, FieldFault, ListQuery, Operation, Paging, QueryFaults, Record,
    RowValues, SelectRequest, Selection, SortBy, SortField, SortPart, TextSearch, cursor::Cursor,
    view::filter_field,
};

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordPage {
    /// Its records.
    pub records: Vec<Record>,
    /// How many the whole list has, where that is known.
    pub total: Option<u64>,
    /// Whether there are more.
    pub has_next: bool,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<String>,
}

/// The name that stands for how well a record fits what is looked for.
const SCORE: &str = "_score";

/// A list that can be given.
struct Plan {
    rows: Selection,
    order: Vec<SortPart>,
    is_scored: bool,
    /// The fields to show, by their places.
    shown: Vec<usize>,
    includes: Vec<Include>,
    /// What has to be read, each column once.
    read: Vec<ColumnRef>,
    /// What the list is, for its cursors.
    asked: String,
}

/// Where a part of a list begins.
struct Start {
    after: Option<RowValues>,
    offset: u64,
    /// How many rows came before.
    passed: u64,
}

impl Start {
    fn after_rows(offset: u64) -> Self {
        Self { after: None, offset, passed: offset }
    }
}

impl EntityService {
    /// A part of an entity's records.
    ///
    /// # Errors
    /// [`EntityError::InvalidQuery`] with every fault, [`EntityError::NotFound`],
    /// [`EntityError::SchemaChanged`], and those of the connection.
    pub async fn records(
        &self,
        granted: Granted<Read>,
        name: &str,
        query: &ListQuery,
    ) -> Result<RecordPage, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::List)?;
        let plan = plan(&desk, view, query)?;
        let limit = query.paging.limit();
        let binding = Cursor::binding(view, &plan.asked);
        let Start { after, offset, passed } = self.start(query, &binding)?;
        let request = SelectRequest {
            rows: plan.rows.clone(),
            read: plan.read.clone(),
            order: plan.order.clone(),
            after,
            offset,
            limit: limit + 1,
        };
        let rows = desk.records.select(&desk.target, &request, desk.deadline).await;
        let mut rows = match rows {
            Ok(rows) => rows,
            Err(error) => return Err(self.told(&desk, error).await),
        };
        let has_next = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let total = self.total(&desk, &plan, query, offset, rows.len() as u64, has_next).await?;
        let next_cursor = match rows.last().filter(|_| has_next) {
            Some(last) => Some(self.next(view, &plan, last, passed + rows.len() as u64, &binding)?),
            None => None,
        };
        let records = self.present(&desk, &plan.read, &plan.shown, &plan.includes, &rows).await?;
        Ok(RecordPage { records, total, has_next, next_cursor })
    }

    /// Where the list begins.
    fn start(&self, query: &ListQuery, binding: &str) -> Result<Start, EntityError> {
        match &query.paging {
            Paging::Page(page) => Ok(Start::after_rows(page.offset())),
            Paging::Cursor { cursor, .. } if cursor.is_empty() => Ok(Start::after_rows(0)),
            Paging::Cursor { cursor, .. } => {
                match Cursor::open(cursor, self.ports.cipher.as_ref(), binding) {
                    Some(Cursor::After(values, passed)) => {
                        Ok(Start { after: Some(values), offset: 0, passed })
                    }
                    Some(Cursor::Offset(offset)) => Ok(Start::after_rows(offset)),
                    None => {
                        let reason = "must be the nextCursor of a list with the same filter, sort and search";
                        let fields = vec![FieldFault::new("cursor", reason)];
                        Err(EntityError::InvalidQuery(QueryFaults { fields, ..QueryFaults::default() }))
                    }
                }
            }
        }
    }

    fn next(
        &self,
        view: &EntityView,
        plan: &Plan,
        last: &RowValues,
        passed: u64,
        binding: &str,
    ) -> Result<String, EntityError> {
        let value = |part: &SortPart| match &part.by {
            SortBy::Column(column) => {
                plan.read.iter().position(|read| read == column).and_then(|at| last.get(at))
            }
            SortBy::Score => None,
        };
        let values: Option<Vec<_>> = plan.order.iter().map(|part| value(part).cloned()).collect();
        let cursor = match values {
            Some(values) if !view.key.is_empty() && !plan.is_scored => Cursor::After(values, passed),
            _ => Cursor::Offset(passed),
        };
        Ok(cursor.seal(self.ports.cipher.as_ref(), binding)?)
    }

    /// How many records there are; the database is asked only where what was read doesn't tell.
    async fn total(
        &self,
        desk: &Desk,
        plan: &Plan,
        query: &ListQuery,
        offset: u64,
        found: u64,
        has_next: bool,
    ) -> Result<Option<u64>, EntityError> {
        let from_start = matches!(&query.paging, Paging::Page(_))
            || matches!(&query.paging, Paging::Cursor { cursor, .. } if cursor.is_empty());
        let counting = match query.count {
            Count::None => return Ok(None),
            Count::Exact => Counting::Exact,
            Count::Estimated => Counting::Estimated,
        };
        if from_start && !has_next && (found > 0 || offset == 0) {
            return Ok(Some(offset + found));
        }
        match desk.records.count(&desk.target, &plan.rows, counting, desk.deadline).await {
            Ok(count) => Ok(Some(count.max(if from_start { offset + found } else { 0 }))),
            Err(error) => Err(self.told(desk, error).await),
        }
    }
}

/// Names become columns; every fault.
fn plan(desk: &Desk, view: &EntityView, query: &ListQuery) -> Result<Plan, EntityError> {
    let mut faults = QueryFaults::default();
    let shown = shown(view, &query.fields, &mut faults.fields);
    let includes = Include::read(&desk.shelf, view, &query.include, &mut faults.fields);
    let filter = filter(desk, view, query, &mut faults);
    let search = query.search.as_ref().and_then(|text| search(view, text, &mut faults.fields));
    let (order, is_scored) = order(view, &query.sort, search.is_some(), &mut faults.sort);
    if !faults.is_empty() {
        return Err(EntityError::InvalidQuery(faults));
    }
    let sorted = order.iter().filter_map(|part| match &part.by {
        SortBy::Column(column) => Some(column.clone()),
        SortBy::Score => None,
    });
    let near = includes.iter().flat_map(|include| include.near(view));
    let fields = shown.iter().filter_map(|at| view.fields.get(*at)).map(|field| field.at().clone());
    let mut read: Vec<ColumnRef> = Vec::new();
    for column in fields.chain(sorted).chain(near) {
        if !read.contains(&column) {
            read.push(column);
        }
    }
    let asked = format!("{:?}|{:?}|{:?}|{:?}", query.sort, query.filter, query.search, query.dates);
    let rows = Selection { table: Arc::clone(&view.table), filter, search };
    Ok(Plan { rows, order, is_scored, shown, includes, read, asked })
}

/// The places of the fields to show.
pub(super) fn shown(view: &EntityView, names: &[String], faults: &mut Vec<FieldFault>) -> Vec<usize> {
    let mut shown = Vec::new();
    for (at, field) in view.fields.iter().enumerate() {
        let is_asked = names.is_empty() || names.iter().any(|name| *name == *field.name);
        if field.is_readable() && is_asked {
            shown.push(at);
        }
    }
    for name in names.iter().filter(|name| view.readable(name).is_none()) {
        faults.push(FieldFault::new("fields", format!("has an unknown field: {}", cut(name))));
    }
    shown
}

fn filter(desk: &Desk, view: &EntityView, query: &ListQuery, faults: &mut QueryFaults) -> Option<Filter> {
    let find = |name: &str| filter_field(desk.shelf.views(), view, name);
    let filter = query.filter.as_ref().filter(|filter| !filter.is_empty());
    let filter = filter.and_then(|filter| match filter.resolve_by(&find) {
        Ok(filter) => Some(filter),
        Err(found) => {
            faults.filter = found;
            None
        }
    });
    let dates = query.dates.as_ref().and_then(|dates| {
        let field = view.date_field();
        if field.is_none() {
            let reason = "can't be asked for: the entity names no dateField, and has no createdAt";
            faults.fields.push(FieldFault::new("startDate", reason));
        }
        field.map(|field| dates.of_column(field.at()))
    });
    match (filter, dates) {
        (Some(filter), Some(dates)) => Some(Filter::All(vec![filter, dates])),
        (one, other) => one.or(other),
    }
}

fn search(view: &EntityView, text: &str, faults: &mut Vec<FieldFault>) -> Option<TextSearch> {
    let index = view.full_text().cloned();
    let columns: Vec<_> =
        view.all_readable().filter(|field| field.kind.is_text()).map(|field| field.at().clone()).collect();
    if index.is_none() && columns.is_empty() {
        faults.push(FieldFault::new("search", "can't be asked for: no field holds text"));
        return None;
    }
    let columns = if index.is_some() { Vec::new() } else { columns };
    Some(TextSearch { text: text.to_owned(), index, columns })
}

/// The order, in the end by the key; and whether it goes by score.
fn order(
    view: &EntityView,
    sort: &[SortField],
    is_search: bool,
    faults: &mut Vec<FieldFault>,
) -> (Vec<SortPart>, bool) {
    let mut order: Vec<SortPart> = Vec::new();
    for field in sort {
        let by = match view.readable(&field.name) {
            Some(found) if found.kind.is_sortable() => SortBy::Column(found.at().clone()),
            Some(_) => {
                faults.push(FieldFault::new(cut(&field.name), "is of a kind that can't be sorted by"));
                continue;
            }
            None if field.name == SCORE && is_search => SortBy::Score,
            None if field.name == SCORE => {
                faults.push(FieldFault::new(SCORE, "needs search"));
                continue;
            }
            None => {
                faults.push(FieldFault::new(cut(&field.name), "is an unknown field"));
                continue;
            }
        };
        if order.iter().all(|part| part.by != by) {
            order.push(SortPart { by, descending: field.descending });
        }
    }
    // All the way in one direction, so that one index can give it.
    let descending = order.last().is_some_and(|part| part.descending && part.by != SortBy::Score);
    for column in view.key_columns() {
        let by = SortBy::Column(column);
        if order.iter().all(|part| part.by != by) {
            order.push(SortPart { by, descending });
        }
    }
    let is_scored = order.iter().any(|part| part.by == SortBy::Score);
    (order, is_scored)
}

/// A name that somebody made up, as far as it is shown.
fn cut(name: &str) -> String {
    name.chars().take(64).collect()
}

//! Records of other entities that belong to those shown: one query for each relation and level.

use std::{collections::HashMap, sync::Arc};

use altus4_connections::{ColumnRef, Value};
use futures::future::BoxFuture;

use super::{Desk, EntityService};
use crate::{
    Cell, EntityError, EntityView, FieldFault, ListQuery, Operation, Record, RelatedRequest, RelationKind,
    RowValues, SortBy, SortPart, cursor, to_json, view::RelationView,
};

/// The most records of one relation of one record.
const PER_PARENT: u32 = 100;

/// A relation to include, and those to include in it.
#[derive(Debug, Clone)]
pub(super) struct Include {
    /// Its place in the view.
    relation: usize,
    /// The place of the entity it leads to.
    to: usize,
    name: Arc<str>,
    children: Vec<Include>,
}

impl Include {
    /// The relations of these names; every fault.
    pub(super) fn read(
        shelf: &crate::Shelf,
        view: &EntityView,
        names: &[String],
        faults: &mut Vec<FieldFault>,
    ) -> Vec<Self> {
        let mut includes = Vec::new();
        for name in names {
            let shown: String = name.chars().take(64).collect();
            let parts: Vec<&str> = name.split('.').collect();
            if parts.len() > ListQuery::MAX_INCLUDE_DEPTH {
                let reason = format!("goes deeper than {}: {shown}", ListQuery::MAX_INCLUDE_DEPTH);
                faults.push(FieldFault::new("include", reason));
            } else if Self::add(shelf, view, &parts, &mut includes).is_none() {
                faults.push(FieldFault::new("include", format!("has an unknown relation: {shown}")));
            }
        }
        if includes.iter().map(Self::count).sum::<usize>() > ListQuery::MAX_INCLUDES {
            let reason = format!("must have at most {} relations", ListQuery::MAX_INCLUDES);
            faults.push(FieldFault::new("include", reason));
        }
        includes
    }

    fn add(shelf: &crate::Shelf, view: &EntityView, parts: &[&str], into: &mut Vec<Self>) -> Option<()> {
        let Some((first, rest)) = parts.split_first() else { return Some(()) };
        let at = view.relations.iter().position(|relation| &*relation.name == *first)?;
        let RelationView { to, name, .. } = &view.relations[at];
        let other = shelf.views().get(*to)?.as_ref().filter(|other| other.allows(Operation::List))?;
        let known = into.iter().position(|include| include.relation == at);
        let place = known.unwrap_or_else(|| {
            into.push(Self { relation: at, to: *to, name: Arc::clone(name), children: Vec::new() });
            into.len() - 1
        });
        Self::add(shelf, other, rest, &mut into[place].children)
    }

    fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    /// The columns of the view's own table that it begins at.
    pub(super) fn near(&self, view: &EntityView) -> Vec<ColumnRef> {
        let relation = view.relations.get(self.relation);
        relation.iter().flat_map(|relation| &relation.link.on).map(|(near, _)| near.clone()).collect()
    }
}

impl EntityService {
    /// Rows as records, with what is to be included.
    pub(super) async fn present(
        &self,
        desk: &Desk,
        read: &[ColumnRef],
        shown: &[usize],
        includes: &[Include],
        rows: &[RowValues],
    ) -> Result<Vec<Record>, EntityError> {
        let view = desk.view()?;
        self.records_of(desk, view, read, shown, includes, rows).await
    }

    fn records_of<'a>(
        &'a self,
        desk: &'a Desk,
        view: &'a EntityView,
        read: &'a [ColumnRef],
        shown: &'a [usize],
        includes: &'a [Include],
        rows: &'a [RowValues],
    ) -> BoxFuture<'a, Result<Vec<Record>, EntityError>> {
        Box::pin(async move {
            let mut records: Vec<Record> = rows.iter().map(|row| plain(view, read, shown, row)).collect();
            for include in includes {
                let cells = self.included(desk, view, read, include, rows).await?;
                for (record, cell) in records.iter_mut().zip(cells) {
                    record.cells.push((Arc::clone(&include.name), cell));
                }
            }
            Ok(records)
        })
    }

    /// For each row, what belongs to it.
    async fn included(
        &self,
        desk: &Desk,
        view: &EntityView,
        read: &[ColumnRef],
        include: &Include,
        rows: &[RowValues],
    ) -> Result<Vec<Cell>, EntityError> {
        let (Some(relation), Some(Some(other))) =
            (view.relations.get(include.relation), desk.shelf.views().get(include.to))
        else {
            return Err(EntityError::NotFound(include.name.to_string()));
        };
        // Rows that refer to the same thing are one parent.
        let places: Vec<Option<usize>> =
            include.near(view).iter().map(|column| read.iter().position(|read| read == column)).collect();
        let mut parents: Vec<Vec<Value>> = Vec::new();
        let mut known = HashMap::<String, usize>::new();
        let of_rows: Vec<Option<usize>> = rows
            .iter()
            .map(|row| {
                let key: Vec<Value> = places
                    .iter()
                    .map(|place| place.and_then(|place| row.get(place)).cloned().unwrap_or_default())
                    .collect();
                if key.contains(&Value::Null) {
                    return None;
                }
                let text = key.iter().map(|value| cursor::write(value).to_string()).collect::<String>();
                Some(*known.entry(text).or_insert_with(|| {
                    parents.push(key);
                    parents.len() - 1
                }))
            })
            .collect();
        let is_one = relation.kind == RelationKind::BelongsTo;
        if parents.is_empty() {
            let none = || if is_one { Cell::One(None) } else { Cell::Many(Vec::new()) };
            return Ok(rows.iter().map(|_| none()).collect());
        }
        let shown: Vec<usize> =
            (0..other.fields.len()).filter(|at| other.fields[*at].is_readable()).collect();
        let fields = other.all_readable().map(|field| field.at().clone());
        let mut wanted: Vec<ColumnRef> = fields.collect();
        for column in include.children.iter().flat_map(|child| child.near(other)) {
            if !wanted.contains(&column) {
                wanted.push(column);
            }
        }
        let by_key = other.key_columns().into_iter();
        let request = RelatedRequest {
            link: Arc::clone(&relation.link),
            parents,
            filter: None,
            read: wanted.clone(),
            order: by_key.map(|column| SortPart { by: SortBy::Column(column), descending: false }).collect(),
            per_parent: if is_one { 1 } else { PER_PARENT },
        };
        let found = match desk.records.related(&desk.target, &request, desk.deadline).await {
            Ok(found) => found,
            Err(error) => return Err(self.told(desk, error).await),
        };
        let (owners, rows): (Vec<usize>, Vec<RowValues>) =
            found.into_iter().map(|related| (related.parent, related.values)).unzip();
        let records = self.records_of(desk, other, &wanted, &shown, &include.children, &rows).await?;
        let mut by_parent: Vec<Vec<Record>> = vec![Vec::new(); request.parents.len()];
        for (owner, record) in owners.into_iter().zip(records) {
            if let Some(records) = by_parent.get_mut(owner) {
                records.push(record);
            }
        }
        let of_row = |parent: &Option<usize>| {
            let records = parent.and_then(|parent| by_parent.get(parent)).cloned().unwrap_or_default();
            if is_one { Cell::One(records.into_iter().next()) } else { Cell::Many(records) }
        };
        Ok(of_rows.iter().map(of_row).collect())
    }
}

/// A row as a record, with nothing included.
pub(super) fn plain(view: &EntityView, read: &[ColumnRef], shown: &[usize], row: &RowValues) -> Record {
    let cell = |at: &usize| {
        let field = view.fields.get(*at)?;
        let value = row.get(read.iter().position(|column| column == field.at())?)?;
        Some((Arc::clone(&field.name), Cell::Value(to_json(value, &field.kind))))
    };
    Record { cells: shown.iter().filter_map(cell).collect() }
}

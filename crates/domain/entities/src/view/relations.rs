//! Relations between entities: from foreign keys, and those that were added by hand.
//!
//! A relation goes over columns that can be read at both ends, to an entity whose records may be
//! listed: what nobody may see is no way to anything.

use std::{collections::BTreeMap, sync::Arc};

use altus4_connections::{ColumnPair, ColumnRef, Junction, Link, SchemaSnapshot, Table};

use super::{EntityView, RelationView};
use crate::{Operation, RelationKind, RelationRule, naming};

/// A foreign key whose columns and table are known.
struct ForeignKey {
    /// The columns that refer, and those referred to.
    pairs: Vec<ColumnPair>,
    table: Arc<Table>,
}

/// A relation before it has its name: names it would like, the best first.
struct Draft {
    names: Vec<String>,
    view: RelationView,
}

/// Finds the relations of every view of a connection.
pub(crate) fn add_relations(views: &mut [Option<EntityView>], snapshot: &SchemaSnapshot) {
    let found: Vec<Vec<RelationView>> = views
        .iter()
        .map(|view| view.as_ref().map(|view| relations_of(view, views, snapshot)).unwrap_or_default())
        .collect();
    for (view, relations) in views.iter_mut().zip(found) {
        if let Some(view) = view {
            view.relations = relations;
        }
    }
}

fn relations_of(
    view: &EntityView,
    views: &[Option<EntityView>],
    snapshot: &SchemaSnapshot,
) -> Vec<RelationView> {
    let mut drafts: Vec<Draft> = Vec::new();
    for rule in &view.entity.settings.relations {
        if let Some(view) = by_hand(rule, view, views, snapshot) {
            drafts.push(Draft { names: vec![rule.name.clone()], view });
        }
    }
    drafts.extend(belongs_to(view, views, snapshot));
    drafts.extend(has_many(view, views, snapshot));
    drafts.extend(many_to_many(view, views, snapshot));
    let mut relations: Vec<RelationView> = Vec::new();
    for draft in drafts {
        let is_free = |name: &&String| {
            view.fields.iter().all(|field| *field.name != ***name)
                && relations.iter().all(|relation| *relation.name != ***name)
        };
        // One that was added by hand may say what a foreign key says too.
        let is_known = relations.iter().any(|known| {
            (known.kind, known.to) == (draft.view.kind, draft.view.to) && known.link == draft.view.link
        });
        if is_known {
            continue;
        }
        if let Some(name) = draft.names.iter().find(is_free) {
            relations.push(RelationView { name: name.as_str().into(), ..draft.view });
        }
    }
    relations
}

/// The entity over a table that is offered, the oldest.
fn over<'a>(views: &'a [Option<EntityView>], table: &Table) -> Option<(usize, &'a EntityView)> {
    let mut all = views.iter().enumerate().filter_map(|(at, view)| Some((at, view.as_ref()?)));
    all.find(|(_, view)| view.table.table == table.table && view.allows(Operation::List))
}

fn is_open<'a>(view: &EntityView, mut columns: impl Iterator<Item = &'a ColumnRef>) -> bool {
    columns.all(|column| view.all_readable().any(|field| field.at() == column))
}

fn near(pairs: &[ColumnPair]) -> impl Iterator<Item = &ColumnRef> {
    pairs.iter().map(|(near, _)| near)
}

fn far(pairs: &[ColumnPair]) -> impl Iterator<Item = &ColumnRef> {
    pairs.iter().map(|(_, far)| far)
}

fn turned(pairs: &[ColumnPair]) -> Vec<ColumnPair> {
    pairs.iter().map(|(near, far)| (far.clone(), near.clone())).collect()
}

fn names(view: &EntityView, columns: &[&ColumnRef]) -> Vec<String> {
    let name = |column: &&ColumnRef| {
        let field = view.fields.iter().find(|field| field.at() == *column);
        field.map_or_else(|| column.name().to_owned(), |field| field.name.to_string())
    };
    columns.iter().map(name).collect()
}

/// The foreign keys of a table, those with a name of their own together.
fn foreign_keys(table: &Table, snapshot: &SchemaSnapshot) -> Vec<ForeignKey> {
    let mut keys = BTreeMap::<(String, usize), Option<ForeignKey>>::new();
    for (at, relation) in table.relations.iter().enumerate() {
        let alone = if relation.constraint.is_empty() { at } else { 0 };
        let found = snapshot.table(&relation.references_table).and_then(|other| {
            let near = table.column(&relation.column)?.column.clone();
            let far = other.column(&relation.references_column)?.column.clone();
            Some(((near, far), Arc::clone(other)))
        });
        let key = keys.entry((relation.constraint.clone(), alone));
        match (found, key) {
            (Some((pair, table)), std::collections::btree_map::Entry::Vacant(place)) => {
                place.insert(Some(ForeignKey { pairs: vec![pair], table }));
            }
            (Some((pair, _)), std::collections::btree_map::Entry::Occupied(mut place)) => {
                if let Some(key) = place.get_mut() {
                    key.pairs.push(pair);
                }
            }
            // A key over something unknown is none.
            (None, mut place) => {
                if let std::collections::btree_map::Entry::Occupied(place) = &mut place {
                    *place.get_mut() = None;
                } else {
                    place.or_insert(None);
                }
            }
        }
    }
    keys.into_values().flatten().collect()
}

fn called_after(key: &ForeignKey, view: &EntityView) -> Option<String> {
    let [(column, _)] = key.pairs.as_slice() else { return None };
    naming::relation_name(column.name(), view.entity.settings.field_case)
}

fn belongs_to(view: &EntityView, views: &[Option<EntityView>], snapshot: &SchemaSnapshot) -> Vec<Draft> {
    let keys = foreign_keys(&view.table, snapshot).into_iter();
    let draft = |key: ForeignKey| {
        let (to, other) = over(views, &key.table)?;
        if !is_open(view, near(&key.pairs)) || !is_open(other, far(&key.pairs)) {
            return None;
        }
        let plain = naming::camel(other.entity.name.as_str());
        let columns: Vec<_> = near(&key.pairs).collect();
        let by = format!("{plain}By{}", capital(&naming::camel(columns.first()?.name())));
        let names_wanted = called_after(&key, view).into_iter().chain([plain, by]).collect();
        let foreign_key = names(view, &columns);
        let link = Link {
            from: Arc::clone(&view.table),
            to: Arc::clone(&key.table),
            on: key.pairs.clone(),
            through: None,
        };
        Some(drafted(names_wanted, RelationKind::BelongsTo, to, foreign_key, link))
    };
    keys.filter_map(draft).collect()
}

fn has_many(view: &EntityView, views: &[Option<EntityView>], snapshot: &SchemaSnapshot) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (to, other) in views.iter().enumerate().filter_map(|(at, view)| Some((at, view.as_ref()?))) {
        let is_first = over(views, &other.table).is_some_and(|(first, _)| first == to);
        let is_offered = is_first && over(views, &view.table).is_some();
        if !is_offered {
            continue;
        }
        let keys: Vec<_> = foreign_keys(&other.table, snapshot)
            .into_iter()
            .filter(|key| key.table.table == view.table.table)
            .filter(|key| is_open(other, near(&key.pairs)) && is_open(view, far(&key.pairs)))
            .collect();
        let plain = naming::camel(other.entity.name.as_str());
        let is_only = keys.len() == 1;
        for key in keys {
            let columns: Vec<_> = near(&key.pairs).collect();
            let Some(first) = columns.first() else { continue };
            let after = called_after(&key, other).unwrap_or_else(|| naming::camel(first.name()));
            let by = format!("{plain}By{}", capital(&after));
            let names_wanted = if is_only { vec![plain.clone(), by] } else { vec![by] };
            let foreign_key = names(other, &columns);
            let link = Link {
                from: Arc::clone(&view.table),
                to: Arc::clone(&other.table),
                on: turned(&key.pairs),
                through: None,
            };
            drafts.push(drafted(names_wanted, RelationKind::HasMany, to, foreign_key, link));
        }
    }
    drafts
}

/// Through tables whose primary key is two foreign keys and nothing else, if they are offered too.
fn many_to_many(view: &EntityView, views: &[Option<EntityView>], snapshot: &SchemaSnapshot) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for between in views.iter().flatten() {
        let is_first =
            over(views, &between.table).is_some_and(|(_, first)| first.entity.id == between.entity.id);
        let keys = foreign_keys(&between.table, snapshot);
        let [one, other] = keys.as_slice() else { continue };
        let of_keys: Vec<_> = near(&one.pairs).chain(near(&other.pairs)).collect();
        let is_junction = of_keys.len() == between.table.primary_key.len()
            && between.table.primary_key.iter().all(|column| of_keys.contains(&column));
        if !is_first || !is_junction || !is_open(between, of_keys.into_iter()) {
            continue;
        }
        for (own, away) in [(one, other), (other, one)] {
            if own.table.table != view.table.table || !is_open(view, far(&own.pairs)) {
                continue;
            }
            let Some((to, target)) = over(views, &away.table) else { continue };
            if !is_open(target, far(&away.pairs)) {
                continue;
            }
            let plain = naming::camel(target.entity.name.as_str());
            let via = format!("{plain}Via{}", capital(&naming::camel(between.entity.name.as_str())));
            let columns: Vec<_> = near(&own.pairs).chain(near(&away.pairs)).collect();
            let foreign_key = names(between, &columns);
            let link = Link {
                from: Arc::clone(&view.table),
                to: Arc::clone(&away.table),
                on: turned(&own.pairs),
                through: Some(Junction { table: Arc::clone(&between.table), far: away.pairs.clone() }),
            };
            drafts.push(drafted(vec![plain, via], RelationKind::ManyToMany, to, foreign_key, link));
        }
    }
    drafts
}

/// `None` where the schema, or another entity, is not what it was; the relation isn't offered then.
fn by_hand(
    rule: &RelationRule,
    view: &EntityView,
    views: &[Option<EntityView>],
    snapshot: &SchemaSnapshot,
) -> Option<RelationView> {
    let (to, other) = views
        .iter()
        .enumerate()
        .filter_map(|(at, view)| Some((at, view.as_ref()?)))
        .find(|(_, view)| view.entity.name == rule.entity && view.allows(Operation::List))?;
    let own = column_or_key(&view.table, &rule.column)?;
    if !is_open(view, std::iter::once(&own)) {
        return None;
    }
    let (from, target) = (Arc::clone(&view.table), Arc::clone(&other.table));
    let (on, through) = match &rule.through {
        None => {
            let far = column_or_key(&other.table, &rule.target)?;
            if !is_open(other, std::iter::once(&far)) {
                return None;
            }
            (vec![(own, far)], None)
        }
        Some(through) => {
            let between = snapshot.table(&through.table)?;
            let near = between.column(&rule.target)?.column.clone();
            let away = between.column(&through.column)?.column.clone();
            let far = column_or_key(&other.table, &through.target)?;
            if !is_open(other, std::iter::once(&far)) {
                return None;
            }
            (vec![(own, near)], Some(Junction { table: Arc::clone(between), far: vec![(away, far)] }))
        }
    };
    let refers = match rule.kind {
        RelationKind::BelongsTo => names(view, &near(&on).collect::<Vec<_>>()),
        RelationKind::HasMany => names(other, &far(&on).collect::<Vec<_>>()),
        RelationKind::ManyToMany => {
            let through = through.iter().flat_map(|junction| near(&junction.far));
            far(&on).chain(through).map(|column| column.name().to_owned()).collect()
        }
    };
    let link = Link { from, to: target, on, through };
    Some(drafted(Vec::new(), rule.kind, to, refers, link).view)
}

/// The column of this name; the one of the primary key where nothing is said.
fn column_or_key(table: &Table, name: &str) -> Option<ColumnRef> {
    match (name, table.primary_key.as_slice()) {
        ("", [only]) => Some(only.clone()),
        _ => table.column(name).map(|column| column.column.clone()),
    }
}

fn drafted(names: Vec<String>, kind: RelationKind, to: usize, foreign_key: Vec<String>, link: Link) -> Draft {
    Draft { names, view: RelationView { name: "".into(), kind, to, foreign_key, link: Arc::new(link) } }
}

fn capital(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

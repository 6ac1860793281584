//! Filters as JSON writes them: `{"status": "todo", "priority": {"in": ["high"]}, "or": [{…}, {…}]}`.

use serde_json::{Map, Value as Json};

use super::query::{Asked, Clause, Comparison, Condition, Scalar, TextTest};
use crate::{FilterFault, FilterFaultKind, FilterQuery};

/// What operators are called, for whoever wrote another.
const OPERATORS: &str = "must be one of eq, ne, gt, gte, lt, lte, in, nin, like, ilike, startsWith, \
                         endsWith, contains, isNull, between";
const VALUE: &str = "must be text, a number, true, false or null";
/// How much of a name that somebody made up is shown.
const SHOWN_CHARS: usize = 64;

impl FilterQuery {
    /// The filter in a JSON object. The members of an object all have to hold; a field with a value
    /// instead of operators has to be equal to it. `null` is equal to `NULL` alone. `ne` and `nin` are
    /// the negations of `eq` and `in`, and so true for `NULL`.
    ///
    /// # Errors
    /// Every fault, unless there are more than a few dozen.
    pub fn from_json(json: &Json) -> Result<Self, Vec<FilterFault>> {
        Reader::default().filter(json)
    }
}

/// Reads a filter and gathers what is wrong with it.
#[derive(Default)]
pub(super) struct Reader {
    /// Whether every value is text, as in a query string.
    is_untyped: bool,
    conditions: usize,
    faults: Vec<FilterFault>,
}

impl Reader {
    /// More faults help nobody.
    const MAX_FAULTS: usize = 50;

    /// A reader of values that are all text, whatever they mean.
    pub(super) fn of_text() -> Self {
        Self { is_untyped: true, ..Self::default() }
    }

    pub(super) fn filter(mut self, json: &Json) -> Result<FilterQuery, Vec<FilterFault>> {
        let root = self.group("", json, 1);
        if self.conditions > FilterQuery::MAX_CONDITIONS {
            let reason = format!("must have at most {} conditions", FilterQuery::MAX_CONDITIONS);
            self.fault("", FilterFaultKind::TooMany, reason);
        }
        match root {
            Some(root) if self.faults.is_empty() => Ok(FilterQuery { root }),
            _ => Err(self.faults),
        }
    }

    fn fault(&mut self, place: &str, kind: FilterFaultKind, reason: impl Into<String>) {
        if self.faults.len() < Self::MAX_FAULTS {
            self.faults.push(FilterFault::new(place, kind, reason));
        }
    }

    fn wrong_kind<T>(&mut self, place: &str, reason: &str) -> Option<T> {
        self.fault(place, FilterFaultKind::WrongKind, reason);
        None
    }

    /// An object, all of whose members have to hold. `None` when something in it is at fault.
    fn group(&mut self, place: &str, json: &Json, depth: usize) -> Option<Clause> {
        let Json::Object(members) = json else {
            return self.wrong_kind(place, "must be an object");
        };
        if depth > FilterQuery::MAX_DEPTH {
            let reason = format!("is nested more than {} deep", FilterQuery::MAX_DEPTH);
            self.fault(place, FilterFaultKind::TooDeep, reason);
            return None;
        }
        // All are read, so that all faults are told.
        let clauses: Vec<_> = members
            .iter()
            .map(|(name, value)| {
                let place = join(place, name);
                match name.as_str() {
                    "and" => self.groups(&place, value, depth).map(all),
                    "or" => self.groups(&place, value, depth).map(Clause::Any),
                    "not" => self.group(&place, value, depth + 1).map(|clause| Clause::Not(Box::new(clause))),
                    field => self.field(field, &place, value),
                }
            })
            .collect();
        clauses.into_iter().collect::<Option<Vec<_>>>().map(all)
    }

    fn groups(&mut self, place: &str, json: &Json, depth: usize) -> Option<Vec<Clause>> {
        let Json::Array(items) = json else {
            return self.wrong_kind(place, "must be an array of objects");
        };
        if items.is_empty() {
            return self.wrong_kind(place, "must have an item");
        }
        let groups: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(at, item)| self.group(&format!("{place}[{at}]"), item, depth + 1))
            .collect();
        groups.into_iter().collect()
    }

    fn field(&mut self, field: &str, place: &str, json: &Json) -> Option<Clause> {
        match json {
            Json::Object(operators) => self.operators(field, place, operators),
            Json::Array(_) => self.wrong_kind(place, "must be a value, or an object of operators such as in"),
            value => {
                self.conditions += 1;
                self.equal(field, place, value)
            }
        }
    }

    fn operators(&mut self, field: &str, place: &str, operators: &Map<String, Json>) -> Option<Clause> {
        if operators.is_empty() {
            return self.wrong_kind(place, "must have an operator");
        }
        let tests: Vec<_> = operators
            .iter()
            .map(|(name, value)| {
                self.conditions += 1;
                self.operator(field, name, &join(place, name), value)
            })
            .collect();
        tests.into_iter().collect::<Option<Vec<_>>>().map(all)
    }

    fn operator(&mut self, field: &str, name: &str, place: &str, json: &Json) -> Option<Clause> {
        let is = |asked| is(field, place, asked);
        let compare = |comparison| move |scalar| is(Asked::Compare(comparison, scalar));
        let text = |test| move |text| is(Asked::Text(test, text));
        match name {
            "eq" => self.equal(field, place, json),
            "ne" => self.equal(field, place, json).map(not),
            "gt" => self.scalar(place, json).map(compare(Comparison::Gt)),
            "gte" => self.scalar(place, json).map(compare(Comparison::Gte)),
            "lt" => self.scalar(place, json).map(compare(Comparison::Lt)),
            "lte" => self.scalar(place, json).map(compare(Comparison::Lte)),
            "in" => self.one_of(field, place, json),
            "nin" => self.one_of(field, place, json).map(not),
            "like" => self.text(place, json).map(text(TextTest::Like)),
            "ilike" => self.text(place, json).map(text(TextTest::Ilike)),
            "startsWith" => self.text(place, json).map(text(TextTest::StartsWith)),
            "endsWith" => self.text(place, json).map(text(TextTest::EndsWith)),
            "contains" => self.text(place, json).map(text(TextTest::Contains)),
            "isNull" => {
                self.flag(place, json).map(|wanted| is(if wanted { Asked::IsNull } else { Asked::IsNotNull }))
            }
            "between" => {
                let low_and_high = self.values(place, json)?;
                let [low, high] = <[Json; 2]>::try_from(low_and_high)
                    .ok()
                    .or_else(|| self.wrong_kind(place, "must be two values, the lower one first"))?;
                let low = self.scalar(&format!("{place}[0]"), &low).map(compare(Comparison::Gte));
                let high = self.scalar(&format!("{place}[1]"), &high).map(compare(Comparison::Lte));
                Some(Clause::All(vec![low?, high?]))
            }
            _ => {
                self.fault(place, FilterFaultKind::UnknownOperator, OPERATORS);
                None
            }
        }
    }

    fn equal(&mut self, field: &str, place: &str, json: &Json) -> Option<Clause> {
        if json.is_null() {
            return Some(is(field, place, Asked::IsNull));
        }
        self.scalar(place, json).map(|scalar| is(field, place, Asked::Compare(Comparison::Eq, scalar)))
    }

    /// One of these values; `null` among them stands for `NULL`.
    fn one_of(&mut self, field: &str, place: &str, json: &Json) -> Option<Clause> {
        let items = self.values(place, json)?;
        if items.len() > FilterQuery::MAX_VALUES {
            let reason = format!("must have at most {} values", FilterQuery::MAX_VALUES);
            self.fault(place, FilterFaultKind::TooMany, reason);
            return None;
        }
        let has_null = items.iter().any(Json::is_null);
        let values: Vec<_> = items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.is_null())
            .map(|(at, item)| self.scalar(&format!("{place}[{at}]"), item))
            .collect();
        let one_of = is(field, place, Asked::In(values.into_iter().collect::<Option<_>>()?));
        Some(if has_null { Clause::Any(vec![one_of, is(field, place, Asked::IsNull)]) } else { one_of })
    }

    /// The items of an array. In a query string they are repeated, or separated by commas.
    fn values(&mut self, place: &str, json: &Json) -> Option<Vec<Json>> {
        match json {
            Json::Array(items) => Some(items.clone()),
            Json::String(text) if self.is_untyped => Some(text.split(',').map(Json::from).collect()),
            _ => self.wrong_kind(place, "must be an array of values"),
        }
    }

    fn scalar(&mut self, place: &str, json: &Json) -> Option<Scalar> {
        match json {
            Json::Bool(flag) => Some(Scalar::Bool(*flag)),
            Json::Number(number) => Some(Scalar::Number(number.clone())),
            Json::String(text) if self.is_untyped => Some(Scalar::Untyped(text.clone())),
            Json::String(text) => Some(Scalar::Text(text.clone())),
            Json::Null => self.wrong_kind(place, "must not be null; isNull asks for that"),
            Json::Array(_) | Json::Object(_) => self.wrong_kind(place, VALUE),
        }
    }

    fn text(&mut self, place: &str, json: &Json) -> Option<String> {
        match json {
            Json::String(text) => Some(text.clone()),
            _ => self.wrong_kind(place, "must be text"),
        }
    }

    fn flag(&mut self, place: &str, json: &Json) -> Option<bool> {
        match json {
            Json::Bool(flag) => Some(*flag),
            Json::String(text) if self.is_untyped && matches!(text.as_str(), "true" | "1") => Some(true),
            Json::String(text) if self.is_untyped && matches!(text.as_str(), "false" | "0") => Some(false),
            _ => self.wrong_kind(place, "must be true or false"),
        }
    }
}

fn is(field: &str, place: &str, asked: Asked) -> Clause {
    Clause::Is(Condition { field: field.to_owned(), place: place.to_owned(), asked })
}

fn not(clause: Clause) -> Clause {
    Clause::Not(Box::new(clause))
}

/// One clause is all of itself.
fn all(mut clauses: Vec<Clause>) -> Clause {
    match clauses.pop() {
        Some(only) if clauses.is_empty() => only,
        Some(last) => {
            clauses.push(last);
            Clause::All(clauses)
        }
        None => Clause::All(clauses),
    }
}

/// The place of a member; names that nobody would give are cut.
fn join(place: &str, name: &str) -> String {
    let name: String = name.chars().take(SHOWN_CHARS).collect();
    if place.is_empty() { name } else { format!("{place}.{name}") }
}

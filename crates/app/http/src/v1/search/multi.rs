//! Several searches in one request.

use std::sync::Arc;

use actix_web::web::Data;
use altus4_kernel::{AiPayer, Environment, Granted, grants::Search};
use altus4_search::{Merged, MergedFault, SearchQuery, Window};
use futures::future::join_all;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{SearchBody, SearchResultsDto, body, run};
use crate::{
    envelope::{Answer, Envelope, Failure, FailureBody},
    error::ApiError,
    extract::{Fields, JsonBody, May, Payer, RunsIn},
    state::State,
};

/// The most searches of one request.
const MAX_QUERIES: usize = 10;

/// The greatest weight of one search beside others.
const MAX_WEIGHT: f64 = 1_000.0;

/// Several searches.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `queries` reads it")]
pub(crate) struct MultiSearchBody {
    /// The searches, each as it would be posted alone.
    #[schema(min_items = 1, max_items = 10)]
    queries: Vec<SearchBody>,
    /// Merges what all of them find into one list.
    federation: Option<FederationBody>,
}

/// One list of what several searches find. Of each search its `limit`, `offset`, `sort`, `facets` and
/// `includeAnalytics` have no effect then.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `federation` reads it")]
pub(crate) struct FederationBody {
    #[schema(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    #[schema(default = 0, minimum = 0, maximum = 10000)]
    offset: Option<u32>,
    /// How much each search counts beside the others, in their order; left out: all alike.
    #[schema(min_items = 1, max_items = 10)]
    weights: Option<Vec<f64>>,
}

/// What is asked for.
struct Asked {
    queries: Vec<SearchQuery>,
    /// How the one list is made, if one is wanted.
    federation: Option<Federation>,
}

struct Federation {
    window: Window,
    weights: Option<Vec<f64>>,
}

fn asked(fields: &mut Fields) -> Option<Asked> {
    fields.require(&["queries"]);
    let federation = fields.object("federation", federation);
    let queries = fields.objects("queries", 1..=MAX_QUERIES, body::search_query)?;
    let weights = federation.as_ref().and_then(|federation| federation.weights.as_ref());
    if weights.is_some_and(|weights| weights.len() != queries.len()) {
        fields.fault("federation.weights", "must have one for each of the queries");
    }
    Some(Asked { queries, federation })
}

fn federation(fields: &mut Fields) -> Federation {
    let window = body::window(fields).unwrap_or_default();
    let reason = format!("must have 1 to {MAX_QUERIES} numbers over 0 and up to {MAX_WEIGHT}");
    let weights = fields.take("weights").and_then(|value| {
        let weights = weights(&value);
        if weights.is_none() {
            fields.fault("weights", reason);
        }
        weights
    });
    Federation { window, weights }
}

fn weights(value: &Value) -> Option<Vec<f64>> {
    let items = value.as_array().filter(|items| (1..=MAX_QUERIES).contains(&items.len()))?;
    let weight = |item: &Value| item.as_f64().filter(|weight| *weight > 0.0 && *weight <= MAX_WEIGHT);
    items.iter().map(weight).collect()
}

/// What each search answered, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MultiSearchResults)]
pub(crate) struct MultiResultsDto {
    results: Vec<PartDto>,
}

/// What one of several searches answered: results, or why it failed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = MultiSearchPart)]
pub(crate) enum PartDto {
    /// As it would be answered alone.
    Results(Box<SearchResultsDto>),
    /// The failure that it would be alone.
    Failed {
        /// What went wrong.
        error: FailureBody,
    },
}

/// What several searches answered: each for itself, or one list of all.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = MultiSearchAnswer)]
pub(crate) enum MultiDto {
    /// Each for itself.
    Each(MultiResultsDto),
    /// One list.
    Merged(Box<SearchResultsDto>),
}

/// Runs several searches side by side, each as if it were alone; or with `federation` for one list.
///
/// A search that fails says so in its place; when every one fails, the answer is the failure of the
/// first. In one list every row stands once, where its best search places it.
#[utoipa::path(post, path = "/api/v1/search/multi", tag = "search", operation_id = "searchMulti",
    request_body = MultiSearchBody,
    responses(
        (status = 200, description = "What each search answered", body = Envelope<MultiDto>),
        (status = 404, description = "`NOT_FOUND`: the databases of every search aren't the account's", body = Failure),
        (status = 502, description = "`CONNECTION_FAILED`: every search failed", body = Failure),
        (status = 504, description = "`QUERY_TIMEOUT`: every search failed, the first by its time limit", body = Failure)))]
pub(crate) async fn search(
    state: Data<State>,
    May(granted): May<Search>,
    RunsIn(environment): RunsIn,
    Payer(payer): Payer,
    body: JsonBody,
) -> Result<Answer<MultiDto>, ApiError> {
    let Asked { queries, federation } = body.read(asked)?;
    match federation {
        Some(federation) => merged(&state, granted, environment, (queries, federation), payer).await,
        None => each(&state, granted, environment, queries, payer).await,
    }
}

async fn merged(
    state: &State,
    granted: Granted<Search>,
    environment: Environment,
    (queries, federation): (Vec<SearchQuery>, Federation),
    payer: Arc<dyn AiPayer>,
) -> Result<Answer<MultiDto>, ApiError> {
    let Federation { window, weights } = federation;
    let weights = weights.unwrap_or_else(|| vec![1.0; queries.len()]);
    let highlighted = queries.iter().any(|query| query.highlight.is_some());
    let searches = queries.into_iter().zip(weights).map(|(query, weight)| Merged { query, weight }).collect();
    let served = state.services.search.search_merged(granted, environment, searches, window, &*payer).await;
    let served = served.map_err(|MergedFault { error, .. }| *error)?;
    let results = SearchResultsDto::new(served, window, highlighted, true)?;
    Ok(Answer::ok(MultiDto::Merged(Box::new(results))))
}

async fn each(
    state: &State,
    granted: Granted<Search>,
    environment: Environment,
    queries: Vec<SearchQuery>,
    payer: Arc<dyn AiPayer>,
) -> Result<Answer<MultiDto>, ApiError> {
    let runs = queries.into_iter().map(|query| run(state, granted, environment, query, Arc::clone(&payer)));
    let mut outcomes = join_all(runs).await;
    if outcomes.iter().all(Result::is_err)
        && let Some(first) = outcomes.drain(..).find_map(Result::err)
    {
        return Err(first);
    }
    let results = outcomes.into_iter().map(|outcome| match outcome {
        Ok(results) => PartDto::Results(Box::new(results)),
        Err(error) => {
            if let Some(cause) = error.chain() {
                tracing::warn!(code = error.code().as_str(), cause, "search.part_failed");
            }
            PartDto::Failed { error: error.as_part() }
        }
    });
    Ok(Answer::ok(MultiDto::Each(MultiResultsDto { results: results.collect() })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_are_told_with_the_place_of_their_search() {
        let body =
            json!({ "queries": [{ "query": "x" }, { "query": "", "limit": 0 }, 3, { "querry": "x" }] });
        let error = Fields::of_json(body, asked).err().expect("faults");
        let errors = error.details().expect("details")["errors"].clone();
        let fields: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
        let expected =
            ["queries[1].query", "queries[1].limit", "queries[2]", "queries[3].query", "queries[3].querry"];
        assert_eq!(fields, expected);
    }

    #[test]
    fn there_are_one_to_ten() {
        for count in [0, 11] {
            let body = json!({ "queries": vec![json!({ "query": "x" }); count] });
            assert!(Fields::of_json(body, asked).is_err(), "{count}");
        }
        let body = json!({ "queries": vec![json!({ "query": "x" }); 10] });
        assert_eq!(Fields::of_json(body, asked).unwrap().queries.len(), 10);
    }

    #[test]
    fn one_list_has_a_weight_for_each_search_or_none() {
        let body =
            |federation| json!({ "queries": [{ "query": "x" }, { "query": "y" }], "federation": federation });
        for good in [json!({}), json!({ "limit": 5, "offset": 5, "weights": [1, 0.5] })] {
            assert!(Fields::of_json(body(good), asked).is_ok_and(|asked| asked.federation.is_some()));
        }
        for bad in [
            json!({ "weights": [1] }),
            json!({ "weights": [1, 0] }),
            json!({ "limit": 0 }),
            json!({ "x": 1 }),
        ] {
            assert!(Fields::of_json(body(bad.clone()), asked).is_err(), "{bad}");
        }
    }
}

//! How many rows there are about, as the server knows without reading them.

use altus4_entities::Selection;
use mysql_async::{Row, Value as Wire};
use serde_json::Value as Json;

use crate::{error::Fault, pool::SessionPool, statement::records as statement, value};

/// The estimate; `None` where the server has none.
pub(super) async fn rows(
    pool: &SessionPool,
    rows: &Selection,
    max_bytes: usize,
) -> Result<Option<u64>, Fault> {
    if let Some(query) = statement::rows_of_table(rows) {
        let [answer] = pool.read([query], max_bytes).await?;
        return Ok(number(answer));
    }
    let Some(query) = statement::explain(rows) else { return Ok(Some(0)) };
    let answer = match pool.read([query], max_bytes).await {
        // It explains nothing in this form.
        Err(fault) if fault.is_unknown_setting() => return Ok(None),
        answer => answer?,
    };
    let text =
        answer.into_iter().flatten().next().and_then(|row| match row.unwrap_raw().into_iter().next() {
            Some(Some(Wire::Bytes(bytes))) => Some(value::text(bytes)),
            _ => None,
        });
    Ok(text.and_then(|text| planned(&serde_json::from_str(&text).ok()?)))
}

/// The number that is all of an answer.
pub(super) fn number(rows: Vec<Row>) -> Option<u64> {
    match rows.into_iter().next()?.unwrap_raw().into_iter().next()?? {
        Wire::Int(number) => number.try_into().ok(),
        Wire::UInt(number) => Some(number),
        Wire::Bytes(bytes) => value::text(bytes).parse().ok(),
        _ => None,
    }
}

/// How many rows the first table of a plan gives: those that are looked at, and the part of them that
/// is kept in hundredths. No estimate where the plan joins tables.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rough number of rows")]
fn planned(plan: &Json) -> Option<u64> {
    let block = plan.get("query_block")?;
    let nested = block.get("nested_loop").and_then(Json::as_array);
    let first = match nested.map(Vec::as_slice) {
        Some([only]) => only,
        Some(_) => return None,
        None => block,
    };
    // Nothing can pass.
    if first.get("table").is_none_or(|table| table.get("message").is_some()) {
        return first.get("table").map(|_| 0);
    }
    let table = first.get("table")?;
    let looked_at = ["rows_examined_per_scan", "rows"].iter().find_map(|name| table.get(name)?.as_f64())?;
    let kept = match table.get("filtered")? {
        Json::String(text) => text.parse().ok()?,
        number => number.as_f64()?,
    };
    Some((looked_at * kept / 100.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plans_of_either_server_are_read() {
        for (plan, expected) in [
            (json!({"query_block": {"select_id": 1, "table": {"rows": 1000, "filtered": 50}}}), Some(500)),
            (json!({"query_block": {"nested_loop": [{"table": {"rows": 10, "filtered": 100.0}}]}}), Some(10)),
            (json!({"query_block": {"table": {"rows_examined_per_scan": 9, "filtered": "33.33"}}}), Some(3)),
            (json!({"query_block": {"table": {"message": "Impossible WHERE"}}}), Some(0)),
            (json!({"query_block": {"nested_loop": [{}, {}]}}), None),
            (json!({}), None),
        ] {
            assert_eq!(planned(&plan), expected, "{plan}");
        }
    }
}

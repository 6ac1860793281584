//! How well the API ranks: nDCG@10, Recall@100 and MRR over sets with judgements, on a MariaDB of its
//! own, beside the server's own natural mode and a textbook BM25 over every document. Runs with
//! `just relevance`; needs MariaDB, and the sets in the folder named by `ALTUS4_RELEVANCE_DATA`.
//!
//! Every set is searched with the same settings: nothing here or in the service knows which set it
//! is. Words after the folder name the sets to run; left out, all there are. `--quick` leaves out all
//! but the API with the queries as they are.

mod meaning;
mod mistakes;
#[path = "../harness/process.rs"]
mod process;
#[path = "../harness/program.rs"]
mod program;
mod sets;
mod table;
mod textbook;
#[path = "../harness/times.rs"]
mod times;

use std::{collections::HashMap, path::Path};

use altus4_test_support::MariaDb;
use mysql_async::{Conn, Opts, Row, prelude::Queryable};
use serde_json::{Value, json};

use crate::{
    program::Program,
    sets::{Measures, Query, Set},
    table::Loaded,
    textbook::Bm25,
    times::{Outcome, is_wanted, millis, quantile},
};

/// Over how many databases a set is split.
const PARTS: usize = 3;
/// How far the lists are judged.
const DEPTH: usize = 100;

/// The archive of the model that tells meaning.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no settings but these")]
fn model_archive() -> Outcome<String> {
    Ok(std::env::var("ALTUS4_RELEVANCE_MODEL")
        .map_err(|_| "ALTUS4_RELEVANCE_MODEL names the model's archive")?)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let folder = words.next().ok_or("name the folder of the sets: just relevance")?;
    let wanted: Vec<String> = words.collect();
    let sets = Set::all(Path::new(&folder), &wanted)?;
    let server = MariaDb::start();
    let settings = [
        ("ALTUS4_DEFAULT_PLAN", "enterprise"),
        ("ALTUS4_TIER_FREE", "requests=1000000,burst=1000,concurrent=8,ai=1,block=1"),
        ("ALTUS4_TIER_PRO", "requests=1000000,burst=1000,concurrent=8,ai=1,block=1"),
        ("ALTUS4_TIER_ENTERPRISE", "requests=1000000,burst=1000,concurrent=8,ai=1,block=1"),
    ];
    let program = if by_meaning() {
        let model = model_archive()?;
        let data = tempfile::tempdir()?;
        meaning::install(&model, data.path())?;
        println!("{}", meaning::BOUNDS);
        Program::in_folder(data, &settings).await?
    } else {
        Program::without_data(&settings).await?
    };
    println!(
        "{:<12} {:<24} {:>8} {:>11} {:>6} {:>10}",
        "set", "way", "nDCG@10", "Recall@100", "MRR", "median ms"
    );
    for set in &sets {
        judge(set, &server, &program).await?;
    }
    println!("memory of the program (RSS) {:.1} MiB", program.process.resident_mib()?);
    Ok(())
}

/// Whether meaning is judged too.
fn by_meaning() -> bool {
    std::env::args().any(|argument| argument == "--semantic")
}

async fn judge(set: &Set, server: &MariaDb, program: &Program) -> Outcome<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let documents: Vec<usize> = (0..set.documents.len()).collect();
    let whole = Loaded::load(set, &documents, server).await?;
    let connection = program.register(server, &format!("{} whole", set.name), &whole.database).await?;
    if quick {
        let lists = search_all(program, &[&connection], &set.queries, &json!({})).await?;
        tell(set, "API", &set.queries, &lists.0, &lists.1);
        return judge_meaning(set, program, &connection).await;
    }
    let mut parts = Vec::new();
    for part in 0..PARTS {
        let some: Vec<usize> = documents.iter().copied().filter(|at| at % PARTS == part).collect();
        let loaded = Loaded::load(set, &some, server).await?;
        parts.push(program.register(server, &format!("{} part {part}", set.name), &loaded.database).await?);
    }

    let mut direct = Conn::new(Opts::from_url(&server.url(&whole.database))?).await?;
    let mut raw = Vec::new();
    for query in &set.queries {
        raw.push(natural(&mut direct, &query.text).await?);
    }
    tell(set, "raw MATCH", &set.queries, &raw, &[]);

    let textbook = Bm25::over(&set.documents);
    let lists: Vec<_> = set.queries.iter().map(|query| textbook.search(&query.text, DEPTH)).collect();
    tell(set, "textbook BM25", &set.queries, &lists, &[]);

    let whole = [connection.as_str()];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let clean = search_all(program, &whole, &set.queries, &json!({})).await?;
    let measures = tell(set, "API", &set.queries, &clean.0, &clean.1);
    let mistaken: Vec<Query> = set.queries.iter().map(mistakes::with_one).collect();
    let lists = search_all(program, &whole, &mistaken, &json!({})).await?;
    let kept = tell(set, "API, one typing error", &mistaken, &lists.0, &lists.1).ndcg / measures.ndcg;
    let lists = search_all(program, &parts, &set.queries, &json!({})).await?;
    let split = tell(set, "API, three databases", &set.queries, &lists.0, &lists.1).ndcg - measures.ndcg;
    println!(
        "{:<12} kept with a typing error {:.1} %, split over three {:+.1} points\n",
        set.name,
        kept * 100.0,
        split * 100.0
    );
    judge_meaning(set, program, &connection).await
}

/// Meaning without vectors and with them, each twice: the second time what was embedded is known.
async fn judge_meaning(set: &Set, program: &Program, connection: &str) -> Outcome<()> {
    if !by_meaning() {
        return Ok(());
    }
    let both = meaning::by_meaning(0.5);
    for way in ["meaning, first time", "meaning, no vectors"] {
        let lists = search_all(program, &[connection], &set.queries, &both).await?;
        tell(set, way, &set.queries, &lists.0, &lists.1);
    }
    // Other limits than any before, so that no answer is one that was kept.
    let words =
        async |limit| search_all(program, &[connection], &set.queries, &json!({ "limit": limit })).await;
    let (_, alone) = words(DEPTH - 1).await?;
    let build = meaning::Build::begin(program, connection).await?;
    let (_, beside) = words(DEPTH - 2).await?;
    let was_beside = !build.is_ready().await?;
    let took = build.finish().await?;
    let rate = set.documents.len() as f64 / took.as_secs_f64();
    println!("{:<12} {} rows embedded, {rate:.1} a second", set.name, set.documents.len());
    let (alone, beside) = (quantile(&alone, 0.5), quantile(&beside, 0.5));
    let when = if was_beside { "all the while" } else { "at first" };
    println!(
        "{:<12} a search by words {alone:.1} ms before, {beside:.1} ms beside that ({when}): {:.2}",
        set.name,
        beside / alone
    );
    for (way, ratio) in [("meaning, with vectors", 0.5), ("… meaning alone", 1.0)] {
        let fields = meaning::by_meaning(ratio);
        let lists = search_all(program, &[connection], &set.queries, &fields).await?;
        tell(set, way, &set.queries, &lists.0, &lists.1);
    }
    println!();
    Ok(())
}

/// What everybody writes.
async fn natural(direct: &mut Conn, text: &str) -> Outcome<Vec<usize>> {
    const STATEMENT: &str = "SELECT id, MATCH(title, text) AGAINST(? IN NATURAL LANGUAGE MODE) AS score
        FROM documents WHERE MATCH(title, text) AGAINST(? IN NATURAL LANGUAGE MODE)
        ORDER BY score DESC LIMIT 100";
    let rows: Vec<Row> = direct.exec(STATEMENT, (text, text)).await?;
    Ok(rows.iter().filter_map(|row| row.get::<usize, _>(0)).collect())
}

/// The lists for these queries, and how long each took in ms.
async fn search_all(
    program: &Program,
    databases: &[&str],
    queries: &[Query],
    further: &Value,
) -> Outcome<(Vec<Vec<usize>>, Vec<f64>)> {
    let mut lists = Vec::with_capacity(queries.len());
    let mut times = Vec::with_capacity(queries.len());
    // The first search after a start teaches the service the words of the tables.
    for query in queries.iter().take(1).chain(queries) {
        let mut body = json!({
            "query": query.text, "databases": databases, "columns": ["title", "text"], "limit": DEPTH,
        });
        body.as_object_mut()
            .into_iter()
            .for_each(|body| body.extend(further.as_object().cloned().unwrap_or_default()));
        let begun = std::time::Instant::now();
        let answer = program.search_for(&body).await?;
        times.push(millis(begun.elapsed()));
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let id = |hit: &Value| hit["data"]["id"].as_u64().and_then(|id| usize::try_from(id).ok());
        lists.push(results.iter().filter_map(id).collect());
    }
    Ok((lists.split_off(1), times.split_off(1)))
}

fn tell(set: &Set, way: &str, queries: &[Query], lists: &[Vec<usize>], times: &[f64]) -> Measures {
    let judged: HashMap<&str, &Vec<usize>> =
        queries.iter().zip(lists).map(|(query, list)| (query.id.as_str(), list)).collect();
    let measures = set.measure(&judged);
    let time = if times.is_empty() { String::new() } else { format!("{:.1}", quantile(times, 0.5)) };
    println!(
        "{:<12} {way:<24} {:>8.4} {:>11.4} {:>6.3} {time:>10}",
        set.name, measures.ndcg, measures.recall, measures.mrr
    );
    measures
}

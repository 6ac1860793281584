//! The demo, as a newcomer meets it: start it, paste what it prints.

use std::process::Command;
use std::time::{Duration, Instant};

use altus4_test_support::free_port;

use crate::client::{Answer, Caller};
use crate::program::Program;
use crate::samples::assert_scores_fall;
use crate::start_stop::assert_listens_on_loopback;

/// Longer than a debug build takes to make the sample.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A call of curl as it was printed.
#[derive(Debug)]
struct Call {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Call {
    /// Reads a command as a shell does: what `curl` would be called with.
    fn parse(command: &str) -> Self {
        let text = shell(&format!("curl() {{ printf '%s\\n\\001' \"$@\"; }}\n{command}\n"));
        let mut arguments = text.split("\n\u{1}").map(str::to_owned).filter(|argument| !argument.is_empty());
        let mut call = Self { method: "GET".into(), url: String::new(), headers: vec![], body: None };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("an option has its value");
            match argument.as_str() {
                "-X" | "--request" => call.method = value(),
                "-H" | "--header" => {
                    let header = value();
                    let (name, value) = header.split_once(':').expect("a header has a colon");
                    call.headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                "-d" | "--data" | "--data-raw" | "--json" => {
                    call.body = Some(value());
                    "POST".clone_into(&mut call.method);
                    if argument == "--json" {
                        call.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
                    }
                }
                option if option.starts_with('-') => {}
                _ => call.url = argument,
            }
        }
        call
    }

    async fn run(&self) -> Answer {
        let rest = self.url.strip_prefix("http://127.0.0.1:").expect("a call goes to loopback");
        let (port, path) = rest.split_once('/').expect("a call has a path");
        let caller = Caller::anonymous(port.parse().expect("a port"));
        let request = caller.request(&self.method, &format!("/{path}"));
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        Answer::to(match &self.body {
            Some(body) => request.body(body.clone()),
            None => request,
        })
        .await
    }
}

/// What a shell makes of a script.
fn shell(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().expect("sh can be started");
    assert!(output.status.success(), "no script: {script}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The printed commands, each with the lines that continue it.
fn commands(printed: &str) -> Vec<String> {
    let joined = printed.replace("\\\n", " ");
    joined.lines().map(str::trim).filter(|line| line.contains("curl ")).map(str::to_owned).collect()
}

/// Pastes the printed calls of a search.
async fn search(printed: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for command in commands(printed).iter().filter(|command| command.contains("/api/v1/search")) {
        answers.push(Call::parse(command).run().await.is(200));
    }
    assert!(!answers.is_empty(), "no search is printed: {printed}");
    answers
}

/// Starts a demo; gives it, its port and what it printed.
fn start(arguments: &[&str], settings: &[(String, String)]) -> (Program, u16, String) {
    let port = free_port();
    let port_text = port.to_string();
    let mut all = vec!["demo", "--port", &port_text];
    all.extend(arguments);
    let program = Program::start(&all, settings);
    let began = Instant::now();
    while !(program.stdout().contains("curl ") && program.stdout().ends_with('\n')) {
        let ended = program.exit_code();
        let said = format!("{}{}", program.stdout(), program.stderr());
        assert!(ended.is_none() && began.elapsed() < START_LIMIT, "{said}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let printed = program.stdout();
    (program, port, printed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_call_returns_ranked_results_with_snippets() {
    let (program, port, printed) = start(&[], &[]);
    assert!(printed.contains("altus4_sk_") && printed.contains(&format!("127.0.0.1:{port}")), "{printed}");
    for answer in search(&printed).await {
        let data = answer.data();
        let results = data["results"].as_array().expect("results are a list");
        assert!(results.len() >= 3, "{}", answer.text);
        assert_scores_fall(&data["results"]);
        for result in results.iter().take(3) {
            assert!(result["snippet"].as_str().is_some_and(|text| text.contains("<mark>")), "{result}");
        }
        assert_eq!(data["failures"], serde_json::json!([]));
    }
    assert_listens_on_loopback(port);
    program.terminate();
    assert_eq!(program.ended().code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_login_gives_a_token_that_works() {
    let (_program, _, printed) = start(&[], &[]);
    let all = commands(&printed);
    let login = all.iter().find_map(|command| command.strip_prefix("TOKEN=$(")).expect("a login is printed");
    let login = login.strip_suffix(')').expect("the command ends");
    let (call, reader) = login.split_once(" | ").expect("what reads the token");
    let answer = Call::parse(call).run().await.is(200);
    let token = shell(&format!("printf '%s' '{}' | {reader}", answer.text)).trim().to_owned();
    assert_eq!(token, crate::client::text(&answer.data()["token"]));
    for command in all.iter().filter(|command| command.contains("$TOKEN")) {
        Call::parse(&format!("TOKEN={token}\n{command}")).run().await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_reads_no_settings_of_an_installation() {
    let settings = crate::program::settings(&[
        ("DATABASE_URL", "mysql://nobody:x@127.0.0.1:1/none"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
        ("HOST", "0.0.0.0"),
        ("ALTUS4_ENV", "production"),
    ]);
    let (program, port, printed) = start(&[], &settings);
    assert_listens_on_loopback(port);
    search(&printed).await;
    assert!(!program.folder().join("data").exists(), "it leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_kept_can_be_started_again() {
    let kept = tempfile::tempdir().expect("a folder");
    let path = kept.path().join("demo").display().to_string();
    for _ in 0..2 {
        let (program, _, printed) = start(&["--data-dir", &path], &[]);
        search(&printed).await;
        program.terminate();
        assert_eq!(program.ended().code, 0);
    }
}

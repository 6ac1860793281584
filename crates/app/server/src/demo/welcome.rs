//! What a demo prints once it listens: where, with what, and calls to paste.

use std::{fmt::Write, net::SocketAddr};

use super::{account::DemoAccount, home::Home, sample};

/// The text. Every call in it works as it stands in any POSIX shell with curl.
pub(crate) fn text(address: SocketAddr, account: &DemoAccount, home: &Home) -> String {
    let DemoAccount { email, password, api_key } = account;
    let [articles, products, tickets] = sample::counts();
    let api = format!("http://{address}/api/v1");
    let title = sample::TITLE;
    let mut text = format!(
        "\n\
         Altus 4 is running with a sample to search: the {title},\n\
         {articles} articles, {products} products and {tickets} support tickets.\n\
         \n\
         \x20 API        {api}\n\
         \x20 Try it     http://{address}/docs\n\
         \x20 E-mail     {email}\n\
         \x20 Password   {password}\n\
         \x20 API key    {api_key}\n\
         \n\
         Paste these into another terminal.\n"
    );
    for (what, call) in calls(&api, account) {
        let _ = write!(text, "\n# {what}\n{call}\n");
    }
    let dir = home.dir().display();
    let then = if home.is_temporary() {
        format!("Ctrl-C stops it and removes everything it made ({dir}).")
    } else {
        format!("Ctrl-C stops it. Its data stays in {dir}.")
    };
    let _ = write!(text, "\n{then}\n\n");
    text
}

fn calls(api: &str, account: &DemoAccount) -> [(&'static str, String); 5] {
    let DemoAccount { email, password, api_key } = account;
    let search = |body: &str| {
        format!(
            "curl -s {api}/search \\\n  -H 'X-API-Key: {api_key}' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d '{body}'"
        )
    };
    [
        ("Search everything, best first", search(r#"{"query": "wifi keeps dropping", "limit": 3}"#)),
        (
            "Show where the words are, and only the columns that are wanted",
            search(
                r#"{"query": "thermostat blank screen", "limit": 3, "fields": ["title", "name", "subject"], "highlight": true}"#,
            ),
        ),
        (
            "Search the support tickets alone",
            search(r#"{"query": "door lock battery empty", "tables": ["tickets"], "limit": 3}"#),
        ),
        (
            "The same as a link",
            format!("curl -s -H 'X-API-Key: {api_key}' '{api}/search?q=camera+offline+new+router&limit=3'"),
        ),
        (
            "Log in, and list the databases of the account",
            format!(
                "TOKEN=$(curl -s {api}/auth/login -H 'Content-Type: application/json' \\\n  \
                 -d '{{\"email\": \"{email}\", \"password\": \"{password}\"}}' \\\n  \
                 | sed -n 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p')\n\
                 curl -s {api}/databases -H \"Authorization: Bearer $TOKEN\""
            ),
        ),
    ]
}

//! The OpenAPI document, and a page to read it and try it. Nothing comes from outside.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    web::{Bytes, Data, Path},
};

use altus4_entities::Described;
use altus4_kernel::Permission;

use crate::{error::ApiError, extract::MaybeCaller, state::State, v1::records};

const PAGE: &str = include_str!("docs/index.html");
const START: &str = include_str!("docs/start.js");

/// What the page loads of the assets that are built in.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// Scripts and requests of this origin alone; styles too from within, as the page's script sets them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page to read the document and to try it.
#[utoipa::path(get, path = "/docs", tag = "system", operation_id = "docs",
    responses((status = 200, description = "The page", body = String, content_type = "text/html")))]
pub(crate) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(PAGE)
}

/// A script, style or picture of the page.
#[utoipa::path(get, path = "/docs/{asset}", tag = "system", operation_id = "docsAsset",
    params(("asset" = String, Path, description = "The file's name")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream")))]
pub(crate) async fn asset(name: Path<String>) -> Result<HttpResponse, ApiError> {
    let not_found = || ApiError::not_found("file", &name);
    let (content_type, bytes) = if *name == "start.js" {
        ("text/javascript; charset=utf-8".to_owned(), Bytes::from_static(START.as_bytes()))
    } else {
        let known = ASSETS.iter().find(|asset| **asset == *name).ok_or_else(not_found)?;
        let config = Arc::new(utoipa_swagger_ui::Config::from(""));
        let file = utoipa_swagger_ui::serve(known, config).ok().flatten().ok_or_else(not_found)?;
        (
            file.content_type,
            match file.bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            },
        )
    };
    let cached = (CACHE_CONTROL, "private, max-age=3600");
    Ok(HttpResponse::Ok().insert_header(cached).content_type(content_type).body(bytes))
}

/// This document. For a credential that may read records, with the account's entities.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system", operation_id = "openapi",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
pub(crate) async fn openapi(
    state: Data<State>,
    MaybeCaller(caller): MaybeCaller,
) -> Result<HttpResponse, ApiError> {
    let reader = caller.filter(|caller| caller.permissions.allows(Permission::Read));
    let body = match reader {
        None => state.openapi.clone(),
        Some(caller) => {
            let entities = state.services.entities.describe_all(caller.account_id).await?;
            with_entities(&state.openapi, &entities)?
        }
    };
    Ok(HttpResponse::Ok().content_type("application/json; charset=utf-8").body(body))
}

/// The document with an account's entities in it.
fn with_entities(document: &Bytes, entities: &[Described]) -> Result<Bytes, ApiError> {
    if entities.is_empty() {
        return Ok(document.clone());
    }
    let failed = |error: serde_json::Error| ApiError::internal().with_source(error);
    let document = serde_json::from_slice(document).map_err(failed)?;
    let document = records::with_entities(document, entities);
    serde_json::to_vec(&document).map(Bytes::from).map_err(failed)
}

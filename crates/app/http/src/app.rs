//! The application that each worker runs: routes within layers.

use actix_web::{
    App, Error, HttpRequest,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web,
};

use crate::{
    error::ApiError,
    middleware::{cors, edge, rewrite},
    routes::{self, Route},
    state::State,
};

/// The application over these routes. The last layer named is the outermost.
pub(crate) fn app(
    state: web::Data<State>,
    table: Vec<Route>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = cors(&state.config.cors_origins);
    App::new()
        .app_data(state.clone())
        .configure(|config| routes::mount(config, table))
        .default_service(web::to(unknown_path))
        .wrap(Compress::default())
        .wrap(from_fn(rewrite))
        .wrap(cors)
        .wrap(from_fn(move |request, next| edge(state.clone(), request, next)))
}

async fn unknown_path(request: HttpRequest) -> Result<&'static str, ApiError> {
    Err(ApiError::not_found("path", request.path()))
}

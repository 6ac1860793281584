//! Which tables are entities.

mod body;
mod dto;

use actix_web::web::Data;
use altus4_entities::{EntityError, Registered};
use altus4_kernel::grants::{DatabaseWrite, Read};

pub(crate) use self::{
    body::{ChangeEntityBody, EntityBody},
    dto::{EntityDto, ForgottenDto, RegisteredDto},
};
use crate::{
    envelope::{Answer, Envelope, Failure},
    error::ApiError,
    extract::{Client, EntityPath, JsonBody, May},
    state::State,
};

/// The account's entities, oldest first, each with the operations it allows.
#[utoipa::path(get, path = "/api/v1/entities", tag = "entities", operation_id = "listEntities",
    responses((status = 200, description = "All of them", body = Envelope<Vec<EntityDto>>)))]
pub(crate) async fn list(
    state: Data<State>,
    May(granted): May<Read>,
) -> Result<Answer<Vec<EntityDto>>, ApiError> {
    let entities = state.services.entities.list(granted).await?;
    Ok(Answer::ok(entities.iter().map(EntityDto::from).collect()))
}

/// Registers a table, or with `tables: "*"` every table that isn't registered yet.
///
/// From then on `/api/v1/{name}` has its records. The table itself is not touched.
#[utoipa::path(post, path = "/api/v1/entities", tag = "entities", operation_id = "registerEntity",
    request_body = EntityBody,
    responses(
        (status = 201, description = "The entity; with `tables: \"*\"`, all that were registered",
            body = Envelope<RegisteredDto>),
        (status = 404, description = "`NOT_FOUND`: the database isn't the account's", body = Failure),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken, or the API's own", body = Failure)))]
pub(crate) async fn register(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    body: JsonBody,
) -> Result<Answer<RegisteredDto>, ApiError> {
    let new = body.read(body::new_entity)?;
    Ok(Answer::created(match state.services.entities.register(granted, new, &client.0).await? {
        Registered::One(entity) => RegisteredDto::One(Box::new(EntityDto::from(&*entity))),
        Registered::Every(all) => RegisteredDto::every(&all),
    }))
}

/// One entity.
#[utoipa::path(get, path = "/api/v1/entities/{name}", tag = "entities", operation_id = "getEntity",
    params(("name" = String, Path)),
    responses((status = 200, description = "The entity", body = Envelope<EntityDto>)))]
pub(crate) async fn find(
    state: Data<State>,
    May(granted): May<Read>,
    EntityPath(name): EntityPath,
) -> Result<Answer<EntityDto>, ApiError> {
    let entity = state.services.entities.get(granted, &name).await?;
    Ok(Answer::ok(EntityDto::from(&entity)))
}

/// Changes what an entity is called, shows and allows; only what is sent is changed.
#[utoipa::path(patch, path = "/api/v1/entities/{name}", tag = "entities", operation_id = "changeEntity",
    params(("name" = String, Path)), request_body = ChangeEntityBody,
    responses(
        (status = 200, description = "The entity as it is now", body = Envelope<EntityDto>),
        (status = 409, description = "`RESOURCE_CONFLICT`: the name is taken, or somebody else changed it", body = Failure)))]
pub(crate) async fn change(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    EntityPath(name): EntityPath,
    body: JsonBody,
) -> Result<Answer<EntityDto>, ApiError> {
    let change = body.read(|fields| Some(body::entity_change(fields)))?;
    let changed = |before: &_| Ok::<_, EntityError>(change.of(before));
    let entity = state.services.entities.change(granted, &name, &changed, &client.0).await?;
    Ok(Answer::ok(EntityDto::from(&entity)))
}

/// Forgets an entity; its table stays as it is.
#[utoipa::path(delete, path = "/api/v1/entities/{name}", tag = "entities", operation_id = "forgetEntity",
    params(("name" = String, Path)),
    responses((status = 200, description = "It is forgotten", body = Envelope<ForgottenDto>)))]
pub(crate) async fn forget(
    state: Data<State>,
    client: Client,
    May(granted): May<DatabaseWrite>,
    EntityPath(name): EntityPath,
) -> Result<Answer<ForgottenDto>, ApiError> {
    state.services.entities.forget(granted, &name, &client.0).await?;
    Ok(Answer::ok(ForgottenDto::default()))
}

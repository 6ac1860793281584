//! The OpenAPI document with the entities of an account in it.

use altus4_entities::{Described, EntityView, Field, FieldType, Operation};
use serde_json::{Map, Value, json};

/// Adds to the document, as JSON, each entity's paths and schema.
pub(crate) fn with_entities(mut document: Value, entities: &[Described]) -> Value {
    for described in entities {
        let Ok(view) = described.view() else { continue };
        let name = view.entity.name.as_str();
        let schema = format!("Record.{name}");
        document["components"]["schemas"][&schema] = record_schema(view);
        let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let operations = Operations { view, name, reference };
        document["paths"][format!("/api/v1/{name}")] = operations.of_list();
        if !view.key.is_empty() {
            document["paths"][format!("/api/v1/{name}/{{id}}")] = operations.of_one();
        }
    }
    document
}

struct Operations<'a> {
    view: &'a EntityView,
    name: &'a str,
    reference: Value,
}

impl Operations<'_> {
    fn of_list(&self) -> Value {
        let mut item = Map::new();
        let list = json!({ "type": "array", "items": self.reference });
        if self.view.allows(Operation::List) {
            let names = [
                "page",
                "limit",
                "cursor",
                "sort",
                "order",
                "fields",
                "include",
                "search",
                "filter",
                "startDate",
                "endDate",
                "count",
            ];
            let mut operation = self.operation("list", "200", &list);
            operation["parameters"] = names.iter().map(|name| parameter(name, "query", false)).collect();
            item.insert("get".to_owned(), operation);
        }
        if self.view.allows(Operation::Create) {
            let body = json!({ "oneOf": [self.reference, { "type": "array", "items": self.reference, "maxItems": 1000 }] });
            let mut operation = self.operation("create", "201", &body);
            operation["requestBody"] = content(&body);
            item.insert("post".to_owned(), operation);
        }
        let filtered = json!([parameter("filter", "query", true), parameter("limit", "query", true)]);
        let count = json!({ "type": "object", "properties": { "count": { "type": "integer" } } });
        if self.view.allows(Operation::Update) {
            let mut operation = self.operation("changeMany", "200", &count);
            operation["parameters"] = filtered.clone();
            operation["requestBody"] = content(&json!({ "type": "object" }));
            item.insert("patch".to_owned(), operation);
        }
        if self.view.allows(Operation::Delete) {
            let mut operation = self.operation("deleteMany", "200", &count);
            operation["parameters"] = filtered;
            item.insert("delete".to_owned(), operation);
        }
        let metadata = json!({ "$ref": "#/components/schemas/EntityMetadata" });
        item.insert("options".to_owned(), self.operation("describe", "200", &metadata));
        Value::Object(item)
    }

    fn of_one(&self) -> Value {
        let mut item = Map::new();
        item.insert("parameters".to_owned(), json!([parameter("id", "path", true)]));
        if self.view.allows(Operation::Read) {
            let mut operation = self.operation("get", "200", &self.reference);
            operation["parameters"] =
                json!([parameter("fields", "query", false), parameter("include", "query", false)]);
            item.insert("get".to_owned(), operation);
        }
        if self.view.allows(Operation::Update) {
            for (method, name, body) in
                [("patch", "change", json!({ "type": "object" })), ("put", "put", self.reference.clone())]
            {
                let mut operation = self.operation(name, "200", &self.reference);
                operation["requestBody"] = content(&body);
                item.insert(method.to_owned(), operation);
            }
        }
        if self.view.allows(Operation::Delete) {
            let gone = json!({ "type": "object", "properties": { "message": { "type": "string" } } });
            item.insert("delete".to_owned(), self.operation("delete", "200", &gone));
        }
        Value::Object(item)
    }

    fn operation(&self, verb: &str, status: &str, data: &Value) -> Value {
        let envelope = json!({
            "type": "object",
            "required": ["success", "data", "meta"],
            "properties": {
                "success": { "type": "boolean" }, "data": data,
                "pagination": { "type": "object" }, "meta": { "$ref": "#/components/schemas/Meta" },
            },
        });
        let failure = json!({ "$ref": "#/components/schemas/Failure" });
        let mut answer = content(&envelope);
        answer["description"] = "The answer".into();
        let mut refused = content(&failure);
        refused["description"] = "A failure".into();
        json!({
            "tags": [self.name],
            "operationId": format!("{verb}.{}", self.name),
            "summary": summary(verb),
            "security": [{ "session": [] }, { "apiKey": [] }, { "apiKeyHeader": [] }],
            "responses": { status: answer, "default": refused },
        })
    }
}

fn summary(verb: &str) -> &'static str {
    match verb {
        "list" => "Records, a part at a time",
        "create" => "Makes a record, or up to 1,000, all or none",
        "changeMany" => "Changes the first records that pass a filter",
        "deleteMany" => "Deletes the first records that pass a filter",
        "get" => "One record",
        "change" => "Changes some fields of a record",
        "put" => "Puts a whole record; makes it where the id is free",
        "delete" => "Deletes a record",
        _ => "What the entity has and allows",
    }
}

fn content(schema: &Value) -> Value {
    json!({ "content": { "application/json": { "schema": schema } } })
}

fn parameter(name: &str, place: &str, required: bool) -> Value {
    let schema = if matches!(name, "page" | "limit") { "integer" } else { "string" };
    json!({ "name": name, "in": place, "required": required, "schema": { "type": schema } })
}

fn record_schema(view: &EntityView) -> Value {
    let properties: Map<String, Value> =
        view.fields.iter().map(|field| (field.name.to_string(), field_schema(field))).collect();
    let required: Vec<&str> =
        view.fields.iter().filter(|field| field.is_required()).map(|field| &*field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if let Some(comment) = &view.table.comment {
        schema["description"] = comment.as_str().into();
    }
    schema
}

fn field_schema(field: &Field) -> Value {
    let (kind, format) = match &field.kind {
        FieldType::Boolean => ("boolean", None),
        FieldType::Integer(least, most) if *least < -(1 << 53) || *most > (1 << 53) => {
            ("integer", Some("int64"))
        }
        FieldType::Integer(..) | FieldType::Year => ("integer", None),
        FieldType::Float => ("number", None),
        FieldType::Decimal(_) => ("string", Some("decimal")),
        FieldType::Text { .. } | FieldType::Enum(_) => ("string", None),
        FieldType::Set(_) => ("array", None),
        FieldType::Date => ("string", Some("date")),
        FieldType::DateTime | FieldType::AnyTime => ("string", Some("date-time")),
        FieldType::Time => ("string", Some("time")),
        FieldType::Binary(_) => ("string", Some("byte")),
        FieldType::Geometry => ("object", Some("geojson")),
        FieldType::Json | FieldType::Any => return flagged(json!({}), field),
    };
    let kind = match field.kind {
        // Beyond 2^53 it is written as text.
        FieldType::Integer(..) if format.is_some() => json!(["integer", "string"]),
        _ => json!(kind),
    };
    let mut schema = json!({ "type": if field.column.found.nullable { nullable(kind) } else { kind } });
    if let Some(format) = format {
        schema["format"] = format.into();
    }
    match &field.kind {
        FieldType::Enum(values) if !field.column.found.nullable => schema["enum"] = json!(values),
        FieldType::Set(values) => schema["items"] = json!({ "type": "string", "enum": values }),
        FieldType::Text { max_chars: Some(max), .. } => schema["maxLength"] = json!(max),
        _ => {}
    }
    flagged(schema, field)
}

fn nullable(kind: Value) -> Value {
    match kind {
        Value::Array(mut kinds) => {
            kinds.push("null".into());
            Value::Array(kinds)
        }
        kind => json!([kind, "null"]),
    }
}

fn flagged(mut schema: Value, field: &Field) -> Value {
    if !field.is_writable() {
        schema["readOnly"] = true.into();
    }
    if !field.is_readable() {
        schema["writeOnly"] = true.into();
    }
    if let Some(comment) = &field.column.found.comment {
        schema["description"] = comment.as_str().into();
    }
    schema
}

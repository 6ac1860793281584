//! What keys learn: to be shown again, networks, limits, usage, and a secret's time of grace. A node of
//! the version before leaves all of it out.

use sea_orm_migration::prelude::*;

use crate::schema::{add_columns, count, digest, flag, long_text, moment, optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            flag("recoverable"),
            // The secret of a recoverable key.
            optional(long_text("sealed_secret")),
            // CIDRs with commas between them; nothing where the key may be used from anywhere.
            optional(long_text("allowed_ips")),
            // JSON; nothing where the key has none.
            optional(text("limits", 255)),
            count("usage_count").default(0).take(),
            optional(moment("last_used")),
            optional(text("last_used_ip", 64)),
            optional(moment("regenerated_at")),
            // The secret before the present one, and until when it is good.
            optional(digest("previous_digest")),
            optional(text("previous_digest_secret_id", 255)),
            optional(moment("previous_good_until")),
        ];
        add_columns(manager, "api_keys", columns).await
    }
}

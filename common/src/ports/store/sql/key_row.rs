//! API keys as both engines read them.

use sqlx::FromRow;

use crate::{
    domain::{
        clock::Timestamp,
        error::{Error, Result},
        seller::SellerId,
    },
    ports::store::ApiKey,
};

/// A row of `api_keys`.
#[derive(FromRow)]
pub(in crate::ports::store) struct KeyRow<Moment> {
    seller_id: String,
    id: String,
    name: String,
    sha256: String,
    created_at: Moment,
    revoked_at: Option<Moment>,
}

impl<Moment: Into<Timestamp>> TryFrom<KeyRow<Moment>> for ApiKey {
    type Error = Error;

    fn try_from(row: KeyRow<Moment>) -> Result<Self> {
        let seller = SellerId::parse(&row.seller_id);
        Ok(Self {
            id: row.id,
            seller: seller.map_err(|error| Error::Corrupt(error.to_string()))?,
            name: row.name,
            sha256: row.sha256,
            created_at: row.created_at.into(),
            revoked_at: row.revoked_at.map(Into::into),
        })
    }
}

//! Creating and changing products. Input is checked by the same rules as the server's, before
//! anything is sent, and every violation is reported at once.

use pm_common::domain::product::{FieldError, NewProduct, ProductId, ProductPatch, StockChange};
use serde_json::{Map, Value};

use super::{PRODUCT_SPEC, key_value};
use crate::{
    commands::whole_input,
    error::{Error, Result},
    session::CommandSession,
};

/// The fields of a product as flags.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
struct ProductFieldArgs {
    /// 1 to 255 characters
    #[arg(long)]
    name: Option<String>,
    /// A decimal number such as 19.99
    #[arg(long, allow_negative_numbers = true)]
    price: Option<String>,
    /// Units in stock
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    quantity: Option<String>,
    /// 1 to 100 characters
    #[arg(long)]
    category: Option<String>,
    /// Unique among the seller's products
    #[arg(long)]
    sku: Option<String>,
    /// At most 2,000 characters
    #[arg(long)]
    description: Option<String>,
    /// Stock below this counts as low
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    low_stock_threshold: Option<String>,
    /// Another attribute; may be repeated; together they replace the existing attributes
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = key_value)]
    attributes: Vec<(String, String)>,
    /// Read the fields as a JSON object from a file; - is standard input; flags override them
    #[arg(long, value_name = "FILE")]
    input: Option<String>,
}

/// Arguments of `pm products create`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm products create --name Lamp --price 19.99 --quantity 5 --category Light --sku L-1
  pm products create --input lamp.json
  pm products get 17 -o json --fields name,price,quantity,category | pm products create --input -")]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    fields: ProductFieldArgs,
}

/// Arguments of `pm products update`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm products update 17 --price 17.50
  pm products update 17 --clear description --if-version 3")]
pub(crate) struct UpdateArgs {
    /// The product's id
    #[arg(value_parser = super::product_id)]
    id: ProductId,
    /// Empty these fields
    #[arg(long, value_delimiter = ',', value_name = "FIELD",
          value_parser = ["description", "sku", "low_stock_threshold", "attributes"])]
    clear: Vec<String>,
    /// Only if the product still has this version
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    #[command(flatten)]
    fields: ProductFieldArgs,
}

impl ProductFieldArgs {
    fn body(self) -> Result<Map<String, Value>> {
        let mut body = match &self.input {
            Some(source) => json_object(source)?,
            None => Map::new(),
        };
        let given = [
            ("name", self.name),
            ("price", self.price),
            ("quantity", self.quantity),
            ("category", self.category),
            ("sku", self.sku),
            ("description", self.description),
            ("low_stock_threshold", self.low_stock_threshold),
        ];
        for (field, value) in given {
            if let Some(value) = value {
                body.insert(field.to_owned(), value.into());
            }
        }
        if !self.attributes.is_empty() {
            let attributes = self.attributes.into_iter();
            let attributes = attributes.map(|(name, value)| (name, Value::from(value)));
            body.insert("attributes".to_owned(), Value::Object(attributes.collect()));
        }
        Ok(body)
    }
}

fn json_object(source: &str) -> Result<Map<String, Value>> {
    serde_json::from_slice(&whole_input(source)?).map_err(|error| {
        Error::usage(format!("{source} is not a JSON object: {error}"))
            .hint("it looks like {\"name\": \"Lamp\", \"price\": 19.99, \"quantity\": 5, \"category\": \"Light\"}")
    })
}

/// A usage error that names the flag of each wrong field.
fn validation_error(errors: &[FieldError]) -> Error {
    let mut messages = errors.iter().map(|error| match error.field.as_str() {
        field @ ("delta" | "body") => error.message.replacen(field, &format!("the {field}"), 1),
        field => {
            let flag = format!("--{}", field.replace('_', "-"));
            error.message.replacen(field, &flag, 1)
        }
    });
    let mut error = Error::usage(messages.next().unwrap_or_default());
    error.code = "VALIDATION_ERROR".into();
    error.hints = messages.map(|message| format!("also: {message}")).collect();
    error.details.insert(
        "errors".to_owned(),
        serde_json::to_value(errors).unwrap_or_default(),
    );
    error
}

/// `pm products create`.
pub(super) async fn create(args: CreateArgs, session: &CommandSession) -> Result<()> {
    let records = session.records(&PRODUCT_SPEC)?;
    let body = args.fields.body()?;
    let product = NewProduct::from_json(&body).map_err(|errors| validation_error(&errors))?;
    records.single(&session.backend()?.product_create(&product).await?)
}

/// `pm products update`.
pub(super) async fn update(args: UpdateArgs, session: &CommandSession) -> Result<()> {
    let records = session.records(&PRODUCT_SPEC)?;
    let mut body = args.fields.body()?;
    for field in args.clear {
        if body.insert(field.clone(), Value::Null).is_some() {
            return Err(Error::usage(format!(
                "{field} cannot be set and cleared at once"
            )));
        }
    }
    if body.is_empty() {
        return Err(Error::usage("nothing to change").hint("for example --price 17.50"));
    }
    let patch = ProductPatch::from_json(&body).map_err(|errors| validation_error(&errors))?;
    let backend = session.backend()?;
    records.single(
        &backend
            .product_update(args.id, &patch, args.if_version)
            .await?,
    )
}

/// `pm products stock`.
pub(super) async fn stock(
    id: ProductId,
    delta: String,
    reason: Option<String>,
    session: &CommandSession,
) -> Result<()> {
    let records = session.records(&PRODUCT_SPEC)?;
    let mut body = Map::new();
    let unsigned = delta.strip_prefix('+').unwrap_or(&delta);
    body.insert("delta".to_owned(), unsigned.into());
    if let Some(reason) = reason {
        body.insert("reason".to_owned(), reason.into());
    }
    let change = StockChange::from_json(&body).map_err(|errors| validation_error(&errors))?;
    records.single(&session.backend()?.product_stock(id, &change).await?)
}

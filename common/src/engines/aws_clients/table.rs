//! A table of DynamoDB that is created when it is not there.
//!
//! Nothing is asked before the first use, so a daemon starts while DynamoDB is away. A table that
//! disappears later is created anew by the next use.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
        TimeToLiveStatus,
    },
};
use tokio::sync::Mutex;

use super::{OPERATION_TIMEOUT, failed, sdk_config, within};
use crate::{
    backoff::Backoff,
    config::Aws,
    domain::{
        error::{Error, Result},
        port::Port,
    },
};

/// The engine's plain name.
pub(crate) const ENGINE: &str = "DynamoDB";
/// Between looks at a table that is being created or removed.
const FIRST_LOOK_PAUSE: Duration = Duration::from_millis(20);
const MAX_LOOK_PAUSE: Duration = Duration::from_secs(1);

/// An item's attributes by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What a table's items have in common.
#[derive(Debug)]
pub(crate) struct Design {
    /// The port whose items they are.
    pub(crate) port: Port,
    /// The partition key, a text.
    pub(crate) partition: &'static str,
    pub(crate) sort: &'static str,
    pub(crate) sort_type: ScalarAttributeType,
    /// Epoch seconds from which on DynamoDB may remove the item.
    pub(crate) expiry: &'static str,
}

/// A table and the way to it.
#[derive(Debug)]
pub(crate) struct Table {
    client: Client,
    name: String,
    design: Design,
    is_there: AtomicBool,
    /// One caller at a time looks whether the table is there.
    looking: Mutex<()>,
}

impl Table {
    pub(crate) async fn new(aws: &Aws, name: &str, design: Design) -> Self {
        Self {
            client: Client::new(&sdk_config(aws).await),
            name: name.to_owned(),
            design,
            is_there: AtomicBool::new(false),
            looking: Mutex::new(()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The client, once the table is there. A creation that takes longer than a call is waited
    /// for by the next one.
    pub(crate) async fn client(&self) -> Result<&Client> {
        if !self.is_there.load(Ordering::Acquire) {
            self.within(OPERATION_TIMEOUT, self.prepare()).await?;
        }
        Ok(&self.client)
    }

    /// The error kind of a failed call.
    pub(crate) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        if code(error) == Some("ResourceNotFoundException") {
            self.is_there.store(false, Ordering::Release);
        }
        self.error_of(error)
    }

    /// Holds a piece of work that takes several calls to one deadline.
    pub(crate) fn within<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> impl Future<Output = Result<T>> {
        within(self.design.port, ENGINE, deadline, work)
    }

    pub(crate) fn unavailable(&self, reason: impl fmt::Display) -> Error {
        Error::unavailable(self.design.port, ENGINE, reason)
    }

    fn error_of<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        failed(self.design.port, ENGINE, error)
    }

    async fn prepare(&self) -> Result<()> {
        let _turn = self.looking.lock().await;
        if self.is_there.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut backoff = Backoff::new(FIRST_LOOK_PAUSE, MAX_LOOK_PAUSE);
        loop {
            match self.describe().await? {
                None => self.create().await?,
                Some(found) => {
                    self.check_keys(&found)?;
                    let passing = [TableStatus::Creating, TableStatus::Deleting];
                    if !found.table_status().is_some_and(|s| passing.contains(s)) {
                        break;
                    }
                }
            }
            backoff.wait().await;
        }
        self.enable_expiry().await?;
        self.is_there.store(true, Ordering::Release);
        Ok(())
    }

    async fn describe(&self) -> Result<Option<TableDescription>> {
        let request = self.client.describe_table().table_name(&self.name);
        match request.send().await {
            Ok(answer) => Ok(answer.table),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(self.error_of(&error)),
        }
    }

    async fn create(&self) -> Result<()> {
        let attribute = |name, kind| {
            let definition = AttributeDefinition::builder().attribute_name(name);
            definition.attribute_type(kind).build()
        };
        let key = |name, kind| {
            let element = KeySchemaElement::builder().attribute_name(name);
            element.key_type(kind).build()
        };
        let design = &self.design;
        let text = ScalarAttributeType::S;
        let request = self
            .client
            .create_table()
            .table_name(&self.name)
            .attribute_definitions(attribute(design.partition, text).map_err(unbuilt)?)
            .attribute_definitions(
                attribute(design.sort, design.sort_type.clone()).map_err(unbuilt)?,
            )
            .key_schema(key(design.partition, KeyType::Hash).map_err(unbuilt)?)
            .key_schema(key(design.sort, KeyType::Range).map_err(unbuilt)?)
            .billing_mode(BillingMode::PayPerRequest);
        match request.send().await {
            Ok(_) => Ok(()),
            // Another process was quicker.
            Err(error) if code(&error) == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(self.error_of(&error)),
        }
    }

    /// A table that was made for something else would have every item refused, and a refused
    /// message counts as broken.
    fn check_keys(&self, found: &TableDescription) -> Result<()> {
        let design = &self.design;
        let names: Vec<_> = found
            .key_schema()
            .iter()
            .map(KeySchemaElement::attribute_name)
            .collect();
        let sorted_right = found.attribute_definitions().iter().any(|definition| {
            definition.attribute_name() == design.sort
                && *definition.attribute_type() == design.sort_type
        });
        if names == [design.partition, design.sort] && sorted_right {
            return Ok(());
        }
        Err(self.unavailable(format!(
            "the table {} has other keys ({}) than {} and {} ({})",
            self.name,
            names.join(", "),
            design.partition,
            design.sort,
            design.sort_type.as_str()
        )))
    }

    /// A user without the right for this can still use the table: its items are only kept longer.
    async fn enable_expiry(&self) -> Result<()> {
        let asked = self.client.describe_time_to_live().table_name(&self.name);
        let status = match asked.send().await {
            Ok(answer) => answer.time_to_live_description,
            Err(error) => return self.left_without_expiry(&error),
        };
        let status = status
            .as_ref()
            .and_then(|found| found.time_to_live_status());
        let enabled = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
        if status.is_some_and(|status| enabled.contains(status)) {
            return Ok(());
        }
        let wanted = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(self.design.expiry)
            .build()
            .map_err(unbuilt)?;
        let request = self.client.update_time_to_live().table_name(&self.name);
        match request.time_to_live_specification(wanted).send().await {
            Ok(_) => Ok(()),
            Err(error) => self.left_without_expiry(&error),
        }
    }

    fn left_without_expiry<E>(&self, error: &SdkError<E, HttpResponse>) -> Result<()>
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let refused = matches!(error, SdkError::ServiceError(_));
        let error = self.error_of(error);
        if refused {
            tracing::warn!(table = self.name, %error, "expired items may stay");
            return Ok(());
        }
        Err(error)
    }
}

/// How the service calls the failure, if it was the service that failed.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// A request that lacks a part; the code above names them all.
#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
pub(crate) fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::Corrupt(format!("a request to {ENGINE} is incomplete: {error}"))
}

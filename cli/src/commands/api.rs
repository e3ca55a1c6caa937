//! `pm api`: sends any request with the same seller, key and exit codes as the other commands.

use pm_common::client::{Method, header};
use serde_json::{Map, Value};

use super::{key_value, whole_input};
use crate::{
    error::{Error, Result},
    session::CommandSession,
    ui::to_stderr,
};

/// Arguments of `pm api`.
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  pm api GET products -F limit=5
  pm api POST products -F name=Lamp -F price=19.99 -F quantity=5 -F category=Light
  pm api PATCH products/17 --input change.json -H 'If-Match: \"3\"'
  pm api GET /openapi.json")]
pub(crate) struct Args {
    /// GET, POST, PUT, PATCH, DELETE, …
    method: String,
    /// Path; /api/ is added in front unless it starts with /
    path: String,
    /// A parameter: in the query of a GET or DELETE, otherwise in a JSON body, where numbers,
    /// true, false and null keep their JSON types
    #[arg(short = 'F', long = "field", value_name = "NAME=VALUE", value_parser = key_value)]
    parameters: Vec<(String, String)>,
    /// A header
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header_pair)]
    headers: Vec<(header::HeaderName, header::HeaderValue)>,
    /// Read the body from a file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "parameters")]
    input: Option<String>,
    /// Show status and headers of the response on standard error
    #[arg(short, long)]
    include: bool,
}

fn header_pair(text: &str) -> Result<(header::HeaderName, header::HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("it must look like Name: value")?;
    let name = name.trim().parse();
    let value = value.trim().parse();
    match (name, value) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err("it has characters that cannot be in a header".to_owned()),
    }
}

/// Sends the request and prints the response.
pub(crate) async fn run(args: Args, session: &CommandSession) -> Result<()> {
    let method = Method::from_bytes(args.method.to_uppercase().as_bytes())
        .map_err(|_| Error::usage(format!("{:?} is not an HTTP method", args.method)))?;
    let path = if args.path.starts_with('/') {
        args.path.clone()
    } else {
        format!("/api/{}", args.path)
    };
    let in_query = matches!(method, Method::GET | Method::HEAD | Method::DELETE);
    let mut headers: header::HeaderMap = args.headers.into_iter().collect();
    let body = match &args.input {
        Some(source) => Some(whole_input(source)?),
        None if in_query || args.parameters.is_empty() => None,
        None => Some(json_body(&args.parameters)),
    };
    if body.is_some() && !headers.contains_key(header::CONTENT_TYPE) {
        let json = header::HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    let query = if in_query {
        args.parameters
    } else {
        Vec::new()
    };
    let client = session.client()?;
    let body = body.map(Into::into);
    let mut response = client.raw(method, &path, &query, headers, body).await?;
    if args.include {
        to_stderr(&status_and_headers(&response));
    }
    if response.status().is_success() {
        return print_response(&mut response, session).await;
    }
    Err(client.refusal(response).await.into())
}

fn json_body(parameters: &[(String, String)]) -> Vec<u8> {
    let fields = parameters.iter().map(|(name, text)| {
        let value = serde_json::from_str::<Value>(text).ok();
        let simple = value.filter(|value| !value.is_object() && !value.is_array());
        (name.clone(), simple.unwrap_or_else(|| text.as_str().into()))
    });
    let body: Map<String, Value> = fields.collect();
    Value::Object(body).to_string().into_bytes()
}

fn status_and_headers(response: &pm_common::client::Response) -> String {
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("\n{name}: {value}")
    });
    format!("{}{}", response.status(), headers.collect::<String>())
}

/// Prints the body as received; JSON is formatted for a terminal.
async fn print_response(
    response: &mut pm_common::client::Response,
    session: &CommandSession,
) -> Result<()> {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let pretty = is_json && session.ui.out.terminal;
    let mut buffered = Vec::new();
    let read_error = |error| Error::failure(format!("the response ended early: {error}"));
    while let Some(chunk) = response.chunk().await.map_err(read_error)? {
        if pretty {
            buffered.extend_from_slice(&chunk);
        } else {
            session.ui.write(&chunk)?;
        }
    }
    match serde_json::from_slice::<Value>(&buffered) {
        Ok(value) => session.ui.line(&format!("{value:#}")),
        Err(_) => session.ui.write(&buffered),
    }
}

//! Products: create, read, update, delete, restore, stock. Each handler parses, makes one call of
//! the store and replies.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use pm_common::{
    api::{DeletedOut, ErrorOut},
    domain::{
        error::{Conflict, Error},
        product::{NewProduct, Product, ProductId, ProductPatch, StockChange},
        seller::SellerId,
    },
};

use super::{
    HttpState,
    body::{JsonBody, RawBody},
    error::{ApiError, ApiResult},
    etag::{self, IfMatch},
    idempotency,
    identity::RequestSeller,
    path::ProductPath,
    read_only::ReadOnlyFields,
    reply,
};

/// Create a product
#[utoipa::path(post, path = "/api/products", tag = "Products", request_body = NewProduct,
    params(("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 201, body = Product, headers(("ETag" = String, description = "The version, quoted"), ("Location" = String, description = "The product's address"))),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR, INVALID_JSON"),
        (status = 409, body = ErrorOut, description = "DUPLICATE_SKU"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn create(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    headers: HeaderMap,
    uri: Uri,
    body: JsonBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &body.bytes)?;
    let new = NewProduct::from_json(&body.object).map_err(ApiError::Validation)?;
    let store = &http.app.store;
    let product = store.product_create(&seller, new, claim.as_ref()).await?;
    let mut response = reply::product(StatusCode::CREATED, &product);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/products/{}", product.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Read a product
#[utoipa::path(get, path = "/api/products/{id}", tag = "Products",
    params(("id" = i64, Path), ("If-None-Match" = Option<String>, Header, description = "Answers 304 when this is the version")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The version, quoted"))),
        (status = 304, description = "The caller has this version"),
        (status = 400, body = ErrorOut, description = "INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
    ))]
pub(super) async fn get(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ProductPath(id): ProductPath,
    headers: HeaderMap,
) -> ApiResult {
    let product = http.app.store.product_get(&seller, id).await?;
    let product = product.ok_or(ApiError::ProductNotFound)?;
    if etag::already_has(&headers, product.version) {
        let tag = [
            (header::ETAG, etag::of(product.version)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok(reply::product(StatusCode::OK, &product))
}

/// Change a product
///
/// Any non-empty subset of the fields; `null` clears description, sku, low_stock_threshold and
/// attributes. A change that alters nothing keeps the version. The read-only fields may come back
/// as they were read: another `version` is a VERSION_CONFLICT, any other difference an error.
#[utoipa::path(put, path = "/api/products/{id}", tag = "Products", request_body = ProductPatch,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "Only when this is the version")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The version, quoted"))),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR, INVALID_JSON, INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "DUPLICATE_SKU"),
        (status = 412, body = ErrorOut, description = "VERSION_CONFLICT"),
    ))]
pub(super) async fn put(
    http: State<Arc<HttpState>>,
    seller: RequestSeller,
    id: ProductPath,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    update(http, seller, id, headers, body).await
}

/// Change a product (the same as PUT)
#[utoipa::path(patch, path = "/api/products/{id}", tag = "Products", request_body = ProductPatch,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "Only when this is the version")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The version, quoted"))),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR, INVALID_JSON, INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "DUPLICATE_SKU"),
        (status = 412, body = ErrorOut, description = "VERSION_CONFLICT"),
    ))]
pub(super) async fn patch(
    http: State<Arc<HttpState>>,
    seller: RequestSeller,
    id: ProductPath,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    update(http, seller, id, headers, body).await
}

async fn update(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ProductPath(id): ProductPath,
    headers: HeaderMap,
    mut body: JsonBody,
) -> ApiResult {
    let condition = etag::if_match(&headers)?;
    let repeated = ReadOnlyFields::take(&mut body.object);
    let patch = ProductPatch::from_json(&body.object).map_err(ApiError::Validation)?;
    let mut if_version = version(&http, &seller, id, condition).await?;
    if let Some(repeated) = repeated {
        let seen = repeated_version(&http, &seller, id, &repeated).await?;
        if_version = if_version.or(seen);
    }
    let store = &http.app.store;
    let product = store.product_update(&seller, id, patch, if_version).await?;
    found(product)
}

/// Delete a product
///
/// It can be restored; deleting it again is a 404.
#[utoipa::path(delete, path = "/api/products/{id}", tag = "Products",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "Only when this is the version")),
    responses(
        (status = 200, body = DeletedOut),
        (status = 400, body = ErrorOut, description = "INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
        (status = 412, body = ErrorOut, description = "VERSION_CONFLICT"),
    ))]
pub(super) async fn delete(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ProductPath(id): ProductPath,
    headers: HeaderMap,
) -> ApiResult {
    let if_version = version(&http, &seller, id, etag::if_match(&headers)?).await?;
    let store = &http.app.store;
    let deleted = store.product_delete(&seller, id, if_version).await?;
    let deleted = deleted.ok_or(ApiError::ProductNotFound)?;
    reply::ok(&DeletedOut {
        message: "Product deleted successfully".to_owned(),
        deleted_id: deleted.id,
    })
}

/// Restore a deleted product
#[utoipa::path(post, path = "/api/products/{id}/restore", tag = "Products",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The version, quoted"))),
        (status = 400, body = ErrorOut, description = "INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "DUPLICATE_SKU"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn restore(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ProductPath(id): ProductPath,
    headers: HeaderMap,
    uri: Uri,
    RawBody(bytes): RawBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &bytes)?;
    let store = &http.app.store;
    found(store.product_restore(&seller, id, claim.as_ref()).await?)
}

/// Add to or take from the stock
///
/// One atomic change; the stock never falls below 0.
#[utoipa::path(post, path = "/api/products/{id}/stock", tag = "Products", request_body = StockChange,
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header, description = "A retry with the same key and body acts once")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The version, quoted"))),
        (status = 400, body = ErrorOut, description = "VALIDATION_ERROR, INVALID_JSON, INVALID_PRODUCT_ID"),
        (status = 404, body = ErrorOut, description = "PRODUCT_NOT_FOUND"),
        (status = 409, body = ErrorOut, description = "INSUFFICIENT_STOCK, with the present quantity"),
        (status = 422, body = ErrorOut, description = "IDEMPOTENCY_KEY_REUSED"),
    ))]
pub(super) async fn stock(
    State(http): State<Arc<HttpState>>,
    RequestSeller(seller): RequestSeller,
    ProductPath(id): ProductPath,
    headers: HeaderMap,
    uri: Uri,
    body: JsonBody,
) -> ApiResult {
    let claim = idempotency::claim(&headers, &uri, &body.bytes)?;
    let change = StockChange::from_json(&body.object).map_err(ApiError::Validation)?;
    let store = &http.app.store;
    found(
        store
            .product_stock(&seller, id, change, claim.as_ref())
            .await?,
    )
}

fn found(product: Option<Product>) -> ApiResult<Response> {
    let product = product.ok_or(ApiError::ProductNotFound)?;
    Ok(reply::product(StatusCode::OK, &product))
}

/// Checks what a body repeats of the product; the version that the client has seen by it.
async fn repeated_version(
    http: &HttpState,
    seller: &SellerId,
    id: ProductId,
    repeated: &ReadOnlyFields,
) -> ApiResult<Option<i64>> {
    let product = http.app.store.product_get(seller, id).await?;
    let product = product.ok_or(ApiError::ProductNotFound)?;
    repeated.check(&product)?;
    Ok(repeated.pins_version().then_some(product.version))
}

/// The one version the store shall insist on. Of several acceptable ones it is the present one,
/// which the store checks once more when it writes.
async fn version(
    http: &HttpState,
    seller: &SellerId,
    id: ProductId,
    condition: IfMatch,
) -> ApiResult<Option<i64>> {
    match condition {
        IfMatch::Any => Ok(None),
        IfMatch::Versions(versions) if versions.len() == 1 => Ok(versions.first().copied()),
        IfMatch::Versions(versions) => {
            let product = http.app.store.product_get(seller, id).await?;
            let current = product.ok_or(ApiError::ProductNotFound)?.version;
            if versions.contains(&current) {
                Ok(Some(current))
            } else {
                Err(Error::from(Conflict::Version { current }).into())
            }
        }
    }
}

//! Which hosts and pages may call a daemon that believes `X-Seller-Id` on one machine.
//!
//! Any web page can send requests to a loopback address: with its own `Origin`, or under a name of its
//! own that resolves to 127.0.0.1. In header mode that page would act as any seller. So where only
//! programs of this machine are meant, `/api` answers loopback names in `Host` and loopback origins
//! alone. Every request of every mode has exactly one `Host`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use pm_common::config::{Config, is_loopback};

use super::{
    HttpState,
    error::{ApiError, ApiResult},
};

/// Layer, outside of CORS: a refused preflight is refused before it is granted anything.
pub(super) async fn layer(
    State(http): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> ApiResult {
    let host = requested_host(request.uri(), request.headers())?;
    let config = &http.app.config;
    if config.believes_this_machine() && is_api(request.uri().path()) {
        check(config, &host, request.headers())?;
    }
    Ok::<Response, ApiError>(next.run(request).await)
}

fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

fn check(config: &Config, host: &str, headers: &HeaderMap) -> ApiResult<()> {
    let allowed = |name: &str| {
        config
            .allowed_hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(name))
    };
    if !is_loopback(host) && !allowed(host) {
        return Err(ApiError::HostNotAllowed);
    }
    for origin in headers.get_all(header::ORIGIN) {
        let name = origin.to_str().ok().and_then(origin_host);
        if !name.is_some_and(|name| is_loopback(&name) || allowed(&name)) {
            return Err(ApiError::OriginNotAllowed);
        }
    }
    Ok(())
}

/// The host of the one `Host` header, or of the address itself where it has one; without its port.
fn requested_host(uri: &Uri, headers: &HeaderMap) -> ApiResult<String> {
    let invalid = |constraint, rest| Err(ApiError::invalid("Host", constraint, rest, ""));
    let mut values = headers.get_all(header::HOST).iter();
    let named = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(|text| text.parse().ok()),
        (None, _) => return invalid("required", "is required"),
        (Some(_), Some(_)) => return invalid("repeated", "is given more than once"),
    };
    let named = named.as_ref().and_then(host_of);
    let addressed = uri.authority().map_or(named, host_of);
    match named.and(addressed) {
        Some(host) => Ok(host.to_owned()),
        None => invalid(
            "format",
            "must be a host name or address, with an optional port",
        ),
    }
}

/// The host, if there is nothing else but a port.
fn host_of(authority: &Authority) -> Option<&str> {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host)?;
    let port = rest.strip_prefix(':').unwrap_or_default();
    let is_port = port.is_empty()
        || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (is_port && (rest.is_empty() || rest.starts_with(':'))).then_some(host)
}

/// `localhost` of `http://localhost:3000`; nothing of `null`.
fn origin_host(origin: &str) -> Option<String> {
    let uri: Uri = origin.parse().ok()?;
    uri.scheme()?;
    Some(uri.authority()?.host().to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn loopback_names_have_many_forms() {
        for host in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.8.8.8",
            "[::1]",
            "::1",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn origins_are_read_to_their_host() {
        let host = |text| origin_host(text);
        assert_eq!(host("http://localhost:3000").as_deref(), Some("localhost"));
        assert_eq!(host("https://[::1]").as_deref(), Some("[::1]"));
        for other in ["null", "", "localhost:3000", "file://"] {
            assert!(
                host(other).is_none_or(|host| !is_loopback(&host)),
                "{other}"
            );
        }
    }

    /// Red when: the first of two is believed, the header wins over the address, or a user or a word
    /// in the port's place is passed over.
    #[test]
    fn there_is_one_host() {
        let ask = |uri: &'static str, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            requested_host(&Uri::from_static(uri), &headers)
        };
        assert_eq!(ask("/api", &["localhost:3001"]).unwrap(), "localhost");
        assert_eq!(
            ask("http://evil.example/api", &["localhost"]).unwrap(),
            "evil.example"
        );
        for good in ["localhost:", "[::1]:3001", "127.0.0.1:65535"] {
            assert!(ask("/api", &[good]).is_ok(), "{good}");
        }
        for bad in [
            "a b",
            "",
            "localhost:port",
            "localhost:65536",
            "localhost:+1",
            "me@localhost",
        ] {
            assert!(ask("/api", &[bad]).is_err(), "{bad}");
            assert!(ask("http://localhost/api", &[bad]).is_err(), "{bad}");
        }
        for hosts in [&[][..], &["localhost", "localhost"]] {
            assert!(ask("/api", hosts).is_err(), "{hosts:?}");
        }
        assert!(ask("http://me@localhost/api", &["localhost"]).is_err());
    }
}

//! What the API is asked by query strings: what a client sends and the daemon reads, as one type
//! per endpoint. Bodies are domain types (`NewProduct`, `ProductPatch`, `StockChange`).
//!
//! `to_pairs` writes a request, `read` takes it out of the parameters. Whether a filter can match
//! and whether a cursor is valid is decided by the daemon, after reading.

mod query_reader;

use std::fmt::Display;

pub use self::query_reader::QueryReader;
use crate::domain::{
    clock::Timestamp,
    money::{Amount, PriceError},
    notification::NotificationKind,
    query::{ProductFilter, SortBy, SortOrder},
};

/// The largest page of a numbered list.
pub const MAX_PAGE_SIZE: u32 = 100;
/// The largest run of events.
pub const MAX_EVENTS: u32 = 1_000;

const DEFAULT_PAGE_SIZE: u32 = 20;
const DEFAULT_EVENTS: u32 = 100;

/// Parameters as they are written into a query string.
pub type ParamPairs = Vec<(&'static str, String)>;

/// `GET /api/products`: a page by number, or by cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductListRequest {
    pub filter: ProductFilter,
    pub sort_by: SortBy,
    pub sort_order: SortOrder,
    pub page: PageRequest,
    /// Whether the number of all matches is wanted.
    pub count: bool,
    /// The `next_cursor` of the page before; opaque.
    pub cursor: Option<String>,
}

/// `GET /api/imports` and `GET /api/analytics/low-stock`: a page by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub number: u64,
    /// 1 to `MAX_PAGE_SIZE`.
    pub limit: u32,
}

/// `GET /api/events`: a run of past events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventListRequest {
    /// Only those after this sequence.
    pub after: i64,
    /// 1 to `MAX_EVENTS`.
    pub limit: u32,
    pub kind: Option<NotificationKind>,
}

/// `GET /api/analytics/daily`: the starts of the first and the last day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DailyRequest {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Default for ProductListRequest {
    fn default() -> Self {
        Self {
            filter: ProductFilter::default(),
            sort_by: SortBy::default(),
            sort_order: SortOrder::default(),
            page: PageRequest::default(),
            count: true,
            cursor: None,
        }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            number: 1,
            limit: DEFAULT_PAGE_SIZE,
        }
    }
}

impl ProductListRequest {
    /// The query; what is the default anyway is left out, but the limit.
    pub fn to_pairs(&self) -> ParamPairs {
        let mut pairs = filter_pairs(&self.filter);
        if self.sort_by != SortBy::default() {
            pairs.extend(name_pair("sort_by", &SortBy::NAMED, self.sort_by));
        }
        if self.sort_order != SortOrder::default() {
            pairs.extend(name_pair("sort_order", &SortOrder::NAMED, self.sort_order));
        }
        pairs.push(("limit", self.page.limit.to_string()));
        if !self.count {
            pairs.push(("count", "none".to_owned()));
        }
        if self.page.number != 1 {
            pairs.push(("page", self.page.number.to_string()));
        }
        pairs.extend(pair("cursor", self.cursor.as_ref()));
        pairs
    }

    /// Takes the request; what is wrong with it is kept by the reader.
    pub fn read(reader: &mut QueryReader) -> Self {
        Self {
            page: PageRequest::read(reader),
            filter: read_filter(reader),
            sort_by: reader.word("sort_by", &SortBy::NAMED, SortBy::default()),
            sort_order: reader.word("sort_order", &SortOrder::NAMED, SortOrder::default()),
            count: reader.word("count", &[("exact", true), ("none", false)], true),
            cursor: reader.text("cursor"),
        }
    }
}

impl PageRequest {
    /// The query.
    pub fn to_pairs(self) -> ParamPairs {
        vec![
            ("page", self.number.to_string()),
            ("limit", self.limit.to_string()),
        ]
    }

    /// Takes the request; what is wrong with it is kept by the reader.
    pub fn read(reader: &mut QueryReader) -> Self {
        Self {
            number: reader.number("page", 1..=u64::MAX, 1),
            limit: reader.number("limit", 1..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE),
        }
    }
}

impl EventListRequest {
    /// The query.
    pub fn to_pairs(self) -> ParamPairs {
        let mut pairs = vec![
            ("after", self.after.to_string()),
            ("limit", self.limit.to_string()),
        ];
        pairs.extend(pair("type", self.kind.map(NotificationKind::as_str)));
        pairs
    }

    /// Takes the request; what is wrong with it is kept by the reader.
    pub fn read(reader: &mut QueryReader) -> Self {
        let kinds = NotificationKind::ALL.map(|kind| (kind.as_str(), Some(kind)));
        Self {
            after: reader.number("after", 0..=i64::MAX, 0),
            limit: reader.number("limit", 1..=MAX_EVENTS, DEFAULT_EVENTS),
            kind: reader.word("type", &kinds, None),
        }
    }
}

impl DailyRequest {
    /// The query.
    pub fn to_pairs(self) -> ParamPairs {
        let from = pair("from", self.from.map(Timestamp::day));
        from.into_iter()
            .chain(pair("to", self.to.map(Timestamp::day)))
            .collect()
    }

    /// Takes the request; what is wrong with it is kept by the reader.
    pub fn read(reader: &mut QueryReader) -> Self {
        Self {
            from: read_day(reader, "from"),
            to: read_day(reader, "to"),
        }
    }
}

/// The start of a calendar day, `yyyy-mm-dd`.
pub fn day_start(text: &str) -> Option<Timestamp> {
    let start = format!("{text}T00:00:00.000Z").parse::<Timestamp>().ok()?;
    (text.len() == 10 && start.to_string().starts_with(text)).then_some(start)
}

/// The filters as a query, of a list and of an export.
fn filter_pairs(filter: &ProductFilter) -> ParamPairs {
    let pairs = [
        pair("category", filter.category.as_ref()),
        pair("sku", filter.sku.as_ref()),
        pair("q", filter.text.as_ref()),
        pair("min_price", filter.min_price),
        pair("max_price", filter.max_price),
        pair("min_quantity", filter.min_quantity),
        pair("max_quantity", filter.max_quantity),
    ];
    pairs.into_iter().flatten().collect()
}

/// A request for a file of products.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportRequest {
    pub filter: ProductFilter,
    /// The file begins with a byte order mark.
    pub bom: bool,
}

impl ExportRequest {
    /// The query.
    pub fn to_pairs(&self) -> ParamPairs {
        let mut pairs = filter_pairs(&self.filter);
        pairs.extend(self.bom.then(|| ("bom", "true".to_owned())));
        pairs
    }

    /// Takes the request; what is wrong with it is kept by the reader.
    pub fn read(reader: &mut QueryReader) -> Self {
        Self {
            filter: read_filter(reader),
            bom: reader.word("bom", &[("true", true), ("false", false)], false),
        }
    }
}

/// Takes the filters of a list or an export.
fn read_filter(reader: &mut QueryReader) -> ProductFilter {
    ProductFilter {
        category: reader.text("category"),
        sku: reader.text("sku"),
        text: reader.text("q"),
        min_quantity: read_whole(reader, "min_quantity"),
        max_quantity: read_whole(reader, "max_quantity"),
        min_price: read_money(reader, "min_price"),
        max_price: read_money(reader, "max_price"),
    }
}

fn pair(name: &'static str, value: Option<impl Display>) -> Option<(&'static str, String)> {
    value.map(|value| (name, value.to_string()))
}

fn name_pair<T: PartialEq + Copy>(
    name: &'static str,
    names: &[(&str, T)],
    value: T,
) -> Option<(&'static str, String)> {
    let found = names.iter().find(|(_, meaning)| *meaning == value);
    pair(name, found.map(|(word, _)| word))
}

fn read_day(reader: &mut QueryReader, name: &'static str) -> Option<Timestamp> {
    let text = reader.text(name)?;
    let start = day_start(&text);
    if start.is_none() {
        reader.refuse(name, "format", "must be a date such as 2026-01-31", &text);
    }
    start
}

/// A whole number of either sign; one beyond 64 bits counts as the nearest within.
fn read_whole(reader: &mut QueryReader, name: &'static str) -> Option<i64> {
    let text = reader.text(name)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        reader.refuse(name, "type", "must be a whole number", &text);
        return None;
    }
    let nearest = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Some(text.parse().unwrap_or(nearest))
}

/// A sum of at most two decimals; one beyond the type counts as the nearest within.
fn read_money(reader: &mut QueryReader, name: &'static str) -> Option<Amount> {
    let text = reader.text(name)?;
    match text.parse::<Amount>() {
        Ok(amount) => Some(amount),
        Err(PriceError::TooLarge) if text.starts_with('-') => Some(Amount::from_cents(i128::MIN)),
        Err(PriceError::TooLarge) => Some(Amount::from_cents(i128::MAX)),
        Err(_) => {
            let rest = "must be a plain number with at most 2 decimals";
            reader.refuse(name, "type", rest, &text);
            None
        }
    }
}

#[cfg(test)]
mod tests;

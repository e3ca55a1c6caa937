use super::*;

/// What the daemon reads of a query that a client wrote.
fn read_back<T>(pairs: ParamPairs, read: fn(&mut QueryReader) -> T) -> T {
    let owned = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let mut reader = QueryReader::new(owned);
    let request = read(&mut reader);
    assert_eq!(reader.finish(), Ok(()));
    request
}

fn full_filter() -> ProductFilter {
    ProductFilter {
        category: Some("Bücher & mehr".to_owned()),
        sku: Some("S-1".to_owned()),
        text: Some(" 100 % ".to_owned()),
        min_quantity: Some(i64::MIN),
        max_quantity: Some(i64::MAX),
        min_price: Some(Amount::from_cents(-5)),
        max_price: Some(Amount::from_cents(i128::MAX)),
    }
}

/// Red when: a parameter has another name on one side, or a field is not sent.
#[test]
fn product_lists_are_read_back_as_they_were_sent() {
    let filter = full_filter();
    for bom in [true, false] {
        let filter = filter.clone();
        let export = ExportRequest { filter, bom };
        assert_eq!(read_back(export.to_pairs(), ExportRequest::read), export);
    }
    for (_, sort_by) in SortBy::NAMED {
        for (_, sort_order) in SortOrder::NAMED {
            let full = ProductListRequest {
                filter: filter.clone(),
                sort_by,
                sort_order,
                page: PageRequest {
                    number: u64::MAX,
                    limit: MAX_PAGE_SIZE,
                },
                count: false,
                cursor: Some("7b7d".to_owned()),
            };
            assert_eq!(read_back(full.to_pairs(), ProductListRequest::read), full);
        }
    }
    let least = ProductListRequest::default();
    assert_eq!(read_back(least.to_pairs(), ProductListRequest::read), least);
    assert_eq!(read_back(Vec::new(), ProductListRequest::read), least);
}

/// Red when: a parameter has another name on one side, or a field is not sent.
#[test]
fn other_lists_are_read_back_as_they_were_sent() {
    let page = PageRequest {
        number: 3,
        limit: 7,
    };
    assert_eq!(read_back(page.to_pairs(), PageRequest::read), page);
    for kind in NotificationKind::ALL.map(Some).into_iter().chain([None]) {
        let events = EventListRequest {
            after: i64::MAX,
            limit: MAX_EVENTS,
            kind,
        };
        assert_eq!(read_back(events.to_pairs(), EventListRequest::read), events);
    }
    let (from, to) = (day_start("2024-02-29"), day_start("2026-01-30"));
    assert!(from.is_some() && to.is_some());
    for daily in [DailyRequest { from, to }, DailyRequest::default()] {
        assert_eq!(read_back(daily.to_pairs(), DailyRequest::read), daily);
    }
}

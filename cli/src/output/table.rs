//! Tables for people: one row per record, or a single record with one line per field.

use console::{measure_text_width, truncate_str};
use serde_json::Value;
use tabled::{
    builder::Builder,
    settings::{Alignment, Padding, Style, object::Columns},
};

use super::{ColumnSpec, ValueKind, cell};
use crate::ui::{self, StreamStyle, Ui};

/// Blanks between two columns.
const COLUMN_GAP: usize = 2;
/// The width that a shortened text keeps.
const MIN_TEXT_WIDTH: usize = 8;

/// A header and a row for each record. When the terminal is too narrow, texts are truncated, then the
/// last columns are dropped; `id` and numbers are never truncated: half a number is a wrong number.
pub(super) fn record_table(
    ui: &Ui,
    id: &str,
    columns: &[&ColumnSpec],
    records: &[Value],
) -> String {
    let titles: Vec<_> = columns.iter().map(|column| title(column.key)).collect();
    let cells: Vec<Vec<_>> = records
        .iter()
        .map(|record| {
            let cell = |column: &&ColumnSpec| cell::human(column, &record[column.key]);
            columns.iter().map(cell).collect()
        })
        .collect();
    let natural: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let own = cells.iter().filter_map(|row| row.get(place));
            let own = own.chain(&titles[place..=place]);
            ColumnWidth {
                now: own.map(|text| measure_text_width(text)).max().unwrap_or(0),
                is_flexible: column.kind == ValueKind::Text && column.key != id,
            }
        })
        .collect();
    let widths = fit(&natural, ui.width().unwrap_or(usize::MAX));
    let mut builder = Builder::with_capacity(cells.len() + 1, widths.len());
    builder.push_record(truncated(&titles, &widths));
    for row in &cells {
        let texts = truncated(row, &widths).into_iter().zip(columns);
        builder.push_record(texts.map(|(text, column)| painted(ui.out, column, text)));
    }
    let text = rendered(builder, &columns[..widths.len()]);
    let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
    let mark = if widths.len() < columns.len() {
        " …"
    } else {
        ""
    };
    let header = ui.out.paint(ui::TextStyle::Dim, &format!("{header}{mark}"));
    format!("{header}\n{rows}")
}

/// The texts of the columns that are shown, cut to their widths.
fn truncated(texts: &[String], widths: &[usize]) -> Vec<String> {
    let shown = texts.iter().zip(widths);
    shown
        .map(|(text, width)| truncate_str(text, *width, "…").into_owned())
        .collect()
}

/// Columns beside each other, numbers to the right, without blanks at the lines' ends.
fn rendered(builder: Builder, columns: &[&ColumnSpec]) -> String {
    let mut table = builder.build();
    table
        .with(Style::empty())
        .with(Padding::new(0, COLUMN_GAP, 0, 0));
    for (place, column) in columns.iter().enumerate() {
        if matches!(
            column.kind,
            ValueKind::Number | ValueKind::Money | ValueKind::Bytes
        ) {
            table.modify(Columns::one(place), Alignment::right());
        }
    }
    let text = table.to_string();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The width of a column.
#[derive(Debug, Clone, Copy)]
struct ColumnWidth {
    now: usize,
    is_flexible: bool,
}

/// The widths of the columns that fit into `places`; the first column always stays.
fn fit(natural: &[ColumnWidth], places: usize) -> Vec<usize> {
    let mut shown = natural.len();
    loop {
        // The mark for dropped columns takes two more places in the header.
        let mark = if shown < natural.len() { 2 } else { 0 };
        let mut widths = natural[..shown].to_vec();
        let needed = |widths: &[ColumnWidth]| {
            let gaps = COLUMN_GAP * widths.len().saturating_sub(1);
            widths.iter().map(|width| width.now).sum::<usize>() + gaps + mark
        };
        while needed(&widths) > places {
            let giving = widths.iter_mut().filter(|width| width.is_flexible);
            match giving.max_by_key(|width| width.now) {
                Some(widest) if widest.now > MIN_TEXT_WIDTH => widest.now -= 1,
                _ => break,
            }
        }
        if needed(&widths) <= places || shown <= 1 {
            return widths.into_iter().map(|width| width.now).collect();
        }
        shown -= 1;
    }
}

/// One line for each field that has a value.
pub(super) fn record_sheet(ui: &Ui, columns: &[&ColumnSpec], record: &Value) -> String {
    let filled = columns
        .iter()
        .filter(|column| !record[column.key].is_null());
    let lines: Vec<_> = filled
        .map(|column| {
            let text = cell::human(column, &record[column.key]);
            (title(column.key), painted(ui.out, column, text))
        })
        .collect();
    let widest = lines
        .iter()
        .map(|(title, _)| title.len())
        .max()
        .unwrap_or(0);
    let lines = lines.iter().map(|(title, text)| {
        let title = ui
            .out
            .paint(ui::TextStyle::Dim, &format!("{title:widest$}"));
        format!("{title}  {text}\n")
    });
    lines.collect()
}

/// `low_stock_threshold` and `lowStockThreshold` as `LOW STOCK THRESHOLD`.
fn title(key: &str) -> String {
    let mut title = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() || c == '_' {
            title.push(' ');
        }
        if c != '_' {
            title.push(c.to_ascii_uppercase());
        }
    }
    title
}

fn painted(style: StreamStyle, column: &ColumnSpec, text: String) -> String {
    if column.kind != ValueKind::State {
        return text;
    }
    let color = match text.as_str() {
        "healthy" | "completed" | "ProductCreated" | "ImportCompleted" => ui::TextStyle::Green,
        "degraded" | "processing" | "queued" | "LowStockWarning" => ui::TextStyle::Yellow,
        "unhealthy" | "failed" | "ProductDeleted" => ui::TextStyle::Red,
        "ProductUpdated" => ui::TextStyle::Blue,
        _ => ui::TextStyle::Cyan,
    };
    style.paint(color, &text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::ColorChoice;

    const COLUMNS: [ColumnSpec; 3] = [
        ColumnSpec::table("id", ValueKind::Number),
        ColumnSpec::table("name", ValueKind::Text),
        ColumnSpec::table("low_stock_threshold", ValueKind::Number),
    ];

    #[test]
    fn aligns_numbers_to_the_right() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let records = [
            json!({"id": 7, "name": "Käse", "low_stock_threshold": 1234}),
            json!({"id": 1234, "name": "B\x1b[2J", "low_stock_threshold": null}),
        ];
        let text = record_table(&Ui::new(ColorChoice::Never), "id", &columns, &records);
        insta::assert_snapshot!(text, @r"
          ID  NAME        LOW STOCK THRESHOLD
           7  Käse                      1,234
        1234  B\u{1b}[2J
        ");
    }

    #[test]
    fn a_narrow_terminal_truncates_texts_then_drops_columns() {
        let width = |now, is_flexible| ColumnWidth { now, is_flexible };
        let natural = vec![
            width(6, false),
            width(30, true),
            width(12, true),
            width(5, false),
        ];
        let fit = |places| fit(&natural, places);
        assert_eq!(fit(usize::MAX), [6, 30, 12, 5]);
        assert_eq!(fit(59), [6, 30, 12, 5]);
        assert_eq!(fit(49), [6, 20, 12, 5]);
        assert_eq!(fit(33), [6, 8, 8, 5]);
        assert_eq!(fit(32), [6, 10, 10]);
        assert_eq!(fit(18), [6, 8]);
        assert_eq!(fit(3), [6]);
        assert!(super::fit(&[], 3).is_empty());
    }

    #[test]
    fn wide_characters_take_two_places() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let cells = ["7", "日本語の名前", "3"].map(str::to_owned);
        let mut builder = Builder::default();
        builder.push_record(truncated(&cells, &[1, 8, 2]));
        builder.push_record(truncated(
            &["8", "Lamp", "12"].map(str::to_owned),
            &[1, 8, 2],
        ));
        let text = rendered(builder, &columns);
        assert_eq!(text, "7  日本語…   3\n8  Lamp     12\n");
    }

    #[test]
    fn a_single_record_omits_empty_fields() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let record = json!({"id": 7, "name": "A", "low_stock_threshold": null});
        let text = record_sheet(&Ui::new(ColorChoice::Never), &columns, &record);
        assert_eq!(text, "ID    7\nNAME  A\n");
    }
}

//! Tables for people: one row a record, or one record as a sheet.

use serde_json::Value;
use tabled::{
    builder::Builder,
    settings::{Alignment, Modify, Padding, Style, Width, object::Columns, peaker::Priority},
};

use super::{Column, Kind, cell};
use crate::ui::{self, Look, Ui};

/// A header and a row for each record, cut to the terminal's width.
pub(super) fn rows(ui: &Ui, columns: &[&Column], records: &[Value]) -> String {
    let mut builder = Builder::default();
    builder.push_record(columns.iter().map(|column| title(column.key)));
    for record in records {
        builder.push_record(columns.iter().map(|column| {
            let text = cell::human(column, &record[column.key]);
            painted(ui.out, column, text)
        }));
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, 2, 0, 0));
    for (place, column) in columns.iter().enumerate() {
        if matches!(column.kind, Kind::Number | Kind::Money | Kind::Bytes) {
            table.with(Modify::new(Columns::one(place)).with(Alignment::right()));
        }
    }
    if let Some(width) = ui.width() {
        table.with(
            Width::truncate(width)
                .suffix("…")
                .priority(Priority::max(true)),
        );
    }
    let mut text: String = table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    if let Some(end) = text.find('\n') {
        let header = ui.out.paint(ui::Style::Dim, &text[..end]);
        text.replace_range(..end, &header);
    }
    text
}

/// One line for each field that has a value.
pub(super) fn sheet(ui: &Ui, columns: &[&Column], record: &Value) -> String {
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
        let title = ui.out.paint(ui::Style::Dim, &format!("{title:widest$}"));
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

fn painted(look: Look, column: &Column, text: String) -> String {
    if column.kind != Kind::State {
        return text;
    }
    let style = match text.as_str() {
        "healthy" | "completed" | "ProductCreated" | "ImportCompleted" => ui::Style::Green,
        "degraded" | "processing" | "queued" | "LowStockWarning" => ui::Style::Yellow,
        "unhealthy" | "failed" | "ProductDeleted" => ui::Style::Red,
        "ProductUpdated" => ui::Style::Blue,
        _ => ui::Style::Cyan,
    };
    look.paint(style, &text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::Color;

    const COLUMNS: [Column; 3] = [
        Column::table("id", Kind::Number),
        Column::table("name", Kind::Text),
        Column::table("low_stock_threshold", Kind::Number),
    ];

    #[test]
    fn aligns_numbers_to_the_right() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let records = [
            json!({"id": 7, "name": "Käse", "low_stock_threshold": 1234}),
            json!({"id": 1234, "name": "B\x1b[2J", "low_stock_threshold": null}),
        ];
        let text = rows(&Ui::new(Color::Never), &columns, &records);
        insta::assert_snapshot!(text, @r"
          ID  NAME        LOW STOCK THRESHOLD
           7  Käse                      1,234
        1234  B\u{1b}[2J
        ");
    }

    #[test]
    fn a_sheet_leaves_out_what_is_empty() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let record = json!({"id": 7, "name": "A", "low_stock_threshold": null});
        let text = sheet(&Ui::new(Color::Never), &columns, &record);
        assert_eq!(text, "ID    7\nNAME  A\n");
    }
}

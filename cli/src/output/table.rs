//! Tables for people: one row a record, or one record as a sheet.

use console::{measure_text_width, truncate_str};
use serde_json::Value;

use super::{Column, Kind, cell};
use crate::ui::{self, Look, Ui};

/// Between two columns.
const GAP: usize = 2;
/// The least that is left of a text that has to give way.
const LEAST: usize = 8;

/// A header and a row for each record. Where the terminal is too narrow texts are cut, then the
/// last columns left out; `id` and numbers are always whole, for half a number is a wrong one.
pub(super) fn rows(ui: &Ui, id: &str, columns: &[&Column], records: &[Value]) -> String {
    let titles: Vec<_> = columns.iter().map(|column| title(column.key)).collect();
    let cells: Vec<Vec<_>> = records
        .iter()
        .map(|record| {
            let cell = |column: &&Column| cell::human(column, &record[column.key]);
            columns.iter().map(cell).collect()
        })
        .collect();
    let natural: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let own = cells.iter().filter_map(|row| row.get(place));
            let own = own.chain(&titles[place..=place]);
            Width {
                now: own.map(|text| measure_text_width(text)).max().unwrap_or(0),
                gives_way: column.kind == Kind::Text && column.key != id,
            }
        })
        .collect();
    let widths = fit(&natural, ui.width().unwrap_or(usize::MAX));
    let mut header = line(columns, &titles, &widths, |_, text| text);
    if widths.len() < columns.len() {
        header.push_str(" …");
    }
    let mut text = format!("{}\n", ui.out.paint(ui::Style::Dim, &header));
    for row in &cells {
        let painted = |column: &Column, text| painted(ui.out, column, text);
        text.push_str(&line(columns, row, &widths, painted));
        text.push('\n');
    }
    text
}

/// One line of a table, cut and padded to the widths, without blanks at its end.
fn line(
    columns: &[&Column],
    cells: &[String],
    widths: &[usize],
    paint: impl Fn(&Column, String) -> String,
) -> String {
    let mut line = String::new();
    let mut blanks = 0;
    for ((column, cell), width) in columns.iter().zip(cells).zip(widths) {
        let cut = truncate_str(cell, *width, "…").into_owned();
        let rest = width - measure_text_width(&cut).min(*width);
        let is_number = matches!(column.kind, Kind::Number | Kind::Money | Kind::Bytes);
        let (before, after) = if is_number { (rest, 0) } else { (0, rest) };
        if !cut.is_empty() {
            line.push_str(&" ".repeat(blanks + before));
            line.push_str(&paint(column, cut));
            blanks = after + GAP;
        } else {
            blanks += rest + GAP;
        }
    }
    line
}

/// What a column needs.
#[derive(Debug, Clone, Copy)]
struct Width {
    now: usize,
    gives_way: bool,
}

/// The widths of the columns that fit into so many places; at least the first.
fn fit(natural: &[Width], places: usize) -> Vec<usize> {
    let mut shown = natural.len();
    loop {
        // The header says with two places more that something is left out.
        let mark = if shown < natural.len() { 2 } else { 0 };
        let mut widths = natural[..shown].to_vec();
        let needed = |widths: &[Width]| {
            let gaps = GAP * widths.len().saturating_sub(1);
            widths.iter().map(|width| width.now).sum::<usize>() + gaps + mark
        };
        while needed(&widths) > places {
            let giving = widths.iter_mut().filter(|width| width.gives_way);
            match giving.max_by_key(|width| width.now) {
                Some(widest) if widest.now > LEAST => widest.now -= 1,
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
        let text = rows(&Ui::new(Color::Never), "id", &columns, &records);
        insta::assert_snapshot!(text, @r"
          ID  NAME        LOW STOCK THRESHOLD
           7  Käse                      1,234
        1234  B\u{1b}[2J
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_texts_then_leaves_columns_out() {
        let width = |now, gives_way| Width { now, gives_way };
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
        let cut = line(&columns, &cells, &[1, 8, 2], |_, text| text);
        assert_eq!(cut, "7  日本語…    3");
    }

    #[test]
    fn a_sheet_leaves_out_what_is_empty() {
        let columns: Vec<_> = COLUMNS.iter().collect();
        let record = json!({"id": 7, "name": "A", "low_stock_threshold": null});
        let text = sheet(&Ui::new(Color::Never), &columns, &record);
        assert_eq!(text, "ID    7\nNAME  A\n");
    }
}

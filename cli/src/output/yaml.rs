//! JSON values as YAML 1.2, numbers digit by digit as they came.

use serde_json::Value;

/// A whole document.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => block(&mut text, value, 0),
        Value::Array(list) if !list.is_empty() => block(&mut text, value, 0),
        _ => {
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
    text
}

/// A filled object or list, every line indented by `depth` steps.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                indent(text, depth);
                text.push_str(&string(key));
                text.push(':');
                nested(text, value, depth);
            }
        }
        Value::Array(list) => {
            for value in list {
                indent(text, depth);
                text.push('-');
                nested(text, value, depth);
            }
        }
        _ => {}
    }
}

/// What follows a key or a dash.
fn nested(text: &mut String, value: &Value, depth: usize) {
    let filled = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if filled {
        text.push('\n');
        block(text, value, depth + 1);
    } else {
        text.push(' ');
        text.push_str(&scalar(value));
        text.push('\n');
    }
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(content) => string(content),
        other => other.to_string(),
    }
}

/// Plain where no reader could take it for another type, otherwise quoted as in JSON, which is valid
/// YAML.
fn string(content: &str) -> String {
    let safe =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '(' | ')');
    let starts_as_word = content.chars().next().is_some_and(char::is_alphabetic);
    let is_word = !matches!(
        content.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if starts_as_word && is_word && content.chars().all(safe) && !content.ends_with(' ') {
        content.to_owned()
    } else {
        Value::from(content).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_exact_and_strings_stay_strings() {
        let value: Value = serde_json::from_str(
            r#"{"price":19.90,"big":123456789012345678901234567890.12,"name":"no","sku":"007",
                "text":"a: b","empty":"","list":[{"a":1,"b":[]},"x y"],"none":null,"obj":{}}"#,
        )
        .unwrap();
        let expected = "\
big: 123456789012345678901234567890.12
empty: \"\"
list:
  -
    a: 1
    b: []
  - x y
name: \"no\"
none: null
obj: {}
price: 19.90
sku: \"007\"
text: \"a: b\"
";
        assert_eq!(document(&value), expected);
    }
}

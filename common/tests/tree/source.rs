//! Reads the workspace's sources: what a file has besides comments, texts and tests, and
//! which paths its code names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One product source file.
pub(crate) struct Source {
    /// From the workspace's root, with `/`.
    pub(crate) path: String,
    /// The code, line by line, without comments, string contents and the tests at its end.
    pub(crate) code: String,
}

/// A path that code names, such as `crate::store::Store`, and where.
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every file below `folder`, relative to the root.
pub(crate) fn files_below(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(root()).unwrap();
                files.push(relative.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files.sort();
    files
}

/// The product code of the three crates.
pub(crate) fn sources() -> Vec<Source> {
    ["common/src", "daemon/src", "cli/src"]
        .into_iter()
        .flat_map(files_below)
        .filter(|path| path.ends_with(".rs"))
        .filter(|path| !path.contains("/tests/") && !path.ends_with("tests.rs"))
        .map(|path| Source {
            code: code_of(&fs::read_to_string(root().join(&path)).unwrap()),
            path,
        })
        .collect()
}

/// Blanks out comments and the contents of string and character literals, keeping every line
/// where it is, and cuts the file at its `#[cfg(test)] mod`.
pub(crate) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = literal_or_comment(rest, code.chars().last());
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            let lines = rest[..skipped].matches('\n').count();
            code.push(' ');
            code.extend(std::iter::repeat_n('\n', lines));
            rest = &rest[skipped..];
        }
    }
    let tests = code.match_indices("#[cfg(test)]").find(|(at, mark)| {
        let following = code[at + mark.len()..].trim_start();
        following.starts_with("mod ")
            && following.find('{') < following.find(';').or(Some(usize::MAX))
    });
    if let Some((at, _)) = tests {
        code.truncate(at);
    }
    code
}

/// The length of the comment or literal that starts here, or 0.
fn literal_or_comment(rest: &str, before: Option<char>) -> usize {
    let until = |end: &str, from: usize| {
        let found = rest[from..].find(end).map(|at| from + at + end.len());
        found.unwrap_or(rest.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_word) {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        if raw[hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
        }
    }
    if rest.starts_with('"') {
        return escaped_end(rest, '"');
    }
    // A quote opens a character only if a quote follows one (a lifetime never is).
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) => escaped_end(rest, '\''),
        (Some('\''), Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

fn escaped_end(rest: &str, quote: char) -> usize {
    let mut escaped = true;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

impl Source {
    /// Every path the code names: `use` trees spread out, `super` and `self` resolved.
    pub(crate) fn named(&self) -> Vec<Named> {
        let mut named = Vec::new();
        let mut line = 1;
        let mut rest = self.code.as_str();
        while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
            line += rest[..at].matches('\n').count();
            rest = &rest[at..];
            let tree = rest.strip_prefix("use ").filter(|tree| tree.contains(';'));
            if let Some((tree, following)) = tree.and_then(|tree| tree.split_once(';')) {
                let mut paths = Vec::new();
                spread("", tree, &mut paths);
                named.extend(paths.iter().map(|path| self.at(line, path)));
                line += tree.matches('\n').count();
                rest = following;
            } else {
                let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                let end = rest.find(|c| !in_path(c)).unwrap_or(rest.len());
                named.push(self.at(line, &rest[..end]));
                rest = &rest[end..];
            }
        }
        named
    }

    fn at(&self, line: usize, path: &str) -> Named {
        let mut place = self.module();
        let mut path = path.trim().trim_end_matches(':');
        let mut relative = false;
        loop {
            if let Some(inside) = path.strip_prefix("super::") {
                place.pop();
                path = inside;
            } else if let Some(inside) = path.strip_prefix("self::") {
                path = inside;
            } else {
                break;
            }
            relative = true;
        }
        let path = if relative {
            format!("{}::{path}", place.join("::"))
        } else {
            path.to_owned()
        };
        Named { line, path }
    }

    /// The file's own module: `["crate", "store", "sqlite"]`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let inside = self
            .path
            .split_once("/src/")
            .map_or("", |(_, inside)| inside);
        let parts = inside.trim_end_matches(".rs").split('/');
        let own = parts.filter(|part| !["mod", "lib", "main"].contains(part));
        std::iter::once("crate").chain(own).collect()
    }
}

/// Spreads `a::{b, c::d}` out into `a::b` and `a::c::d`.
fn spread(before: &str, tree: &str, paths: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    for (at, c) in tree.char_indices().chain([(tree.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = tree[start..at].trim();
                start = at + 1;
                match branch.split_once('{') {
                    Some((head, inner)) => {
                        let inner = inner.strip_suffix('}').unwrap_or(inner);
                        spread(&format!("{before}{}", head.trim()), inner, paths);
                    }
                    None if branch.is_empty() => {}
                    None => paths.push(format!("{before}{branch}")),
                }
            }
            _ => {}
        }
    }
}

/// Whether `path` is `start` or lies below it.
pub(crate) fn is_below(path: &str, start: &str) -> bool {
    let rest = path.strip_prefix(start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with(' '))
}

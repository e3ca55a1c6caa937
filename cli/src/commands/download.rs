//! Downloads: streamed to standard output, or to a file that appears only when it is complete.

use std::{io::Write, path::Path};

use pm_common::client::Response;

use crate::{
    error::{Error, ExitCode, Result},
    ui::Ui,
};

/// Writes the response to `target`, where `-` is standard output; returns the bytes written.
pub(crate) async fn save(ui: &Ui, response: Response, target: &str) -> Result<u64> {
    if target == "-" {
        return each_chunk(response, |chunk| ui.write(chunk)).await;
    }
    let path = Path::new(target);
    if path.is_dir() {
        return Err(Error::usage(format!("{target} is a directory")).hint("name a file in it"));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let cannot = |error: &std::io::Error| Error::file(path, "write", error);
    let mut file = tempfile::Builder::new()
        .prefix(".pm-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| cannot(&error))?;
    let bytes = each_chunk(response, |chunk| {
        file.write_all(chunk).map_err(|error| cannot(&error))
    })
    .await?;
    file.persist(path).map_err(|error| cannot(&error.error))?;
    Ok(bytes)
}

async fn each_chunk(
    mut response: Response,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let mut bytes = 0;
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            Error::new(
                ExitCode::Unavailable,
                format!("the connection was lost after {bytes} bytes: {error}"),
            )
            .hint("run the command again")
        })?;
        let Some(chunk) = chunk else {
            return Ok(bytes);
        };
        take(&chunk)?;
        bytes += chunk.len() as u64;
    }
}

//! Files and directories that only the user of this process may read: catalogues are private.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Creates a directory and those above it, where they are missing.
///
/// # Errors
/// Those of the file system; a directory that is there already is none.
pub fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(DIRECTORY_MODE).create(path)
}

/// As `create_dir`, and takes from others what they may do in a directory of our own that is there.
///
/// # Errors
/// Those of the file system.
pub fn own_dir(path: &Path) -> io::Result<()> {
    create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
}

/// For a file that is created when it is missing.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(FILE_MODE);
    options
}

/// Creates a file when it is missing, before somebody else does so with other rights.
///
/// # Errors
/// Those of the file system.
pub fn ensure(path: &Path) -> io::Result<()> {
    let file = options().truncate(false).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))
}

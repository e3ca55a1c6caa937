//! Rebuilds when a migration is added, because they are embedded in the binary.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}

//! The `pmd` program.

fn main() -> std::process::ExitCode {
    pm_daemon::main()
}

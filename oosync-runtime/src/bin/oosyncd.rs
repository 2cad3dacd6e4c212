//! The sync server as a program: see `oosyncd --help`.

fn main() -> std::process::ExitCode {
    oosync_runtime::server::daemon::main()
}

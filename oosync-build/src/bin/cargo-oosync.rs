//! `cargo oosync`; see [`oosync_build::cli`].

fn main() -> std::process::ExitCode {
    oosync_build::cli::main()
}

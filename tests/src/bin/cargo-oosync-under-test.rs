//! The command `cargo oosync`, built with these tests so that they never run one left over from another build.

fn main() -> std::process::ExitCode {
    oosync_build::cli::main()
}

//! What the command says of itself.

use crate::project::Project;

#[test]
fn the_help_of_every_command() {
    let project = Project::new();
    let mut text = project.run(&["--help"]).all();
    for command in ["init", "snapshot", "check", "plan", "migrate", "diff", "doctor", "verify", "completions"]
    {
        text.push_str(&format!("\n$ cargo oosync {command} -h\n{}", project.run(&[command, "-h"]).all()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn it_works_as_cargo_runs_it_and_by_its_own_name() {
    let project = Project::new();
    let version = format!("cargo-oosync {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(project.run(&["oosync", "--version"]).stdout, version);
    assert_eq!(project.run(&["--version"]).stdout, version);
}

#[test]
fn usage_errors_have_exit_code_2() {
    let project = Project::new();
    let output = project.run(&["chekc"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("check"), "it suggests the nearest: {}", output.stderr);
    assert_eq!(project.run(&["snapshot", "--format", "yaml"]).code, 2);
    assert_eq!(project.run(&["snapshot", "-q", "-v"]).code, 2);
    assert_eq!(project.run(&["check", "--manifest-path", "nowhere/Cargo.toml"]).code, 2);
    assert_eq!(project.run(&[]).code, 2);
}

#[test]
fn completions_name_every_command() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = project.run(&["completions", shell]);
        assert_eq!(output.code, 0, "{output:?}");
        for command in ["init", "snapshot", "check", "plan", "diff", "doctor", "verify"] {
            assert!(output.stdout.contains(command), "{shell}: {command}");
        }
    }
}

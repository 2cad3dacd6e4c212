//! What `cargo oosync verify` and `oosyncd verify` are told. The one runs the other, and passes on what it was told.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `cargo oosync verify` and `oosyncd verify` are told.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct VerifyArguments {
    /// The file that the app opens
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose it should be [default: whoever the file says]
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Ask this sync server [default: the database, as the sync server's role]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// A file with a token of the user [default: what is in OOSYNC_TOKEN]. Without `--server`, `[auth]` of the config
    /// that OOSYNC_CONFIG names says how it is checked
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
    /// What a token of the user would say, where policies read it: a JSON object
    #[arg(long, value_name = "JSON", conflicts_with_all = ["token", "server"])]
    pub claims: Option<String>,
    /// With `--server`: the header that it believes instead of a token
    #[arg(long, value_name = "NAME", requires = "server")]
    pub trust_header: Option<String>,
    /// Sync the file, and fetch the rows of ranges that differ; the app must not be running
    #[arg(long)]
    pub repair: bool,
}

impl VerifyArguments {
    /// As they are written on a command line.
    pub fn to_arguments(&self) -> Vec<OsString> {
        let Self { file, user, server, token, claims, trust_header, repair } = self;
        let mut arguments = Vec::new();
        let mut pass = |name: &str, value: Option<OsString>| {
            // With `=`, a value may begin with a dash.
            arguments.extend(value.map(|value| {
                let mut argument = OsString::from(format!("--{name}="));
                argument.push(value);
                argument
            }));
        };
        pass("user", user.as_ref().map(OsString::from));
        pass("server", server.as_ref().map(OsString::from));
        pass("token", token.as_ref().map(OsString::from));
        pass("claims", claims.as_ref().map(OsString::from));
        pass("trust-header", trust_header.as_ref().map(OsString::from));
        if *repair {
            arguments.push("--repair".into());
        }
        arguments.extend(["--".into(), file.into()]);
        arguments
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        arguments: VerifyArguments,
    }

    #[test]
    fn what_one_program_was_told_the_other_is_told() {
        let nothing = VerifyArguments {
            file: "-a.db".into(),
            user: None,
            server: None,
            token: None,
            claims: None,
            trust_header: None,
            repair: false,
        };
        let all = VerifyArguments {
            user: Some("-1".to_owned()),
            server: Some("https://sync.example.org".to_owned()),
            token: Some("a token".into()),
            trust_header: Some("x-user".to_owned()),
            repair: true,
            ..nothing.clone()
        };
        let claims = VerifyArguments { claims: Some("{\"sub\": \"a b\"}".to_owned()), ..nothing.clone() };
        for told in [nothing, all, claims] {
            let arguments = std::iter::once("program".into()).chain(told.to_arguments());
            let program = Program::try_parse_from(arguments);
            assert_eq!(program.map(|program| program.arguments).ok(), Some(told));
        }
    }
}

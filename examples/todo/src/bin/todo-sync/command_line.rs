//! What is asked for on the command line.

use std::path::PathBuf;

use oosync_runtime::types::Uuid;

pub(crate) const USAGE: &str = "todo-sync --device NAME --as USER COMMAND

  without a network:
    add LIST TITLE        a todo; the list is made if it is not there
    rename TITLE NEW      another title
    done TITLE
    list                  every list with its todos
    share LIST TEAM       everybody in the team has the list from the next sync on
    unshare LIST
    conflicts             what others changed as well, and what the server refused
    resolve mine|theirs   settles the conflicts

  with one:
    sync                  sends and receives, once
    live N                shows what changes as it changes, until it has changed N times

  --device    names the device's file, NAME.db
  --as        alice, bob, or the id of any user
  TODO_URL    the sync server; it must trust the header `x-user`, which is for trying things out
  TODO_FOLDER where the files are; the present folder if nothing is said";

/// Who runs what, where.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub(crate) device: String,
    pub(crate) file: PathBuf,
    pub(crate) user: Uuid,
    pub(crate) server: Option<String>,
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Add { list: String, title: String },
    Rename { title: String, new: String },
    Done { title: String },
    List,
    Share { list: String, team: String },
    Unshare { list: String },
    Conflicts,
    Resolve(Keep),
    Sync,
    Live { updates: u32 },
}

/// Whose values a conflict is settled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Mine,
    Theirs,
}

impl CommandLine {
    /// What this process was started with; where that makes no sense, the usage.
    pub(crate) fn of_this_process() -> Result<Self, &'static str> {
        let (mut device, mut user, mut words) = (None, None, Vec::new());
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--device" => device = arguments.next(),
                "--as" => user = arguments.next(),
                _ => words.push(argument),
            }
        }
        let device = device.ok_or(USAGE)?;
        let folder = std::env::var_os("TODO_FOLDER").map(PathBuf::from).unwrap_or_default();
        Ok(Self {
            file: folder.join(format!("{device}.db")),
            device,
            user: user.as_deref().and_then(user_id).ok_or(USAGE)?,
            server: std::env::var("TODO_URL").ok(),
            command: Command::parse(words).ok_or(USAGE)?,
        })
    }
}

impl Command {
    fn parse(words: Vec<String>) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(match words[..] {
            ["add", list, title] => Self::Add { list: list.to_owned(), title: title.to_owned() },
            ["rename", title, new] => Self::Rename { title: title.to_owned(), new: new.to_owned() },
            ["done", title] => Self::Done { title: title.to_owned() },
            ["list"] => Self::List,
            ["share", list, team] => Self::Share { list: list.to_owned(), team: team.to_owned() },
            ["unshare", list] => Self::Unshare { list: list.to_owned() },
            ["conflicts"] => Self::Conflicts,
            ["resolve", "mine"] => Self::Resolve(Keep::Mine),
            ["resolve", "theirs"] => Self::Resolve(Keep::Theirs),
            ["sync"] => Self::Sync,
            ["live", updates] => Self::Live { updates: updates.parse().ok()? },
            _ => return None,
        })
    }
}

/// The two people of the demo have ids that can be told apart.
fn user_id(name: &str) -> Option<Uuid> {
    match name {
        "alice" => Some(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_000a_11ce)),
        "bob" => Some(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0b0b)),
        id => id.parse().ok(),
    }
}

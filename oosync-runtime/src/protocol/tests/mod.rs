//! What the messages look like on the wire, and what becomes of what is new, missing or wrong.

mod messages;
mod rows;
mod words;

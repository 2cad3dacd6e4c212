//! What devices and servers say to each other, and no word about how it gets from one to the other.
//!
//! | request | body | reply |
//! | --- | --- | --- |
//! | `POST register` | [`Register`] | [`Registered`] |
//! | `POST snapshot` | [`Snapshot`] | [`SnapshotReply`], or [frames](frame) |
//! | `POST pull` | [`Pull`] | [`PullReply`], or [frames](frame) |
//! | `POST push` | [`Push`] | [`PushReply`] |
//!
//! Bodies are JSON. With `Accept: application/vnd.oosync.v1` ([`MEDIA_TYPE`]), a pull and a snapshot are answered in
//! frames, in which rows are as Postgres sent them; where the server has to say [`Reply::SnapshotRequired`], it answers
//! in JSON all the same, so that the reply's `Content-Type` decides how it is read. With an HTTP status other than 200,
//! the body is an [`ErrorBody`].
//!
//! # Values
//!
//! In frames, a value is as Postgres's binary send function writes it, or as text for the columns that the header
//! lists: a [`Layout`] reads both. [`TableHeader::of`] says what a server selects and in which form, and [`CopyOut`] takes
//! the tuples out of its `COPY`. In JSON, a value is as [`codec::to_push_json`](crate::codec::to_push_json) writes it,
//! in both directions: null, booleans and integers as such, everything else as a string of Postgres's own text. A
//! [`JsonRow`] has them by column. No value passes through a float on its way.
//!
//! Tables go by their name on the device, [`Table::name`](crate::schema::Table::name), in the schema whose hash the
//! device sent.
//!
//! # Old and new
//!
//! A server refuses fields of a request that it does not know: they would have changed what it means. A device ignores
//! fields of a reply that it does not know, and keeps words that it does not know as `Other`, so that a newer server
//! serves it. Where fields are missing that are marked as optional, the reader has the default that their documentation
//! says.
//!
//! # A body in frames
//!
//! ```
//! use oosync_runtime::protocol::frame::{Ending, Frame, FrameReader, FrameWriter};
//! use oosync_runtime::protocol::{Buckets, End, Header, Included, Layout, Mode, Next, PROTOCOL_VERSION, TableHeader};
//! # use oosync_runtime::schema::*;
//! use oosync_runtime::Value;
//!
//! # const fn column(name: &'static str, ty: ColumnType) -> Column {
//! #     Column { name, ty, nullable: false, default: ColumnDefault::None, access: Access::PLAIN }
//! # }
//! # static TODOS: Table = Table {
//! #     pg_schema: "public", pg_name: "todos", name: "todos", primary_key: &[0], foreign_keys: &[], ddl: "",
//! #     columns: &[column("id", ColumnType::Int4), column("title", ColumnType::Text)],
//! #     rules: Rules { owner: Owner::Everyone, bucket: None, push: Push::Disabled, deny_delete: false,
//! #         confirmed: false, conflict: Conflict::ServerWins, created: None, updated: None, deleted: None,
//! #         conflict_target: &[0], order: 1, change_category: None, normalize_datetime: &[] },
//! # };
//! # static SCHEMA: Schema = Schema { tables: &[&TODOS], hash: "5f0c" };
//! // The server: a header, and tuples as `COPY … (FORMAT binary)` gives them.
//! let header = Header {
//!     protocol: PROTOCOL_VERSION,
//!     mode: Mode::Delta,
//!     schema_hash: SCHEMA.hash.to_owned(),
//!     schema: None,
//!     tables: vec![TableHeader::of(&TODOS, |_| true)],
//!     buckets: Buckets::default(),
//!     estimated: Some(2),
//! };
//! let mut writer = FrameWriter::default();
//! writer.header(&header)?;
//! writer.table(0)?;
//! writer.row(b"\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x04Milk")?;
//! writer.delete(b"\0\x01\0\0\0\x04\0\0\0\x08")?;
//! writer.end(&End {
//!     next: Next::Cursor("c2".to_owned()),
//!     counts: Default::default(),
//!     digest: None,
//!     included: Included::NONE,
//! })?;
//! let body = writer.take();
//!
//! // The device: bytes as they come.
//! let mut reader = FrameReader::default();
//! let mut layouts = Vec::new();
//! let (mut rows, mut deleted, mut cursor) = (Vec::new(), Vec::new(), None);
//! for part in body.chunks(10) {
//!     reader.feed(part);
//!     while let Some(frame) = reader.next_frame()? {
//!         match frame {
//!             Frame::Header(header) => {
//!                 let known = header.tables.iter().map(|table| Layout::of(&SCHEMA, table));
//!                 layouts = known.collect::<Result<Vec<_>, _>>()?;
//!             }
//!             Frame::Rows { table, tuples } => {
//!                 for tuple in tuples {
//!                     for value in layouts[table].row(tuple?) {
//!                         let (place, value) = value?;
//!                         rows.push((TODOS.columns[place].name, value.into_owned()));
//!                     }
//!                 }
//!             }
//!             Frame::Deletes { table, tuples } => {
//!                 for tuple in tuples {
//!                     for value in layouts[table].key(tuple?) {
//!                         deleted.push(value?.1.into_owned());
//!                     }
//!                 }
//!             }
//!             Frame::End(end) => cursor = Some(end.next),
//!             Frame::Error(error) => return Err(error.message.into()),
//!             Frame::Table(_) | Frame::Progress(_) => {}
//!         }
//!     }
//! }
//! // Only now is it known that nothing is missing.
//! assert_eq!(reader.finish()?, Ending::End);
//! assert_eq!(rows, [("id", Value::Integer(7)), ("title", Value::Text("Milk".into()))]);
//! assert_eq!(deleted, [Value::Integer(8)]);
//! assert_eq!(cursor, Some(Next::Cursor("c2".to_owned())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod copy_out;
mod digest;
mod error_body;
pub mod frame;
mod included;
mod json_row;
mod layout;
mod lease;
mod open_enum;
mod page_limit;
mod pull;
mod push;
mod push_reply;
mod raw_json;
mod reason;
mod register;
mod reply;
mod seconds;
mod snapshot;
#[cfg(test)]
mod tests;
pub mod tuple;

pub use self::body::{Counts, End, Header, Mode, Progress, TableHeader};
pub use self::copy_out::{CopyError, CopyOut};
pub use self::digest::{Digest, Digests, KeyDigest, MAX_DIGEST_BITS, RangeRows, Ranges, Sum, TableDigest};
pub use self::error_body::{ErrorBody, ErrorCode};
pub use self::included::Included;
pub use self::json_row::JsonRow;
pub use self::layout::{Layout, LayoutError};
pub use self::lease::{IdRange, Lease, LeaseRequest};
pub use self::page_limit::PageLimit;
pub use self::pull::{Changes, Pull, PullReply};
pub use self::push::{MalformedPush, Mutation, Op, Push};
pub use self::push_reply::{ColumnConflict, Kept, MutationResult, PushReply, Status};
pub use self::raw_json::RawJson;
pub use self::reason::ReasonCode;
pub use self::register::{Limits, Register, Registered};
pub use self::reply::{Buckets, Next, Reply, SchemaVersion, SnapshotReason, SnapshotRequired};
pub use self::snapshot::{Order, Snapshot, SnapshotPage, SnapshotReply};

/// The version of the protocol that this is.
pub const PROTOCOL_VERSION: u32 = 1;

/// The media type of a reply in frames; of all other bodies it is `application/json`.
pub const MEDIA_TYPE: &str = "application/vnd.oosync.v1";

/// The header in which a request says the version of the app that sends it, as in `2.1.0` (<https://semver.org>).
pub const APP_VERSION: &str = "x-app-version";

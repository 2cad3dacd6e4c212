//! What applications and servers link: schema metadata, types, row codec, protocol, client and server.
//!
//! This version exports nothing. The facts that the runtime's tables are generated from come first; see
//! `oosync-build`.

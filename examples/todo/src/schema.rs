//! What `build.rs` generated: a struct for each table of the schema.

include!(concat!(env!("OUT_DIR"), "/oosync.rs"));

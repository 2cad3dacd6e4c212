//! `COPY … (format binary)`, taken apart.

use std::io::Read as _;

use oosync_runtime::protocol::tuple::Tuples;
use postgres::Client;

/// The rows of a query of so many columns: the bytes of each column, or nothing for null.
pub(crate) fn rows(client: &mut Client, query: &str, columns: usize) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut bytes = Vec::new();
    let copy = format!("copy ({query}) to stdout (format binary)");
    client.copy_out(&copy).unwrap().read_to_end(&mut bytes).unwrap();
    // The signature, no flags, no extension; at the end a tuple of -1 fields.
    let tuples =
        bytes.strip_prefix(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0").unwrap().strip_suffix(b"\xff\xff").unwrap();
    Tuples::new(tuples, columns)
        .map(|tuple| tuple.unwrap().fields().map(|field| field.map(<[u8]>::to_vec)).collect())
        .collect()
}

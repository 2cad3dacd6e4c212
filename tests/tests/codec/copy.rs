//! `COPY … (format binary)`, taken apart.

use std::io::BufRead as _;

use oosync_runtime::protocol::CopyOut;
use postgres::Client;

/// The rows of a query of so many columns: the bytes of each column, or nothing for null.
pub(crate) fn rows(client: &mut Client, query: &str, columns: usize) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut messages = client.copy_out(&format!("copy ({query}) to stdout (format binary)")).unwrap();
    let mut copy = CopyOut::new(columns);
    let mut rows = Vec::new();
    loop {
        // What the reader has at once is one message.
        let message = messages.fill_buf().unwrap();
        if message.is_empty() {
            copy.finish().unwrap();
            return rows;
        }
        for tuple in copy.tuples(message).unwrap() {
            rows.push(tuple.unwrap().fields().map(|field| field.map(<[u8]>::to_vec)).collect());
        }
        let length = message.len();
        messages.consume(length);
    }
}

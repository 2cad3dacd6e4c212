//! `COPY … (format binary)`, taken apart.

use std::io::Read as _;

use postgres::Client;

/// The rows of a query: the bytes of each column, or nothing for null.
pub(crate) fn rows(client: &mut Client, query: &str) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut bytes = Vec::new();
    let copy = format!("copy ({query}) to stdout (format binary)");
    client.copy_out(&copy).unwrap().read_to_end(&mut bytes).unwrap();
    let rest = bytes.strip_prefix(b"PGCOPY\n\xff\r\n\0").unwrap();
    let mut rest = &rest[8..];
    let mut take = |count: usize| {
        let (taken, after) = rest.split_at(count);
        rest = after;
        taken
    };
    let mut rows = Vec::new();
    loop {
        let Ok(columns) = u16::try_from(i16::from_be_bytes(take(2).try_into().unwrap())) else { return rows };
        let column = |_| {
            let length = i32::from_be_bytes(take(4).try_into().unwrap());
            usize::try_from(length).ok().map(|length| take(length).to_vec())
        };
        rows.push((0..columns).map(column).collect());
    }
}

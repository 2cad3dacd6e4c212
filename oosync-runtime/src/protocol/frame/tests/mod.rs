//! Bodies written and read: `properties` of all of them, and the `rules` one by one.

mod properties;
mod rules;

use std::collections::BTreeMap;

use super::*;
use crate::protocol::tuple::{Tuple, write};
use crate::protocol::{
    Buckets, Counts, End, ErrorBody, ErrorCode, Header, Included, Mode, Next, PROTOCOL_VERSION, Progress,
    TableHeader,
};

type Fields = Vec<Option<Vec<u8>>>;

/// A frame that owns its tuples; rows that follow each other are one, however many frames they came in.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Header(Header),
    Table(usize),
    Rows(usize, Vec<Fields>),
    Deletes(usize, Vec<Fields>),
    Progress(Progress),
    End(End),
    Error(ErrorBody),
}

/// Tables with 3 columns and a key of 1, with 2 and 2, and with none at all.
fn header() -> Header {
    let table = |name: &str, columns: &[&str], key: usize| {
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        TableHeader { name: name.to_owned(), key: columns[..key].to_vec(), columns, text: Vec::new() }
    };
    Header {
        protocol: PROTOCOL_VERSION,
        mode: Mode::Delta,
        schema_hash: "5f0c".to_owned(),
        schema: None,
        tables: vec![table("a", &["id", "b", "c"], 1), table("b", &["x", "y"], 2), table("none", &[], 0)],
        buckets: Buckets { added: vec!["list:1".to_owned()], removed: Vec::new() },
        estimated: Some(3),
    }
}

fn end() -> End {
    End {
        next: Next::Cursor("c".to_owned()),
        counts: BTreeMap::from([("a".to_owned(), Counts { rows: 1, deletes: 0 })]),
        digest: None,
        included: Included::new(7, vec![3]).unwrap(),
    }
}

fn bytes_of(fields: &Fields) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(fields.iter().map(Option::as_deref), &mut bytes).unwrap();
    bytes
}

fn fields_of(tuple: &Tuple<'_>) -> Fields {
    tuple.fields().map(|field| field.map(<[u8]>::to_vec)).collect()
}

fn body_of(steps: &[Step], target: usize) -> Vec<u8> {
    let mut writer = FrameWriter::new(FrameLimits::default(), target);
    let mut body = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Header(header) => writer.header(header).unwrap(),
            Step::Table(table) => writer.table(*table).unwrap(),
            Step::Rows(_, rows) => rows.iter().for_each(|row| writer.row(&bytes_of(row)).unwrap()),
            Step::Deletes(_, keys) => keys.iter().for_each(|key| writer.delete(&bytes_of(key)).unwrap()),
            Step::Progress(progress) => writer.progress(progress).unwrap(),
            Step::End(end) => writer.end(end).unwrap(),
            Step::Error(error) => writer.error(error).unwrap(),
        }
        // A server hands out what there is whenever it likes.
        if place % 3 == 2 {
            let length = writer.len();
            body.extend(writer.take());
            assert!(length <= body.len() && writer.is_empty());
        }
    }
    body.extend(writer.take());
    body
}

/// Reads a body that comes in these parts. Nothing is held but what was fed and not read.
fn read<'p>(
    limits: FrameLimits,
    parts: impl Iterator<Item = &'p [u8]>,
) -> (Vec<Step>, Result<Ending, FrameError>) {
    let mut reader = FrameReader::new(limits);
    let mut steps = Vec::new();
    for part in parts {
        let before = reader.buffered();
        reader.feed(part);
        assert!(reader.buffered() <= before + part.len());
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => add(&mut steps, frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next_frame().unwrap_err(), error, "an error stays");
                    assert_eq!(reader.finish(), Err(error));
                    assert_eq!(reader.buffered(), 0);
                    break;
                }
            }
        }
        assert!(reader.buffered() <= HEAD + limits.max_frame, "no more than a frame waits for its end");
    }
    (steps, reader.finish())
}

fn add(steps: &mut Vec<Step>, frame: Frame<'_>) {
    let step = match frame {
        Frame::Header(header) => Step::Header(header),
        Frame::Table(table) => Step::Table(table),
        Frame::Rows { table, tuples } => {
            let rows: Vec<Fields> = tuples.flatten().map(|row| fields_of(&row)).collect();
            if let Some(Step::Rows(last, known)) = steps.last_mut()
                && *last == table
            {
                known.extend(rows);
                return;
            }
            Step::Rows(table, rows)
        }
        Frame::Deletes { table, tuples } => {
            let keys: Vec<Fields> = tuples.flatten().map(|key| fields_of(&key)).collect();
            if let Some(Step::Deletes(last, known)) = steps.last_mut()
                && *last == table
            {
                known.extend(keys);
                return;
            }
            Step::Deletes(table, keys)
        }
        Frame::Progress(progress) => Step::Progress(progress),
        Frame::End(end) => Step::End(end),
        Frame::Error(error) => Step::Error(error),
    };
    steps.push(step);
}

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

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
            assert_eq!(writer.is_empty(), writer.len() == 0);
            body.extend(writer.take());
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

fn tuples(fields: usize) -> impl Strategy<Value = Vec<Fields>> {
    vec(vec(proptest::option::of(vec(any::<u8>(), 0..20)), fields), 1..6)
}

/// What may follow a header: a table and its tuples, or progress.
fn block() -> impl Strategy<Value = Vec<Step>> {
    let of_table = |table: usize, columns: usize, key: usize| {
        (tuples(columns), tuples(key), 0..3_u8).prop_map(move |(rows, keys, order)| {
            let (rows, keys) = (Step::Rows(table, rows), Step::Deletes(table, keys));
            let mut steps = vec![Step::Table(table)];
            match order {
                0 => {}
                1 => steps.extend([keys, rows]),
                _ => steps.extend([rows, keys]),
            }
            steps
        })
    };
    let progress = (".{0,10}", any::<u64>(), any::<Option<u64>>())
        .prop_map(|(resume, rows, estimated)| vec![Step::Progress(Progress { resume, rows, estimated })]);
    prop_oneof![of_table(0, 3, 1), of_table(1, 2, 2), of_table(2, 0, 0), progress]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let error = ErrorBody::new(ErrorCode::Unavailable, "Postgres is gone");
    let last = prop_oneof![Just(Step::End(end())), Just(Step::Error(error))];
    (vec(block(), 0..8), last).prop_map(|(blocks, last)| {
        let mut steps = vec![Step::Header(header())];
        steps.extend(blocks.into_iter().flatten());
        steps.push(last);
        steps
    })
}

/// The body, cut at these places.
fn parts<'b>(body: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    places.extend([0, body.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        steps in steps(),
        target in 0..200_usize,
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let body = body_of(&steps, target);
        let (read, ending) = read(FrameLimits::default(), parts(&body, &cuts).into_iter());
        let expected = if matches!(steps.last(), Some(Step::End(_))) { Ending::End } else { Ending::Error };
        prop_assert_eq!(read, steps);
        prop_assert_eq!(ending, Ok(expected));
    }

    #[test]
    fn a_body_that_is_cut_off_anywhere_is_not_whole(steps in steps(), target in 0..200_usize) {
        let body = body_of(&steps, target);
        for end in 0..body.len() {
            let (_, ending) = read(FrameLimits::default(), std::iter::once(&body[..end]));
            prop_assert!(matches!(ending, Err(FrameError::Truncated { .. })), "{:?} at {}", ending, end);
        }
    }

    #[test]
    fn a_body_that_goes_on_after_its_end_is_not_whole(
        steps in steps(),
        more in vec(any::<u8>(), 1..9),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let body = [body_of(&steps, 100), more].concat();
        let (_, ending) = read(FrameLimits::default(), parts(&body, &cuts).into_iter());
        prop_assert_eq!(ending, Err(FrameError::AfterEnd));
    }

    #[test]
    fn a_damaged_body_is_read_or_refused(
        steps in steps(),
        damage in vec((any::<Index>(), any::<u8>(), 0..3_u8), 1..6),
        cuts in vec(any::<Index>(), 0..9),
    ) {
        let mut body = body_of(&steps, 100);
        for (place, byte, how) in damage {
            let place = place.index(body.len());
            match how {
                0 => body[place] = byte,
                1 => body.insert(place, byte),
                _ => { body.remove(place); }
            }
            if body.is_empty() {
                body.push(byte);
            }
        }
        let limits = FrameLimits { max_frame: 4096, max_json: 4096 };
        let together = read(limits, std::iter::once(&body[..]));
        let apart = read(limits, parts(&body, &cuts).into_iter());
        // How a body comes does not decide what it says.
        prop_assert_eq!(together, apart);
    }

    #[test]
    fn no_bytes_make_reading_panic(
        bytes in vec(prop_oneof![Just(0), Just(b'H'), Just(b'T'), Just(b'R'), Just(b'E'), Just(b'{'), any::<u8>()], 0..80),
        after_header in any::<bool>(),
    ) {
        let mut body = if after_header { body_of(&[Step::Header(header()), Step::Table(1)], 100) } else { Vec::new() };
        body.extend(&bytes);
        let limits = FrameLimits { max_frame: 1024, max_json: 1024 };
        let together = read(limits, std::iter::once(&body[..]));
        let apart = read(limits, body.chunks(1));
        prop_assert_eq!(together, apart);
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

fn json_frame(kind: u8, payload: &impl serde::Serialize) -> Vec<u8> {
    frame(kind, &serde_json::to_vec(payload).unwrap())
}

/// The error that the last of these frames leads to.
fn refusal(frames: &[Vec<u8>]) -> FrameError {
    let (steps, ending) = read(FrameLimits::default(), frames.iter().map(Vec::as_slice));
    assert_eq!(steps.len(), frames.len() - 1, "{steps:?}");
    ending.unwrap_err()
}

#[test]
fn frames_have_their_order() {
    let h = || json_frame(b'H', &header());
    let t = || frame(b'T', &0_u32.to_be_bytes());
    let r = || frame(b'R', &bytes_of(&vec![None; 3]));
    let d = || frame(b'D', &bytes_of(&vec![None]));
    let e = || json_frame(b'E', &end());
    let x = || json_frame(b'X', &ErrorBody::new(ErrorCode::Internal, ""));
    let p = || json_frame(b'P', &Progress { resume: "r".into(), rows: 0, estimated: None });
    for first in [t(), r(), d(), e(), x(), p()] {
        let kind = FrameKind::of(first[0]).unwrap();
        assert_eq!(refusal(&[first]), FrameError::Place { kind, expected: "the header" });
    }
    let kind = FrameKind::Header;
    assert_eq!(refusal(&[h(), h()]), FrameError::Place { kind, expected: "no second header" });
    for (tuples, kind) in [(r(), FrameKind::Rows), (d(), FrameKind::Deletes)] {
        assert_eq!(refusal(&[h(), tuples]), FrameError::Place { kind, expected: "a table" });
    }
    let past = frame(b'T', &3_u32.to_be_bytes());
    assert_eq!(refusal(&[h(), past]), FrameError::Table { index: 3, tables: 3 });
    for last in [e(), x()] {
        for after in [h(), t(), r(), d(), e(), x(), p()] {
            assert_eq!(refusal(&[h(), t(), last.clone(), after]), FrameError::AfterEnd);
        }
    }
    let (steps, ending) =
        read(FrameLimits::default(), [h(), t(), r(), p(), d(), t(), e()].iter().map(Vec::as_slice));
    assert_eq!((steps.len(), ending), (7, Ok(Ending::End)));
}

#[test]
fn payloads_are_what_their_kind_says() {
    let h = || json_frame(b'H', &header());
    let t = || frame(b'T', &0_u32.to_be_bytes());
    let mut other = header();
    other.protocol = 2;
    assert_eq!(refusal(&[json_frame(b'H', &other)]), FrameError::Protocol { found: 2 });
    let malformed: [&[Vec<u8>]; 8] = [
        &[frame(b'H', b"")],
        &[frame(b'H', b"{}")],
        &[h(), frame(b'T', b"\0\0\0")],
        &[h(), t(), frame(b'R', b"")],
        &[h(), t(), frame(b'D', b"")],
        &[h(), frame(b'P', b"[]")],
        &[h(), frame(b'E', br#"{"has_more":false}"#)],
        &[h(), frame(b'X', b"\xff")],
    ];
    for frames in malformed {
        assert!(matches!(refusal(frames), FrameError::Payload { .. }), "{frames:?}");
    }
    assert_eq!(refusal(&[h(), b"Q".to_vec()]), FrameError::Kind(b'Q'));
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_anything_comes() {
    let limits = FrameLimits::default();
    let h = json_frame(b'H', &header());
    let t = frame(b'T', &0_u32.to_be_bytes());
    let four_gib = u32::MAX as usize;
    for (kind, length, limit) in [
        (FrameKind::Header, four_gib, limits.max_json),
        (FrameKind::Rows, four_gib, limits.max_frame),
        (FrameKind::Rows, limits.max_frame + 1, limits.max_frame),
        (FrameKind::Error, limits.max_json + 1, limits.max_json),
        (FrameKind::Table, 5, 4),
    ] {
        let mut reader = FrameReader::default();
        if kind != FrameKind::Header {
            reader.feed(&h);
            reader.next_frame().unwrap();
            reader.feed(&t);
            reader.next_frame().unwrap();
        }
        reader.feed(&[kind.byte()]);
        reader.feed(&u32::try_from(length).unwrap().to_be_bytes());
        let error = reader.next_frame().unwrap_err();
        assert_eq!(error, FrameError::TooLong { kind, length, limit });
    }
    // Within the limit nothing is reserved for what did not come.
    let mut reader = FrameReader::default();
    reader.feed(b"H\0\xff\xff\xff");
    assert!(reader.next_frame().unwrap().is_none());
    assert!(reader.buffer.capacity() < 1024);
}

#[test]
fn a_writer_refuses_what_a_reader_would_and_goes_on() {
    let limits = FrameLimits { max_frame: 2_000, max_json: 2_000 };
    let mut writer = FrameWriter::new(limits, 50);
    let row = bytes_of(&vec![None; 3]);
    assert!(matches!(writer.row(&row), Err(FrameError::Place { expected: "the header", .. })));
    assert!(writer.is_empty());
    writer.header(&header()).unwrap();
    assert!(matches!(writer.row(&row), Err(FrameError::Place { expected: "a table", .. })));
    writer.table(0).unwrap();
    writer.row(&row).unwrap();
    let before = writer.len();
    let long = bytes_of(&vec![Some(vec![0; 2_000]), None, None]);
    assert!(matches!(writer.row(&long), Err(FrameError::TooLong { kind: FrameKind::Rows, .. })));
    assert!(matches!(writer.row(&bytes_of(&vec![None; 2])), Err(FrameError::Payload { .. })));
    assert!(matches!(writer.row(b""), Err(FrameError::Payload { .. })));
    assert!(matches!(writer.delete(&row), Err(FrameError::Payload { .. })));
    assert_eq!(writer.table(3), Err(FrameError::Table { index: 3, tables: 3 }));
    let message = "x".repeat(2_000);
    assert!(writer.error(&ErrorBody::new(ErrorCode::Internal, message)).is_err());
    assert_eq!(writer.len(), before);
    writer.end(&end()).unwrap();
    assert_eq!(writer.row(&row), Err(FrameError::AfterEnd));
    let body = writer.take();
    let (steps, ending) = read(limits, std::iter::once(&body[..]));
    assert_eq!((steps.len(), ending), (4, Ok(Ending::End)));
}

#[test]
fn tuples_fill_frames_up_to_the_target_and_a_long_one_has_its_own() {
    let mut writer = FrameWriter::new(FrameLimits::default(), 100);
    writer.header(&header()).unwrap();
    writer.table(1).unwrap();
    // 2 + 4 + 4 + 20 bytes each, and one of 210.
    for length in [20, 20, 20, 20, 200, 20] {
        writer.row(&bytes_of(&vec![Some(vec![1; length]), None])).unwrap();
    }
    let body = writer.take();
    let mut reader = FrameReader::default();
    reader.feed(&body);
    let mut rows = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        if let Frame::Rows { tuples, .. } = frame {
            rows.push(tuples.count());
        }
    }
    assert_eq!(rows, [3, 1, 1, 1]);
}

#[test]
fn bytes_that_come_one_by_one_are_not_moved_again_and_again() {
    let mut writer = FrameWriter::new(FrameLimits::default(), 4 << 20);
    writer.header(&header()).unwrap();
    writer.table(1).unwrap();
    let row = bytes_of(&vec![Some(vec![1; 40]), None]);
    // One frame of megabytes, then many of a row each: moving the rest for each of them would take hours.
    for _ in 0..60_000 {
        writer.row(&row).unwrap();
    }
    let mut body = writer.take();
    for _ in 0..60_000 {
        body.extend(frame(b'R', &row));
    }
    body.extend(json_frame(b'E', &end()));
    for size in [1, 7, body.len()] {
        let mut reader = FrameReader::default();
        let mut rows = 0;
        for part in body.chunks(size) {
            reader.feed(part);
            while let Some(frame) = reader.next_frame().unwrap() {
                if let Frame::Rows { tuples, .. } = frame {
                    rows += tuples.map(Result::unwrap).count();
                }
            }
        }
        assert_eq!((rows, reader.finish()), (120_000, Ok(Ending::End)));
    }
}

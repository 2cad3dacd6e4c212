//! What a reader and a writer refuse.

use super::*;

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

//! Whatever is written, however it is cut, whatever happens to it on the way.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

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

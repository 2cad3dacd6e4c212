//! Many cases in one test: all of them run, a few at a time, and all that fail are named.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Runs `case` for every item on `threads` threads.
///
/// # Panics
///
/// Where any case panics, with the names of all that do; each one's own message is printed when it happens.
pub fn each<T: Sync>(
    items: &[T],
    threads: usize,
    name: impl Fn(&T) -> String + Sync,
    case: impl Fn(&T) + Sync,
) {
    let queue = Mutex::new(items.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(item) = queue.lock().expect("nothing panics while it is held").next() else {
                        break;
                    };
                    if catch_unwind(AssertUnwindSafe(|| case(item))).is_err() {
                        failures.lock().expect("nothing panics while it is held").push(name(item));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nothing panics while it is held");
    assert!(failures.is_empty(), "{} of {} fail: {failures:?}", failures.len(), items.len());
}

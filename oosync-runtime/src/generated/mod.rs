//! What generated code is made of, beside the traits that it shares with `#[derive(Syncable)]`.
//!
//! A schema may have a thousand tables, and what rustc checks most slowly is code: each function, each call, each
//! branch. So a table's module names its columns as few times as can be, in plain lists, and everything that is done
//! with a list is done here, once for all tables:
//!
//! - `record`: what a table says of its row, and the traits that follow from that
//! - `fields`: lists of columns that are read, written, compared and shown
//! - `forms`: lists of what a new row or a change has
//! - `shown`: rows and forms as `Debug` shows them

/// Calls a macro with the names of each number of columns from one to sixteen.
///
/// Sixteen is what one list holds; more columns are lists of lists.
macro_rules! each_length {
    ($macro:ident) => {
        each_length!($macro: A SA KA, B SB KB, C SC KC, D SD KD, E SE KE, F SF KF, G SG KG, H SH KH, I SI KI, J SJ KJ,
            K SK KK, L SL KL, M SM KM, N SN KN, O SO KO, P SP KP);
    };
    ($macro:ident: $($first:ident)+) => { $macro!($($first)+); };
    ($macro:ident: $($first:ident)+, $($($next:ident)+),+) => {
        $macro!($($first)+, $($($next)+),+);
        each_length!($macro: $($($next)+),+);
    };
}

mod fields;
mod forms;
mod record;
mod shown;
#[cfg(test)]
mod tests;

pub use self::fields::{FieldRefs, Fields, Pass};
pub use self::forms::{FormRefs, kinds};
pub use self::record::{Record, same};
pub use self::shown::{debug_insert, debug_patch, debug_row};

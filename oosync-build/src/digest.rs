//! SHA-256, as lower-case hex: the one digest of the project.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
///
/// ```
/// let empty = oosync_build::digest::sha256_hex(b"");
/// assert_eq!(&empty[..8], "e3b0c442");
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

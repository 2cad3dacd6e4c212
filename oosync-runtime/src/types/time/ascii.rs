//! A text on the stack: what every writer of this module appends to.

/// The longest is an interval with a sign before each part: 56 bytes.
const CAPACITY: usize = 64;

/// A short ASCII text.
pub(super) struct Ascii {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Ascii {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    /// Appends; the text must be ASCII.
    pub(super) fn push_str(&mut self, text: &str) {
        debug_assert!(text.is_ascii());
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
    }

    /// Appends one ASCII character.
    pub(super) fn push(&mut self, byte: u8) {
        debug_assert!(byte.is_ascii());
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Appends ASCII characters.
    pub(super) fn push_bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        debug_assert!(bytes.is_ascii());
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }

    /// Appends in decimal, without zeros before it.
    pub(super) fn push_number(&mut self, mut number: u64) {
        let (mut digits, mut at) = ([0; 20], 20);
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.bytes[self.len..self.len + 20 - at].copy_from_slice(&digits[at..]);
        self.len += 20 - at;
    }

    /// Removes these characters from the end.
    pub(super) fn trim_end(&mut self, byte: u8) {
        while self.len > 0 && self.bytes[self.len - 1] == byte {
            self.len -= 1;
        }
    }

    #[expect(clippy::expect_used, reason = "an invariant of this type")]
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("only ASCII is appended")
    }
}

/// Two decimal digits of a number below 100.
pub(super) const fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Six decimal digits of a number below 1000000.
pub(super) const fn six_digits(number: u32) -> [u8; 6] {
    let [a, b] = two_digits(number / 10_000);
    let [c, d] = two_digits(number / 100 % 100);
    let [e, f] = two_digits(number % 100);
    [a, b, c, d, e, f]
}

//! A hash of what row-level security can see of a request.

use std::fmt;

use ring::digest::{Context, SHA256};

/// Equal for two requests as far as policies can tell them apart: by user, role and settings.
///
/// A device's cursor carries it. Where it differs, the same user may see other rows than before, although none of them
/// was written, and the device's tables are compared with the server's.
///
/// The same on every machine and in every version; a change of how it is made makes every device compare once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccessHash([u8; 32]);

impl AccessHash {
    /// Of a user, a role, and settings in any order.
    pub(super) fn of<'a>(
        user: &str,
        role: Option<&str>,
        settings: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"oosync access 1");
        put(&mut context, user);
        match role {
            Some(role) => {
                context.update(&[1]);
                put(&mut context, role);
            }
            None => context.update(&[0]),
        }
        let mut settings: Vec<_> = settings.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        settings.sort_unstable();
        for (name, value) in settings {
            put(&mut context, &name);
            put(&mut context, value);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// From what [`as_bytes`](Self::as_bytes) gave.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash: SHA-256.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// With its length, so that no two lists of texts are one text.
fn put(context: &mut Context, text: &str) {
    context.update(&(text.len() as u64).to_be_bytes());
    context.update(text.as_bytes());
}

/// In hexadecimal digits.
impl fmt::Display for AccessHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccessHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessHash({self})")
    }
}

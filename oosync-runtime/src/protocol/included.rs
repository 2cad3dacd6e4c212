//! Which mutations of a device are part of the state that it pulls.

use serde::{Deserialize, Deserializer, Serialize, de};

/// The mutations of this client that the server had answered for good (applied, conflict, rejected for ever) in the
/// snapshot that the reply is made from.
///
/// A device keeps its own values over those of the server until the mutation that carries them is included; then the
/// server's row counts, whatever it is. Retryable outcomes are not included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Included {
    /// All mutations up to this id, this one too; 0 is none.
    through: u64,
    /// But not these: ids up to `through`, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<u64>,
}

impl Included {
    /// None.
    pub const NONE: Self = Self { through: 0, except: Vec::new() };

    /// All up to `through`, but for `except`; the order of these does not matter. None where one of them is larger
    /// than `through`.
    pub fn new(through: u64, mut except: Vec<u64>) -> Option<Self> {
        except.sort_unstable();
        except.dedup();
        let within = except.last().is_none_or(|last| *last <= through);
        within.then_some(Self { through, except })
    }

    /// Whether the mutation of this id is included.
    pub fn contains(&self, id: u64) -> bool {
        id <= self.through && self.except.binary_search(&id).is_err()
    }

    /// The largest id that may be included.
    pub const fn through(&self) -> u64 {
        self.through
    }

    /// The ids up to that one which are not, ascending.
    pub fn except(&self) -> &[u64] {
        &self.except
    }
}

impl<'de> Deserialize<'de> for Included {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Ids {
            through: u64,
            #[serde(default)]
            except: Vec<u64>,
        }

        let Ids { through, except } = Ids::deserialize(deserializer)?;
        let message = || de::Error::custom(format_args!("an exception is larger than `through`: {through}"));
        Self::new(through, except).ok_or_else(message)
    }
}

//! Types that are held in Postgres's own text form.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::json_text;
use crate::types::primitive::without_nul;
use crate::types::tags::{Cidr, Inet};
use crate::{Element, Field, Value, ValueError, sql};

/// Says which type a [`PgText`] is of. [`tags`](crate::types::tags) has those that Postgres brings along.
pub trait PgTextTag {
    /// The type's name as in SQL: for messages.
    const NAME: &'static str;
}

/// A value in the text form of its Postgres type.
///
/// Whether the text means anything in the type is for Postgres to say, when it is pushed. Here it only cannot
/// contain a NUL. Values are compared as text.
///
/// ```
/// use oosync_runtime::types::{PgText, tags};
///
/// let range: PgText<tags::Int4range> = "[1,10)".parse()?;
/// assert_eq!(&*range, "[1,10)");
/// # Ok::<(), oosync_runtime::ValueError>(())
/// ```
pub struct PgText<Tag> {
    text: String,
    /// It holds no tag: whether it may be sent to another thread does not depend on it.
    tag: PhantomData<fn() -> Tag>,
}

impl<Tag> PgText<Tag> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.text
    }
}

/// A text with a NUL is refused when it is stored.
impl<Tag> From<String> for PgText<Tag> {
    fn from(text: String) -> Self {
        Self { text, tag: PhantomData }
    }
}

impl<Tag> From<PgText<Tag>> for String {
    fn from(value: PgText<Tag>) -> Self {
        value.text
    }
}

impl<Tag: PgTextTag> FromStr for PgText<Tag> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        without_nul(text, Tag::NAME).map(|text| Self::from(text.to_owned()))
    }
}

impl<Tag> Deref for PgText<Tag> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<Tag> AsRef<str> for PgText<Tag> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<Tag> Clone for PgText<Tag> {
    fn clone(&self) -> Self {
        Self::from(self.text.clone())
    }
}

impl<Tag> PartialEq for PgText<Tag> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<Tag> Eq for PgText<Tag> {}

/// By the text, byte by byte: not the order of the type in Postgres.
impl<Tag> Ord for PgText<Tag> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl<Tag> PartialOrd for PgText<Tag> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Tag> Hash for PgText<Tag> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<Tag> fmt::Display for PgText<Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<Tag: PgTextTag> fmt::Debug for PgText<Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", Tag::NAME, self.text)
    }
}

impl<Tag> Serialize for PgText<Tag> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, Tag> Deserialize<'de> for PgText<Tag> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl<Tag: PgTextTag> Field<sql::PgText<Tag>> for PgText<Tag> {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        without_nul(&self.text, Tag::NAME).map(|text| Value::Text(Cow::Borrowed(text)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(text) => Ok(Self::from(text.into_owned())),
            other => Err(ValueError::kind(&other, Tag::NAME)),
        }
    }
}

impl<Tag: PgTextTag> Element<sql::PgText<Tag>> for PgText<Tag> {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(without_nul(&self.text, Tag::NAME)?, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json_text::read_string(json, Tag::NAME).map(|text| Self::from(text.into_owned()))
    }
}

impl<Tag: PgTextTag> Field<sql::PgText<Tag>> for String {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        without_nul(self, Tag::NAME).map(|text| Value::Text(Cow::Borrowed(text)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        PgText::<Tag>::decode(value).map(PgText::into_string)
    }
}

impl<Tag: PgTextTag> Element<sql::PgText<Tag>> for String {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(without_nul(self, Tag::NAME)?, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        PgText::<Tag>::read_json(json).map(PgText::into_string)
    }
}

/// Address and network bits, where nothing else is in the text.
fn network<Tag: PgTextTag>(value: &PgText<Tag>) -> Result<(IpAddr, u8), ValueError> {
    let invalid = || ValueError::invalid(value, Tag::NAME);
    let (address, bits) = match value.text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (value.as_str(), None),
    };
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(all), str::parse).map_err(|_| invalid())?;
    if bits > all { Err(invalid()) } else { Ok((address, bits)) }
}

macro_rules! networks {
    ($($tag:ident)+) => {$(
        impl PgText<$tag> {
            /// The address, and how many bits of it are the network's: 32 or 128 for a single host.
            ///
            /// # Errors
            ///
            /// Where the text is no address.
            pub fn network(&self) -> Result<(IpAddr, u8), ValueError> {
                network(self)
            }
        }

        impl From<IpAddr> for PgText<$tag> {
            /// The single host, in Postgres's spelling.
            fn from(address: IpAddr) -> Self {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                // An inet of one host is shown without the bits, a cidr with them.
                Self::from(if $tag::SHOWS_ALL_BITS { format!("{address}/{bits}") } else { address.to_string() })
            }
        }

        /// The address of a single host; a network is refused.
        impl TryFrom<&PgText<$tag>> for IpAddr {
            type Error = ValueError;

            fn try_from(value: &PgText<$tag>) -> Result<Self, ValueError> {
                match value.network()? {
                    (address @ IpAddr::V4(_), 32) | (address @ IpAddr::V6(_), 128) => Ok(address),
                    _ => Err(ValueError::out_of_range(value, "std::net::IpAddr")),
                }
            }
        }
    )+};
}

impl Inet {
    const SHOWS_ALL_BITS: bool = false;
}

impl Cidr {
    const SHOWS_ALL_BITS: bool = true;
}

networks! { Inet Cidr }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_convert_where_they_are_of_one_host() {
        let host: IpAddr = "10.1.2.3".parse().unwrap();
        assert_eq!(PgText::<Inet>::from(host).as_str(), "10.1.2.3");
        assert_eq!(PgText::<Cidr>::from(host).as_str(), "10.1.2.3/32");
        assert_eq!(IpAddr::try_from(&PgText::<Cidr>::from(host)), Ok(host));
        let net: PgText<Inet> = "10.1.2.3/8".parse().unwrap();
        assert_eq!(net.network(), Ok((host, 8)));
        assert!(IpAddr::try_from(&net).is_err());
        let six: PgText<Inet> = "::1/128".parse().unwrap();
        assert!(IpAddr::try_from(&six).is_ok());
        assert!("10.0.0.0/33".parse::<PgText<Inet>>().unwrap().network().is_err());
    }

    #[test]
    fn a_nul_is_refused_when_it_is_stored() {
        let text = PgText::<Inet>::from("\0".to_owned());
        assert!(text.encode().is_err());
        assert!("\0".parse::<PgText<Inet>>().is_err());
    }
}

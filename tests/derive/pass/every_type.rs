//! Every kind of column in every form that holds it.

use oosync_runtime::Syncable;
use oosync_runtime::types::*;

#[derive(Syncable)]
#[syncable(table = "shapes", insert)]
struct Own {
    id: Uuid,
    user_id: Uuid,
    a_boolean: bool,
    a_smallint: i16,
    an_integer: i32,
    a_bigint: i64,
    an_oid: u32,
    a_real: f32,
    a_double: f64,
    a_numeric: Numeric,
    a_money: Money,
    a_text: String,
    a_varchar: String,
    a_char: String,
    a_bytea: Vec<u8>,
    a_timestamptz: Timestamptz,
    a_timestamp: Timestamp,
    a_date: Date,
    a_time: Time,
    a_timetz: TimeTz,
    an_interval: Interval,
    a_json: Json,
    a_jsonb: Json,
    a_mood: String,
    an_address: Address,
    a_percent: i16,
    an_inet: PgText<tags::Inet>,
    a_range: PgText<tags::Int4range>,
    texts: Vec<String>,
    moods: Vec<Option<String>>,
}

struct Address {
    street: Option<String>,
    zip: Option<i32>,
}

impl PgComposite for Address {
    const NAME: &'static str = "public.address";

    fn write(&self, object: &mut ObjectWriter<'_>) -> Result<(), oosync_runtime::ValueError> {
        object.attribute::<oosync_runtime::sql::Text, _>("street", &self.street)?;
        object.attribute::<oosync_runtime::sql::Int4, _>("zip", &self.zip)
    }

    fn read(object: &mut ObjectReader<'_>) -> Result<Self, oosync_runtime::ValueError> {
        Ok(Self {
            street: object.attribute::<oosync_runtime::sql::Text, _>("street")?,
            zip: object.attribute::<oosync_runtime::sql::Int4, _>("zip")?,
        })
    }
}

/// Names around the struct that the expansion uses too do not disturb it, and it does not hide them.
mod oosync {
    pub struct Mood(pub String);

    impl oosync_runtime::types::PgEnum for Mood {
        const NAME: &'static str = "public.mood";

        fn as_label(&self) -> &str {
            &self.0
        }

        fn from_label(label: &str) -> Self {
            Self(label.to_owned())
        }
    }
}

static TABLE: &str = "mine";

#[allow(dead_code)]
mod other_prelude {
    struct Option;
    type Result<T> = core::result::Result<T, ()>;
    struct Sized;
    trait Row {}
    trait Clone {}
    trait Default {}
    enum Priority {
        None,
        Some,
        Ok,
        Err,
    }
    #[allow(unused_imports)]
    use Priority::*;

    #[derive(oosync_runtime::Syncable)]
    #[syncable(table = "notes")]
    struct Note {
        id: oosync_runtime::types::Uuid,
        title: ::std::string::String,
        #[syncable(skip)]
        loaded: bool,
    }
}

#[derive(Syncable)]
#[syncable(table = "shapes")]
struct Others {
    id: Uuid,
    a_smallint: i64,
    an_oid: i64,
    a_real: f64,
    a_json: Json<Vec<u32>>,
    a_jsonb: Json<Vec<u32>>,
    a_mood: oosync::Mood,
    an_inet: String,
    a_range: String,
    texts: Array<String>,
    moods: Vec<oosync::Mood>,
    r#a_text: ::std::string::String,
}

fn main() {
    let _ = TABLE;
}

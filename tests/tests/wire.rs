//! Rows from Postgres to a device through frames, and back as a push, with nothing between but the protocol.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io::BufRead as _;

use oosync_runtime::Value;
use oosync_runtime::codec;
use oosync_runtime::protocol::frame::{Ending, Frame, FrameReader, FrameWriter};
use oosync_runtime::protocol::{
    Buckets, CopyOut, Counts, End, Header, Included, JsonRow, Layout, Mode, Next, PROTOCOL_VERSION,
    TableHeader,
};
use oosync_runtime::schema::{
    Access, Column, ColumnDefault, ColumnType, Conflict, Owner, Push, Rules, Schema, Table,
};
use oosync_tests::TestDatabase;
use postgres::Client;

const POSTGRES: &str = "
    create table item (
      id uuid, part int, price numeric, made timestamptz, tags text[], net inet, document json, code char(3),
      secret text, primary key (id, part)
    );
    insert into item
      select ('00000000-0000-7000-8000-' || lpad(g::text, 12, '0'))::uuid, -g, g / 7.0, 'epoch'::timestamptz + g * '1 day'::interval,
        array['a', null, g::text], '10.0.0.1', json_build_object('g', g), 'x', 'never leaves'
      from generate_series(1, 3000) g;
    insert into item values ('00000000-0000-7000-8000-000000000000', 0, 'NaN', '-infinity', '{}', '::1/128', ' null ', '', '');
    insert into item (id, part) values ('ffffffff-ffff-ffff-ffff-ffffffffffff', 2147483647);";

const fn column(name: &'static str, ty: ColumnType, nullable: bool) -> Column {
    Column { name, ty, nullable, default: ColumnDefault::None, access: Access::PLAIN }
}

static ITEM: Table = Table {
    pg_schema: "public",
    pg_name: "item",
    name: "item",
    columns: &[
        column("id", ColumnType::Uuid, false),
        column("part", ColumnType::Int4, false),
        column("price", ColumnType::Numeric, true),
        column("made", ColumnType::Timestamptz, true),
        column("tags", ColumnType::Array(&ColumnType::Text), true),
        column("net", ColumnType::PgText("inet"), true),
        column("document", ColumnType::Json, true),
        column("code", ColumnType::Text, true),
    ],
    primary_key: &[0, 1],
    foreign_keys: &[],
    rules: Rules {
        owner: Owner::Everyone,
        bucket: None,
        push: Push::Disabled,
        deny_delete: false,
        confirmed: false,
        conflict: Conflict::ServerWins,
        created: None,
        updated: None,
        deleted: None,
        conflict_target: &[0, 1],
        order: 1,
        change_category: None,
        normalize_datetime: &[],
    },
    ddl: "",
};

static SCHEMA: Schema = Schema { tables: &[&ITEM], hash: "5f0c" };

type Row = BTreeMap<usize, Value<'static>>;

/// Every message of a copy, as tuples.
fn copy(client: &mut Client, query: &str, columns: usize, mut each: impl FnMut(&[u8])) {
    let mut messages = client.copy_out(&format!("copy ({query}) to stdout (format binary)")).unwrap();
    let mut copy = CopyOut::new(columns);
    loop {
        let message = messages.fill_buf().unwrap();
        if message.is_empty() {
            return copy.finish().unwrap();
        }
        for tuple in copy.tuples(message).unwrap() {
            each(tuple.unwrap().as_bytes());
        }
        let length = message.len();
        messages.consume(length);
    }
}

/// What a server sends: all rows, and two keys out of a log that has them as text.
fn body(client: &mut Client) -> Vec<u8> {
    let header = TableHeader::of(&ITEM, |_| true);
    let form = |name: &String| match header.text.contains(name) {
        true => format!("{name}::text"),
        false => name.clone(),
    };
    let select: Vec<String> = header.columns.iter().map(form).collect();
    let (columns, key) = (header.columns.len(), header.key.len());
    let mut writer = FrameWriter::default();
    writer
        .header(&Header {
            protocol: PROTOCOL_VERSION,
            mode: Mode::Delta,
            schema_hash: SCHEMA.hash.to_owned(),
            schema: None,
            tables: vec![header],
            buckets: Buckets::default(),
            estimated: None,
        })
        .unwrap();
    writer.table(0).unwrap();
    let mut counts = Counts::default();
    copy(client, &format!("select {} from item order by id", select.join(", ")), columns, |row| {
        writer.row(row).unwrap();
        counts.rows += 1;
    });
    let log = "select pk[1]::uuid, pk[2]::int from (values
        (array['11111111-1111-7111-8111-111111111111', '-5']), (array['22222222-2222-7222-8222-222222222222', '6'])) l (pk)";
    copy(client, log, key, |key| {
        writer.delete(key).unwrap();
        counts.deletes += 1;
    });
    writer
        .end(&End {
            next: Next::Cursor("c".to_owned()),
            counts: BTreeMap::from([("item".to_owned(), counts)]),
            digest: None,
            included: Included::NONE,
        })
        .unwrap();
    writer.take()
}

/// What a device makes of it.
fn received(body: &[u8]) -> (Vec<Row>, Vec<Row>) {
    let mut reader = FrameReader::default();
    let mut layout = None;
    let (mut rows, mut deletes, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    for part in body.chunks(1_000) {
        reader.feed(part);
        while let Some(frame) = reader.next_frame().unwrap() {
            match frame {
                Frame::Header(header) => layout = Some(Layout::of(&SCHEMA, &header.tables[0]).unwrap()),
                Frame::Rows { tuples, .. } => {
                    for tuple in tuples {
                        let row = layout.as_ref().unwrap().row(tuple.unwrap());
                        rows.push(owned(row.map(Result::unwrap)));
                        counts.rows += 1;
                    }
                }
                Frame::Deletes { tuples, .. } => {
                    for tuple in tuples {
                        let key = layout.as_ref().unwrap().key(tuple.unwrap());
                        deletes.push(owned(key.map(Result::unwrap)));
                        counts.deletes += 1;
                    }
                }
                Frame::End(end) => assert_eq!(end.counts["item"], counts),
                other => assert!(matches!(other, Frame::Table(0))),
            }
        }
    }
    assert_eq!(reader.finish(), Ok(Ending::End));
    (rows, deletes)
}

fn owned<'a>(values: impl Iterator<Item = (usize, Value<'a>)>) -> Row {
    values.map(|(place, value)| (place, value.into_owned())).collect()
}

#[test]
fn rows_come_through_frames_and_in_json_and_go_back_as_they_were() {
    let database = TestDatabase::with_schema(POSTGRES);
    let mut client = database.client();
    client
        .batch_execute(
            "set datestyle = iso; set intervalstyle = iso_8601; set timezone = utc; set extra_float_digits = 1",
        )
        .unwrap();
    let (rows, deletes) = received(&body(&mut client));
    assert_eq!(rows.len(), 3_002);
    assert_eq!(deletes.len(), 2);
    assert_eq!(deletes[0][&1], Value::Integer(-5));
    assert_eq!(rows[0][&5], Value::Text("::1".into()));
    assert_eq!(rows[0][&7], Value::Text("   ".into()), "a char(3) keeps its blanks");

    // The same rows in JSON, as the answer to a push has them.
    let select = ITEM.columns.iter().map(|column| {
        let cast = if codec::cast_in_json(&column.ty) { "::text" } else { "" };
        format!("'{0}', {0}{cast}", column.name)
    });
    let select = select.collect::<Vec<_>>().join(", ");
    let json = client.query(&format!("select json_build_object({select})::text from item order by id"), &[]);
    for (json, row) in json.unwrap().iter().zip(&rows) {
        let json: JsonRow = serde_json::from_str(json.get(0)).unwrap();
        assert_eq!(owned(json.values(&ITEM).unwrap().into_iter()), *row);
    }

    // Pushed to another table, they are what they were.
    let pushed: Vec<JsonRow> = rows
        .iter()
        .map(|row| {
            JsonRow::of(&ITEM, row.iter().map(|(place, value)| (&ITEM.columns[*place], value))).unwrap()
        })
        .collect();
    let pushed = serde_json::to_string(&pushed).unwrap();
    client
        .batch_execute(
            "create table back (like item);
             create type push as (id uuid, part int, price numeric, made timestamptz, tags text[], net inet, document text, code char(3))",
        )
        .unwrap();
    let insert = "insert into back (id, part, price, made, tags, net, document, code)
        select id, part, price, made, tags, net, document::json, code from json_populate_recordset(null::push, $1::text::json)";
    assert_eq!(client.execute(insert, &[&pushed]).unwrap(), 3_002);
    let different = "select count(*) from item i full join back b using (id, part)
        where (i.price, i.made, i.tags, i.net, i.document::text, i.code)
          is distinct from (b.price, b.made, b.tags, b.net, b.document::text, b.code)";
    assert_eq!(client.query_one(different, &[]).unwrap().get::<_, i64>(0), 0);
}

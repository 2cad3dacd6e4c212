//! Tables for the tests: lists with notes, members with a key of two columns, comments with leased numbers.

use oosync_runtime::schema::{
    Access, Column, ColumnDefault, ColumnType, Conflict, ForeignKey, OnDelete, Owner, Push, Rules, Schema,
    Table,
};

pub const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column { name, ty, nullable: true, default: ColumnDefault::None, access: Access::PLAIN }
}

pub const fn required(name: &'static str, ty: ColumnType) -> Column {
    Column { nullable: false, ..column(name, ty) }
}

pub const fn filled(name: &'static str, ty: ColumnType, default: ColumnDefault) -> Column {
    Column { default, ..column(name, ty) }
}

pub const RULES: Rules = Rules {
    owner: Owner::Everyone,
    bucket: None,
    push: Push::OwnerOnly,
    deny_delete: false,
    confirmed: false,
    conflict: Conflict::ServerWins,
    created: None,
    updated: None,
    deleted: None,
    conflict_target: &[0],
    order: 1,
    change_category: None,
    normalize_datetime: &[],
};

pub const fn table(
    name: &'static str,
    columns: &'static [Column],
    primary_key: &'static [usize],
    ddl: &'static str,
) -> Table {
    Table {
        pg_schema: "public",
        pg_name: name,
        name,
        columns,
        primary_key,
        foreign_keys: &[],
        rules: RULES,
        ddl,
    }
}

pub static LISTS: Table = table(
    "lists",
    &[required("id", ColumnType::Text), required("name", ColumnType::Text)],
    &[0],
    "CREATE TABLE \"lists\" (\n  \"id\" TEXT NOT NULL,\n  \"name\" TEXT NOT NULL,\n  PRIMARY KEY (\"id\")\n) STRICT;\n",
);

pub static NOTES: Table = Table {
    foreign_keys: &[ForeignKey {
        columns: &[1],
        table: "lists",
        target: &["id"],
        on_delete: OnDelete::Cascade,
    }],
    ..table(
        "notes",
        &[
            required("id", ColumnType::Text),
            column("list", ColumnType::Text),
            column("title", ColumnType::Text),
            column("weight", ColumnType::Float8),
            filled("size", ColumnType::Int8, ColumnDefault::Generated),
            filled("stamp", ColumnType::Text, ColumnDefault::Server),
            filled("draft", ColumnType::Text, ColumnDefault::Local),
        ],
        &[0],
        "CREATE TABLE \"notes\" (\n  \"id\" TEXT NOT NULL,\n  \"list\" TEXT,\n  \"title\" TEXT,\n  \"weight\" ANY,\n  \
         \"size\" INTEGER,\n  \"stamp\" TEXT,\n  \"draft\" TEXT,\n  PRIMARY KEY (\"id\"),\n  FOREIGN KEY (\"list\") \
         REFERENCES \"lists\" (\"id\") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED\n) STRICT;\nCREATE INDEX \
         \"notes_list\" ON \"notes\" (\"list\");\n",
    )
};

pub static MEMBERS: Table = table(
    "members",
    &[
        required("list", ColumnType::Text),
        required("person", ColumnType::Int8),
        column("role", ColumnType::Text),
    ],
    &[0, 1],
    "CREATE TABLE \"members\" (\n  \"list\" TEXT NOT NULL,\n  \"person\" INTEGER NOT NULL,\n  \"role\" TEXT,\n  \
     PRIMARY KEY (\"list\", \"person\")\n) STRICT;\n",
);

pub static COMMENTS: Table = table(
    "comments",
    &[
        Column { nullable: false, ..filled("id", ColumnType::Int8, ColumnDefault::Leased) },
        column("body", ColumnType::Text),
    ],
    &[0],
    "CREATE TABLE \"comments\" (\n  \"id\" INTEGER NOT NULL,\n  \"body\" TEXT,\n  PRIMARY KEY (\"id\")\n) STRICT;\n",
);

pub static SCHEMA: Schema = Schema { tables: &[&LISTS, &NOTES, &MEMBERS, &COMMENTS], hash: "first" };

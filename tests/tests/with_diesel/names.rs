//! Names that mean something to Rust or to Diesel.

use diesel::prelude::*;
use oosync_runtime::diesel::val;
use oosync_runtime::prelude::*;

use crate::Device;
use crate::schema::diesel_sqlite::type_;
use crate::schema::{Type, TypeInsert, TypePatch};

#[test]
fn tables_and_columns_may_be_called_as_they_like() {
    let mut device = Device::new();
    let form = TypeInsert {
        self_: Some("self".to_owned()),
        dsl: Some("dsl".to_owned()),
        bool: Some(true),
        a_b: Some("quote".to_owned()),
        ..TypeInsert::new(7)
    };
    diesel::insert_into(type_::table).values(&form).execute(&mut device.diesel).unwrap();
    let patch = TypePatch { r#type: Some(Some("type".to_owned())), ..TypePatch::default() };
    diesel::update(type_::table.find(val(7))).set(&patch).execute(&mut device.diesel).unwrap();
    let row: Type = type_::dsl::type_
        .filter(type_::dsl_.eq("dsl").and(type_::a_b.eq("quote")).and(type_::self_.is_not_null()))
        .select(Type::as_select())
        .first(&mut device.diesel)
        .unwrap();
    assert_eq!(Type::get(&device.rusqlite, &7).unwrap(), Some(row.clone()));
    assert_eq!((row.table, row.r#type.as_deref()), (7, Some("type")));
}

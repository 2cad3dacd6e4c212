//! What people do with rows.

use diesel::prelude::*;
use oosync_runtime::diesel::val;
use oosync_runtime::prelude::*;
use oosync_runtime::types::{Uuid, new_v7};

use crate::Device;
use crate::schema::diesel_sqlite::{comments, lists, members, todos};
use crate::schema::{Comments, CommentsInsert, Lists, ListsInsert, Members, Todos, TodosInsert, TodosPatch};

fn list(device: &mut Device, title: &str) -> Lists {
    let form = ListsInsert { id: new_v7().into(), ..ListsInsert::new(title.to_owned()) };
    diesel::insert_into(lists::table)
        .values(&form)
        .returning(Lists::as_returning())
        .get_result(&mut device.diesel)
        .unwrap()
}

fn todo(device: &mut Device, list: Uuid, title: &str) -> Todos {
    diesel::insert_into(todos::table)
        .values(&TodosInsert::new(list, title.to_owned()))
        .returning(Todos::as_returning())
        .get_result(&mut device.diesel)
        .unwrap()
}

#[test]
fn what_diesel_writes_rusqlite_reads_and_the_other_way_round() {
    let mut device = Device::new();
    let garden = list(&mut device, "Garden");
    let hedge = todo(&mut device, garden.id, "Cut the hedge");
    assert_eq!(hedge.priority, 0, "what the form leaves out has its default");
    assert_eq!(hedge.made, None, "what the server fills is null until then");
    assert_eq!(Todos::get(&device.rusqlite, &hedge.id).unwrap(), Some(hedge.clone()));

    let bulbs = TodosInsert::new(garden.id, "Plant bulbs".to_owned()).insert(&device.rusqlite).unwrap();
    let read: Vec<Todos> =
        todos::table.select(Todos::as_select()).order(todos::title).load(&mut device.diesel).unwrap();
    assert_eq!(read, [hedge, bulbs]);
}

#[test]
fn whole_rows_are_inserted_in_one_go() {
    let mut device = Device::new();
    let rows = ["a", "b"].map(|title| Lists { id: new_v7(), title: title.to_owned(), parent_id: None });
    let count =
        diesel::insert_into(lists::table).values(rows.iter().collect::<Vec<_>>()).execute(&mut device.diesel);
    assert_eq!(count, Ok(2));
    let forms = vec![ListsInsert::new("c".to_owned()), ListsInsert::new("d".to_owned())];
    diesel::insert_into(lists::table).values(&forms).execute(&mut device.diesel).unwrap();
    assert_eq!(lists::table.count().get_result::<i64>(&mut device.diesel), Ok(4));
    let children: Vec<Lists> = lists::table
        .filter(lists::id.eq_any(rows.iter().map(|row| val(row.id))))
        .order(lists::title.asc())
        .load(&mut device.diesel)
        .unwrap();
    assert_eq!(children, rows);
}

#[test]
fn a_patch_changes_what_it_names_and_null_is_a_value() {
    let mut device = Device::new();
    let garden = list(&mut device, "Garden");
    let hedge = todo(&mut device, garden.id, "Cut the hedge");
    let patch = TodosPatch { small: Some(Some(3)), done: Some(true), ..TodosPatch::default() };
    diesel::update(&hedge).set(&patch).execute(&mut device.diesel).unwrap();
    let after = Todos::get(&device.rusqlite, &hedge.id).unwrap().unwrap();
    assert_eq!(after, Todos { small: Some(3), done: true, ..hedge.clone() });

    let null = TodosPatch { small: Some(None), ..TodosPatch::default() };
    diesel::update(todos::table.find(val(hedge.id))).set(&null).execute(&mut device.diesel).unwrap();
    let after: Option<i16> =
        todos::table.find(val(hedge.id)).select(todos::small).first(&mut device.diesel).unwrap();
    assert_eq!(after, None);

    diesel::update(&hedge).set(&hedge).execute(&mut device.diesel).unwrap();
    assert_eq!(
        Todos::get(&device.rusqlite, &hedge.id).unwrap(),
        Some(hedge.clone()),
        "a row is a change too"
    );
    assert_eq!(diesel::delete(&hedge).execute(&mut device.diesel), Ok(1));
    assert_eq!(Todos::get(&device.rusqlite, &hedge.id).unwrap(), None);
}

#[test]
fn rows_are_joined_and_belong_to_their_parents() {
    let mut device = Device::new();
    let garden = list(&mut device, "Garden");
    let (hedge, bulbs) = (todo(&mut device, garden.id, "hedge"), todo(&mut device, garden.id, "bulbs"));
    for (id, todo) in [(1, &hedge), (2, &bulbs), (3, &hedge)] {
        let form = CommentsInsert { id: id.into(), ..CommentsInsert::new(todo.id, format!("comment {id}")) };
        diesel::insert_into(comments::table).values(&form).execute(&mut device.diesel).unwrap();
    }
    let joined: Vec<(Comments, Todos)> = comments::table
        .inner_join(todos::table)
        .filter(todos::title.like("h%"))
        .order(comments::id)
        .select((Comments::as_select(), Todos::as_select()))
        .load(&mut device.diesel)
        .unwrap();
    assert_eq!(joined.iter().map(|(comment, _)| comment.id).collect::<Vec<_>>(), [1, 3]);
    assert!(joined.iter().all(|(_, todo)| *todo == hedge));

    let of_bulbs: Vec<Comments> = Comments::belonging_to(&bulbs).load(&mut device.diesel).unwrap();
    assert_eq!(of_bulbs.iter().map(|comment| comment.id).collect::<Vec<_>>(), [2]);
    let both = vec![hedge, bulbs];
    let grouped: Vec<usize> = Comments::belonging_to(&both)
        .load::<Comments>(&mut device.diesel)
        .unwrap()
        .grouped_by(&both)
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(grouped, [2, 1]);
    let children: Vec<Lists> = Lists::belonging_to(&garden).load(&mut device.diesel).unwrap();
    assert_eq!(children, []);
}

#[test]
fn a_key_of_several_columns_finds_its_row() {
    let mut device = Device::new();
    let garden = list(&mut device, "Garden");
    let ada = Members { list_id: garden.id, user_name: "ada".to_owned() };
    diesel::insert_into(members::table).values(&ada).execute(&mut device.diesel).unwrap();
    let key = (val(garden.id), "ada");
    assert_eq!(members::table.find(key).first(&mut device.diesel), Ok(ada.clone()));
    assert_eq!(diesel::delete(&ada).execute(&mut device.diesel), Ok(1));
}

#[test]
fn a_number_that_must_be_leased_is_not_made_up_by_sqlite() {
    let mut device = Device::new();
    let garden = list(&mut device, "Garden");
    let hedge = todo(&mut device, garden.id, "hedge");
    let form = CommentsInsert::new(hedge.id, "no number".to_owned());
    let refused = diesel::insert_into(comments::table).values(&form).execute(&mut device.diesel);
    assert!(refused.unwrap_err().to_string().contains("leased"));
}

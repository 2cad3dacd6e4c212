use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

type Texts = Array<String>;

fn stored(array: &Texts) -> String {
    match <Texts as Field<sql::Array<sql::Text>>>::encode(array).unwrap() {
        Value::Text(text) => text.into_owned(),
        other => panic!("{other:?}"),
    }
}

fn read<T: Field<sql::Array<sql::Text>>>(json: &str) -> Result<T, ValueError> {
    T::decode(Value::Text(json.into()))
}

fn dimension(length: i32, lower: i32) -> Dimension {
    Dimension { length, lower }
}

/// Any shape of up to 64 elements, and so many elements.
fn arrays() -> impl Strategy<Value = Texts> {
    let dimension = (1..=2_i32, prop_oneof![3 => Just(1), 1 => any::<i16>().prop_map(i32::from)]);
    vec(dimension, 0..=6)
        .prop_flat_map(|dimensions| {
            let dimensions: Vec<_> =
                dimensions.into_iter().map(|(length, lower)| Dimension { length, lower }).collect();
            let count = match &dimensions[..] {
                [] => 0,
                some => some.iter().map(|dimension| dimension.length as usize).product(),
            };
            vec(any::<Option<String>>(), count)
                .prop_map(move |elements| Array::new(elements, dimensions.clone()).unwrap())
        })
        .prop_filter("Postgres has no NUL", |array: &Texts| {
            array.iter().flatten().all(|text| !text.contains('\0'))
        })
}

#[test]
fn the_form_on_the_device() {
    assert_eq!(stored(&Array::default()), "[]");
    assert_eq!(stored(&vec![Some("a".to_owned()), None].into()), r#"["a",null]"#);
    let elements: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|text| Some(text.to_owned())).into();
    let array = Array::new(elements.clone(), vec![dimension(3, 1), dimension(2, 1)]).unwrap();
    assert_eq!(stored(&array), r#"[["a","b"],["c","d"],["e","f"]]"#);
    let array = Array::new(elements, vec![dimension(2, 0), dimension(3, 1)]).unwrap();
    assert_eq!(stored(&array), r#"{"lower":[0,1],"values":[["a","b","c"],["d","e","f"]]}"#);
}

#[test]
fn an_array_as_an_element_is_told_from_a_dimension() {
    let nested: Array<Array<i32>> = vec![Array::from(vec![1, 2]), Array::default()].into();
    let mut json = String::new();
    Element::<sql::Array<sql::Array<sql::Int4>>>::write_json(&nested, &mut json).unwrap();
    assert_eq!(json, r#"[{"values":[1,2]},{"values":[]}]"#);
    let read = <Array<Array<i32>> as Element<sql::Array<sql::Array<sql::Int4>>>>::read_json(&json);
    assert_eq!(read, Ok(nested));
}

#[test]
fn a_vec_refuses_what_it_cannot_hold() {
    assert_eq!(read::<Vec<String>>(r#"["a","b"]"#).unwrap(), ["a", "b"]);
    assert!(matches!(read::<Vec<String>>(r#"["a",null]"#), Err(ValueError::Null { .. })));
    assert_eq!(read::<Vec<Option<String>>>(r#"["a", null]"#).unwrap(), [Some("a".to_owned()), None]);
    assert!(read::<Vec<Option<String>>>(r#"[["a"]]"#).is_err());
    assert!(read::<Vec<Option<String>>>(r#"{"lower":[0],"values":["a"]}"#).is_err());
    assert!(read::<Texts>(r#"[["a"]]"#).unwrap().into_vec().is_err());
    assert!(read::<Texts>(r#"[null]"#).unwrap().into_vec().is_err());
}

#[test]
fn what_is_no_array_is_refused() {
    for json in [
        "",
        "null",
        "{}",
        "1",
        "[[]]",
        r#"[["a"],["b","c"]]"#,
        r#"[["a"],"b"]"#,
        r#"["b",["a"]]"#,
        r#"[["a"],null]"#,
        "[[[[[[[\"a\"]]]]]]]",
        r#"{"lower":[0,1],"values":["a"]}"#,
        r#"{"lower":[2147483647],"values":["a"]}"#,
        r#"{"lower":[0],"values":["a"],"more":1}"#,
        r#"["a"] 1"#,
    ] {
        assert!(read::<Texts>(json).is_err(), "{json}");
    }
    assert!(Array::new(vec![Some(1)], vec![dimension(2, 1)]).is_err());
    assert!(Array::<i32>::new(vec![], vec![dimension(0, 1)]).is_err());
    assert!(Array::new(vec![Some(1)], vec![]).is_err());
}

proptest! {
    #[test]
    fn every_array_survives(array in arrays()) {
        prop_assert_eq!(&read::<Texts>(&stored(&array))?, &array);
        let json = serde_json::to_string(&array).unwrap();
        prop_assert_eq!(serde_json::from_str::<Texts>(&json).unwrap(), array);
    }

    #[test]
    fn no_text_makes_reading_panic(json in "[\\[\\]{}\",:0-9a-z]{0,40}") {
        let _ = read::<Texts>(&json);
    }
}

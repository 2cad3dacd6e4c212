//! Changes of enums, domains, composites and ranges.

use super::{Changes, by_key, optional_name, shown};
use crate::facts::{Composite, Domain, Enum, Facts, QualifiedName, Range};

pub(super) fn types(changes: &mut Changes, older: &Facts, newer: &Facts) {
    each(changes, "enum", (&older.enums, &newer.enums), enum_type);
    each(changes, "domain", (&older.domains, &newer.domains), domain);
    each(changes, "composite type", (&older.composites, &newer.composites), composite);
    each(changes, "range type", (&older.ranges, &newer.ranges), range);
}

/// What the kinds of types have in common.
trait Named: PartialEq {
    fn qualified_name(&self) -> QualifiedName;
    fn comment(&self) -> Option<&str>;
    fn extension(&self) -> Option<&str>;
}

macro_rules! named {
    ($($ty:ty),*) => {$(
        impl Named for $ty {
            fn qualified_name(&self) -> QualifiedName {
                QualifiedName::new(&self.schema, &self.name)
            }
            fn comment(&self) -> Option<&str> {
                self.comment.as_deref()
            }
            fn extension(&self) -> Option<&str> {
                self.extension.as_deref()
            }
        }
    )*};
}
named!(Enum, Domain, Composite, Range);

fn each<T: Named>(
    changes: &mut Changes,
    what: &str,
    lists: (&[T], &[T]),
    compare: impl Fn(&mut Changes, &str, &T, &T),
) {
    for item in by_key(lists.0, lists.1, T::qualified_name) {
        match item {
            (None, Some(newer)) => {
                let name = newer.qualified_name();
                changes.added(&name, format!("{what} `{name}` was added"));
            }
            (Some(older), None) => {
                let name = older.qualified_name();
                changes.dropped(&name, format!("{what} `{name}` was dropped"));
            }
            (Some(older), Some(newer)) if older != newer => {
                let name = older.qualified_name().to_string();
                compare(changes, &name, older, newer);
                changes.text(&name, "comment", older.comment(), newer.comment());
                changes.text(&name, "extension", older.extension(), newer.extension());
            }
            _ => {}
        }
    }
}

fn enum_type(changes: &mut Changes, name: &str, older: &Enum, newer: &Enum) {
    for (place, label) in newer.labels.iter().enumerate() {
        if !older.labels.contains(label) {
            let place = match place.checked_sub(1).and_then(|place| newer.labels.get(place)) {
                Some(before) => format!("after `{before}`"),
                None => "as its first".to_owned(),
            };
            changes.added(name, format!("enum `{name}` gained label `{label}` {place}"));
        }
    }
    for label in older.labels.iter().filter(|label| !newer.labels.contains(label)) {
        changes.dropped(name, format!("enum `{name}` lost label `{label}`"));
    }
    let kept = |labels: &'_ [String], others: &[String]| -> Vec<String> {
        labels.iter().filter(|label| others.contains(label)).cloned().collect()
    };
    let (before, after) = (kept(&older.labels, &newer.labels), kept(&newer.labels, &older.labels));
    if before != after {
        let (before, after) = (before.join(", "), after.join(", "));
        changes.changed(name, format!("the labels of enum `{name}` changed order from {before} to {after}"));
    }
}

fn domain(changes: &mut Changes, name: &str, older: &Domain, newer: &Domain) {
    changes.types(name, "base type", &older.base, &newer.base);
    changes.flag(name, older.not_null, newer.not_null, "became not null", "became nullable");
    changes.text(name, "default", older.default.as_deref(), newer.default.as_deref());
    let (before, after) = (optional_name(older.collation.as_ref()), optional_name(newer.collation.as_ref()));
    changes.text(name, "collation", before.as_deref(), after.as_deref());
    changes.named(
        name,
        "check",
        (&older.checks, &newer.checks),
        |check| &check.name,
        |check| {
            let state = if check.not_valid { " not valid" } else { "" };
            format!("{}{state}", shown(&check.expression))
        },
    );
}

fn composite(changes: &mut Changes, name: &str, older: &Composite, newer: &Composite) {
    for item in by_key(&older.attributes, &newer.attributes, |attribute| &attribute.name) {
        match item {
            (None, Some(newer)) => {
                let path = format!("{name}.{}", newer.name);
                changes.added(&path, format!("attribute `{path}` {} was added", newer.ty));
            }
            (Some(older), None) => {
                let path = format!("{name}.{}", older.name);
                changes.dropped(&path, format!("attribute `{path}` was dropped"));
            }
            (Some(older), Some(newer)) => {
                let path = format!("{name}.{}", older.name);
                changes.types(&path, "type", &older.ty, &newer.ty);
                let collation =
                    |attribute: &crate::facts::Attribute| optional_name(attribute.collation.as_ref());
                changes.text(&path, "collation", collation(older).as_deref(), collation(newer).as_deref());
                changes.text(&path, "comment", older.comment.as_deref(), newer.comment.as_deref());
            }
            (None, None) => {}
        }
    }
    changes.order(
        name,
        "attributes",
        older.attributes.iter().map(|attribute| attribute.name.as_str()),
        newer.attributes.iter().map(|attribute| attribute.name.as_str()),
    );
}

fn range(changes: &mut Changes, name: &str, older: &Range, newer: &Range) {
    changes.types(name, "subtype", &older.subtype, &newer.subtype);
    let (before, after) = (optional_name(older.collation.as_ref()), optional_name(newer.collation.as_ref()));
    changes.text(name, "collation", before.as_deref(), after.as_deref());
    changes.different(name, "multirange type", &older.multirange_name(), &newer.multirange_name());
}

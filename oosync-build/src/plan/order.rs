//! The order of syncing: parents before children.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::QualifiedName;

/// What the foreign keys say of the order.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The place of each table, counted from 1.
    pub(super) places: BTreeMap<QualifiedName, i64>,
    /// Circles that had to be broken, each beginning with the table that goes first.
    pub(super) cycles: Vec<Vec<QualifiedName>>,
}

/// Kahn's algorithm: of the tables all of whose parents have a place, the first by name is next.
///
/// Where none is left, the tables that wait only for each other stand in a circle; the first of them by name goes
/// next. `parents` holds every table, with those it refers to.
pub(super) fn order(parents: &BTreeMap<QualifiedName, BTreeSet<QualifiedName>>) -> Order {
    let mut order = Order::default();
    let mut waiting: BTreeMap<&QualifiedName, BTreeSet<&QualifiedName>> = parents
        .iter()
        .map(|(table, of)| {
            (table, of.iter().filter(|parent| *parent != table && parents.contains_key(*parent)).collect())
        })
        .collect();
    let mut children: BTreeMap<&QualifiedName, Vec<&QualifiedName>> = BTreeMap::new();
    for (table, of) in &waiting {
        for parent in of {
            children.entry(parent).or_default().push(table);
        }
    }
    let sorted = |name: &QualifiedName| (NameKey::new(&name.name), NameKey::new(&name.schema));
    let mut ready: BTreeMap<_, &QualifiedName> =
        waiting.iter().filter(|(_, of)| of.is_empty()).map(|(table, _)| (sorted(table), *table)).collect();
    while !waiting.is_empty() {
        let next = match ready.pop_first() {
            Some((_, next)) => next,
            None => {
                let mut circle = circle(&waiting);
                circle.sort_by_key(|name| sorted(name));
                let Some(first) = circle.first().copied() else { break };
                order.cycles.push(circle.into_iter().cloned().collect());
                first
            }
        };
        waiting.remove(next);
        let place = i64::try_from(order.places.len()).unwrap_or(i64::MAX).saturating_add(1);
        order.places.insert(next.clone(), place);
        for child in children.get(next).into_iter().flatten() {
            if let Some(of) = waiting.get_mut(child)
                && of.remove(next)
                && of.is_empty()
            {
                ready.insert(sorted(child), child);
            }
        }
    }
    order
}

/// Of the circles that wait for nothing but themselves, the one with the first name.
fn circle<'a>(waiting: &BTreeMap<&'a QualifiedName, BTreeSet<&'a QualifiedName>>) -> Vec<&'a QualifiedName> {
    let reach = |start: &'a QualifiedName| -> BTreeSet<&'a QualifiedName> {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            for parent in waiting.get(at).into_iter().flatten().copied() {
                if seen.insert(parent) {
                    open.push(parent);
                }
            }
        }
        seen
    };
    // Everything here waits, so that following parents ends in a circle; whoever reaches least is in one.
    let least = waiting.keys().map(|start| (reach(start), *start)).min_by_key(|(reached, start)| {
        (reached.len(), NameKey::new(&start.name), NameKey::new(&start.schema))
    });
    let Some((reached, _)) = least else { return Vec::new() };
    let size = reached.len();
    // Of several that are as small, the one whose first name is first.
    let mut circles: Vec<Vec<_>> = waiting
        .keys()
        .map(|start| reach(start))
        .filter(|other| other.len() == size)
        .map(|circle| circle.into_iter().collect())
        .collect();
    circles
        .sort_by_key(|circle: &Vec<&QualifiedName>| circle.iter().map(|name| NameKey::new(&name.name)).min());
    circles.into_iter().next().unwrap_or_default()
}

/// Names in the order of a dictionary, as ICU compares them: `_` before digits, digits before letters, upper and
/// lower case alike until nothing else differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameKey {
    letters: Vec<(u8, char)>,
    upper: Vec<bool>,
    name: String,
}

impl NameKey {
    pub(super) fn new(name: &str) -> Self {
        let class = |c: char| match c {
            c if c.is_alphabetic() => 2,
            c if c.is_numeric() => 1,
            _ => 0,
        };
        Self {
            letters: name.chars().flat_map(char::to_lowercase).map(|c| (class(c), c)).collect(),
            upper: name.chars().map(char::is_uppercase).collect(),
            name: name.to_owned(),
        }
    }
}

/// Compares two names as [`NameKey`] does.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    NameKey::new(a).cmp(&NameKey::new(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> QualifiedName {
        QualifiedName::new("public", name)
    }

    fn ordered(edges: &[(&str, &[&str])]) -> (Vec<String>, Vec<Vec<String>>) {
        let parents = edges
            .iter()
            .map(|(table, of)| (named(table), of.iter().map(|name| named(name)).collect()))
            .collect();
        let found = order(&parents);
        let mut places: Vec<_> = found.places.into_iter().map(|(name, place)| (place, name.name)).collect();
        places.sort();
        let cycles = found.cycles.into_iter().map(|cycle| cycle.into_iter().map(|name| name.name).collect());
        (places.into_iter().map(|(_, name)| name).collect(), cycles.collect())
    }

    #[test]
    fn parents_come_first_and_then_names_decide() {
        let (names, cycles) = ordered(&[("b", &[]), ("a", &["b"]), ("c", &[]), ("self", &["self"])]);
        assert_eq!(names, ["b", "a", "c", "self"]);
        assert!(cycles.is_empty());
    }

    #[test]
    fn a_circle_is_broken_at_its_first_table_and_not_at_what_hangs_on_it() {
        let (names, cycles) =
            ordered(&[("a_child", &["x"]), ("x", &["y"]), ("y", &["x", "root"]), ("root", &[])]);
        assert_eq!(names, ["root", "x", "a_child", "y"]);
        assert_eq!(cycles, [["x", "y"]]);
    }

    #[test]
    fn names_are_compared_as_in_a_dictionary() {
        let mut names = ["a1", "B", "aa", "a_b", "A", "a", "b", "é", "_z"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["_z", "a", "A", "a_b", "a1", "aa", "b", "B", "é"]);
    }
}

//! In which order mutations are applied, and which of them together.

use std::collections::BTreeMap;

/// Mutations, by their places in the push, that are applied together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Ascending.
    pub(super) members: Vec<usize>,
    /// All of them or none.
    pub(super) atomic: bool,
}

/// What decides about the order: by the place of each mutation, the number of its row and its group.
pub(super) struct Sent {
    pub(super) place: usize,
    pub(super) row: usize,
    pub(super) group: Option<u64>,
}

/// Groups, and each mutation of no group by itself, in the order of their first members.
///
/// What happens to one row happens in the order of the push. Where a group spans a mutation of one of its own rows that
/// is in another unit, and that order could not be kept, both become one.
pub(super) fn units(sent: &[Sent]) -> Vec<Unit> {
    let mut unit_of: Vec<usize> = Vec::new();
    let mut by_group: BTreeMap<u64, usize> = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    for one in sent {
        let known = one.group.and_then(|group| by_group.get(&group).copied());
        let unit = known.unwrap_or_else(|| {
            units.push(Unit { members: Vec::new(), atomic: one.group.is_some() });
            units.len() - 1
        });
        if let Some(group) = one.group {
            by_group.insert(group, unit);
        }
        units[unit].members.push(one.place);
        unit_of.push(unit);
    }
    // Units are in the order of their first members. A row that goes back from a later unit to an earlier one joins
    // all that is in between on its way.
    while let Some((earlier, later)) = goes_back(sent, &unit_of) {
        let members = std::mem::take(&mut units[later].members);
        units[earlier].members.extend(members);
        units[earlier].members.sort_unstable();
        units[earlier].atomic = true;
        for unit in &mut unit_of {
            if *unit == later {
                *unit = earlier;
            }
        }
    }
    units.retain(|unit| !unit.members.is_empty());
    units
}

/// Two units of which the second has a mutation of a row before one of the first.
fn goes_back(sent: &[Sent], unit_of: &[usize]) -> Option<(usize, usize)> {
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for (one, unit) in sent.iter().zip(unit_of) {
        match last.get(&one.row) {
            Some(before) if before > unit => return Some((*unit, *before)),
            _ => {
                last.insert(one.row, *unit);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &[(usize, Option<u64>)]) -> Vec<(Vec<usize>, bool)> {
        let sent: Vec<Sent> = sent
            .iter()
            .enumerate()
            .map(|(place, (row, group))| Sent { place, row: *row, group: *group })
            .collect();
        units(&sent).into_iter().map(|unit| (unit.members, unit.atomic)).collect()
    }

    #[test]
    fn mutations_of_no_group_stand_alone_and_groups_where_they_begin() {
        assert_eq!(of(&[(1, None), (2, None)]), [(vec![0], false), (vec![1], false)]);
        assert_eq!(
            of(&[(1, None), (2, Some(2)), (3, None), (4, Some(2))]),
            [(vec![0], false), (vec![1, 3], true), (vec![2], false)]
        );
    }

    #[test]
    fn what_would_leave_the_order_of_a_row_joins_the_group() {
        assert_eq!(of(&[(1, Some(1)), (2, None), (2, Some(1))]), [(vec![0, 1, 2], true)]);
        // Two groups that wait for each other.
        assert_eq!(of(&[(1, Some(1)), (2, Some(2)), (1, Some(2)), (2, Some(1))]), [(vec![0, 1, 2, 3], true)]);
        // After the whole group is soon enough.
        assert_eq!(of(&[(1, Some(1)), (1, None), (2, Some(1))]), [(vec![0, 2], true), (vec![1], false)]);
    }
}

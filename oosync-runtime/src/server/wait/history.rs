//! What the tail has told lately, by which a device that comes back is known to have everything already.

use std::collections::VecDeque;
use std::num::ParseIntError;
use std::str::FromStr;

/// How many changes are remembered at most.
const CHANGES: usize = 256;

/// Of how many buckets: one transaction may change any number.
const BUCKETS: usize = 4_096;

/// What a transaction sees, as a `pg_snapshot` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Nothing from here on.
    xmax: u64,
    /// Nor these, ascending.
    open: Vec<u64>,
}

impl FromStr for Snapshot {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':').skip(1);
        let xmax = parts.next().unwrap_or_default().parse()?;
        let open = parts.next().unwrap_or_default().split(',').filter(|xid| !xid.is_empty());
        let mut open = open.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        open.sort_unstable();
        Ok(Self { xmax, open })
    }
}

impl Snapshot {
    /// Whether it sees all that another one sees.
    fn includes(&self, other: &Self) -> bool {
        let unseen = |xid: &u64| *xid >= other.xmax || other.open.binary_search(xid).is_ok();
        other.xmax <= self.xmax && self.open.iter().all(unseen)
    }
}

/// Changes that the tail has told, from one snapshot to its last one.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Where it begins; nowhere before the tail has.
    from: Option<Snapshot>,
    /// Buckets that changed, and the first snapshot that sees it; in the order of time.
    changes: VecDeque<(Vec<String>, Snapshot)>,
}

impl History {
    /// The tail begins, or begins anew: nobody knows what was before.
    pub(super) fn begin(&mut self, at: Snapshot) {
        *self = Self { from: Some(at), changes: VecDeque::new() };
    }

    /// The tail has ended.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// These buckets have changed for whoever sees `after`.
    pub(super) fn changed(&mut self, buckets: Vec<String>, after: Snapshot) {
        if buckets.is_empty() {
            return;
        }
        self.changes.push_back((buckets, after));
        let count =
            |changes: &VecDeque<(Vec<String>, Snapshot)>| changes.iter().map(|(b, _)| b.len()).sum::<usize>();
        while self.changes.len() > CHANGES || count(&self.changes) > BUCKETS {
            let Some((_, after)) = self.changes.pop_front() else { break };
            self.from = Some(after);
        }
    }

    /// Whether nothing has been told of these buckets that a snapshot does not see; `false` where that is not known.
    pub(super) fn has_all(&self, snapshot: &Snapshot, buckets: &[String]) -> bool {
        self.from.as_ref().is_some_and(|from| snapshot.includes(from))
            && self
                .changes
                .iter()
                .filter(|(_, after)| !snapshot.includes(after))
                .all(|(changed, _)| !changed.iter().any(|bucket| buckets.contains(bucket)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        text.parse().unwrap()
    }

    fn sees(snapshot: &Snapshot, xid: u64) -> bool {
        xid < snapshot.xmax && !snapshot.open.contains(&xid)
    }

    #[test]
    fn a_snapshot_is_read_as_postgres_writes_it() {
        assert_eq!(snapshot("7:12:7,9"), Snapshot { xmax: 12, open: vec![7, 9] });
        assert_eq!(snapshot("12:12:"), Snapshot { xmax: 12, open: Vec::new() });
        for wrong in ["", "7", "7:", "7:x:", "7:12:9,x"] {
            wrong.parse::<Snapshot>().unwrap_err();
        }
    }

    #[test]
    fn what_a_device_has_seen_is_no_news_and_what_nobody_knows_may_be() {
        let a = ["a".to_owned()];
        let mut history = History::default();
        assert!(!history.has_all(&snapshot("9:9:"), &a), "before it begins");
        history.begin(snapshot("5:5:"));
        assert!(history.has_all(&snapshot("5:5:"), &a) && !history.has_all(&snapshot("4:4:"), &a));
        history.changed(vec!["a".to_owned(), "b".to_owned()], snapshot("5:7:5"));
        assert!(!history.has_all(&snapshot("5:6:5"), &a));
        assert!(history.has_all(&snapshot("5:6:5"), &["c".to_owned()]));
        assert!(history.has_all(&snapshot("5:7:5"), &a) && history.has_all(&snapshot("8:8:"), &a));
        assert!(!history.has_all(&snapshot("5:8:5,6"), &a), "6 is part of it");
        history.end();
        assert!(!history.has_all(&snapshot("8:8:"), &a));
    }

    #[test]
    fn it_is_bounded_and_what_is_forgotten_is_not_known() {
        let mut history = History::default();
        history.begin(snapshot("1:1:"));
        for xid in 2..2_000 {
            history.changed(vec!["a".to_owned()], snapshot(&format!("{xid}:{xid}:")));
        }
        assert_eq!(history.changes.len(), CHANGES);
        assert!(!history.has_all(&snapshot("1000:1000:"), &["b".to_owned()]));
        assert!(history.has_all(&snapshot("1990:1990:"), &["b".to_owned()]));
        let many = (0..=BUCKETS).map(|number| number.to_string()).collect();
        history.changed(many, snapshot("2000:2000:"));
        assert!(history.changes.is_empty());
        assert!(!history.has_all(&snapshot("1999:1999:"), &["b".to_owned()]));
        assert!(history.has_all(&snapshot("2000:2000:"), &["b".to_owned()]));
    }

    proptest! {
        #[test]
        fn including_is_seeing_all_of_it(
            ends in vec(1_u64..12, 2), open in vec(btree_set(0_u64..12, 0..6), 2),
        ) {
            let of = |at: usize| Snapshot {
                xmax: ends[at],
                open: open[at].iter().copied().filter(|xid| *xid < ends[at]).collect(),
            };
            let (one, other) = (of(0), of(1));
            let all = (0..12).all(|xid| !sees(&other, xid) || sees(&one, xid));
            // One that ends earlier with transactions that the other has open still is not taken for the same.
            prop_assert!(!one.includes(&other) || all);
            prop_assert!(one.includes(&other) || !all || other.xmax > one.xmax);
        }
    }
}

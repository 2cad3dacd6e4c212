//! The types that synced columns reach.

use std::collections::BTreeSet;

use super::{PlanColumnKind, PlanComposite, PlanEnum, PlanTable};
use crate::facts::{Facts, QualifiedName};
use crate::types::{ColumnType, parts};

/// The types that synced columns reach, each once.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) enums: Vec<PlanEnum>,
    pub(super) composites: Vec<PlanComposite>,
    pub(super) text_types: Vec<QualifiedName>,
}

/// Looks through the columns of all tables.
pub(super) fn reached(facts: &Facts, tables: &[PlanTable]) -> Reached {
    let mut found = Finder { facts, enums: BTreeSet::new(), texts: BTreeSet::new(), composites: Vec::new() };
    // By name, so that an order that a person chose changes nothing here.
    let mut sorted: Vec<&PlanTable> = tables.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for column in sorted.iter().flat_map(|table| &table.columns) {
        if let PlanColumnKind::Synced(synced) = &column.kind {
            found.look(&synced.ty);
        }
    }
    let enums = found.enums.iter().filter_map(|name| {
        let ty = facts.enums.iter().find(|ty| ty.schema == name.schema && ty.name == name.name)?;
        Some(PlanEnum { name: name.clone(), comment: ty.comment.clone(), labels: ty.labels.clone() })
    });
    Reached {
        enums: enums.collect(),
        composites: found.composites,
        text_types: found.texts.into_iter().collect(),
    }
}

struct Finder<'a> {
    facts: &'a Facts,
    enums: BTreeSet<QualifiedName>,
    texts: BTreeSet<QualifiedName>,
    composites: Vec<PlanComposite>,
}

impl Finder<'_> {
    fn look(&mut self, ty: &ColumnType) {
        match ty {
            ColumnType::Scalar(_) => {}
            ColumnType::Text(name) => {
                self.texts.insert(name.clone());
            }
            ColumnType::Enum(name) => {
                self.enums.insert(name.clone());
            }
            ColumnType::Array(element) => self.look(element),
            ColumnType::Composite(name, attributes) => {
                // Each after those it holds.
                attributes.iter().for_each(|attribute| self.look(&attribute.ty));
                if self.composites.iter().any(|known| known.name == *name) {
                    return;
                }
                let declared = parts(name, self.facts).unwrap_or_default();
                let declared = declared.into_iter().map(|(_, ty)| ty.clone());
                let comment = self
                    .facts
                    .composites
                    .iter()
                    .find(|ty| ty.schema == name.schema && ty.name == name.name)
                    .and_then(|ty| ty.comment.clone());
                self.composites.push(PlanComposite {
                    name: name.clone(),
                    comment,
                    attributes: attributes.iter().cloned().zip(declared).collect(),
                });
            }
        }
    }
}

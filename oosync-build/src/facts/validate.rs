//! What a facts file must agree on with itself, whoever edited or merged it.

use std::collections::HashSet;

use super::{Facts, Table, quoted};

impl Facts {
    /// The first contradiction found.
    pub(super) fn validate(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        for table in &self.tables {
            if !names.insert((&table.schema, &table.name)) {
                return Err(format!("{} is there twice", table.qualified_name()));
            }
            table.validate().map_err(|message| format!("{}: {message}", table.qualified_name()))?;
        }
        let mut types = HashSet::new();
        let named = (self.enums.iter().map(|ty| (&ty.schema, &ty.name)))
            .chain(self.domains.iter().map(|ty| (&ty.schema, &ty.name)))
            .chain(self.composites.iter().map(|ty| (&ty.schema, &ty.name)))
            .chain(self.ranges.iter().map(|ty| (&ty.schema, &ty.name)));
        for (schema, name) in named {
            if !types.insert((schema, name)) {
                return Err(format!("the type {}.{} is there twice", quoted(schema), quoted(name)));
            }
        }
        for ty in &self.enums {
            let mut labels = HashSet::new();
            if let Some(label) = ty.labels.iter().find(|label| !labels.insert(*label)) {
                return Err(format!(
                    "the enum {}.{} has the label `{label}` twice",
                    quoted(&ty.schema),
                    quoted(&ty.name)
                ));
            }
        }
        Ok(())
    }
}

impl Table {
    fn validate(&self) -> Result<(), String> {
        let mut columns = HashSet::new();
        for column in &self.columns {
            if !columns.insert(column.name.as_str()) {
                return Err(format!("the column {} is there twice", quoted(&column.name)));
            }
        }
        let known = |owner: &str, names: &mut dyn Iterator<Item = &str>| {
            for name in names {
                if !columns.contains(name) {
                    let (owner, name) = (quoted(owner), quoted(name));
                    return Err(format!("{owner} names the column {name}, which is not there"));
                }
            }
            Ok(())
        };
        if let Some(key) = &self.primary_key {
            known(&key.name, &mut key.columns.iter().chain(&key.include).map(String::as_str))?;
        }
        for key in &self.unique {
            let plain = key.columns.iter().filter_map(|key| key.column());
            known(&key.name, &mut plain.chain(key.include.iter().map(String::as_str)))?;
        }
        for key in &self.foreign_keys {
            known(&key.name, &mut key.columns.iter().chain(&key.on_delete_columns).map(String::as_str))?;
            if key.columns.len() != key.references.columns.len() || key.columns.is_empty() {
                return Err(format!(
                    "the foreign key {} has {} columns and references {}",
                    quoted(&key.name),
                    key.columns.len(),
                    key.references.columns.len()
                ));
            }
        }
        for index in &self.indexes {
            let plain = index.columns.iter().filter_map(|key| key.column());
            known(&index.name, &mut plain.chain(index.include.iter().map(String::as_str)))?;
        }
        for exclusion in &self.exclusions {
            let plain = exclusion.elements.iter().filter_map(|element| element.key.column());
            known(&exclusion.name, &mut plain.chain(exclusion.include.iter().map(String::as_str)))?;
        }
        for trigger in &self.triggers {
            known(&trigger.name, &mut trigger.columns.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

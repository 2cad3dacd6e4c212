//! What a facts file must agree on with itself, whoever edited or merged it.

use std::collections::{HashMap, HashSet};

use super::{Facts, Table, TypeRef, quoted};

impl Facts {
    /// The first contradiction found.
    pub(super) fn validate(&self) -> Result<(), String> {
        let mut tables = HashMap::new();
        for table in &self.tables {
            if tables.insert((&table.schema, &table.name), table).is_some() {
                return Err(format!("{} is there twice", table.qualified_name()));
            }
        }
        for table in &self.tables {
            if !self.schemas.contains(&table.schema) {
                let name = table.qualified_name();
                return Err(format!("{name} is in a schema that is not part of the snapshot"));
            }
            for key in &table.foreign_keys {
                // A target that is not there can be another schema's, or an extension's.
                let target = tables.get(&(&key.references.schema, &key.references.table));
                let missing = |column: &&String| target.is_some_and(|target| target.column(column).is_none());
                if let Some(column) = key.references.columns.iter().find(missing) {
                    let (name, key, column) = (table.qualified_name(), quoted(&key.name), quoted(column));
                    return Err(format!("{name}: {key} references the column {column}, which is not there"));
                }
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
        for domain in &self.domains {
            once("check", domain.checks.iter().map(|check| check.name.as_str())).map_err(|message| {
                format!("{}.{}: {message}", quoted(&domain.schema), quoted(&domain.name))
            })?;
            dimensions(&domain.name, &domain.base)?;
        }
        for ty in &self.composites {
            once("attribute", ty.attributes.iter().map(|attribute| attribute.name.as_str()))
                .map_err(|message| format!("{}.{}: {message}", quoted(&ty.schema), quoted(&ty.name)))?;
            ty.attributes.iter().try_for_each(|attribute| dimensions(&attribute.name, &attribute.ty))?;
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
        for column in &self.columns {
            dimensions(&column.name, &column.ty)?;
            if column.default.is_some() && column.generated.is_some() {
                return Err(format!("the column {} has a default and is generated", quoted(&column.name)));
            }
        }
        once("unique key", self.unique.iter().map(|key| key.name.as_str()))?;
        once("foreign key", self.foreign_keys.iter().map(|key| key.name.as_str()))?;
        once("check", self.checks.iter().map(|check| check.name.as_str()))?;
        once("exclusion constraint", self.exclusions.iter().map(|exclusion| exclusion.name.as_str()))?;
        once("index", self.indexes.iter().map(|index| index.name.as_str()))?;
        once("policy", self.policies.iter().map(|policy| policy.name.as_str()))?;
        once("trigger", self.triggers.iter().map(|trigger| trigger.name.as_str()))?;
        if self.primary_key.as_ref().is_some_and(|key| key.columns.is_empty()) {
            return Err("the primary key has no columns".to_owned());
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

/// No name twice among things of one kind.
fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("the {what} {} is there twice", quoted(name)));
        }
    }
    Ok(())
}

/// Postgres counts declared dimensions in 16 bits.
fn dimensions(name: &str, ty: &TypeRef) -> Result<(), String> {
    match i16::try_from(ty.dimensions) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{} has {} dimensions", quoted(name), ty.dimensions)),
    }
}

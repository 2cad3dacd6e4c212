//! Prints what oosync knows of the schema that this app was built against: no database is asked.

use std::error::Error;
use std::path::Path;

use oosync_build::facts::{Facts, Table};

fn main() -> Result<(), Box<dyn Error>> {
    // build.rs found the file and says where.
    let facts = Facts::load(Path::new(env!("OOSYNC_FACTS")))?;
    for table in &facts.tables {
        print_table(table);
    }
    for ty in &facts.enums {
        println!("enum {}.{}: {}", ty.schema, ty.name, ty.labels.join(", "));
    }
    for domain in &facts.domains {
        println!("domain {}.{}: {}", domain.schema, domain.name, domain.base);
    }
    println!("\nschema hash {}", &facts.hash()[..16]);
    Ok(())
}

fn print_table(table: &Table) {
    println!("{} {}", table.kind, table.qualified_name());
    let key = table.primary_key.as_ref().map_or(&[][..], |key| &key.columns);
    for column in &table.columns {
        let marks: Vec<&str> = [
            (key.contains(&column.name), "key"),
            (column.not_null, "not null"),
            (column.default.is_some() || column.identity.is_some(), "has a default"),
            (column.generated.is_some(), "computed"),
        ]
        .into_iter()
        .filter_map(|(applies, mark)| applies.then_some(mark))
        .collect();
        println!("    {:<14}{:<28}{}", column.name, column.ty.to_string(), marks.join(", "));
    }
    for key in &table.foreign_keys {
        println!("    {} → {}.{}", key.columns.join(", "), key.references.schema, key.references.table);
    }
    println!();
}

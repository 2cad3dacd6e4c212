-- A table may have no columns.
create table void ();
create table void_with_check (constraint always check (true));
create view void_view as select;

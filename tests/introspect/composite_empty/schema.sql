-- A composite may have no attributes.
create type nothing as ();
create table holders (id int primary key, n nothing);

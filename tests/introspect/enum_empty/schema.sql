-- An enum may have no labels.
create type nothing as enum ();
create table holders (id int primary key, n nothing);

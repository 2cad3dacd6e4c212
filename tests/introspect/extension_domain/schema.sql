-- A column may be of a domain that an extension brought, over a type of another extension.
create extension cube;
create extension earthdistance;
create table places (id int primary key, spot earth, area cube, spots earth[]);

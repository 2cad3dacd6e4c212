-- A composite that lost and gained attributes shows those it has.
create type address as (street text, gone int, zip text);
create table people (id int primary key, home address);
alter type address drop attribute gone;
alter type address add attribute country char(2);
alter type address rename attribute zip to postcode;

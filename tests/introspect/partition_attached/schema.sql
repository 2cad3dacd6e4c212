-- An attached partition may have its columns in another order, and columns dropped.
create table events (id int not null, at date not null, body text, primary key (id, at)) partition by range (at);
create table events_old (gone int, body text, at date not null, id int not null, note text);
alter table events_old drop column gone;
alter table events_old drop column note;
alter table events attach partition events_old for values from ('2019-01-01') to ('2020-01-01');
create table events_detached partition of events for values from ('2020-01-01') to ('2021-01-01');
alter table events detach partition events_detached;

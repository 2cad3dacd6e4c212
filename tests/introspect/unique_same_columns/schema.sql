-- Several unique constraints and indexes over the same columns are all kept.
create table repeated (id int primary key, a int not null, b int not null);
alter table repeated add constraint first_time unique (a, b);
alter table repeated add constraint second_time unique (a, b);
alter table repeated add constraint other_order unique (b, a);
alter table repeated add constraint id_again unique (id);
create unique index third_time on repeated (a, b);
create unique index fourth_time on repeated (a desc, b) where b > 0;

-- A renamed enum and a renamed label appear under their new names.
create type old_level as enum ('low', 'mid', 'high');
create table readings (id int primary key, l old_level default 'mid', ls old_level[] default '{mid,high}');
alter type old_level rename value 'mid' to 'medium';
alter type old_level rename to new_level;

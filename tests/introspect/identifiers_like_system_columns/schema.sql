-- A name may be like that of a system column without being one.
create table hidden ("CTID" int primary key, "Xmin" int, rowid int, oid int, "ctid " int, _oid oid, rownum int);

-- Comments of tables are kept to the letter, tags and newlines included.
create table todos (id int primary key);
create table secrets (id int primary key);
create table plain (id int primary key);
create table odd (id int primary key);
create table uncommented (id int primary key);
comment on table todos is E'Things to do.\n\n@oosync.name = "Todo"\n@oosync.sync\n';
comment on table secrets is '@oosync.ignore';
comment on table plain is 'Not a tag: someone@oosync.example, and @oosync in a sentence.';
comment on table odd is E'@oosync.name = "it''s \\"odd\\" \\n"\r\n@oosync.\r\n@oosync\r\n  @oosync.unknown(1, [2], {"a": 3})\r\n*/ """ "# 👩‍👩‍👧';
comment on table uncommented is 'For a while.';
comment on table uncommented is null;

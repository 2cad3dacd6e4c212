-- Names that become equal in another style of writing are different names.
create table user_accounts (id int primary key, created_at int, "createdAt" int, "created at" int, "created-at" int, created__at int, _created_at int, created_at_ int);
create table "userAccounts" (id int primary key);
create table "UserAccounts" (id int primary key);
create table "user-accounts" (id int primary key);
create table useraccounts (id int primary key);
create type useraccount as enum ('a_b', 'aB', 'A B', 'a-b', 'AB');

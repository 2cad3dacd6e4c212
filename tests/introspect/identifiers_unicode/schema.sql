-- A name may be in any script.
create table użytkownicy (id int primary key, imię text, "Nazwisko" text, größe int, "ÄÖÜ" int);
create table "ユーザー" ("名前" text primary key, "年齢" int);
create table "пользователи" ("имя" text primary key);
create table "مستخدمون" ("اسم" text primary key);
create table "กขค" ("कि" text primary key);

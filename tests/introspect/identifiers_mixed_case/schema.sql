-- A quoted name keeps its case wherever it appears.
create type "OrderState" as enum ('Open', 'Closed');
create table "UserAccounts" ("userId" int primary key, "EMail" text unique, "STATE" "OrderState");
create table "Orders" (
    "orderId" int primary key,
    "userId" int references "UserAccounts" ("userId"),
    "Total" int check ("Total" > 0),
    "Double" int generated always as ("Total" * 2) stored
);
create index "Orders_Total" on "Orders" ("Total" desc) where "Total" > 10;

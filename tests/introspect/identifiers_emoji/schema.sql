-- A name may be made of emoji.
create type "🎨" as enum ('🔴', '🟢');
create table "📦" ("🆔" int primary key, "👩‍👩‍👧" "🎨", "🏳️‍🌈" text, "❤" text, "❤️" text);
create table "🚚" ("🆔" int primary key references "📦");

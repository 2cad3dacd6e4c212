-- SQLite sets all columns of a key to null: one that sets a few is not declared on the device.
-- postgres: 15
create table users (id int primary key);
create table teams (user_id int references users, id int, primary key (user_id, id));
create table players (id int primary key, user_id int not null, team_id int,
    foreign key (user_id, team_id) references teams on delete set null (team_id));

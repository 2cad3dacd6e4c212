-- Two tables may point to each other.
create table users (id int primary key, home_team_id int);
create table teams (id int primary key, owner_id int not null references users);
alter table users add foreign key (home_team_id) references teams;

create table users (id uuid primary key);
create table teams (id uuid primary key, name text);
create table members (team_id uuid references teams, member uuid references users, primary key (team_id, member));
create table lists (id uuid primary key, team_id uuid not null references teams, title text);
create table notes (id uuid primary key, user_id uuid not null, of_team uuid references teams);
create table items (id uuid primary key, list_id uuid not null references lists);
create table boards (id uuid primary key, name text);
create table regions (id uuid primary key, region_id int);

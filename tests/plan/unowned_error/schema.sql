create table colors (id int primary key, name text);
create table shades (id int primary key, color_id int references colors, name text);
create table todos (id int primary key, user_id int not null);

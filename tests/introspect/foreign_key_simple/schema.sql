-- A foreign key names its columns, its target and the columns there.
create table lists (id uuid primary key);
create table todos (
    id uuid primary key,
    list_id uuid not null references lists,
    second_list_id uuid references lists (id),
    third_list_id uuid,
    constraint third_list foreign key (third_list_id) references lists (id)
);

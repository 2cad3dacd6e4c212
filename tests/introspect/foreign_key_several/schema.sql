-- Several foreign keys between the same two tables are told apart, also over the same columns.
create table users (id int primary key, alias int unique);
create table messages (
    id int primary key,
    sender_id int not null references users,
    recipient_id int not null references users,
    forwarded_by int,
    constraint forwarded_to_id foreign key (forwarded_by) references users (id),
    constraint forwarded_to_alias foreign key (forwarded_by) references users (alias),
    constraint forwarded_again foreign key (forwarded_by) references users (id) on delete cascade
);
alter table users add column last_message_id int references messages;

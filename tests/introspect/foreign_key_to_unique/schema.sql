-- A foreign key may point to a unique constraint or index instead of the primary key.
create table countries (
    id int primary key,
    code char(2) not null unique,
    region text not null,
    number int not null
);
create unique index countries_region_number on countries (region, number);
create table cities (
    id int primary key,
    country_code char(2) references countries (code),
    region text,
    number int,
    foreign key (region, number) references countries (region, number),
    constraint number_first foreign key (number, region) references countries (number, region)
);

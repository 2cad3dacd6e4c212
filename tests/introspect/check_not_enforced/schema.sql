-- A check constraint that is not enforced says so.
-- postgres: 18
create table readings (
    id int primary key,
    n int constraint hopeful check (n > 0) not enforced,
    m int constraint strict check (m > 0) enforced
);

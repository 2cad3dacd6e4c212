-- An index keeps its columns when its operator class has parameters.
create table searched (id int primary key, words tsvector);
create index searched_words on searched using gist (words tsvector_ops (siglen = 100));

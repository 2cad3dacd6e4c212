-- A composite primary key keeps its own order of columns.
create table memberships (
    joined_at timestamptz not null,
    user_id uuid,
    role text,
    team_id uuid,
    primary key (team_id, role, user_id)
);

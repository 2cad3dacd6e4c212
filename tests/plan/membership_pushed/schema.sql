create table members (team_id uuid, user_id uuid, primary key (team_id, user_id));

-- The bus, in every service's schema (search_path is set to it).

-- Facts that others must learn of, in the order of their commits and without a gap: the row of
-- outbox_head is locked from the first outbox_add of a transaction to its end.
create table outbox_head (
	one boolean primary key default true check (one),
	seq bigint not null default 0,       -- of the newest fact
	published bigint not null default 0  -- up to here Redis has had all of them
);
insert into outbox_head default values;

create table outbox (
	seq bigint primary key,
	id uuid not null default gen_random_uuid(),
	type text not null,
	subject text not null,
	data jsonb not null,
	made_at timestamptz not null default clock_timestamp()
);
create index outbox_made_at on outbox (made_at);

create function outbox_add(p_type text, p_subject text, p_data jsonb) returns bigint
language plpgsql set search_path from current as $$
declare
	v_seq bigint;
begin
	update outbox_head set seq = seq + 1 returning seq into v_seq;
	insert into outbox (seq, type, subject, data) values (v_seq, p_type, p_subject, p_data);
	return v_seq;
end $$;

-- How far this service has applied the facts of others.
create table inbox_cursor (
	source text primary key,
	seq bigint not null,
	moved_at timestamptz not null default now()
);

-- Rooms and what is said in them.

-- active_at changes with every message; it is in no index, so that the change stays within the page.
create table rooms (
	id         uuid primary key,
	user_id    uuid not null,
	name       text not null,
	created_at timestamptz not null default now(),
	active_at  timestamptz not null default now()
) with (fillfactor = 80);
create index rooms_by_user on rooms (user_id);

-- One row per turn, also for a reply that is still owed: the answer appears under the id that the
-- sender was given. Ids are UUIDv7, made in the order of the conversation. Rows are written by
-- accept_messages, which has locked the room: a foreign key would only check that again.
create table messages (
	room_id       uuid not null,
	id            uuid not null,
	parent_id     uuid,           -- a reply's user message
	sender        text not null check (sender in ('user', 'gemini')),
	state         text not null check (state in ('complete', 'queued', 'truncated', 'blocked',
	              'stopped', 'incomplete', 'failed')),
	content       text not null default '',
	created_at    timestamptz not null default now(),
	finished_at   timestamptz,    -- replies: when the end was stored
	model         text,           -- replies: asked for
	model_version text,           -- replies: what served
	finish_reason text,           -- replies: the provider's word
	error         text,           -- replies: why it failed, for the user to read
	primary key (room_id, id)
) partition by hash (room_id);

do $$
begin
	for i in 0..7 loop
		-- Room on the page for the end of a reply to replace its queued row.
		execute format('create table messages_%s partition of messages
			for values with (modulus 8, remainder %s) with (fillfactor = 75)', i, i);
	end loop;
end $$;

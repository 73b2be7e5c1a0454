-- What is owed, what may be asked, and what was used.

-- The work still owed: one row per unfinished reply, gone in the transaction that stores its end.
-- A reply is being generated while lease_until is ahead. Scanned whole by the sweep: it stays as
-- small as the backlog is.
create table jobs (
	reply_id    uuid primary key,
	room_id     uuid not null,
	message_id  uuid not null,
	user_id     uuid not null,
	tier        text not null,
	day         date not null,              -- of the quota it was reserved from
	created_at  timestamptz not null default now(),
	enqueued_at timestamptz not null default now(), -- last time it was put in the stream
	not_before  timestamptz not null default now(), -- a retry waits until then
	attempts    int not null default 0,     -- counted before work starts
	fence       bigint not null default 0,  -- rises with every claim: older holders are refused
	worker      text,                       -- who holds it
	lease_until timestamptz,                -- null: nobody
	last_error  text,
	stop_asked  bool not null default false, -- somebody wants no more of it
	traceparent text
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);

-- chat's own copy of who is Pro; no row: Basic.
create table accounts (
	user_id      uuid primary key,
	tier         text not null check (tier in ('Basic', 'Pro')),
	tier_version bigint not null
);

-- Messages reserved or used per user and day (UTC), and the tokens of what was stored.
create table quota (
	user_id  uuid not null,
	day      date not null,
	messages int not null default 0 check (messages >= 0),
	tokens   bigint not null default 0,
	primary key (user_id, day)
) with (fillfactor = 60);

-- One row per stored reply that cost something: the sum is what was used.
create table ledger (
	reply_id      uuid primary key,
	user_id       uuid not null,
	day           date not null,
	model         text not null,
	prompt_tokens int not null,
	output_tokens int not null,
	at            timestamptz not null default now()
);

-- Requests by Idempotency-Key, kept 24 hours.
create table idempotency (
	user_id     uuid not null,
	key         text not null,
	fingerprint bytea not null,
	message_id  uuid not null,
	reply_id    uuid not null,
	created_at  timestamptz not null default now(),
	primary key (user_id, key)
);
create index idempotency_by_age on idempotency (created_at);

create function apply_tier(p_user uuid, p_tier text, p_version bigint) returns void
language sql as $$
	insert into chat.accounts as a (user_id, tier, tier_version) values (p_user, p_tier, p_version)
	on conflict (user_id) do update set tier = excluded.tier, tier_version = excluded.tier_version
	where a.tier_version < excluded.tier_version;
$$;

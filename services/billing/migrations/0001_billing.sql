-- Who pays, and what Stripe said of it.

-- One row per user who ever came near to paying.
create table accounts (
	user_id     uuid primary key,
	tier        text not null default 'Basic' check (tier in ('Basic', 'Pro')),
	version     bigint not null default 0,  -- of the tier: rises when it really changes
	customer_id text unique,                -- at Stripe; null: none yet, or deleted there
	customers   integer not null default 0, -- how many went before: part of the idempotency key
	created_at  timestamptz not null default now()
);

-- The checkout that a user has under way, at most one.
create table checkouts (
	user_id    uuid primary key references accounts,
	attempt    uuid not null,           -- part of the idempotency key
	terms      text not null,           -- what is asked of Stripe: other terms, another session
	started_at timestamptz not null default now(),
	session_id text unique,             -- null: asked for, not known yet
	url        text,
	expires_at timestamptz
);

-- What Stripe said of each subscription, when it was last asked.
create table subscriptions (
	subscription_id      text primary key,
	user_id              uuid not null references accounts,
	customer_id          text not null,
	status               text not null, -- Stripe's word, also one that is new to us
	current_period_end   timestamptz,
	cancel_at_period_end boolean not null,
	past_due_since       timestamptz,   -- null: it is not
	ticket               bigint not null, -- of the asking: an earlier one never overwrites it
	checked_at           timestamptz not null default now()
);
create index subscriptions_by_user on subscriptions (user_id);
create index subscriptions_by_customer on subscriptions (customer_id);
create index subscriptions_to_check on subscriptions (checked_at)
	where status not in ('canceled', 'incomplete_expired');

-- One order over events received and questions asked. An event was stored before a ticket with a
-- higher number was drawn, and happened before it was stored: what is asked of Stripe under
-- that ticket already shows it.
create sequence tickets;

-- Every event that Stripe sent with a good signature: a hint that something is to be looked at.
-- Of its content only ids are kept; the rest is asked for when it is needed.
create table events (
	event_id        text primary key,
	seq             bigint not null default nextval('tickets'),
	type            text not null,
	created_at      timestamptz,        -- Stripe's time
	received_at     timestamptz not null default now(),
	trace_id        text not null default '',
	action          text not null check (action in ('none', 'subscription', 'session', 'invoice',
	                'session_expired', 'customer_deleted')),
	object_id       text,               -- of the action's kind
	subscription_id text,               -- where the event named it
	customer_id     text,
	user_id         uuid,               -- as the session's client_reference_id says
	state           text not null check (state in ('waiting', 'done')),
	attempts        integer not null default 0,
	next_try_at     timestamptz not null default now(), -- also the end of a claim
	error           text,               -- of the last attempt
	done_at         timestamptz
);
create index events_waiting on events (next_try_at) where state = 'waiting';
create index events_of_subscription on events (subscription_id) where state = 'waiting';

-- When each recurring piece of work is due; whichever copy is first takes it.
create table chores (
	name    text primary key,
	next_at timestamptz not null default now()
);
insert into chores (name) values ('missed_events');

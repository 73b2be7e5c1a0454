-- Who there is. A row comes to be when a code for the number was right for the first time.
create table users (
	id uuid primary key,
	mobile text not null unique check (mobile ~ '^\+[1-9][0-9]{5,14}$'),
	password text, -- "$scrypt$..."; null: none was set
	password_changed_at timestamptz,
	signed_in_at timestamptz not null default now(), -- the latest right code
	created_at timestamptz not null default now()
);

-- What billing last said, for display alone. Billing may be heard before the user is.
create table tiers (
	user_id uuid primary key,
	tier text not null check (tier in ('Basic', 'Pro')),
	version bigint not null
);

-- What happened to whom; kept for AUDIT_DAYS.
create table audit (
	id bigint generated always as identity primary key,
	at timestamptz not null default now(),
	event text not null,
	user_id uuid not null,
	session_id uuid,
	address text
);
create index audit_user on audit (user_id, at);
create index audit_at on audit (at);

create function set_tier(p_user uuid, p_tier text, p_version bigint) returns void
language sql as $$
	insert into auth.tiers as t (user_id, tier, version) values (p_user, p_tier, p_version)
	on conflict (user_id) do update set tier = excluded.tier, version = excluded.version
	where t.version < excluded.version
$$;

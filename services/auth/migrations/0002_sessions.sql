-- A session is what one right code began: a family of refresh tokens, each used once.
create table sessions (
	id uuid primary key, -- "sid" in access tokens
	user_id uuid not null references users on delete cascade,
	auth_time timestamptz not null default now(), -- when the code was right
	expires_at timestamptz not null, -- however often it is refreshed
	ended_at timestamptz,
	end_reason text
);
create index sessions_live on sessions (user_id) where ended_at is null;
create index sessions_expiry on sessions (expires_at);
create index sessions_ended on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
	digest bytea primary key, -- SHA-256 of the token
	session_id uuid not null references sessions on delete cascade,
	issued_at timestamptz not null default now(),
	used_at timestamptz,
	successor bytea -- sealed under this token: see refresh_token.h
);
create index refresh_tokens_session on refresh_tokens (session_id);
create index refresh_tokens_age on refresh_tokens (issued_at);

-- Ends sessions and tells everybody until when their tokens are to be refused. The outbox comes
-- last in a transaction: adding to it waits for others that do.
create function end_sessions(p_user uuid, p_sessions uuid[], p_reason text, p_token_life_s bigint)
returns void language plpgsql as $$
begin
	update auth.sessions set ended_at = now(), end_reason = p_reason
	where id = any (p_sessions) and user_id = p_user and ended_at is null;
	perform auth.outbox_add('auth.sessions.revoked', p_user::text, jsonb_build_object(
		'user_id', p_user,
		'session_ids', array_to_string(p_sessions, ','),
		'forget_after_s', ceil(extract(epoch from now()))::bigint + p_token_life_s));
end $$;

-- The number was proved: its user, who may be new, gets a session.
create function sign_in(p_mobile text, p_user uuid, p_session uuid, p_refresh bytea,
	p_session_life_s bigint, p_address text)
returns table (user_id uuid, is_new boolean, auth_time_s bigint) language plpgsql as $$
declare
	v_user uuid;
begin
	insert into auth.users as u (id, mobile) values (p_user, p_mobile)
	on conflict (mobile) do update set signed_in_at = now()
	returning u.id into v_user;
	insert into auth.sessions (id, user_id, expires_at)
	values (p_session, v_user, now() + make_interval(secs => p_session_life_s));
	insert into auth.refresh_tokens (digest, session_id) values (p_refresh, p_session);
	insert into auth.audit (event, user_id, session_id, address)
	values (case when v_user = p_user then 'user-created' else 'signed-in' end,
		v_user, p_session, p_address);
	if v_user = p_user then
		perform auth.outbox_add('auth.user.created', v_user::text,
			jsonb_build_object('user_id', v_user));
	end if;
	return query select v_user, v_user = p_user, floor(extract(epoch from now()))::bigint;
end $$;

-- Uses a refresh token. outcome: 'rotated' (the new one is good from now on), 'repeated' (used
-- moments ago: successor says which one is good), 'unknown', 'ended', or 'reused': somebody else
-- has had it, so the whole family ends.
create function refresh(p_digest bytea, p_new bytea, p_successor bytea, p_grace_s bigint,
	p_idle_s bigint, p_token_life_s bigint, p_address text)
returns table (outcome text, user_id uuid, session_id uuid, auth_time_s bigint, successor bytea)
language plpgsql as $$
declare
	v_token auth.refresh_tokens;
	v_session auth.sessions;
	v_outcome text;
begin
	select * into v_token from auth.refresh_tokens r where r.digest = p_digest for update;
	if not found then
		return query select 'unknown', null::uuid, null::uuid, null::bigint, null::bytea;
		return;
	end if;
	select * into v_session from auth.sessions s where s.id = v_token.session_id for update;

	if v_session.ended_at is not null or v_session.expires_at <= now()
		or v_token.issued_at + make_interval(secs => p_idle_s) <= now() then
		v_outcome := 'ended';
	elsif v_token.used_at is null then
		v_outcome := 'rotated';
		update auth.refresh_tokens r set used_at = now(), successor = p_successor
		where r.digest = p_digest;
		insert into auth.refresh_tokens (digest, session_id) values (p_new, v_session.id);
	elsif v_token.used_at + make_interval(secs => p_grace_s) > now() then
		v_outcome := 'repeated';
	else
		v_outcome := 'reused';
		insert into auth.audit (event, user_id, session_id, address)
		values ('refresh-reused', v_session.user_id, v_session.id, p_address);
		perform auth.end_sessions(v_session.user_id, array[v_session.id], 'refresh-reused',
			p_token_life_s);
	end if;
	return query select v_outcome, v_session.user_id, v_session.id,
		floor(extract(epoch from v_session.auth_time))::bigint, v_token.successor;
end $$;

-- False if the session was over already.
create function sign_out(p_user uuid, p_session uuid, p_token_life_s bigint, p_address text)
returns boolean language plpgsql as $$
begin
	perform from auth.sessions s
	where s.id = p_session and s.user_id = p_user and s.ended_at is null and s.expires_at > now()
	for update;
	if not found then
		return false;
	end if;
	insert into auth.audit (event, user_id, session_id, address)
	values ('signed-out', p_user, p_session, p_address);
	perform auth.end_sessions(p_user, array[p_session], 'signed-out', p_token_life_s);
	return true;
end $$;

-- Sets the password and ends all other sessions; the number of those, or null when this session is
-- over, or too old to be trusted with it.
create function change_password(p_user uuid, p_session uuid, p_password text, p_fresh_s bigint,
	p_token_life_s bigint, p_address text)
returns integer language plpgsql as $$
declare
	v_others uuid[];
begin
	-- The user's row first: two changes at once must not lock sessions crosswise.
	perform from auth.users u where u.id = p_user for update;
	perform from auth.sessions s
	where s.id = p_session and s.user_id = p_user and s.ended_at is null and s.expires_at > now()
		and s.auth_time + make_interval(secs => p_fresh_s) > now()
	for update;
	if not found then
		return null;
	end if;
	update auth.users set password = p_password, password_changed_at = now() where id = p_user;
	insert into auth.audit (event, user_id, session_id, address)
	values ('password-changed', p_user, p_session, p_address);
	select coalesce(array_agg(s.id), '{}') into v_others from auth.sessions s
	where s.user_id = p_user and s.id <> p_session and s.ended_at is null;
	if cardinality(v_others) > 0 then
		perform auth.end_sessions(p_user, v_others, 'password-changed', p_token_life_s);
	end if;
	return cardinality(v_others);
end $$;

-- Removes what is over, p_most rows of each kind at a time; the number of rows removed.
create function sweep(p_most integer, p_idle_s bigint, p_audit_days bigint) returns bigint
language sql as $$
	with ended as (
		delete from auth.sessions where id in (
			select id from auth.sessions
			where expires_at < now() - interval '1 day' or ended_at < now() - interval '1 day'
			limit p_most for update skip locked)
		returning 1
	), idle as (
		delete from auth.refresh_tokens where digest in (
			select digest from auth.refresh_tokens
			where issued_at < now() - make_interval(secs => p_idle_s) - interval '1 day'
			limit p_most for update skip locked)
		returning 1
	), old as (
		delete from auth.audit where id in (
			select id from auth.audit where at < now() - make_interval(days => p_audit_days::int)
			limit p_most for update skip locked)
		returning 1
	)
	select (select count(*) from ended) + (select count(*) from idle) + (select count(*) from old)
$$;

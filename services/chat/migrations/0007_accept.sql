-- Accepting messages, anew: the tree, and tokens of the day.

drop function accept_messages;

-- p_kind: null for what is sent to the end of the active branch. A call with a kind holds one row:
-- 'edit' puts the message beside p_target, a user message; 'regenerate' puts a reply beside p_target, a
-- reply that has ended (content, said_at: of the message it answers).
-- p_tokens: what a reply may cost, reserved until it has ended. A limit of 0 tokens is none.
--
-- status: 202 accepted, 200 the same key and message again, 404 no such room or target of the caller's,
-- 409 the target is still owed, 422 the key was used for something else, 429 the day's messages are used
-- up, 430 the day's tokens are.
-- Rows are locked in the order of their ids everywhere, rooms before quotas, so that batches that run
-- side by side cannot wait for each other in a circle.
-- The plan is fixed to index look-ups: one made while the tables were empty must not stay. And it is made
-- once per connection: planning anew for each call took longer than the work of a single message.
create function accept_messages(p_user uuid[], p_room uuid[], p_message uuid[], p_reply uuid[],
	p_content text[], p_key text[], p_fingerprint bytea[], p_traceparent text[], p_tokens int[],
	p_kind text[], p_target uuid[], p_basic int, p_pro int, p_basic_tokens bigint,
	p_pro_tokens bigint)
returns table (n int, status int, message_id uuid, reply_id uuid, created_at timestamptz,
	tier text, used int, allowed int, content text, said_at timestamptz)
language plpgsql set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	today date := (now() at time zone 'utc')::date;
	keyed bool := exists (select from unnest(p_key) k where k is not null);
	v_kind text := p_kind[1];
	v_depth int;     -- of the user's message, with a kind
	v_parent uuid;   -- likewise
	v_refusal int;
	v_target record;
	v_content text;
	v_said_at timestamptz;
begin
	if v_kind is not null then
		assert cardinality(p_kind) = 1;
		select m.parent_id, m.depth, m.state into v_target from messages m
		where m.room_id = p_room[1] and m.id = p_target[1]
			and m.sender = case v_kind when 'edit' then 'user' else 'gemini' end;
		if not found then
			v_refusal := 404;
		elsif v_kind = 'edit' then
			v_parent := v_target.parent_id;
			v_depth := v_target.depth;
		else
			if v_target.state = 'queued' then
				v_refusal := 409;
			end if;
			v_depth := v_target.depth - 1;
			p_message[1] := v_target.parent_id;
			select m.content, m.created_at into v_content, v_said_at from messages m
			where m.room_id = p_room[1] and m.id = v_target.parent_id;
			p_tokens[1] := p_tokens[1] + octet_length(v_content) / 4;
		end if;
	end if;

	if keyed then
		insert into idempotency (user_id, key, fingerprint, message_id, reply_id)
		select i.user_id, i.key, i.fingerprint, i.message_id, i.reply_id
		-- Of a key that comes twice the first is kept: it is the one that may be accepted.
		from unnest(p_user, p_key, p_fingerprint, p_message, p_reply) with ordinality
			as i(user_id, key, fingerprint, message_id, reply_id, nth)
		where i.key is not null order by i.user_id, i.key, i.nth
		on conflict do nothing;
	end if;

	perform from rooms r where r.id = any(p_room) order by r.id for no key update;

	insert into quota (user_id, day)
	select distinct u, today from unnest(p_user) u
	where not exists (select from quota q where q.user_id = u and q.day = today)
	order by u
	on conflict do nothing;
	perform from quota q where q.user_id = any(p_user) and q.day = today
	order by q.user_id for no key update;

	return query
	with input as (
		select (i.nth - 1)::int as n, i.user_id, i.room_id, i.message_id, i.reply_id,
			i.content, i.key, i.fingerprint, i.traceparent, i.tokens,
			coalesce(a.tier, 'Basic') as tier, q.messages as used,
			q.tokens + q.reserved_tokens as used_tokens,
			r.id is not null as room_ok, r.leaf_id, r.leaf_depth
		from unnest(p_user, p_room, p_message, p_reply, p_content, p_key, p_fingerprint,
			p_traceparent, p_tokens) with ordinality
			as i(user_id, room_id, message_id, reply_id, content, key, fingerprint,
				traceparent, tokens, nth)
		join quota q on q.user_id = i.user_id and q.day = today
		left join accounts a on a.user_id = i.user_id
		left join rooms r on r.id = i.room_id and r.user_id = i.user_id
	), seen as (
		-- What an earlier request said under the same key; is_first: the key's first in this batch.
		select i.*, d.message_id as first_message, d.reply_id as first_reply,
			d.fingerprint as first_fingerprint, d.created_at as first_created_at,
			i.key is null or row_number() over (partition by i.user_id, i.key
				order by i.n) = 1 as is_first
		from input i left join idempotency d
			on keyed and d.user_id = i.user_id and d.key = i.key
			and d.reply_id <> all(p_reply)
	), ranked as (
		-- What would be the user's if all before it in this batch were accepted.
		select s.*, case s.tier when 'Pro' then p_pro else p_basic end as allowed,
			case s.tier when 'Pro' then p_pro_tokens else p_basic_tokens end as allowed_tokens,
			row_number() over mine as nth, sum(s.tokens) over mine as sum_tokens
		from seen s
		window mine as (partition by s.user_id, s.room_ok and s.is_first
			and s.first_message is null order by s.n)
	), firsts as (
		select r.*, case
			when not r.room_ok then 404
			when r.first_fingerprint <> r.fingerprint then 422
			when r.first_message is not null then 200
			when v_refusal is not null then v_refusal
			when r.used + r.nth > r.allowed then 429
			when r.allowed_tokens > 0
				and r.used_tokens + r.sum_tokens > r.allowed_tokens then 430
			else 202 end as own_status
		from ranked r
	), followed as (
		select f.*, first_value(f.own_status) over same as led_status,
			first_value(f.fingerprint) over same as led_fingerprint,
			first_value(coalesce(f.first_message, f.message_id)) over same as led_message,
			first_value(coalesce(f.first_reply, f.reply_id)) over same as led_reply,
			first_value(f.first_created_at) over same as led_created_at
		from firsts f
		window same as (partition by f.user_id, f.key, case when f.key is null then f.n end
			order by f.n)
	), judged as (
		-- A repeat within the batch is told what its first was told, but by its own words if the
		-- key was used before the batch.
		select f.*, case
			when f.is_first or f.first_message is not null then f.own_status
			when f.led_status not in (200, 202) then f.led_status
			when f.led_fingerprint <> f.fingerprint then 422
			else 200 end as status
		from followed f
	), taken as (
		-- Several of one room follow each other.
		select j.*, coalesce(lag(j.reply_id) over room, j.leaf_id) as before_id,
			coalesce(v_depth, j.leaf_depth + 2 * row_number() over room - 1)::int as depth,
			lead(j.reply_id) over room is null as is_last,
			first_value(j.message_id) over room < j.leaf_id as is_behind
		from judged j where j.status = 202
		window room as (partition by j.room_id order by j.n)
	), said as (
		insert into messages (room_id, id, parent_id, sender, state, content, depth, forked)
		select t.room_id, v.id, v.parent_id, v.sender, v.state, v.content, v.depth, v.forked
		from taken t cross join lateral (values
			(t.message_id, case when v_kind is null then t.before_id else v_parent end,
				'user', 'complete', t.content, t.depth, v_kind is not null),
			(t.reply_id, t.message_id, 'gemini', 'queued', '', t.depth + 1,
				v_kind is not distinct from 'regenerate'))
			as v(id, parent_id, sender, state, content, depth, forked)
		where v_kind is distinct from 'regenerate' or v.sender = 'gemini'
	), owed as (
		insert into jobs (reply_id, room_id, message_id, user_id, tier, day, traceparent,
			reserved_tokens)
		select t.reply_id, t.room_id, t.message_id, t.user_id, t.tier, today, t.traceparent,
			t.tokens
		from taken t
	), counted as (
		update quota q set messages = q.messages + c.count,
			reserved_tokens = q.reserved_tokens + c.tokens
		from (select t.user_id, count(*)::int as count, sum(t.tokens) as tokens
			from taken t group by t.user_id) c
		where q.user_id = c.user_id and q.day = today
	), touched as (
		update rooms r set active_at = now(), leaf_id = t.reply_id, leaf_depth = t.depth + 1,
			branched = r.branched or v_kind is not null or coalesce(t.is_behind, false)
		from taken t where t.is_last and r.id = t.room_id
	), forgotten as (
		-- A refused request leaves no record: the same key may be tried again.
		delete from idempotency d using judged j
		where keyed and j.is_first and j.status not in (200, 202) and d.user_id = j.user_id
			and d.key = j.key and d.reply_id = j.reply_id
	)
	select j.n, j.status, j.led_message, j.led_reply, coalesce(j.led_created_at, now()), j.tier,
		least(j.used + j.nth, j.allowed)::int, j.allowed, v_content, v_said_at
	from judged j;

	if v_kind is not null then
		update messages m set forked = true
		where m.room_id = p_room[1] and m.id = p_target[1] and not m.forked and exists
			(select from messages a where a.room_id = p_room[1] and a.id = p_reply[1]);
	end if;
end $$;

-- Accepting messages: many at once, an outcome for each.

-- status: 202 accepted, 200 the same key and message again, 404 no such room of the caller's,
-- 422 the key was used for something else, 429 the day's messages are used up.
-- Rows are locked in the order of their ids everywhere, rooms before quotas, so that batches that run
-- side by side cannot wait for each other in a circle.
-- The plan is fixed to index look-ups: one made while the tables were empty must not stay.
create function accept_messages(p_user uuid[], p_room uuid[], p_message uuid[], p_reply uuid[],
	p_content text[], p_key text[], p_fingerprint bytea[], p_traceparent text[],
	p_basic int, p_pro int)
returns table (n int, status int, message_id uuid, reply_id uuid, created_at timestamptz,
	tier text, used int, allowed int)
language plpgsql set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
	today date := (now() at time zone 'utc')::date;
	keyed bool := exists (select from unnest(p_key) k where k is not null);
begin
	if keyed then
		insert into idempotency (user_id, key, fingerprint, message_id, reply_id)
		select i.user_id, i.key, i.fingerprint, i.message_id, i.reply_id
		from unnest(p_user, p_key, p_fingerprint, p_message, p_reply)
			as i(user_id, key, fingerprint, message_id, reply_id)
		where i.key is not null order by i.user_id, i.key
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
			i.content, i.key, i.fingerprint, i.traceparent,
			coalesce(a.tier, 'Basic') as tier, q.messages as used,
			exists (select from rooms r where r.id = i.room_id
				and r.user_id = i.user_id) as room_ok
		from unnest(p_user, p_room, p_message, p_reply, p_content, p_key, p_fingerprint,
			p_traceparent) with ordinality
			as i(user_id, room_id, message_id, reply_id, content, key, fingerprint,
				traceparent, nth)
		join quota q on q.user_id = i.user_id and q.day = today
		left join accounts a on a.user_id = i.user_id
	), seen as (
		-- What an earlier request said under the same key; is_first: the key's first in this batch.
		select i.*, d.message_id as first_message, d.reply_id as first_reply,
			d.fingerprint as first_fingerprint, d.created_at as first_created_at,
			i.key is null or row_number() over (partition by i.user_id, i.key
				order by i.n) = 1 as is_first
		from input i left join idempotency d
			on keyed and d.user_id = i.user_id and d.key = i.key
			and d.message_id <> all(p_message)
	), ranked as (
		select s.*, case s.tier when 'Pro' then p_pro else p_basic end as allowed,
			row_number() over (partition by s.user_id,
				s.room_ok and s.is_first and s.first_message is null
				order by s.n) as nth
		from seen s
	), firsts as (
		select r.*, case
			when not r.room_ok then 404
			when r.first_fingerprint <> r.fingerprint then 422
			when r.first_message is not null then 200
			when r.used + r.nth > r.allowed then 429
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
		-- A repeat within the batch is told what its first was told.
		select f.n, f.user_id, f.room_id, f.message_id, f.reply_id, f.content, f.key,
			f.traceparent, f.tier, f.used, f.nth, f.allowed, f.is_first,
			f.led_message, f.led_reply, f.led_created_at, case
			when f.is_first then f.own_status
			when f.led_status not in (200, 202) then f.led_status
			when f.led_fingerprint <> f.fingerprint then 422
			else 200 end as status
		from followed f
	), taken as (
		select * from judged j where j.status = 202
	), said as (
		insert into messages (room_id, id, parent_id, sender, state, content)
		select t.room_id, v.id, v.parent_id, v.sender, v.state, v.content
		from taken t cross join lateral (values
			(t.message_id, null::uuid, 'user', 'complete', t.content),
			(t.reply_id, t.message_id, 'gemini', 'queued', ''))
			as v(id, parent_id, sender, state, content)
	), owed as (
		insert into jobs (reply_id, room_id, message_id, user_id, tier, day, traceparent)
		select t.reply_id, t.room_id, t.message_id, t.user_id, t.tier, today, t.traceparent
		from taken t
	), counted as (
		update quota q set messages = q.messages + c.count
		from (select t.user_id, count(*)::int as count from taken t group by t.user_id) c
		where q.user_id = c.user_id and q.day = today
	), touched as (
		update rooms r set active_at = now() where r.id in (select t.room_id from taken t)
	), forgotten as (
		-- A refused request leaves no record: the same key may be tried again.
		delete from idempotency d using judged j
		where keyed and j.is_first and j.status not in (200, 202) and d.user_id = j.user_id
			and d.key = j.key and d.message_id = j.message_id
	)
	select j.n, j.status, j.led_message, j.led_reply, coalesce(j.led_created_at, now()), j.tier,
		least(j.used + j.nth, j.allowed)::int, j.allowed
	from judged j;
end $$;

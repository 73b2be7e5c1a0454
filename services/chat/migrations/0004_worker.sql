-- The worker's door: it holds no table, it borrows replies through these functions alone.

do $$
begin
	create role castor_worker nologin;
exception when duplicate_object or unique_violation then null;
end $$;

-- outcome: 'claimed'; 'gone' (finished, or never was), 'held' (somebody's lease runs),
-- 'early' (a retry whose time has not come). The newest turns before the reply come along, newest first:
-- at most p_turns, and no more once p_bytes of text are reached. The fence is higher than any earlier holder's.
create function worker_claim(p_room uuid[], p_reply uuid[], p_worker text, p_lease_ms int,
	p_turns int, p_bytes int)
returns table (n int, outcome text, fence bigint, attempts int, created_at timestamptz,
	senders text[], contents text[])
language plpgsql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
	v record;
begin
	-- A claim that a crash of the server forgets is made again; whoever ends the reply first wins.
	perform set_config('synchronous_commit', 'off', true);
	perform from jobs j where j.reply_id = any(p_reply) order by j.reply_id for update;

	for v in
	with input as (
		select (i.nth - 1)::int as n, i.room_id, i.reply_id,
			-- The same job twice in one batch: the first takes it.
			row_number() over (partition by i.reply_id order by i.nth) = 1 as is_first
		from unnest(p_room, p_reply) with ordinality as i(room_id, reply_id, nth)
	), judged as (
		select i.n, i.room_id, i.reply_id, j.fence, j.attempts, j.created_at, case
			when j.reply_id is null or j.room_id <> i.room_id then 'gone'
			when j.lease_until > now() or not i.is_first then 'held'
			when j.not_before > now() then 'early'
			else 'claimed' end as outcome
		from input i left join jobs j on j.reply_id = i.reply_id
	), taken as (
		update jobs j set fence = j.fence + 1, attempts = j.attempts + 1, worker = p_worker,
			lease_until = now() + p_lease_ms * interval '1 millisecond'
		from judged g where g.outcome = 'claimed' and j.reply_id = g.reply_id
	)
	-- The rows are locked: what `taken` makes of them is known without joining it.
	select g.n, g.outcome, g.fence + 1 as fence, g.attempts + 1 as attempts, g.created_at,
		g.room_id, g.reply_id
	from judged g
	loop
		n := v.n; outcome := v.outcome; fence := v.fence; attempts := v.attempts;
		created_at := v.created_at; senders := null; contents := null;
		-- One room at a time, so that one partition is opened, not all of them: alone, a claim
		-- takes half the time; from some thirty on, one statement for all would be better.
		if v.outcome = 'claimed' then
			select array_agg(m.sender), array_agg(m.content) into senders, contents
			from (select t.sender, t.content, sum(octet_length(t.content)) over newest
					- octet_length(t.content) as newer_bytes
				from (select m.id, m.sender, m.content from messages m
					where m.room_id = v.room_id and m.id < v.reply_id
						and m.content <> ''
						and m.state in ('complete', 'truncated', 'stopped')
					order by m.id desc limit p_turns) t
				window newest as (order by t.id desc)) m
			where m.newer_bytes < p_bytes;
		end if;
		return next;
	end loop;
end $$;

-- Still at it. Rows only for leases that still stand: the others have been lost, or were given back
-- while this was under way. stop: somebody wants no more of it.
create function worker_heartbeat(p_reply uuid[], p_fence bigint[], p_lease_ms int)
returns table (n int, stop bool)
language sql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
	with input as (
		select (i.nth - 1)::int as n, i.reply_id, i.fence
		from unnest(p_reply, p_fence) with ordinality as i(reply_id, fence, nth)
	), held as (
		select j.reply_id from jobs j join input i using (reply_id, fence)
		where j.lease_until is not null order by j.reply_id for update of j
	)
	update jobs j set lease_until = now() + p_lease_ms * interval '1 millisecond'
	from input i, held h where j.reply_id = i.reply_id and h.reply_id = i.reply_id
	returning i.n, j.stop_asked;
$$;

-- Given back: a retry after p_delay_ms (the attempt counts), or at a drain (p_burnt false: it does not).
create function worker_release(p_reply uuid[], p_fence bigint[], p_delay_ms int[], p_burnt bool[],
	p_error text[])
returns table (n int)
language sql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
	with input as (
		select (i.nth - 1)::int as n, i.*
		from unnest(p_reply, p_fence, p_delay_ms, p_burnt, p_error) with ordinality
			as i(reply_id, fence, delay_ms, burnt, error, nth)
	), held as (
		select j.reply_id from jobs j join input i using (reply_id, fence)
		order by j.reply_id for update of j
	)
	update jobs j set lease_until = null, worker = null, last_error = i.error,
		not_before = now() + i.delay_ms * interval '1 millisecond',
		attempts = j.attempts - (not i.burnt)::int
	from input i, held h where j.reply_id = i.reply_id and h.reply_id = i.reply_id
	returning i.n;
$$;

-- The end, all in one: text, state, what it cost, quota settled, job gone. Rows only for those whose
-- fence is still the newest; a holder that lost its lease changes nothing. A reply that failed or
-- was blocked gives its message of the day back.
create function worker_finish(p_reply uuid[], p_fence bigint[], p_state text[], p_content text[],
	p_model text[], p_model_version text[], p_finish_reason text[], p_error text[],
	p_prompt_tokens int[], p_output_tokens int[])
returns table (n int)
language plpgsql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
	perform from jobs j where j.reply_id = any(p_reply) order by j.reply_id for update;
	perform from quota q where (q.user_id, q.day) in
		(select j.user_id, j.day from jobs j where j.reply_id = any(p_reply))
	order by q.user_id, q.day for no key update;

	return query
	with input as (
		select (i.nth - 1)::int as n, i.*
		from unnest(p_reply, p_fence, p_state, p_content, p_model, p_model_version,
			p_finish_reason, p_error, p_prompt_tokens, p_output_tokens) with ordinality
			as i(reply_id, fence, state, content, model, model_version, finish_reason,
				error, prompt_tokens, output_tokens, nth)
	), ended as (
		delete from jobs j using input i
		where j.reply_id = i.reply_id and j.fence = i.fence
		returning i.*, j.room_id, j.user_id, j.day
	), stored as (
		update messages m set state = e.state, content = e.content, finished_at = now(),
			model = e.model, model_version = e.model_version,
			finish_reason = e.finish_reason, error = e.error
		from ended e where m.room_id = e.room_id and m.id = e.reply_id
	), billed as (
		insert into ledger (reply_id, user_id, day, model, prompt_tokens, output_tokens)
		select e.reply_id, e.user_id, e.day, coalesce(e.model_version, e.model, ''),
			e.prompt_tokens, e.output_tokens
		from ended e where e.prompt_tokens::bigint + e.output_tokens > 0
	), settled as (
		update quota q set tokens = q.tokens + c.tokens, messages = q.messages - c.returned
		from (select e.user_id, e.day,
				sum(e.prompt_tokens::bigint + e.output_tokens)::bigint as tokens,
				count(*) filter (where e.state in ('failed', 'blocked'))::int as returned
			from ended e group by e.user_id, e.day) c
		where q.user_id = c.user_id and q.day = c.day
	)
	select e.n from ended e;
end $$;

revoke execute on function worker_claim, worker_heartbeat, worker_release, worker_finish from public;
grant usage on schema chat to castor_worker;
grant execute on function worker_claim, worker_heartbeat, worker_release, worker_finish
	to castor_worker;

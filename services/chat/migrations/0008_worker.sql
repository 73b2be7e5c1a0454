-- The worker's door, anew: it walks the reply's own branch, and tells what a reply was told and cost.

drop function worker_claim, worker_heartbeat, worker_finish, stop_reply;

-- outcome: 'claimed'; 'gone' (finished, or never was), 'held' (somebody's lease runs),
-- 'early' (a retry whose time has not come), 'stop' (claimed, and somebody wants no more of it). The
-- newest turns of the reply's branch come along, newest first: at most p_turns, and no more once p_bytes of
-- text are reached; depths (numbers, as text) say how many messages of the branch came before each. The fence is higher than any earlier holder's.
create function worker_claim(p_room uuid[], p_reply uuid[], p_worker text, p_lease_ms int,
	p_turns int, p_bytes int)
returns table (n int, outcome text, fence bigint, attempts int, created_at timestamptz,
	senders text[], contents text[], depths text[], system_prompt text)
language plpgsql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
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
		select i.n, i.room_id, i.reply_id, j.message_id, j.fence, j.attempts, j.created_at,
			r.branched, r.system_prompt, case
			when j.reply_id is null or j.room_id <> i.room_id then 'gone'
			when j.lease_until > now() or not i.is_first then 'held'
			when j.stop_asked then 'stop'
			when j.not_before > now() then 'early'
			else 'claimed' end as outcome
		from input i left join jobs j on j.reply_id = i.reply_id
			left join rooms r on r.id = j.room_id
	), taken as (
		update jobs j set fence = j.fence + 1, attempts = j.attempts + 1, worker = p_worker,
			lease_until = now() + p_lease_ms * interval '1 millisecond',
			metered_tokens = 0
		from judged g where g.outcome in ('claimed', 'stop') and j.reply_id = g.reply_id
	)
	-- The rows are locked: what `taken` makes of them is known without joining it.
	select g.n, g.outcome, g.fence + 1 as fence, g.attempts + 1 as attempts, g.created_at,
		g.room_id, g.reply_id, g.message_id, g.branched, g.system_prompt
	from judged g
	loop
		n := v.n; outcome := v.outcome; fence := v.fence; attempts := v.attempts;
		created_at := v.created_at; senders := null; contents := null; depths := null;
		system_prompt := v.system_prompt;
		-- One room at a time, so that one partition is opened, not all of them: alone, a claim
		-- takes half the time; from some thirty on, one statement for all would be better.
		if v.outcome = 'claimed' and not v.branched then
			select array_agg(m.sender), array_agg(m.content), array_agg(m.depth::text)
				into senders, contents, depths
			from (select t.sender, t.content, t.depth, sum(octet_length(t.content)) over newest
					- octet_length(t.content) as newer_bytes
				from (select m.id, m.sender, m.content, m.depth from messages m
					where m.room_id = v.room_id and m.id < v.reply_id
						and m.content <> ''
						and m.state in ('complete', 'truncated', 'stopped')
					order by m.id desc limit p_turns) t
				window newest as (order by t.id desc)) m
			where m.newer_bytes < p_bytes;
		elsif v.outcome = 'claimed' then
			-- turns, bytes: what the steps before this one have gathered.
			with recursive up as (
				select m.parent_id, m.sender, m.content, m.depth, m.content <> ''
					and m.state in ('complete', 'truncated', 'stopped') as counts,
					0 as turns, 0 as bytes
				from messages m where m.room_id = v.room_id and m.id = v.message_id
				union all
				select m.parent_id, m.sender, m.content, m.depth, m.content <> ''
					and m.state in ('complete', 'truncated', 'stopped'),
					u.turns + u.counts::int,
					u.bytes + case when u.counts then octet_length(u.content) else 0 end
				from up u join messages m on m.room_id = v.room_id and m.id = u.parent_id
				where u.turns + u.counts::int < p_turns and u.bytes
					+ case when u.counts then octet_length(u.content) else 0 end < p_bytes
			)
			select array_agg(u.sender order by u.depth desc),
				array_agg(u.content order by u.depth desc),
				array_agg(u.depth::text order by u.depth desc)
				into senders, contents, depths
			from up u where u.counts;
		end if;
		return next;
	end loop;
end $$;

-- Still at it. Rows only for leases that still stand: the others have been lost, or were given back
-- while this was under way. tokens: what the call has cost so far; what goes beyond the reserve is
-- reserved, too. stop: somebody wants no more of it.
create function worker_heartbeat(p_reply uuid[], p_fence bigint[], p_tokens int[], p_lease_ms int)
returns table (n int, stop bool)
language sql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
	with input as (
		select (i.nth - 1)::int as n, i.reply_id, i.fence, i.tokens
		from unnest(p_reply, p_fence, p_tokens) with ordinality
			as i(reply_id, fence, tokens, nth)
	), held as (
		select j.reply_id, j.user_id, j.day, i.tokens - j.reserved_tokens as beyond
		from jobs j join input i using (reply_id, fence)
		where j.lease_until is not null order by j.reply_id for update of j
	), counted as (
		select q.user_id, q.day, b.tokens from quota q join
			(select h.user_id, h.day, sum(h.beyond) as tokens from held h
			where h.beyond > 0 group by h.user_id, h.day) b using (user_id, day)
		order by q.user_id, q.day for no key update of q
	), raised as (
		update quota q set reserved_tokens = q.reserved_tokens + c.tokens
		from counted c where q.user_id = c.user_id and q.day = c.day
	)
	update jobs j set lease_until = now() + p_lease_ms * interval '1 millisecond',
		metered_tokens = i.tokens, reserved_tokens = greatest(j.reserved_tokens, i.tokens)
	from input i, held h where j.reply_id = i.reply_id and h.reply_id = i.reply_id
		and j.fence = i.fence
	returning i.n, j.stop_asked;
$$;

-- The end, all in one: text, state, what it cost, quota settled, job gone. Rows only for those whose
-- fence is still the newest; a holder that lost its lease changes nothing. A reply that failed or
-- was blocked gives its message of the day back and costs the user nothing; any other has a row in the
-- ledger, equal to what its message tells. What failed is kept as a dead letter.
create function worker_finish(p_reply uuid[], p_fence bigint[], p_state text[], p_content text[],
	p_model text[], p_model_version text[], p_finish_reason text[], p_error text[],
	p_last_error text[], p_prompt_tokens int[], p_output_tokens int[], p_estimated bool[],
	p_turns int[], p_left_out int[])
returns table (n int)
language plpgsql security definer set search_path = chat, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	v_requeued bool;
begin
	with locked as (
		select j.requeued from jobs j where j.reply_id = any(p_reply)
		order by j.reply_id for update
	)
	select bool_or(l.requeued) into v_requeued from locked l;
	perform from quota q where (q.user_id, q.day) in
		(select j.user_id, j.day from jobs j where j.reply_id = any(p_reply))
	order by q.user_id, q.day for no key update;

	if 'failed' = any(p_state) then
		insert into dead_letters as d (reply_id, room_id, user_id, tier, reason, last_error,
			attempts, fence, reserved_tokens)
		select j.reply_id, j.room_id, j.user_id, j.tier, coalesce(i.error, ''),
			coalesce(i.last_error, j.last_error), j.attempts, j.fence, j.reserved_tokens
		from unnest(p_reply, p_fence, p_state, p_error, p_last_error)
			as i(reply_id, fence, state, error, last_error)
			join jobs j on j.reply_id = i.reply_id and j.fence = i.fence
		where i.state = 'failed'
		on conflict (reply_id) do update set reason = excluded.reason,
			last_error = excluded.last_error, attempts = excluded.attempts,
			fence = excluded.fence, at = now(), requeued_at = null;
	end if;
	if v_requeued then
		delete from dead_letters d using jobs j,
			unnest(p_reply, p_fence, p_state) as i(reply_id, fence, state)
		where j.reply_id = i.reply_id and j.fence = i.fence and i.state <> 'failed'
			and d.reply_id = i.reply_id;
	end if;

	return query
	with input as (
		select (i.nth - 1)::int as n, i.*, i.state not in ('failed', 'blocked') as kept
		from unnest(p_reply, p_fence, p_state, p_content, p_model, p_model_version,
			p_finish_reason, p_error, p_prompt_tokens, p_output_tokens, p_estimated,
			p_turns, p_left_out) with ordinality
			as i(reply_id, fence, state, content, model, model_version, finish_reason,
				error, prompt_tokens, output_tokens, estimated, turns, left_out, nth)
	), ended as (
		delete from jobs j using input i
		where j.reply_id = i.reply_id and j.fence = i.fence
		returning i.*, j.room_id, j.user_id, j.day, j.reserved_tokens
	), stored as (
		update messages m set state = e.state, content = e.content, finished_at = now(),
			model = e.model, model_version = e.model_version,
			finish_reason = e.finish_reason, error = e.error,
			prompt_tokens = case when e.kept then e.prompt_tokens end,
			output_tokens = case when e.kept then e.output_tokens end,
			usage_estimated = case when e.kept then e.estimated end,
			context_turns = e.turns, context_left_out = e.left_out
		from ended e where m.room_id = e.room_id and m.id = e.reply_id
	), billed as (
		insert into ledger (reply_id, user_id, day, model, prompt_tokens, output_tokens)
		select e.reply_id, e.user_id, e.day, coalesce(e.model_version, e.model, ''),
			e.prompt_tokens, e.output_tokens
		from ended e where e.kept
	), settled as (
		update quota q set tokens = q.tokens + c.tokens,
			prompt_tokens = q.prompt_tokens + c.prompt_tokens,
			reserved_tokens = q.reserved_tokens - c.reserved,
			messages = q.messages - c.returned
		from (select e.user_id, e.day, sum(e.reserved_tokens) as reserved,
				coalesce(sum(e.prompt_tokens::bigint + e.output_tokens)
					filter (where e.kept), 0)::bigint as tokens,
				coalesce(sum(e.prompt_tokens) filter (where e.kept), 0) as prompt_tokens,
				count(*) filter (where not e.kept)::int as returned
			from ended e group by e.user_id, e.day) c
		where q.user_id = c.user_id and q.day = c.day
	)
	select e.n from ended e;
end $$;

-- outcome: 'ended' (nobody had begun: it is stopped now, its message given back), 'asked' (its worker
-- is to stop), 'late' (it had ended already), 'none' (no such reply of the caller's).
create function stop_reply(p_user uuid, p_room uuid, p_reply uuid) returns text
language plpgsql set search_path = chat, pg_temp as $$
declare
	v_job jobs;
begin
	select * into v_job from jobs j
	where j.reply_id = p_reply and j.room_id = p_room and j.user_id = p_user for update;
	if not found then
		return case when exists (select from messages m join rooms r on r.id = m.room_id
			where m.room_id = p_room and m.id = p_reply and m.sender = 'gemini'
				and r.user_id = p_user) then 'late' else 'none' end;
	end if;
	if v_job.lease_until > now() then
		update jobs set stop_asked = true where reply_id = p_reply;
		return 'asked';
	end if;
	delete from jobs where reply_id = p_reply;
	update messages set state = 'stopped', finished_at = now()
	where room_id = p_room and id = p_reply;
	update quota set messages = messages - 1,
		reserved_tokens = reserved_tokens - v_job.reserved_tokens
	where user_id = v_job.user_id and day = v_job.day;
	if v_job.requeued then
		delete from dead_letters where reply_id = p_reply;
	end if;
	return 'ended';
end $$;

-- Replies that failed, for an operator to look at and to put back (ai-worker dead).
create table dead_letters (
	reply_id        uuid primary key,
	room_id         uuid not null,
	user_id         uuid not null,
	tier            text not null,
	reason          text not null, -- as the user was told
	last_error      text,          -- the provider's word
	attempts        int not null,
	fence           bigint not null,
	reserved_tokens int not null,
	at              timestamptz not null default now(),
	requeued_at     timestamptz    -- put back; gone when the reply has ended well
);
create index dead_letters_by_age on dead_letters (at);

-- Newest first; p_reply: that one alone, with the message it was to answer.
create function dead_list(p_limit int, p_reply uuid)
returns table (reply_id uuid, room_id uuid, user_id uuid, tier text, reason text, last_error text,
	attempts int, at timestamptz, requeued_at timestamptz, message text)
language sql stable security definer set search_path = chat, pg_temp as $$
	select d.reply_id, d.room_id, d.user_id, d.tier, d.reason, d.last_error, d.attempts, d.at,
		d.requeued_at, case when p_reply is not null then
			(select m.content from messages r join messages m
				on m.room_id = d.room_id and m.id = r.parent_id
			where r.room_id = d.room_id and r.id = d.reply_id) end
	from dead_letters d where p_reply is null or d.reply_id = p_reply
	order by d.at desc, d.reply_id desc limit p_limit;
$$;

-- Owed again, with all its attempts, at the cost of today; the sweep of chat
-- brings it to a worker. Its fence goes on, so that what is left of the old attempts stays void.
-- null: all that were not put back yet, the oldest first, at most p_limit in one go. Those of which the
-- message is gone, or not failed any more, are left alone. Gives the ids that were put back.
create function dead_requeue(p_reply uuid, p_limit int) returns setof uuid
language plpgsql security definer set search_path = chat, pg_temp as $$
declare
	today date := (now() at time zone 'utc')::date;
	v_replies uuid[];
begin
	select array_agg(d.reply_id) into v_replies from (
		select d.reply_id from dead_letters d
		where d.requeued_at is null and (p_reply is null or d.reply_id = p_reply)
		order by d.at, d.reply_id limit p_limit for update skip locked) d;

	insert into quota (user_id, day)
	select distinct d.user_id, today from dead_letters d where d.reply_id = any(v_replies)
	order by d.user_id on conflict do nothing;
	perform from quota q where q.day = today and q.user_id in
		(select d.user_id from dead_letters d where d.reply_id = any(v_replies))
	order by q.user_id for no key update;

	return query
	with owed as (
		update messages m set state = 'queued', content = '', finished_at = null, error = null,
			model = null, model_version = null, finish_reason = null,
			context_turns = null, context_left_out = null
		from dead_letters d where d.reply_id = any(v_replies)
			and m.room_id = d.room_id and m.id = d.reply_id and m.state = 'failed'
		returning d.*, m.parent_id
	), jobs_again as (
		insert into jobs (reply_id, room_id, message_id, user_id, tier, day, fence,
			reserved_tokens, requeued)
		select o.reply_id, o.room_id, o.parent_id, o.user_id, o.tier, today, o.fence,
			o.reserved_tokens, true
		from owed o
	), counted as (
		update quota q set messages = q.messages + c.count,
			reserved_tokens = q.reserved_tokens + c.tokens
		from (select o.user_id, count(*)::int as count, sum(o.reserved_tokens) as tokens
			from owed o group by o.user_id) c
		where q.user_id = c.user_id and q.day = today
	), noted as (
		update dead_letters d set requeued_at = now() from owed o where d.reply_id = o.reply_id
	)
	select o.reply_id from owed o;
end $$;

revoke execute on function worker_claim, worker_heartbeat, worker_finish, dead_list, dead_requeue
	from public;
grant execute on function worker_claim, worker_heartbeat, worker_finish, dead_list, dead_requeue
	to castor_worker;

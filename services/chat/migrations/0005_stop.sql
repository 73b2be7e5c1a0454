-- Stopping a reply. The wish stands in the record; the worker hears of it by doorbell, and sees it
-- at its heartbeat at the latest.

alter table jobs add column stop_asked bool not null default false;

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
	update quota set messages = messages - 1 where user_id = v_job.user_id and day = v_job.day;
	return 'ended';
end $$;

-- A heartbeat also tells who is to stop.
drop function worker_heartbeat(uuid[], bigint[], int);
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
		order by j.reply_id for update of j
	)
	update jobs j set lease_until = now() + p_lease_ms * interval '1 millisecond'
	from input i, held h where j.reply_id = i.reply_id and h.reply_id = i.reply_id
	returning i.n, j.stop_asked;
$$;
revoke execute on function worker_heartbeat from public;
grant execute on function worker_heartbeat to castor_worker;

-- Stopping a reply. The wish stands in the record; the worker hears of it by doorbell, and sees it
-- at its heartbeat at the latest.

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

-- The same work as an application without batches writes it: single statements, prepared, in one transaction.
\set u random(1, :users)
begin;
select r.id from chat.rooms r where r.id = md5('bench-room-' || :u)::uuid and r.user_id = md5('bench-user-' || :u)::uuid;
insert into chat.quota as q (user_id, day, messages) values (md5('bench-user-' || :u)::uuid, (now() at time zone 'utc')::date, 1)
	on conflict (user_id, day) do update set messages = q.messages + 1 where q.messages < 1000000000;
with m as (select gen_random_uuid() as message_id, gen_random_uuid() as reply_id), said as (
	insert into chat.messages (room_id, id, parent_id, sender, state, content)
	select md5('bench-room-' || :u)::uuid, v.id, v.parent_id, v.sender, v.state, v.content from m cross join lateral (values
		(m.message_id, null::uuid, 'user', 'complete', 'Hello, how can I track my order?'),
		(m.reply_id, m.message_id, 'gemini', 'queued', '')) v(id, parent_id, sender, state, content))
insert into chat.jobs (reply_id, room_id, message_id, user_id, tier, day)
	select m.reply_id, md5('bench-room-' || :u)::uuid, m.message_id, md5('bench-user-' || :u)::uuid, 'Basic', (now() at time zone 'utc')::date from m;
update chat.rooms set active_at = now() where id = md5('bench-room-' || :u)::uuid;
commit;

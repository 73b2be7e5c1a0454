-- The same work as accepting one message, by the same function, one transaction each: what pgbench runs.
\set u random(1, :users)
select * from chat.accept_messages(array[md5('bench-user-' || :u)::uuid], array[md5('bench-room-' || :u)::uuid],
	array[gen_random_uuid()], array[gen_random_uuid()], array['Hello, how can I track my order?'], array[null::text],
	array[null::bytea], array[null::text], array[1000], array[null::text], array[null::uuid], 1000000000, 1000000000, 0, 0);

-- Reading a room's active branch, and changing a room.

-- A reply whose lease runs is being generated: that is told from its job, so that taking one does not
-- rewrite its message.
create function message_shown(m messages) returns text language sql stable as $$
	select case when m.state = 'queued' and exists (select from chat.jobs j
		where j.reply_id = m.id and j.lease_until > now()) then 'generating' else m.state end;
$$;

-- Ids, as text, of all that share a forked message's parent, in order, itself among them.
create function message_siblings(p_room uuid, m messages) returns text[] language sql stable as $$
	select case when m.forked then (select array_agg(s.id::text order by s.id) from chat.messages s
		where s.room_id = p_room and s.forked
			and (s.parent_id = m.parent_id or (m.parent_id is null and s.parent_id is null))) end;
$$;

-- Of a branched room: the newest messages before p_before (null: from the end), newest first, each with the
-- room; a room in which nothing was said is one row without a message. The active branch, or the one that
-- p_before is on; p_all: every message. (A room that never branched is read without this.)
create function read_branches(p_user uuid, p_room uuid, p_before uuid, p_limit bigint, p_all bool)
returns table (name text, created_at timestamptz, active_at timestamptz, system_prompt text, leaf_id uuid,
	message messages, shown text, siblings text[])
language plpgsql stable set search_path = chat, pg_temp
set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	v_room rooms;
begin
	select * into v_room from rooms r where r.id = p_room and r.user_id = p_user;
	if not found then
		return;
	end if;
	if p_all then
		return query
		select v_room.name, v_room.created_at, v_room.active_at, v_room.system_prompt,
			v_room.leaf_id, m, message_shown(m), message_siblings(p_room, m)
		from messages m where m.room_id = p_room and (p_before is null or m.id < p_before)
		order by m.id desc limit p_limit;
	else
		return query
		with recursive up(said, nth) as (
			select m, 1 from messages m
			where m.room_id = p_room and m.id = case when p_before is null then v_room.leaf_id
				else (select b.parent_id from messages b
					where b.room_id = p_room and b.id = p_before) end
			union all
			select m, u.nth + 1 from up u join messages m
				on m.room_id = p_room and m.id = (u.said).parent_id
			where u.nth < p_limit
		)
		select v_room.name, v_room.created_at, v_room.active_at, v_room.system_prompt,
			v_room.leaf_id, u.said, message_shown(u.said), message_siblings(p_room, u.said)
		from up u order by u.nth;
	end if;
	if not found then
		name := v_room.name; created_at := v_room.created_at; active_at := v_room.active_at;
		system_prompt := v_room.system_prompt; leaf_id := v_room.leaf_id;
		return next;
	end if;
end $$;

-- What is null stays as it is; a system prompt of '' is none. p_active: the branch that leads to the newest
-- message below it becomes the active one. outcome: 'changed', 'none' (no such room of the caller's),
-- 'elsewhere' (p_active is no message of the room).
create function patch_room(p_user uuid, p_room uuid, p_name text, p_system_prompt text, p_active uuid)
returns table (outcome text, name text, created_at timestamptz, active_at timestamptz,
	system_prompt text, leaf_id uuid)
language plpgsql set search_path = chat, pg_temp as $$
#variable_conflict use_column
declare
	v_room rooms;
	v_leaf uuid := p_active;
	v_next uuid := p_active;
	v_newest_child jsonb;
begin
	select * into v_room from rooms r where r.id = p_room and r.user_id = p_user for no key update;
	if not found then
		outcome := 'none';
		return next;
		return;
	end if;
	if p_active is not null and not exists
			(select from messages m where m.room_id = p_room and m.id = p_active) then
		outcome := 'elsewhere';
		return next;
		return;
	end if;
	if p_active is not null and v_room.branched then
		-- At each fork the newest way. One look at the room: nothing leads from parents to children.
		select jsonb_object_agg(m.parent_id, m.id order by m.id) into v_newest_child
		from messages m where m.room_id = p_room and m.parent_id is not null;
		loop
			v_next := v_newest_child ->> v_next::text;
			exit when v_next is null;
			v_leaf := v_next;
		end loop;
		v_room.leaf_id := v_leaf;
		v_room.leaf_depth := (select m.depth from messages m
			where m.room_id = p_room and m.id = v_leaf);
	end if;
	return query
	update rooms r set name = coalesce(p_name, r.name),
		system_prompt = nullif(coalesce(p_system_prompt, r.system_prompt), ''),
		leaf_id = v_room.leaf_id, leaf_depth = v_room.leaf_depth
	where r.id = p_room
	returning 'changed', r.name, r.created_at, r.active_at, r.system_prompt, r.leaf_id;
end $$;

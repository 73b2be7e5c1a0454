-- Branches: what is said in a room is a tree. A user message's parent is the reply it follows (null: the
-- first), a reply's parent its user message. And what a reply cost, was told, and keeps reserved.

-- leaf: the last message of the active branch. branched: ids alone do not tell what follows what - there
-- are siblings, or clocks disagreed; else the order of ids is the conversation.
alter table rooms
	add leaf_id       uuid,
	add leaf_depth    int not null default -1, -- of the leaf; the first message has 0
	add branched      bool not null default false,
	add system_prompt text;

alter table messages
	add depth            int not null default 0,
	add forked           bool not null default false, -- has siblings: others with its parent
	add prompt_tokens    int,   -- replies: what the user was charged for
	add output_tokens    int,
	add usage_estimated  bool,  -- the provider gave no counts
	add context_turns    int,   -- replies: turns that the model was told
	add context_left_out int;   -- messages of the branch from before the first of them
-- Holds siblings alone, so that an ordinary message pays nothing for it.
create index messages_forked on messages (room_id, parent_id) where forked;

alter table quota
	add prompt_tokens   bigint not null default 0, -- of tokens
	add reserved_tokens bigint not null default 0 check (reserved_tokens >= 0);
alter table jobs
	add reserved_tokens int not null default 0,  -- in quota.reserved_tokens, too
	add metered_tokens  int not null default 0,  -- of the call that runs, as its worker last said
	add requeued        bool not null default false; -- from dead_letters

-- What was said before this: one line of conversation per room.
update messages m set depth = o.depth,
	parent_id = case when m.sender = 'user' then o.before else m.parent_id end
from (select room_id, id, lag(id) over room as before, (row_number() over room - 1)::int as depth
	from messages window room as (partition by room_id order by id)) o
where m.room_id = o.room_id and m.id = o.id;
update rooms r set leaf_id = l.id, leaf_depth = l.depth
from (select distinct on (room_id) room_id, id, depth from messages order by room_id, id desc) l
where r.id = l.room_id;
update messages m set prompt_tokens = l.prompt_tokens, output_tokens = l.output_tokens,
	usage_estimated = false
from ledger l where m.id = l.reply_id;
update quota q set prompt_tokens = l.tokens
from (select user_id, day, sum(prompt_tokens) as tokens from ledger group by user_id, day) l
where q.user_id = l.user_id and q.day = l.day;

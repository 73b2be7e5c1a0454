-- What must hold at any moment, whatever was killed: every row is a violation.
--
-- For each user and day: the messages counted are the replies that are owed or were kept (not failed, not
-- blocked, not stopped before anybody began); the tokens counted are the ledger's; the tokens reserved
-- are those of the replies that are owed. A ledger row says what its reply says.
with owed as (
	select user_id, day, count(*) as replies, sum(reserved_tokens) as reserved
	from chat.jobs group by user_id, day
), kept as (
	select user_id, day, count(*) as replies, sum(prompt_tokens::bigint + output_tokens) as tokens,
		sum(prompt_tokens) as prompt_tokens
	from chat.ledger group by user_id, day
), days as (
	select user_id, day, coalesce(q.messages, 0) as messages, coalesce(q.tokens, 0) as tokens,
		coalesce(q.prompt_tokens, 0) as prompt_tokens, coalesce(q.reserved_tokens, 0) as reserved_tokens,
		coalesce(o.replies, 0) as owed_replies, coalesce(o.reserved, 0) as owed_reserved,
		coalesce(k.replies, 0) as kept_replies, coalesce(k.tokens, 0) as kept_tokens,
		coalesce(k.prompt_tokens, 0) as kept_prompt_tokens
	from chat.quota q full join owed o using (user_id, day) full join kept k using (user_id, day)
), replies as (
	select m.id, m.room_id, m.state, m.model, m.prompt_tokens, m.output_tokens, j.reply_id is not null as is_owed,
		l.reply_id is not null as is_billed, l.prompt_tokens as billed_prompt, l.output_tokens as billed_output
	from (select * from chat.messages where sender = 'gemini') m
		full join chat.jobs j on j.reply_id = m.id full join chat.ledger l on l.reply_id = coalesce(m.id, j.reply_id)
)
select 'messages of ' || user_id || ' on ' || day || ': ' || messages || ' counted, ' || owed_replies || ' owed and '
	|| kept_replies || ' kept' as violation from days where messages <> owed_replies + kept_replies
union all
select 'tokens of ' || user_id || ' on ' || day || ': ' || tokens || ' (' || prompt_tokens || ' prompt) counted, '
	|| kept_tokens || ' (' || kept_prompt_tokens || ') in the ledger' from days
where tokens <> kept_tokens or prompt_tokens <> kept_prompt_tokens
union all
select 'reserved tokens of ' || user_id || ' on ' || day || ': ' || reserved_tokens || ' counted, ' || owed_reserved
	|| ' in jobs' from days where reserved_tokens <> owed_reserved
union all
select 'a job or ledger row without its reply' from replies where id is null
union all
select 'reply ' || id || ' is ' || state || case when is_owed then ', owed' else ', not owed' end
	|| case when is_billed then ', billed' else ', not billed' end
from replies where is_owed <> (state = 'queued')
	or is_billed <> (state in ('complete', 'truncated', 'incomplete') or (state = 'stopped' and model is not null))
union all
select 'reply ' || id || ' says other tokens than the ledger' from replies
where prompt_tokens is distinct from billed_prompt or output_tokens is distinct from billed_output
union all
-- The tree: a parent is one deeper, in the same room; every room's leaf is a leaf.
select 'message ' || m.id || ' is not one deeper than its parent' from chat.messages m
	left join chat.messages p on p.room_id = m.room_id and p.id = m.parent_id
where m.depth <> coalesce(p.depth + 1, 0) or (p.id is null) <> (m.parent_id is null)
union all
select 'room ' || r.id || ' ends in a message that is not its last' from chat.rooms r
	left join chat.messages m on m.room_id = r.id and m.id = r.leaf_id
where r.leaf_depth <> coalesce(m.depth, -1) or (m.id is null) <> (r.leaf_id is null)
	or exists (select from chat.messages c where c.room_id = r.id and c.parent_id = r.leaf_id)
union all
select 'message ' || m.id || ' has siblings and is not marked' from chat.messages m
where not m.forked and exists (select from chat.messages s where s.room_id = m.room_id and s.id <> m.id
	and s.parent_id is not distinct from m.parent_id);

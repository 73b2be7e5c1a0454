-- From what Stripe said to the tier, in one transaction each.

-- The tier that the user's subscriptions give; says whether it changed. The account's row lock
-- orders all that concerns one user.
create function settle_tier(p_user uuid, p_grace_s bigint) returns boolean
language plpgsql set search_path = billing, pg_temp as $$
declare
	v_old text;
	v_new text;
	v_version bigint;
begin
	select tier into v_old from accounts where user_id = p_user for update;
	v_new := case when exists (select from subscriptions s where s.user_id = p_user
			and (s.status in ('active', 'trialing')
			  or s.status = 'past_due'
			     and s.past_due_since + p_grace_s * interval '1 second' > now()))
		then 'Pro' else 'Basic' end;
	if v_old is null or v_old = v_new then
		return false;
	end if;
	update accounts set tier = v_new, version = version + 1
		where user_id = p_user returning version into v_version;
	perform outbox_add('billing.tier.changed', p_user::text,
		jsonb_build_object('user_id', p_user, 'tier', v_new, 'version', v_version));
	return true;
end $$;

-- Whose subscription it is: as its customer says, else as an earlier answer said, else as its
-- metadata says (which only we write).
create function owner_of(p_subscription text, p_customer text, p_user uuid) returns uuid
language sql stable set search_path = billing, pg_temp as $$
	select coalesce(
		(select user_id from accounts where customer_id = p_customer),
		(select user_id from subscriptions where subscription_id = p_subscription),
		p_user)
$$;

-- Writes one answer of Stripe. outcome: 'changed', 'same', 'stale' (a later answer is there
-- already) or 'unlinked' (nobody's). All waiting events that the answer covers are done.
create function apply_subscription(p_ticket bigint, p_event text, p_subscription text,
	p_customer text, p_user uuid, p_status text, p_period_end timestamptz, p_cancel boolean,
	p_grace_s bigint, out outcome text, out tier_changed boolean)
language plpgsql set search_path = billing, pg_temp as $$
declare
	v_user uuid := owner_of(p_subscription, p_customer, p_user);
	v_live boolean := p_status in ('active', 'trialing', 'past_due', 'unpaid', 'paused');
	v_old subscriptions;
begin
	tier_changed := false;
	if v_user is null then
		outcome := 'unlinked';
	else
		insert into accounts (user_id) values (v_user) on conflict do nothing;
		perform from accounts where user_id = v_user for update;
		select * into v_old from subscriptions where subscription_id = p_subscription;
		outcome := case when v_old.ticket > p_ticket then 'stale'
			when (v_old.status, v_old.current_period_end, v_old.cancel_at_period_end)
			  is not distinct from (p_status, p_period_end, p_cancel) then 'same'
			else 'changed' end;
	end if;
	if outcome in ('same', 'changed') then
		insert into subscriptions as s (subscription_id, user_id, customer_id, status,
			current_period_end, cancel_at_period_end, past_due_since, ticket)
		values (p_subscription, v_user, p_customer, p_status, p_period_end, p_cancel,
			case when p_status = 'past_due' then now() end, p_ticket)
		on conflict (subscription_id) do update set user_id = v_user,
			customer_id = p_customer, status = p_status,
			current_period_end = p_period_end, cancel_at_period_end = p_cancel,
			past_due_since = case when p_status = 'past_due'
				then coalesce(s.past_due_since, now()) end,
			ticket = p_ticket, checked_at = now();
		if v_live then
			update accounts set customer_id = p_customer
				where user_id = v_user and customer_id is null;
			delete from checkouts where user_id = v_user;
		end if;
		tier_changed := settle_tier(v_user, p_grace_s);
		if v_old.user_id <> v_user then -- its customer turned out to be another's
			tier_changed := settle_tier(v_old.user_id, p_grace_s) or tier_changed;
		end if;
	end if;
	update events set state = 'done', done_at = now(),
			error = case when outcome = 'unlinked' then outcome end
		where state = 'waiting' and (event_id = p_event
			or subscription_id = p_subscription and seq < p_ticket);
end $$;

-- A customer was deleted at Stripe, which ends its subscriptions there and cannot be undone.
create function drop_customer(p_ticket bigint, p_customer text, p_grace_s bigint)
returns boolean
language plpgsql set search_path = billing, pg_temp as $$
declare
	v_user uuid;
begin
	select user_id into v_user from accounts where customer_id = p_customer for update;
	if v_user is null then
		return false;
	end if;
	update subscriptions set status = 'canceled', past_due_since = null, ticket = p_ticket
		where customer_id = p_customer and ticket < p_ticket;
	update accounts set customer_id = null, customers = customers + 1
		where user_id = v_user;
	delete from checkouts where user_id = v_user;
	return settle_tier(v_user, p_grace_s);
end $$;

-- Takes the event that has waited longest, until p_lease_s from now, and draws the ticket for
-- asking Stripe about it.
create function claim_event(p_lease_s integer)
returns table (event_id text, ticket bigint, type text, action text, object_id text,
	subscription_id text, customer_id text, user_id uuid, trace_id text, attempts integer)
language sql set search_path = billing, pg_temp as $$
	update events e set attempts = e.attempts + 1,
		next_try_at = now() + p_lease_s * interval '1 second'
	from (select w.event_id from events w where w.state = 'waiting' and w.next_try_at <= now()
		order by w.next_try_at, w.seq limit 1 for update skip locked) due
	where e.event_id = due.event_id
	returning e.event_id, nextval('tickets'), e.type, e.action, e.object_id,
		e.subscription_id, e.customer_id, e.user_id, e.trace_id, e.attempts
$$;

-- Takes a subscription that nothing was heard of for so long; asked again in ten minutes if
-- nobody writes what came of it.
create function claim_subscription(p_age_s bigint)
returns table (subscription_id text, ticket bigint, user_id uuid)
language sql set search_path = billing, pg_temp as $$
	update subscriptions s set checked_at = now()
		- greatest(p_age_s - 600, 0) * interval '1 second'
	from (select o.subscription_id from subscriptions o
		where o.status not in ('canceled', 'incomplete_expired')
			and o.checked_at < now() - p_age_s * interval '1 second'
		order by o.checked_at limit 1 for update skip locked) old
	where s.subscription_id = old.subscription_id
	returning s.subscription_id, nextval('tickets'), s.user_id
$$;

-- The user's checkout: the one under way if its terms are these and it is still good, else a
-- new one under p_attempt. None when a subscription stands in the way.
create function begin_checkout(p_user uuid, p_terms text, p_attempt uuid)
returns table (tier text, standing text, customer_id text, customers integer, attempt uuid,
	session_id text, url text)
language plpgsql set search_path = billing, pg_temp as $$
#variable_conflict use_column
declare
	v_account accounts;
	v_standing text;
begin
	insert into accounts (user_id) values (p_user) on conflict do nothing;
	select * into v_account from accounts a where a.user_id = p_user for update;
	select s.status into v_standing from subscriptions s where s.user_id = p_user
		and s.status in ('active', 'trialing', 'past_due', 'unpaid', 'paused')
		limit 1;
	if v_account.tier = 'Basic' and v_standing is null then
		insert into checkouts as c (user_id, attempt, terms)
		values (p_user, p_attempt, p_terms)
		on conflict (user_id) do update set attempt = p_attempt, terms = p_terms,
			started_at = now(), session_id = null, url = null, expires_at = null
		where c.terms <> p_terms
			or c.session_id is null and c.started_at < now() - interval '12 hours'
			or c.expires_at < now() + interval '1 minute';
	end if;
	return query select v_account.tier, v_standing, v_account.customer_id,
			v_account.customers, c.attempt, c.session_id, c.url
		from (select 1) one left join checkouts c on c.user_id = p_user;
end $$;

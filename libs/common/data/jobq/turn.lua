-- What a worker has to say, and what it may take: one call for all of one turn of its loop.
--
-- ARGV[1]  "<keep ms> <how many> <Pro's cap> <Basic's cap> <number of models>"
-- then     "<name> <rpm> <tpm> <rpd> <day>" of each model, in order of preference; 0: no limit; the day
--          by which requests are counted, in days since 1970
-- then     what happened, in order:
--          "K <id>"  still in hand            "D <id>"  done with, or gone
--          "L <id> <ms>"  again in so long    "O <model>"  it answered
--          "X <model>"  it is down            "W <model> <ms>"  it wants no calls for so long; 0: it did not say
--          "U <model> <tokens>"  it was not called: the slot is free again
--          "N <model>"  the call was broken off: nothing is known
--          "T <model> <tokens>"  used beyond what was reckoned with (may be negative)
--
-- Returns  how many ms to wait before asking again;
--          for each model "<blocked for ms> <ms since it last answered, or -1>";
--          for each job its line, the model's number from 0, and the tokens reckoned with.
local keep, want, cap_p, cap_b, model_count =
	string.match(ARGV[1], '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
keep, want, model_count = tonumber(keep), tonumber(want), tonumber(model_count)
local cap = { p = tonumber(cap_p), b = tonumber(cap_b) }
local FAILS_OPEN = 5          -- in a row, of all workers together
local OPEN_MS, OPEN_MAX_MS = 1000, 30000
local PROBE_MS = 30000        -- a probe that says nothing for so long was lost
local TOKENS_GUESS = 1000     -- of a call, before any was counted
local DAY_MS = 86400000

-- ---- models ----

-- down: calls that failed in a row; blocked: until when, by the breaker or because it said so;
-- probe: until when one call that is to show whether it is back is awaited; rpm, tpm: when a limit
-- that was used evenly would be back at nothing (GCRA's theoretical arrival time).
local FIELDS = { 'down', 'blocked', 'backoff', 'probe', 'rpm', 'tpm', 'day', 'calls', 'tokens', 'ok', 'waits' }
local models, by_name = {}, {}
for i = 1, model_count do
	local name, rpm, tpm, rpd, day = string.match(ARGV[1 + i], '^(%S+) (%d+) (%d+) (%d+) (%d+)$')
	local m = { name = name, key = prefix .. 'model.' .. name, day_now = tonumber(day), changed = {},
		rpm_max = tonumber(rpm), tpm_max = tonumber(tpm), rpd_max = tonumber(rpd) }
	local v = redis.call('HMGET', m.key, unpack(FIELDS))
	for f = 1, #FIELDS do m[FIELDS[f]] = tonumber(v[f] or 0) or 0 end
	models[i], by_name[name] = m, m
end

local function set(m, field, value)
	if m[field] ~= value then
		m[field] = value
		m.changed[field] = true
	end
end

local function answered(m)
	if now - m.ok >= 100 or m.down > 0 then set(m, 'ok', now) end
	if m.down >= FAILS_OPEN then set(m, 'blocked', 0) end
	set(m, 'down', 0)
	set(m, 'backoff', 0)
	set(m, 'probe', 0)
	set(m, 'waits', 0)
end

-- Calls that were under way when it was found to be down say nothing new.
local function went_down(m)
	if m.down >= FAILS_OPEN and now < m.blocked then return end
	set(m, 'down', m.down + 1)
	set(m, 'probe', 0)
	if m.down < FAILS_OPEN then return end
	set(m, 'backoff', math.min(m.backoff > 0 and m.backoff * 2 or OPEN_MS, OPEN_MAX_MS))
	set(m, 'blocked', math.max(m.blocked, now + m.backoff))
end

local function wants_rest(m, ms)
	if ms == 0 and now < m.blocked then return end -- likewise
	if ms == 0 then
		set(m, 'waits', math.min(m.waits + 1, 6))
		ms = 1000 * 2 ^ (m.waits - 1)
	end
	set(m, 'probe', 0)
	set(m, 'blocked', math.max(m.blocked, now + math.min(ms, DAY_MS)))
end

-- Nil: it may be called now; else from when on, and whether another model should be asked meanwhile.
local function not_before(m)
	-- Workers' clocks differ: the day only goes on, and not beyond Redis' own.
	local day = math.min(m.day_now, math.floor(now / DAY_MS))
	if day > m.day then
		set(m, 'day', day)
		set(m, 'calls', 0)
	end
	if m.rpd_max > 0 and m.calls >= m.rpd_max then return now + 60000, true end
	if now < m.blocked then return m.blocked, true end
	if m.down >= FAILS_OPEN and now < m.probe then return math.min(m.probe, now + 250), true end
	local at = 0
	-- A sixth of a minute's allowance may come at once.
	if m.rpm_max > 0 then at = m.rpm - 10000 end
	if m.tpm_max > 0 then at = math.max(at, m.tpm - 10000) end
	if at > now then return math.ceil(at), false end
end

local function spend(m)
	local tokens = m.tokens > 0 and m.tokens or TOKENS_GUESS
	if m.down >= FAILS_OPEN then set(m, 'probe', now + PROBE_MS) end
	if m.rpm_max > 0 then set(m, 'rpm', math.max(m.rpm, now) + 60000 / m.rpm_max) end
	if m.rpd_max > 0 then set(m, 'calls', m.calls + 1) end
	if m.tpm_max == 0 then return 0 end
	set(m, 'tpm', math.max(m.tpm, now) + tokens * 60000 / m.tpm_max)
	return math.floor(tokens)
end

-- What spend took for a call that was not made.
local function unspend(m, tokens)
	set(m, 'probe', 0)
	if m.rpm_max > 0 then set(m, 'rpm', m.rpm - 60000 / m.rpm_max) end
	if m.rpd_max > 0 then set(m, 'calls', math.max(0, m.calls - 1)) end
	if m.tpm_max > 0 then set(m, 'tpm', m.tpm - tokens * 60000 / m.tpm_max) end
end

local function settle(m, tokens)
	local reckoned = m.tokens > 0 and m.tokens or TOKENS_GUESS
	set(m, 'tokens', math.max(1, reckoned + tokens / 8))
	if m.tpm_max > 0 then set(m, 'tpm', m.tpm + tokens * 60000 / m.tpm_max) end
end

-- The first model that may be called: a later one only while those before it cannot be.
local function choose_model()
	local earliest
	for i = 1, model_count do
		local at, ask_next = not_before(models[i])
		if not at then return i end
		earliest = math.min(earliest or at, at)
		if not ask_next then break end
	end
	return nil, earliest
end

-- ---- jobs that leave a worker's hand ----

local function not_running(user)
	if redis.call('HINCRBY', RUN, user, -1) <= 0 then redis.call('HDEL', RUN, user) end
end

local nobody = {} -- tier -> there is nobody left who has a turn

-- He may be another tier's by now, with a line in each.
local function leave_hand(id, user)
	if redis.call('ZREM', TAKEN, id) == 0 then return false end
	not_running(user)
	for tier in pairs(cap) do
		if redis.call('EXISTS', waits(tier, user)) == 1 then give_turn(tier, user) end
	end
	return true
end

local function leave_wait(id, tier, user)
	redis.call('ZREM', LATER, id)
	waiting[tier] = waiting[tier] - redis.call('ZREM', waits(tier, user), id)
end

local function done(id)
	local line = redis.call('HGET', JOBS, id)
	if not line then return end
	local tier, user = parse(line)
	redis.call('HDEL', JOBS, id)
	if not leave_hand(id, user) then leave_wait(id, tier, user) end
end

-- An id without a line (somebody deleted keys) is dropped: it must not come back by the clock for ever.
local function again(id, ms)
	local line = redis.call('HGET', JOBS, id)
	if not line then
		redis.call('ZREM', TAKEN, id)
		redis.call('ZREM', LATER, id)
		return
	end
	local tier, user, created = parse(line)
	if not leave_hand(id, user) then leave_wait(id, tier, user) end
	if ms > 0 then
		redis.call('ZADD', LATER, now + ms, id)
	else
		enqueue(id, tier, user, created)
		ring()
	end
end

-- A script that has written may go on writing when memory is full, and this, which removes nothing, is let
-- through even then: otherwise a "K" at the front would lose all that is said behind it.
redis.call('HDEL', RUN, '')

for i = 2 + model_count, #ARGV do
	local what, of, n = string.match(ARGV[i], '^(%a) (%S+) ?(%-?%d*)$')
	local m = by_name[of]
	if what == 'D' then done(of)
	elseif what == 'L' then again(of, tonumber(n))
	elseif what == 'K' then redis.call('ZADD', TAKEN, 'XX', now + keep, of)
	elseif not m then -- a model that was configured away
	elseif what == 'O' then answered(m)
	elseif what == 'X' then went_down(m)
	elseif what == 'W' then wants_rest(m, tonumber(n))
	elseif what == 'T' then settle(m, tonumber(n))
	elseif what == 'U' then unspend(m, tonumber(n))
	elseif what == 'N' then set(m, 'probe', 0)
	end
end

-- ---- jobs that come back by the clock ----

for _, id in ipairs(redis.call('ZRANGEBYSCORE', TAKEN, '-inf', now, 'LIMIT', 0, 100)) do again(id, 0) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', LATER, '-inf', now, 'LIMIT', 0, 100)) do again(id, 0) end

-- ---- taking ----

local has_had = {} -- tier -> the turn of who came last

-- His oldest job, and its line.
local function pop_job(tier, user)
	while true do
		local id = redis.call('ZPOPMIN', waits(tier, user))[1]
		if not id then return nil end
		waiting[tier] = waiting[tier] - 1
		local line = redis.call('HGET', JOBS, id)
		if line then return id, line end
	end
end

-- The next of this tier: the user who has had the fewest turns, and his oldest job. Who has as many
-- in hand as he may have is passed over until one of them is done.
local function next_of(tier)
	if nobody[tier] then return nil end
	while true do
		local first = redis.call('ZPOPMIN', turns(tier))
		local user, his_turn = first[1], tonumber(first[2])
		if not user then
			nobody[tier] = true
			return nil
		end
		if redis.call('HINCRBY', RUN, user, 1) <= cap[tier] then
			local id, line = pop_job(tier, user)
			if id then
				if redis.call('EXISTS', waits(tier, user)) == 1 then
					redis.call('ZADD', turns(tier), his_turn + 1, user)
				end
				has_had[tier] = his_turn
				return id, line
			end
		end
		not_running(user)
	end
end

local taken_args, out, taken = {}, {}, 0
local wait_until = now + 1000
local served = want > 0 and tonumber(redis.call('HGET', STATE, 'served') or 0) or 0
while taken < want do
	local model, at = choose_model()
	if not model then
		wait_until = math.min(wait_until, at)
		break
	end
	local basic_first = (served + taken) % BASIC_EVERY == BASIC_EVERY - 1
	local id, line = next_of(basic_first and 'b' or 'p')
	if not id then id, line = next_of(basic_first and 'p' or 'b') end
	if not id then break end
	taken = taken + 1
	taken_args[2 * taken - 1], taken_args[2 * taken] = now + keep, id
	out[3 * taken - 2] = line
	out[3 * taken - 1] = model - 1
	out[3 * taken] = spend(models[model])
end
if taken > 0 then redis.call('ZADD', TAKEN, unpack(taken_args)) end
for tier, had in pairs(has_had) do redis.call('HSET', STATE, 'turn.' .. tier, had) end
keep_state()

-- Whoever was woken has his hands full: somebody else may be idle.
if taken > 0 and taken == want then
	local left = redis.call('HMGET', STATE, 'waiting.p', 'waiting.b')
	if tonumber(left[1] or 0) + tonumber(left[2] or 0) > 0 then ring() end
end

-- ---- what is kept, and what is said ----

if taken > 0 then
	redis.call('HINCRBY', STATE, 'served', taken)
	local n = redis.call('HINCRBY', STATE, 'rate.taken', taken)
	local since = tonumber(redis.call('HGET', STATE, 'rate.since') or 0)
	if now - since >= 2000 then
		local rate = n * 1000 / (now - since)
		local before = tonumber(redis.call('HGET', STATE, 'rate') or 0)
		if since > 0 then redis.call('HSET', STATE, 'rate', (before > 0 and (before + rate) / 2 or rate)) end
		redis.call('HSET', STATE, 'rate.taken', 0, 'rate.since', now)
	end
end
local answer = { 0 }
for i = 1, model_count do
	local m, values = models[i], {}
	for field in pairs(m.changed) do
		values[#values + 1] = field
		values[#values + 1] = m[field]
	end
	if #values > 0 then redis.call('HSET', m.key, unpack(values)) end
	answer[i + 1] = math.max(0, math.floor(m.blocked - now)) .. ' ' .. (m.ok > 0 and now - m.ok or -1)
end
for _, key in ipairs({ LATER, TAKEN }) do
	local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
	if first[2] then
		wait_until = math.min(wait_until, tonumber(first[2]))
	elseif key == TAKEN then
		redis.call('DEL', RUN) -- nothing of anybody's; empty, too, unless keys were lost
	end
end
answer[1] = math.max(1, math.ceil(wait_until - now))
for i = 1, #out do answer[#answer + 1] = out[i] end
return answer

-- What every script of the queue begins with. libs/common/data/jobq.h tells the idea; here is where
-- everything lies. KEYS[1] is the first of these keys, all of one slot:
--
--   jobs           hash  id -> the job's line: "<tier> <user> <created ms> <due ms> <id> <body>"
--   wait:<t>:<u>   zset  ids of user u that wait, oldest first
--   turn:<t>       zset  users of tier t who have a turn, by how many they have had
--   later          zset  ids that wait for a moment, by that moment
--   taken          zset  ids in workers' hands, by when they come back if nobody keeps them
--   run            hash  user -> how many of his are taken
--   state          hash  turn.<t>: the turn that tier t has come to; waiting.<t>; served;
--                        rate.*: how many are taken a second
--   model.<name>   hash  what all workers know of a model
--   bell           list  one element while there is something that no worker was woken for
--
-- An id is in `jobs` exactly as long as it is in one of wait, later and taken.
local prefix = string.sub(KEYS[1], 1, -5)
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local JOBS, LATER, TAKEN = KEYS[1], prefix .. 'later', prefix .. 'taken'
local RUN, STATE, BELL = prefix .. 'run', prefix .. 'state', prefix .. 'bell'
local BASIC_EVERY = 5 -- of so many jobs that are taken while both tiers wait, one is Basic's

local function waits(tier, user) return prefix .. 'wait:' .. tier .. ':' .. user end
local function turns(tier) return prefix .. 'turn:' .. tier end

-- tier, user, created, due, id
local function parse(line)
	return string.match(line, '^(%a) (%S+) (%d+) (%d+) (%S+)')
end

-- What a script finds out and changes of `state`, read once and written at its end (keep_state).
local turn, waiting = {}, { p = 0, b = 0 }
local function turn_of(tier)
	turn[tier] = turn[tier] or redis.call('HGET', STATE, 'turn.' .. tier) or 0
	return turn[tier]
end
local function keep_state()
	for tier, n in pairs(waiting) do
		if n ~= 0 then redis.call('HINCRBY', STATE, 'waiting.' .. tier, n) end
	end
end

-- Whoever had no turn gets one in the round that comes. Not in the one under way: who is served and
-- comes again at once would be ahead of all who wait for the next, every time.
local function give_turn(tier, user)
	redis.call('ZADD', turns(tier), 'NX', turn_of(tier) + 1, user)
end

local function enqueue(id, tier, user, created)
	waiting[tier] = waiting[tier] + redis.call('ZADD', waits(tier, user), created, id)
	give_turn(tier, user)
end

local function ring()
	if redis.call('LLEN', BELL) == 0 then redis.call('RPUSH', BELL, 1) end
end

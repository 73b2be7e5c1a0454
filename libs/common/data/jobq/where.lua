-- ARGV: ids. Returns for each its place among those that wait (1: the next; 0: it does not wait, -1: it
-- waits for a moment), and in how many ms its turn will about come (-1: nobody can say). With many
-- users the first few hundred stand for all.
local SAMPLE = 256
local sample, sampled = {}, {}
local totals = redis.call('HMGET', STATE, 'waiting.p', 'waiting.b', 'rate')
local waiting = { p = tonumber(totals[1] or 0), b = tonumber(totals[2] or 0) }
local rate = tonumber(totals[3] or 0)

local function sample_of(tier)
	if not sample[tier] then
		local users = redis.call('ZRANGE', turns(tier), 0, SAMPLE - 1, 'WITHSCORES')
		sample[tier] = {}
		for i = 1, #users, 2 do
			local n = redis.call('ZCARD', waits(tier, users[i]))
			sample[tier][#sample[tier] + 1] = { user = users[i], turn = tonumber(users[i + 1]), n = n }
		end
		sampled[tier] = math.max(1, redis.call('ZCARD', turns(tier)) / math.max(1, #sample[tier]))
	end
	return sample[tier], sampled[tier]
end

-- Before my r-th job (from 0) comes whatever has a lower turn, or the same and a lower user.
local function ahead_of(tier, user, rank)
	local users, each = sample_of(tier)
	local mine = tonumber(redis.call('ZSCORE', turns(tier), user) or 0)
	local others = 0
	for _, u in ipairs(users) do
		if u.user ~= user then
			local before = mine + rank - u.turn + (u.user < user and 1 or 0)
			others = others + math.min(u.n, math.max(0, before))
		end
	end
	return math.floor(rank + others * each)
end

local out = {}
for i = 1, #ARGV do
	local line = redis.call('HGET', JOBS, ARGV[i])
	local place, ms = 0, -1
	if line then
		local tier, user = parse(line)
		local rank = redis.call('ZRANK', waits(tier, user), ARGV[i])
		local due = redis.call('ZSCORE', LATER, ARGV[i])
		if rank then
			local ahead = ahead_of(tier, user, rank)
			if tier == 'p' then
				ahead = ahead + math.min(waiting.b, math.floor(ahead / (BASIC_EVERY - 1)))
			else
				ahead = ahead + math.min(waiting.p, (ahead + 1) * (BASIC_EVERY - 1))
			end
			place = ahead + 1
			if rate > 0 then ms = math.ceil(ahead * 1000 / rate) end
		elseif due then
			place, ms = -1, math.max(0, math.ceil(due - now))
		end
	end
	out[#out + 1] = place
	out[#out + 1] = ms
end
return out

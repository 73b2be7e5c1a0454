-- ARGV: lines. A job that is known already is left where it is. Returns how many were not.
local added = 0
for i = 1, #ARGV do
	local tier, user, created, due, id = parse(ARGV[i])
	if redis.call('HSETNX', JOBS, id, ARGV[i]) == 1 then
		added = added + 1
		if tonumber(due) > now then
			redis.call('ZADD', LATER, due, id)
		else
			enqueue(id, tier, user, created)
		end
	end
end
keep_state()
if added > 0 then ring() end
return added

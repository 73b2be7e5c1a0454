-- How much of everything: waiting Pro, waiting Basic, waiting for a moment, taken.
local v = redis.call('HMGET', STATE, 'waiting.p', 'waiting.b')
return { tonumber(v[1] or 0), tonumber(v[2] or 0), redis.call('ZCARD', LATER), redis.call('ZCARD', TAKEN) }

-- One request of a seller: counted if it fits, atomically and by Redis' clock.
--
-- KEYS[1]  the sorted set of admitted requests, scored by their time in microseconds
-- ARGV     the window in microseconds, the limit, a unique member, the expiry in ms
-- Returns  whether it is admitted, how many counted before it, microseconds until a slot frees

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
local counted = redis.call('ZCARD', KEYS[1])
if counted >= limit then
  -- The clock was set back by more than a window: do not lock the seller out until it catches up.
  counted = counted
    - redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%d', now + window), '+inf')
end

local admitted = counted < limit
if admitted then
  redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end

local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return { admitted and 1 or 0, counted, oldest and oldest + window - now or window }

-- How full the queue is.
--
-- KEYS  1 active  2 scheduled  3 dead  4 workers
-- ARGV  1 prefix of in-flight sets  2 prefix of records
-- Returns {queued, running, retrying, dead, when the oldest queued was submitted (us, 0 = none)}.
local running = 0
for _, worker in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  running = running + redis.call('SCARD', ARGV[1] .. ':' .. worker)
end
local oldest = redis.call('LINDEX', KEYS[1], 0)
local submitted = oldest and redis.call('HGET', ARGV[2] .. ':' .. oldest, 'submitted')
return {redis.call('LLEN', KEYS[1]), running, redis.call('ZCARD', KEYS[2]),
  redis.call('SCARD', KEYS[3]), tonumber(submitted or 0)}

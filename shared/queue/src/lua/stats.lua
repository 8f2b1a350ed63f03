-- Counts the jobs of the queue by state.
--
-- KEYS  1 active  2 scheduled  3 dead  4 workers
-- ARGV  1 prefix of in-flight sets  2 prefix of records
-- Returns {queued, running, retrying, dead, when the oldest unfinished one was submitted (us, 0 =
-- none)}. The oldest is looked for at the heads of the lists and in a sample of what each worker
-- holds, which is enough to see that a worker is stuck.
local SAMPLE = 50
local running, oldest = 0, 0

local function see(ids)
  for _, id in ipairs(ids) do
    local record = redis.call('GET', ARGV[2] .. ':' .. id) or ''
    local submitted = tonumber(string.match(record, '^%d+ %a[%w_]* (%d+)', 34) or 0)
    if submitted > 0 and (oldest == 0 or submitted < oldest) then oldest = submitted end
  end
end

for _, worker in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  local in_flight = ARGV[1] .. ':' .. worker
  running = running + redis.call('SCARD', in_flight)
  see(redis.call('SRANDMEMBER', in_flight, SAMPLE))
end
see(redis.call('LRANGE', KEYS[1], 0, 0))
see(redis.call('ZRANGE', KEYS[2], 0, 0))
return {redis.call('LLEN', KEYS[1]), running, redis.call('ZCARD', KEYS[2]),
  redis.call('SCARD', KEYS[3]), oldest}

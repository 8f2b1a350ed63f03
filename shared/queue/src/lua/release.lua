-- Gives back the tasks that an ended worker holds, and removes the worker. A task whose data or
-- meta is missing would end every worker that fetches it: it is dropped, with its record, so that a
-- retry of its client is admitted as a new job.
--
-- KEYS  1 in flight  2 active  3 workers  4 task data  5 worker metadata
-- ARGV  1 worker  2 prefix of task meta  3 wake channel  4 prefix of records
-- Returns how many were given back.
--
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. It
-- also shows that the user may remove: otherwise the same tasks would be added each time.
redis.call('SREM', KEYS[1], '')
local released = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local meta = ARGV[2] .. ':' .. id
  if redis.call('HEXISTS', KEYS[4], id) == 1 and redis.call('EXISTS', meta) == 1 then
    redis.call('HSET', meta, 'status', 'Pending')
    redis.call('RPUSH', KEYS[2], id)
    redis.call('SREM', KEYS[1], id)
    released = released + 1
  else
    local record = ARGV[4] .. ':' .. id
    local state = redis.call('GETRANGE', record, 0, 0)
    if state ~= 's' and state ~= 'f' and state ~= 'r' then redis.call('DEL', record) end
  end
end
redis.call('DEL', KEYS[1], KEYS[5])
redis.call('ZREM', KEYS[3], ARGV[1])
if released > 0 then redis.call('PUBLISH', ARGV[3], '1') end
return released

-- Gives back the tasks that a living worker holds by this Redis, and does not have in hand: Redis
-- was started again and has lost that they were done. Without this they would never be taken over.
-- What was done has its answer in the command log.
--
-- KEYS  1 in flight  2 active  3 task data  4 worker metadata
-- ARGV  1 wake channel  2 prefix of task meta  3 ttl of the worker metadata, in seconds, then the
--       tasks in hand
-- Returns how many were given back.
--
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. It
-- also shows that the user may remove: otherwise the same tasks would be added each time.
redis.call('SREM', KEYS[1], '')
local in_hand, given = {}, 0
for i = 4, #ARGV do in_hand[ARGV[i]] = true end
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local meta = ARGV[2] .. ':' .. id
  -- One without its data or its meta would end the worker that fetches it.
  if not in_hand[id] and redis.call('HEXISTS', KEYS[3], id) == 1 and
    redis.call('EXISTS', meta) == 1 then
    redis.call('HSET', meta, 'status', 'Pending')
    redis.call('RPUSH', KEYS[2], id)
    redis.call('SREM', KEYS[1], id)
    given = given + 1
  end
end
if given > 0 then redis.call('PUBLISH', ARGV[1], '1') end
-- Last: if the script fails before, the worker repeats all of it.
redis.set_repl(redis.REPL_NONE)
redis.call('HSET', KEYS[4], 'seen', redis.call('TIME')[1])
redis.call('EXPIRE', KEYS[4], ARGV[3])
return given

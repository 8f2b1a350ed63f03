-- Queues a dead job again, as a retry of its client would. Returns 1 if it did.
--
-- KEYS  1 record  2 task meta  3 active  4 dead  5 attempts
-- ARGV  1 job  2 wake channel
--
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. The
-- job is taken from the dead ones last: if the script fails before, the operator repeats all of it.
redis.call('SREM', KEYS[4], '')
if redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'attempts', 0, 'max_attempts', 25, 'status', 'Pending')
redis.call('RPUSH', KEYS[3], ARGV[1])
local known = redis.call('GET', KEYS[1])
if known then
  -- What was asked for, and no answer: see record.rs.
  local admitted = string.match(known, '^%d+ %a[%w_]* %d+', 34)
  redis.call('SET', KEYS[1], 'q' .. string.sub(known, 2, 33) .. admitted .. ' 0 0 0\n')
end
redis.call('SREM', KEYS[4], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1

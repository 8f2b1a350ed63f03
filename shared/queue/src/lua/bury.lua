-- Moves a task to the dead ones and publishes the outcome, if the worker still holds it: another
-- one that has taken it over may succeed. The record has no expiry. A task that another worker has
-- finished meanwhile is removed, and so is one that is decided and waits for an effect.
--
-- KEYS  1 record  2 attempts  3 in flight  4 dead  5 task data  6 task meta
-- ARGV  1 task  2 its record ('' if it has none)  3 channel  4 announcement
--
-- The first write removes nothing. It needs no memory, and after it a full Redis refuses none. What
-- is held is let go of last: if the script fails before, the worker repeats all of it.
redis.call('SREM', KEYS[3], '')
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 0 then return end
local state = redis.call('GETRANGE', KEYS[1], 0, 0)
if state == 's' or state == 'f' or state == 'r' then
  redis.call('HDEL', KEYS[5], ARGV[1])
  redis.call('DEL', KEYS[6])
  redis.call('SREM', KEYS[3], ARGV[1])
  return
end
redis.call('SADD', KEYS[4], ARGV[1])
if state ~= '' and ARGV[2] ~= '' then
  -- A job that was given up before, and begun again because its worker died, keeps its first cause.
  if state ~= 'd' then redis.call('SET', KEYS[1], ARGV[2]) end
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('PUBLISH', ARGV[3], ARGV[4])
end
redis.call('SREM', KEYS[3], ARGV[1])

-- Removes what apalis-redis leaves behind of finished tasks, in bounded steps. A task that was
-- admitted again since is left alone: its next end brings it back here.
--
-- KEYS  1 done  2 task data
-- ARGV  1 at most  2 prefix of task meta  3 prefix of records
local ids = redis.call('SPOP', KEYS[1], ARGV[1])
for _, id in ipairs(ids) do
  local state = redis.call('HGET', ARGV[3] .. ':' .. id, 'state')
  if not state or state == 'succeeded' or state == 'failed' then
    redis.call('UNLINK', ARGV[2] .. ':' .. id)
    redis.call('HDEL', KEYS[2], id)
  end
end
return #ids

-- Removes what apalis-redis leaves behind of finished tasks, in bounded steps. A task that was
-- admitted again since is left alone: its next end brings it back here.
--
-- KEYS  1 done  2 task data  3 progress
-- ARGV  1 at most  2 prefix of task meta  3 prefix of records
local ids = redis.call('SPOP', KEYS[1], ARGV[1])
local finished, meta = {}, {}
for _, id in ipairs(ids) do
  local state = redis.call('GETRANGE', ARGV[3] .. ':' .. id, 0, 0)
  if state == '' or state == 's' or state == 'f' then
    finished[#finished + 1] = id
    meta[#meta + 1] = ARGV[2] .. ':' .. id
  end
end
if #finished > 0 then
  redis.call('HDEL', KEYS[2], unpack(finished))
  redis.call('HDEL', KEYS[3], unpack(finished))
  redis.call('UNLINK', unpack(meta))
end
return #ids

-- Tells readers where jobs are on their way. Never touches a finished one: who saw a final state
-- shall not see an earlier one. Nor one that Redis has lost: finish.lua writes it whole.
--
-- KEYS  the records
-- ARGV  1 state  2 attempts to add  3 round: the same round is counted once, however often it is told
-- Returns the attempts of each.
local attempts = {}
for i, record in ipairs(KEYS) do
  local known = redis.call('HMGET', record, 'state', 'round')
  local add = known[2] == ARGV[3] and 0 or ARGV[2]
  if known[1] and known[1] ~= 'succeeded' and known[1] ~= 'failed' then
    redis.call('HSET', record, 'state', ARGV[1], 'round', ARGV[3])
    attempts[i] = redis.call('HINCRBY', record, 'attempts', add)
  else
    attempts[i] = tonumber(redis.call('HGET', record, 'attempts')) or 1
  end
end
return attempts

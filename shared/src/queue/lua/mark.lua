-- Tells readers where jobs are on their way: two commands for all of them. A record that is final
-- stands above what is told here.
--
-- KEYS  1 progress
-- ARGV  1 state  2 attempts to add  3 round: the same round is counted once, however often it is told
--       4… the jobs
-- Returns the attempts of each.
local told = redis.call('HMGET', KEYS[1], unpack(ARGV, 4))
local counted, telling = {}, {}
for i, progress in ipairs(told) do
  local attempts, round = 0, nil
  if progress then attempts, round = string.match(progress, '^%a (%d+) (.*)$') end
  if round ~= ARGV[3] then attempts = attempts + ARGV[2] end
  counted[i] = tonumber(attempts)
  telling[2 * i - 1] = ARGV[3 + i]
  telling[2 * i] = ARGV[1] .. ' ' .. attempts .. ' ' .. ARGV[3]
end
redis.call('HSET', KEYS[1], unpack(telling))
return counted

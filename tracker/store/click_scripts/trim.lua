-- Removes what was read of a stream, if it is there as it was read.
--
-- KEYS  1 stream
-- ARGV  1 id of the first entry that was read · 2 of the last · 3 the id behind that · 4 and on: its fields and values
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local last = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if not last or first[1] ~= ARGV[1] or #last[2] ~= #ARGV - 3 then
  return 0
end
for place, part in ipairs(last[2]) do
  if part ~= ARGV[place + 3] then
    return 0
  end
end
return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3])

-- Records one click-out, in one slot and at once. Answers 0: new · 1: new, and a repeat · an id: a double click of it ·
-- {ids, opened at, tab}: a session is open elsewhere, and nothing was recorded.
--
-- KEYS  1 stream · 2 what this visitor did last at this partner · 3, 4, 5 buckets of the hot record, each level wider
--       6 session · 7 and on: marks of the clicks that are superseded
-- ARGV  1 now, ms · 2 click id · 3 fact · 4 field and 5 value of the hot record · 6 when the bucket ends, s
--       7 double click, ms · 8 repeat, ms · 9 records a bucket holds before the next level is used
--       10 ask, over, replace, or none: no session · 11 tab · 12 life of the session, ms · 13 when the browser began, ms
--       14 clicks that are superseded, newest first · 15 now, µs · 16 when their marks end, s
--       17 clicks of one tab that are remembered
local now = tonumber(ARGV[1])

-- A bucket stays one compact block of memory while it is small: what does not fit goes one level on. A click that is
-- already there is sent again, whatever its visitor did meanwhile.
local level, held = 2, 0
repeat
  level = level + 1
  if redis.call('HGET', KEYS[level], ARGV[4]) == ARGV[5] then
    return ARGV[2]
  end
  held = redis.call('HLEN', KEYS[level])
until level == 5 or held < tonumber(ARGV[9])

-- Clocks differ, and go back: how far apart two clicks are does not depend on which came first. What two tabs ask, or a
-- page and then a link, is no double click.
local counted, again = now, false
local seen = redis.call('GET', KEYS[2])
if seen then
  local counted_at, issued_at, click_id, tab = string.match(seen, '^(%d+) (%d+) (%S*) ?(.*)$')
  if click_id == ARGV[2] or (tab == ARGV[11] and math.abs(now - tonumber(issued_at)) <= tonumber(ARGV[7])) then
    return click_id
  end
  if math.abs(now - tonumber(counted_at)) <= tonumber(ARGV[8]) then
    counted, again = tonumber(counted_at), true
  end
end

-- A click again in the same tab keeps the clicks before it company: whoever starts over supersedes them all.
local opened = ARGV[2]
if ARGV[10] ~= 'none' then
  local opened_at, tab, click_ids = string.match(redis.call('GET', KEYS[6]) or '', '^(%d+)|(.-)|(.*)$')
  local goes_on = opened_at and tonumber(opened_at) >= tonumber(ARGV[13])
  if goes_on and tab ~= '' and tab == ARGV[11] then
    local length = (#ARGV[2] + 1) * tonumber(ARGV[17]) - 1
    opened = string.sub(ARGV[2] .. ' ' .. click_ids, 1, length)
  elseif goes_on and ARGV[10] ~= 'replace' and click_ids ~= ARGV[14] then
    return {click_ids, tonumber(opened_at), tab}
  end
  if ARGV[14] ~= '' then
    for mark = 7, #KEYS do
      redis.call('SET', KEYS[mark], ARGV[15], 'NX', 'EXAT', ARGV[16])
    end
  end
  redis.call('SET', KEYS[6], string.format('%.0f|%s|%s', now, ARGV[11], opened), 'PX', ARGV[12])
end

redis.call('HSETNX', KEYS[level], ARGV[4], ARGV[5])
if held == 0 then
  redis.call('EXPIREAT', KEYS[level], ARGV[6])
end

redis.call('SET', KEYS[2], string.format('%.0f %.0f %s %s', counted, now, ARGV[2], ARGV[11]), 'PX', ARGV[8])
if again then
  redis.call('XADD', KEYS[1], '*', 'f', ARGV[3], 'r', '1')
  return 1
end
redis.call('XADD', KEYS[1], '*', 'f', ARGV[3])
return 0

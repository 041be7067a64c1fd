-- Sends prepared requests in turn and counts what came back.
--   wrk … -s wrk.lua ADDRESS -- FILE FIRST PATH…
-- FILE holds one request a line, from behind its path on, with a tab for each end of a line. Request number n is that of
-- line n modulo their number; each further time around takes the next PATH. FIRST is the number of the first request.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  rest, paths = {}, {}
  for line in io.lines(arguments[1]) do
    rest[#rest + 1] = " " .. string.gsub(line, "\t", "\r\n")
  end
  for at = 3, #arguments do
    paths[#paths + 1] = "GET " .. arguments[at]
  end
  first = tonumber(arguments[2])
  sent, with_id, moved, pages, others = 0, 0, 0, 0, 0
end

function request()
  local number = first + sent
  sent = sent + 1
  return paths[math.floor(number / #rest) % #paths + 1] .. rest[number % #rest + 1]
end

function response(status, headers)
  if status == 302 and string.find(headers["Location"], "sub=%w%w%w%w%w%w%w%w%w%w%w%w", 1) then
    with_id = with_id + 1
  elseif status == 302 then
    moved = moved + 1
  elseif status == 200 then
    pages = pages + 1
  else
    others = others + 1
  end
end

function done(summary)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  local counted = { sent = 0, with_id = 0, moved = 0, pages = 0, others = 0 }
  for _, thread in ipairs(threads) do
    for name, number in pairs(counted) do
      counted[name] = number + thread:get(name)
    end
  end
  io.write(string.format(
    '\n{"seconds": %f, "errors": %d, "sent": %d, "with_id": %d, "moved": %d, "pages": %d, "others": %d}\n',
    summary.duration / 1e6, errors, counted.sent, counted.with_id, counted.moved, counted.pages, counted.others
  ))
end

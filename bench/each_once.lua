-- wrk sends the requests of a file, each once, in their order. Addresses alone stand there, a line each.
local paths, sent = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    paths[#paths + 1] = line
  end
end

function request()
  sent = sent + 1
  local path = paths[sent]
  if path == nil then
    io.stderr:write("the file of requests is too short\n")
    os.exit(1)
  end
  return "GET " .. path .. " HTTP/1.1\r\nHost: localhost\r\n\r\n"
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered": %d, "seconds": %f, "refused": %d, "broken": %d, "p50": %f, "p99": %f, "p999": %f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency:percentile(99.9) / 1e6))
end

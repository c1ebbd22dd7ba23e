-- What the scripts on a site's queues share, second part: sets, counters, and
-- how all that changes is written, in a few commands at the end of a run.

-- Sets are sorted by name. An entry is what it is sorted by, and an id: w for who
-- waits (lane, place, ticket), i for who is idle (lane, score, agent), l for who stands
-- in no lane of his queue (queue, place, ticket), because he prefers an agent or is
-- parked, s for the staff that is logged in (queue, agent). Its first part is the name
-- here, and all behind that its rest.
function site.change(set, name, rest, is)
  local names = site.entries[set]
  if not names then
    names = {}
    site.entries[set] = names
  end
  local rests = names[name]
  if not rests then
    rests = {}
    names[name] = rests
  end
  rests[rest] = is
end

function site.put(set, name, rest)
  site.change(set, name, rest, true)
  local heads = site.heads[set] and site.heads[set][name]
  if heads then site.insert(heads, rest) end
end

function site.drop(set, name, rest)
  site.change(set, name, rest, false)
  local heads = site.heads[set] and site.heads[set][name]
  for i = 1, heads and #heads or 0 do
    if heads[i] == rest then return table.remove(heads, i) end
  end
end

-- insert keeps the first rests of a name in order. What comes behind those that
-- were read does not belong to them, unless all were.
function site.insert(heads, rest)
  local i = #heads
  if not heads.all and (i == 0 or rest > heads[i]) then return end
  while i > 0 and heads[i] > rest do i = i - 1 end
  if heads[i] ~= rest then table.insert(heads, i + 1, rest) end
end

-- head is the first rest of a name; nil when there is none. The first few are read
-- at once and kept as this run changes them: one run takes several off a lane.
function site.head(set, name)
  local heads, count = site.heads[set][name], site.ahead
  while not heads or not heads[1] and not heads.all do
    heads = site.read_heads(set, name, count)
    count = 4 * count
  end
  return heads[1]
end

function site.read_heads(set, name, count)
  local from = '[' .. name .. '|'
  local found = redis.call('ZRANGEBYLEX', site.SETS[set], from, '(' .. name .. '}', 'LIMIT', 0, count)
  local heads, changed = {all = #found < count}, (site.entries[set] or {})[name] or {}
  for i = 1, #found do
    local rest = string.sub(found[i], #from)
    if changed[rest] ~= false then heads[#heads + 1] = rest end
  end
  for rest, is in pairs(changed) do
    if is then site.insert(heads, rest) end
  end
  site.heads[set][name] = heads
  return heads
end

-- span is where the entries of a name are in a set.
function site.span(set, name)
  if site.entries[set] then site.write_set(set) end
  return '[' .. name .. '|', '(' .. name .. '}'
end

-- list is up to count rests of a name; those behind after, if given.
function site.list(set, name, count, after)
  local from, to = site.span(set, name)
  local start = (after or '') ~= '' and '(' .. string.sub(from, 2) .. after or from
  local found = redis.call('ZRANGEBYLEX', site.SETS[set], start, to, 'LIMIT', 0, count)
  for i = 1, #found do found[i] = string.sub(found[i], #from) end
  return found
end

function site.count(set, name)
  local from, to = site.span(set, name)
  return redis.call('ZLEXCOUNT', site.SETS[set], from, to)
end

-- at puts down when something is due, false for never; when tells.
function site.at(ms, what) site.times[what] = ms end

-- ring puts down until when an offer rings, false for no longer. The set has the
-- owner in front, who asks for his.
function site.ring(ms, owner, id) site.rings[owner .. '|' .. id] = ms end

function site.when(what)
  local ms = site.times[what]
  if ms == nil then return redis.call('ZSCORE', site.DUE, what) end
  return ms
end

-- tally counts by the hour.
function site.tally(name, what, by)
  local counted = site.counted[name]
  if not counted then
    counted = {}
    site.counted[name] = counted
  end
  counted[what] = (counted[what] or 0) + (by or 1)
end

-- send gives a command as many arguments as it takes at once.
function site.send(command, key, arguments)
  for from = 1, #arguments, 1000 do
    redis.call(command, key, unpack(arguments, from, math.min(from + 999, #arguments)))
  end
end

function site.write_set(set)
  local put, drop = {}, {}
  for name, rests in pairs(site.entries[set]) do
    for rest, is in pairs(rests) do
      local entry = name .. '|' .. rest
      if is then
        put[#put + 1] = '0'
        put[#put + 1] = entry
      else
        drop[#drop + 1] = entry
      end
    end
  end
  site.entries[set] = nil
  site.send('ZREM', site.SETS[set], drop)
  site.send('ZADD', site.SETS[set], put)
end

-- write_scores writes times and what they are of, false for none.
function site.write_scores(key, scores)
  local put, drop = {}, {}
  for what, ms in pairs(scores) do
    if ms then
      put[#put + 1] = ms
      put[#put + 1] = what
    else
      drop[#drop + 1] = what
    end
  end
  site.send('ZREM', key, drop)
  site.send('ZADD', key, put)
end

function site.write_times()
  site.write_scores(site.DUE, site.times)
  site.write_scores(site.RINGS, site.rings)
  site.times, site.rings = {}, {}
end

-- failure is the error of a question, as an answer. FAULT is one of the script's
-- own, which it would make again; others are of a command.
function site.failure(err) return {err = type(err) == 'table' and err.err or 'FAULT ' .. tostring(err)} end

-- commit writes what has changed, and wakes up the instances that offers are for.
function site.commit()
  for set in pairs(site.entries) do site.write_set(set) end
  site.write_times()
  site.send('ZADD', site.ENDED, site.ended)
  local put, drop, wake = {}, {}, {}
  for i = 1, #site.changed do
    local value = site.changed[i]
    local name, told = value.name, value.wake
    if value.gone then
      drop[#drop + 1] = name
    else
      local text = value.write(value)
      put[#put + 1] = name
      put[#put + 1] = text
      if told then
        wake[told] = wake[told] or {}
        table.insert(wake[told], string.sub(name, 3) .. '\31' .. text)
      end
    end
  end
  for name in pairs(site.recalled) do
    local id = site.seen[name]
    if id then
      put[#put + 1] = name
      put[#put + 1] = id
    else
      drop[#drop + 1] = name
    end
  end
  site.send('HDEL', site.LIVE, drop)
  site.send('HSET', site.LIVE, put)
  for owner, offers in pairs(wake) do redis.call('PUBLISH', owner, table.concat(offers, '\30')) end
  local hour = math.floor(site.now / 3600000) .. '|'
  for name, counted in pairs(site.counted) do
    for what, by in pairs(counted) do
      if by ~= 0 then redis.call('HINCRBY', site.TALLY, hour .. name .. '|' .. what, site.text(by)) end
    end
  end
end

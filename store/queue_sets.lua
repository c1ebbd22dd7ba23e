-- What the scripts on a site's queues share, second part: sets, counters, and
-- how all that changes is written, in a few commands at the end of a run.

-- Sets are sorted by name. An entry is what it is sorted by, and an id: w for who
-- waits (lane, place, ticket), i for who is idle (lane, score, agent), l for all in
-- line (queue, place, ticket), s for the staff that is logged in (queue, agent), o
-- for what an instance owns (owner, kind, id).
function site.change(set, entry, score)
  local entries = site.entries[set]
  if not entries then
    entries = {}
    site.entries[set] = entries
  end
  entries[entry] = score
end

function site.put(set, entry) site.change(set, entry, '0') end
function site.drop(set, entry) site.change(set, entry, false) end

-- span is where the entries of a name are in a set.
function site.span(set, name)
  if site.entries[set] then site.write_set(set) end
  return '[' .. name .. '|', '(' .. name .. '}'
end

-- head is the first entry of a name, without it; nil when there is none.
function site.head(set, name)
  local from, to = site.span(set, name)
  local first = redis.call('ZRANGEBYLEX', site.SETS[set], from, to, 'LIMIT', 0, 1)[1]
  return first and string.sub(first, #from)
end

-- list is up to count entries of a name, without it; those behind after, if given.
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

function site.when(what)
  local ms = site.times[what]
  if ms == nil then return redis.call('ZSCORE', site.DUE, what) end
  return ms
end

-- tally counts by the hour.
function site.tally(name, what, by)
  local counter = name .. '|' .. what
  site.counted[counter] = (site.counted[counter] or 0) + (by or 1)
end

-- send gives a command as many arguments as it takes at once.
function site.send(command, key, arguments)
  for from = 1, #arguments, 1000 do
    redis.call(command, key, unpack(arguments, from, math.min(from + 999, #arguments)))
  end
end

-- write_scores writes what a sorted set changes by: members and their scores,
-- false for one that is to go.
function site.write_scores(key, scores)
  local put, drop = {}, {}
  for member, score in pairs(scores) do
    if score then
      put[#put + 1] = score
      put[#put + 1] = member
    else
      drop[#drop + 1] = member
    end
  end
  site.send('ZREM', key, drop)
  site.send('ZADD', key, put)
end

function site.write_set(set)
  site.write_scores(site.SETS[set], site.entries[set])
  site.entries[set] = nil
end

function site.write_times()
  site.write_scores(site.DUE, site.times)
  site.times = {}
end

-- failure is the error of a question, as an answer. FAULT is one of the script's
-- own, which it would make again; others are of a command.
function site.failure(err) return {err = type(err) == 'table' and err.err or 'FAULT ' .. tostring(err)} end

-- commit writes what has changed, and wakes up the instances that offers are for.
function site.commit()
  for set in pairs(site.entries) do site.write_set(set) end
  site.write_times()
  site.send('ZADD', site.ENDED, site.ended)
  local put, drop = {}, {}
  for name, write in pairs(site.changed) do
    local value = site.seen[name]
    if value then
      local text = write(value)
      put[#put + 1] = name
      put[#put + 1] = text
      if write == site.write_offer and value.wake then redis.call('PUBLISH', value.wake, string.sub(name, 3) .. '\31' .. text) end
    else
      drop[#drop + 1] = name
    end
  end
  site.send('HDEL', site.LIVE, drop)
  site.send('HSET', site.LIVE, put)
  local hour = math.floor(site.now / 3600000) .. '|'
  for counter, by in pairs(site.counted) do
    if by ~= 0 then redis.call('HINCRBY', site.TALLY, hour .. counter, site.text(by)) end
  end
end

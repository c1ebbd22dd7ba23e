-- Does what is due: the end of wrap-ups and delays, widening, offers and
-- leases that ran out. One run handles a bounded number of items.
-- Returns {ms to the next item, -1 for none}.
if site.paused() then return {-1} end

local due = {}

-- a: an agent's wrap-up or delay is over.
function due.a(id)
  local a = site.agent(id)
  if a and a.offer == '' and a.idle == '0' and a.free <= site.time then site.ready(id, a) end
end

-- s: a ticket may stand in another lane now.
function due.s(id)
  local t = site.ticket(id)
  if t and t.lane ~= '' then
    site.stop_waiting(id, t)
    site.place(id, t)
  end
end

-- o: an offer that nobody reported, or a talk that nobody took over.
function due.o(id)
  local o = site.offer(id)
  if not o then return end
  if o.phase == 'talking' then
    if not site.alive(o.owner) then
      site.tally(o.queue, 'orphaned')
      site.finish(id, o, site.now)
    end
    return
  end
  if site.now < site.number(o.ends) and site.alive(o.owner) then -- somebody has looked after it
    return site.ring(o.ends, o.owner, id)
  end
  site.tally(o.queue, 'expired')
  local t = site.ticket(o.ticket)
  if t and t.offer == id and site.alive(o.owner) then
    t.losses = site.text(t.losses + 1)
    if site.number(t.losses) >= site.LOSSES then
      site.tally(t.queue, 'lost')
      return site.leave(o.ticket, t, 'served')
    end
  end
  site.withdraw(id, o)
end

-- p: nobody came for the ticket of a dead instance.
function due.p(id)
  local t = site.ticket(id)
  if t and t.ended == '' and t.owner == '' then
    site.tally(t.queue, 'lost')
    site.forget(id, t)
  end
end

-- h: an instance is dead. Its tickets, ringing and talks are kept for a while,
-- for who takes the calls over: he may find that an agent has answered.
function due.h(owner) due.d('0|' .. owner) end

-- d: the next of all records, for what a dead instance had. Tickets of it may
-- still be offered to agents until they are found, with their offers then.
function due.d(rest)
  local cursor, owner = string.match(rest, '^(%d+)|(.*)$')
  if site.alive(owner) then return end -- it will find what it had itself
  local function found(id)
    local o = site.offer(id)
    if not o or o.owner ~= owner then return end
    if o.phase == 'talking' then return site.at(site.now + site.ORPHAN, 'o|' .. id) end
    site.ring(math.min(site.now + site.TAKEOVER, site.number(o.ends)), owner, id)
  end
  local scan = redis.call('HSCAN', site.LIVE, cursor, 'COUNT', site.SLICE)
  for i = 1, #scan[2], 2 do
    local kind, id = string.sub(scan[2][i], 1, 1), string.sub(scan[2][i], 3)
    if not string.find(scan[2][i + 1], owner, 1, true) then -- nothing of it
    elseif kind == 'o' then
      found(id)
    elseif kind == 't' then
      local t = site.ticket(id)
      local its = t and t.ended == '' and t.owner == owner
      if its and t.offer == '' then site.park(id, t) end
      if its and t.offer ~= '' then found(t.offer) end
    end
  end
  if scan[1] ~= '0' then site.at(site.now, 'd|' .. scan[1] .. '|' .. owner) end
end

-- q: a queue was changed; the next of its tickets go where they belong now.
function due.q(rest)
  local name, after = string.match(rest, '^([^|]*)|?(.*)$')
  local slice = site.in_line(name, site.SLICE, after)
  for _, entry in ipairs(slice) do
    local id = site.id_of(entry)
    local t = site.ticket(id)
    if t and t.lane ~= '' then
      site.stop_waiting(id, t)
      site.place(id, t)
    end
  end
  if #slice == site.SLICE then site.at(site.now, 'q|' .. name .. '|' .. slice[site.SLICE]) end
end

-- m: instances have settled; every agent is what he is, and takes a caller.
function due.m(cursor)
  local scan = redis.call('HSCAN', site.ROSTER, cursor == '' and '0' or cursor, 'COUNT', site.SLICE)
  for i = 1, #scan[2], 2 do
    local id = scan[2][i]
    local a = site.known_agent(id)
    site.enrol(id, site.member(id), a)
    if a.offer == '' then
      site.not_idle(id, a)
      site.ready(id, a)
    end
  end
  if scan[1] ~= '0' then site.at(site.now, 'm|' .. scan[1]) end
end

-- z: counters of more than two days ago.
function due.z()
  local oldest, old = math.floor(site.now / 3600000) - 49, {}
  for _, field in ipairs(redis.call('HKEYS', site.TALLY)) do
    local hour = string.match(field, '^(%d+)|')
    if hour and tonumber(hour) < oldest and #old < 1000 then old[#old + 1] = field end
  end
  if #old > 0 then redis.call('HDEL', site.TALLY, unpack(old)) end
  site.at(site.now + 3600000, 'z|')
end

-- gather adds what is due of a sorted set, with the time that it is due.
local function gather(items, key, scores)
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', site.now, 'WITHSCORES', 'LIMIT', 0, site.SLICE)
  for i = 1, #found, 2 do items[#items + 1] = {what = found[i], at = tonumber(found[i + 1]), scores = scores} end
end

local items = {}
gather(items, site.DUE, site.times)
gather(items, site.RINGS, site.rings)
table.sort(items, function(a, b)
  if a.at ~= b.at then return a.at < b.at end
  return a.what < b.what
end)
for _, item in ipairs(items) do
  local what, when = item.what, item.scores[item.what]
  if when == nil or when and tonumber(when) <= site.now then -- nothing that came before it has put it off
    item.scores[what] = false
    if item.scores == site.rings then
      due.o(string.match(what, '[^|]*$'))
    else
      due[string.sub(what, 1, 1)](string.sub(what, 3))
    end
  end
end

-- Ended tickets are forgotten; not those who wait again meanwhile.
local old = redis.call('ZRANGEBYSCORE', site.ENDED, '-inf', site.now - site.PARK, 'LIMIT', 0, 10 * site.SLICE)
if #old > 0 then
  redis.call('ZREM', site.ENDED, unpack(old))
  local names, gone = {}, {}
  for i = 1, #old do names[i] = 't|' .. old[i] end
  local found = redis.call('HMGET', site.LIVE, unpack(names))
  for i = 1, #old do
    if found[i] and not string.find(found[i], '^[^\31]*\31\31') then gone[#gone + 1] = names[i] end
  end
  site.send('HDEL', site.LIVE, gone)
end
site.write_times()
local function soonest(key) return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or math.huge) end
local first = math.min(soonest(site.DUE), soonest(site.RINGS))
return {first < math.huge and math.max(0, first - site.now) or -1}

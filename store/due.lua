-- Does what is due: the end of wrap-ups and delays, widening, offers and
-- leases that ran out. One run handles a bounded number of items.
-- Returns {ms to the next item, -1 for none}.
if site.paused() then return {-1} end

local due = {}

-- a: an agent's wrap-up or delay is over.
function due.a(id)
  local a = site.agent(id)
  if a and a.offer == '' and a.idle == '0' and site.number(a.free) <= site.now then site.ready(id, a) end
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
    site.own(o.owner, 'o', id)
    return site.at(o.ends, 'o|' .. id)
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
function due.h(owner)
  local owned = site.list('o', owner, site.SLICE)
  for _, entry in ipairs(owned) do
    local kind, id = string.match(entry, '^(.)|(.*)$')
    site.disown(owner, kind, id)
    if kind == 'c' then
      local t = site.ticket(id)
      if t and t.ended == '' and t.offer == '' then site.park(id, t) end
    elseif kind == 't' then
      site.at(site.now + site.ORPHAN, 'o|' .. id)
    elseif site.offer(id) then
      site.at(math.min(site.now + site.TAKEOVER, site.number(site.offer(id).ends)), 'o|' .. id)
    end
  end
  if #owned == site.SLICE then site.at(site.now, 'h|' .. owner) end
end

-- q: a queue was changed; the next of its tickets go where they belong now.
function due.q(rest)
  local name, after = string.match(rest, '^([^|]*)|?(.*)$')
  local slice = site.list('l', name, site.SLICE, after)
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

local items = redis.call('ZRANGEBYSCORE', site.DUE, '-inf', site.now, 'LIMIT', 0, site.SLICE)
for _, item in ipairs(items) do
  local when = site.when(item)
  if when and tonumber(when) <= site.now then -- nothing that came before it has put it off
    site.at(false, item)
    due[string.sub(item, 1, 1)](string.sub(item, 3))
  end
end

local old = redis.call('ZRANGEBYSCORE', site.ENDED, '-inf', site.now - site.PARK, 'LIMIT', 0, 10 * site.SLICE)
if #old > 0 then
  redis.call('ZREM', site.ENDED, unpack(old))
  for _, id in ipairs(old) do site.save_ticket(id, nil) end
end
site.write_times()
local soonest = redis.call('ZRANGE', site.DUE, 0, 0, 'WITHSCORES')[2]
return {soonest and math.max(0, soonest - site.now) or -1}

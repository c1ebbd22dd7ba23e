-- Does what is due: the end of wrap-ups and delays, widening, offers and
-- leases that ran out. One run handles a bounded number of items.
-- Returns {ms to the next item, -1 for none}.
if paused() then return {-1} end

local due = {}

-- a: an agent's wrap-up or delay is over.
function due.a(id)
  local a = agent(id)
  if a and a.offer == '' and a.idle == 0 and a.free <= now then ready(id, a) end
end

-- s: a ticket may stand in another lane now.
function due.s(id)
  local t = ticket(id)
  if t and t.lane ~= '' then
    stop_waiting(id, t)
    place(id, t)
  end
end

-- o: an offer that nobody reported, or a talk that nobody took over.
function due.o(id)
  local o = offer(id)
  if not o then return end
  if o.phase == 'talking' then
    if not alive(o.owner) then
      tally(o.queue, 'orphaned')
      finish(id, o, now)
    end
    return
  end
  if now < number(o.ends) and alive(o.owner) then -- somebody has looked after it
    own(o.owner, 'o', id)
    return at(o.ends, 'o|' .. id)
  end
  tally(o.queue, 'expired')
  local t = ticket(o.ticket)
  if t and t.offer == id and alive(o.owner) then
    t.losses = t.losses + 1
    if t.losses >= LOSSES then
      tally(t.queue, 'lost')
      return leave(o.ticket, t, 'served')
    end
  end
  withdraw(id, o)
end

-- p: nobody came for the ticket of a dead instance.
function due.p(id)
  local t = ticket(id)
  if t and t.ended == '' and t.owner == '' then
    tally(t.queue, 'lost')
    forget(id, t)
  end
end

-- h: an instance is dead. Its tickets, ringing and talks are kept for a while,
-- for who takes the calls over: he may find that an agent has answered.
function due.h(owner)
  local owned = redis.call('ZRANGEBYLEX', OWNED, '[' .. owner .. '|', '(' .. owner .. '}', 'LIMIT', 0, SLICE)
  for _, entry in ipairs(owned) do
    local kind, id = string.match(entry, '|(.)|([^|]*)$')
    redis.call('ZREM', OWNED, entry)
    if kind == 'c' then
      local t = ticket(id)
      if t and t.ended == '' and t.offer == '' then park(id, t) end
    elseif kind == 't' then
      at(now + ORPHAN, 'o|' .. id)
    elseif offer(id) then
      at(math.min(now + TAKEOVER, number(offer(id).ends)), 'o|' .. id)
    end
  end
  if #owned == SLICE then at(now, 'h|' .. owner) end
end

-- q: a queue was changed; the next of its tickets go where they belong now.
function due.q(rest)
  local name, after = string.match(rest, '^([^|]*)|?(.*)$')
  local from = after == '' and '[' .. name .. '|' or '(' .. rest
  local slice = redis.call('ZRANGEBYLEX', LINE, from, '(' .. name .. '}', 'LIMIT', 0, SLICE)
  for _, entry in ipairs(slice) do
    local id = id_of(id_of(entry))
    local t = ticket(id)
    if t and t.lane ~= '' then
      stop_waiting(id, t)
      place(id, t)
    end
  end
  if #slice == SLICE then at(now, 'q|' .. slice[SLICE]) end
end

-- m: instances have settled; every agent is what he is, and takes a caller.
function due.m(cursor)
  local scan = redis.call('HSCAN', ROSTER, cursor == '' and '0' or cursor, 'COUNT', SLICE)
  for i = 1, #scan[2], 2 do
    local id = scan[2][i]
    local a = known_agent(id)
    enrol(id, member(id), a)
    if a.offer == '' then
      not_idle(id, a)
      ready(id, a)
    end
  end
  if scan[1] ~= '0' then at(now, 'm|' .. scan[1]) end
end

-- z: counters of more than two days ago.
function due.z()
  local oldest, old = math.floor(now / 3600000) - 49, {}
  for _, field in ipairs(redis.call('HKEYS', TALLY)) do
    local hour = string.match(field, '^(%d+)|')
    if hour and tonumber(hour) < oldest and #old < 1000 then old[#old + 1] = field end
  end
  if #old > 0 then redis.call('HDEL', TALLY, unpack(old)) end
  at(now + 3600000, 'z|')
end

local items = redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, SLICE)
for _, item in ipairs(items) do
  local when = redis.call('ZSCORE', DUE, item)
  if when and tonumber(when) <= now then -- nothing that came before it has put it off
    redis.call('ZREM', DUE, item)
    due[string.sub(item, 1, 1)](string.sub(item, 3))
  end
end

local old = redis.call('ZRANGEBYSCORE', ENDED, '-inf', now - PARK, 'LIMIT', 0, 10 * SLICE)
if #old > 0 then
  redis.call('ZREM', ENDED, unpack(old))
  redis.call('HDEL', TICKETS, unpack(old))
end
local soonest = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2]
return {soonest and math.max(0, soonest - now) or -1}

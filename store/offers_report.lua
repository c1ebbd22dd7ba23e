-- ARGV[3] offer         ARGV[4] outcome       ARGV[5] answered in ms, 0 for now
-- ARGV[6] ended in ms, 0 while they talk      ARGV[7] owner
-- ARGV[8] ticket        ARGV[9] queue         ARGV[10] agent      ARGV[11] call
-- Returns 1 when it changed something, 0 when it was known or too late.
local id, outcome, owner = ARGV[3], ARGV[4], ARGV[7]
local answered, ended = tonumber(ARGV[5]), tonumber(ARGV[6])
if answered <= 0 or answered > now then answered = now end
local o = offer(id)

-- revive takes a talk for a fact although its offer is gone: it ran out, or
-- was lost with Redis. Older than the agent's last talk, it is old news.
local function revive()
  local a = known_agent(ARGV[10])
  if not member(ARGV[10]) or a.last == id or a.last ~= '' and answered <= a.score then return nil end
  save_agent(ARGV[10], a)
  local t = ticket(ARGV[8])
  return {ticket = ARGV[8], queue = ARGV[9], agent = ARGV[10], owner = owner, call = t and t.call or '', phase = 'ringing',
    contact = '', ring = 0, accept = '', made = now, ends = 0, joined = t and t.joined or '0',
    answered = 0, number = t and t.number or '', name = t and t.name or ''}
end

-- connect makes an offer a talk. What else was offered to the agent or to the
-- caller is withdrawn.
local function connect()
  local a, t = agent(o.agent), ticket(o.ticket)
  close(id, o)
  o.phase, o.answered, o.owner = 'talking', answered, owner
  local q, waited = queue(o.queue), answered - math.floor(o.joined / 1000)
  tally(o.queue, 'answered')
  if o.joined ~= '0' then
    tally(o.queue, 'waited', math.max(waited, 0))
    if q and waited <= q.within then tally(o.queue, 'within') end
  end
  if t and t.ended == '' then
    local other = t.offer ~= id and t.offer ~= '' and offer(t.offer)
    local oid = t.offer
    finish_ticket(o.ticket, t, 'served')
    if other then withdraw(oid, other) end
  end
  if o.call ~= '' then redis.call('HSET', CALLS, o.call, 'o|' .. id) end
  if a then
    not_idle(o.agent, a)
    local oid = a.offer
    local other = oid ~= id and oid ~= '' and offer(oid)
    a.offer, a.phase, a.since, a.streak, a.blocked = id, 'talking', answered, 0, 0
    save_agent(o.agent, a)
    if other and other.phase == 'talking' then finish(oid, other, answered) end
    if other and other.phase == 'ringing' then withdraw(oid, other) end
  end
  own(owner, 't', id)
  save_offer(id, o)
end

-- fail brings the caller back to the very same place and gives the agent the
-- delay that the outcome calls for.
local function fail()
  local a, t, q = agent(o.agent), ticket(o.ticket), queue(o.queue)
  local delay = q and q.delays[outcome]
  close(id, o)
  if a and a.offer == id then
    unreserve(a)
    if delay then
      a.streak = a.streak + 1
      a.free = now + math.min(delay * 2 ^ (a.streak - 1), math.max(delay, q.longest))
      a.why = 'delayed'
      if q.streak > 0 and a.streak >= q.streak then a.blocked = 1 end
    end
  end
  tally(o.queue, outcome == 'lost' and 'expired' or outcome)
  if t and t.offer == id then
    t.offer, t.losses = '', 0
    if outcome == 'gone' then
      tally(o.queue, 'abandoned')
      finish_ticket(o.ticket, t, 'left')
    elseif alive(t.owner) then
      place(o.ticket, t)
    else
      park(o.ticket, t)
    end
  end
  if a and a.offer == '' then ready(o.agent, a) end
end

if outcome ~= 'answered' then
  if not o or o.phase ~= 'ringing' then return 0 end
  fail()
  return 1
end

redis.call('ZADD', DUE, 'NX', now + LEASE, 'h|' .. owner)
if o and o.phase == 'talking' then -- the instance that tells has it now
  if ended == 0 then
    disown(o.owner, 't', id)
    own(owner, 't', id)
    redis.call('ZREM', DUE, 'o|' .. id)
    o.owner = owner
    save_offer(id, o)
    return 0
  end
else
  o = o or revive()
  if not o then return 0 end
  connect()
end
if ended > 0 then finish(id, o, ended) end
return 1

-- What the scripts on a site's queues share, second part: lanes, and the few
-- moves that tickets, offers and agents make.

local function stamp(ms) return string.format('%013.0f', ms) end
local function at(ms, what) redis.call('ZADD', DUE, ms, what) end

-- tally counts by the hour.
local function tally(name, what, by)
  redis.call('HINCRBY', TALLY, math.floor(now / 3600000) .. '|' .. name .. '|' .. what, by or 1)
end

-- A lane is a waiting list: callers of one queue who may be served by the
-- same agents, because they want the same skills and have waited for the same
-- tier; or the callers of one preferred agent.
local function lane(name, tier, skills) return name .. '|' .. tier .. '|' .. skills end
local function preferred(id) return '@|' .. id .. '|' end

-- has tells whether the skills, with spaces around each, hold all of a set.
local function has(skills, set)
  for skill in string.gmatch(set, '[^+]+') do
    if not string.find(skills, ' ' .. skill .. ' ', 1, true) then return false end
  end
  return true
end

-- fit is the largest of the queue's sets of skills that holds no more than
-- was asked for: a caller is not refused for a skill that nobody listed.
local function fit(q, wanted)
  if wanted == '' or string.find(' ' .. q.sets .. ' ', ' ' .. wanted .. ' ', 1, true) then return wanted end
  local best, most, all = '', 0, ' ' .. string.gsub(wanted, '%+', ' ') .. ' '
  for set in string.gmatch(q.sets, '%S+') do
    local _, plus = string.gsub(set, '%+', '')
    if plus + 1 > most and has(all, set) then best, most = set, plus + 1 end
  end
  return best
end

-- standing is where a ticket stands at this time, as tier reached and skills
-- still wanted (tier 0: only the preferred agent), and when that changes next.
local function standing(t, q)
  if t.prefer ~= '' and now < t.alone then return 0, '', t.alone end
  local joined = math.floor(t.joined / 1000)
  local tier, skills, change = 1, fit(q, t.skills), math.huge
  for after in string.gmatch(q.widen, '%d+') do
    if now >= joined + after then tier = tier + 1 else change = math.min(change, joined + after) end
  end
  if q.open > 0 and skills ~= '' then
    if now >= joined + q.open then skills = '' else change = math.min(change, joined + q.open) end
  end
  return tier, skills, change
end

local function lane_of(t, tier, skills)
  if tier == 0 then return preferred(t.prefer) end
  return lane(t.queue, tier, skills)
end

-- lanes_of are all lanes that an agent takes callers from.
local function lanes_of(id, m)
  local lanes, skills = {preferred(id)}, ' ' .. m.skills .. ' '
  for name, tier in string.gmatch(m.queues, '(%S+):(%d+)') do
    local q = queue(name)
    local _, wider = string.gsub(q and q.widen or '', '%d+', '')
    for reached = math.min(tier, wider + 1), q and wider + 1 or 0 do
      lanes[#lanes + 1] = lane(name, reached, '')
      for set in string.gmatch(q.sets, '%S+') do
        if has(skills, set) then lanes[#lanes + 1] = lane(name, reached, set) end
      end
    end
  end
  return lanes
end

-- head is the first of a lane, as place (or score) and id; nil when empty.
local function head(key, name)
  local first = redis.call('ZRANGEBYLEX', key, '[' .. name .. '|', '(' .. name .. '}', 'LIMIT', 0, 1)[1]
  return first and string.sub(first, #name + 2)
end

local function id_of(entry) return string.sub(entry, string.find(entry, '|', 1, true) + 1) end

-- paused is true while instances put back what Redis may have lost when it
-- was started again: nothing is decided on half a picture. A process that
-- holds its data in itself names no run and has nothing to wait for.
local pause
local function paused()
  if pause ~= nil then return pause end
  local info = redis.pcall('INFO', 'server')
  local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'embedded'
  local known = redis.call('HMGET', TALLY, 'run', 'settled')
  local settled = tonumber(known[2] or 0)
  if known[1] ~= run then
    local nothing = redis.call('HLEN', ROSTER) == 0 and redis.call('HLEN', TICKETS) == 0
    settled = (nothing or run == 'embedded') and now or now + SETTLE
    redis.call('HSET', TALLY, 'run', run, 'settled', settled)
    at(settled, 'm|')
    at(now, 'z|')
  end
  pause = now < settled
  return pause
end

-- Owners. A kind is c for a caller's ticket, o for an offer that rings, t for a
-- talk: in this order they are handled when the owner is dead.
local function own(owner, kind, id) redis.call('ZADD', OWNED, 0, owner .. '|' .. kind .. '|' .. id) end
local function disown(owner, kind, id) redis.call('ZREM', OWNED, owner .. '|' .. kind .. '|' .. id) end

local function alive(owner) return redis.call('ZSCORE', DUE, 'h|' .. owner) end

-- Idle agents stand in all their lanes, or in none.
local function idle_names(id, a)
  local names = lanes_of(id, member(id))
  for i = 1, #names do names[i] = names[i] .. '|' .. stamp(a.score) .. '|' .. id end
  return names
end

local function not_idle(id, a)
  if a.idle == 1 then
    redis.call('ZREM', IDLE, unpack(idle_names(id, a)))
    a.idle = 0
  end
end

local function now_idle(id, a)
  local members = {}
  for _, name in ipairs(idle_names(id, a)) do
    members[#members + 1] = 0
    members[#members + 1] = name
  end
  redis.call('ZADD', IDLE, unpack(members))
  a.idle = 1
end

-- A waiting ticket stands in exactly one lane.
local function stop_waiting(id, t)
  if t.lane ~= '' then
    redis.call('ZREM', WAIT, t.lane .. '|' .. t.place .. '|' .. id)
    t.lane = ''
  end
end

-- offer_text is the offer of a ticket as instances are told of it, "" for none.
local function offer_text(t)
  local o = t.offer ~= '' and offer(t.offer)
  return o and t.offer .. '\31' .. write_offer(o) or ''
end

-- make writes the offer of an agent to a ticket, both out of every set, and
-- wakes up the instance that has the caller, unless it reads of the offer in the
-- answer of this script.
local told -- the ticket whose instance does
local function make(tid, t, aid, a)
  local q, m = queue(t.queue), member(aid)
  local id = ARGV[2] .. string.format('%012x', redis.call('HINCRBY', TALLY, 'serial', 1))
  local o = {ticket = tid, queue = t.queue, agent = aid, owner = t.owner, call = t.call, phase = 'ringing',
    contact = m.contact, ring = q.ring, accept = q.accept, made = now, ends = now + q.ring + SLACK,
    joined = t.joined, answered = 0, number = t.number, name = t.name}
  t.offer, a.offer, a.phase, a.since = id, id, 'ringing', now
  save_ticket(tid, t)
  save_agent(aid, a)
  save_offer(id, o)
  own(t.owner, 'o', id)
  at(o.ends, 'o|' .. id)
  if tid ~= told then redis.call('PUBLISH', t.owner, offer_text(t)) end
end

-- forget ends a ticket without a trace; finish_ticket remembers it for a
-- while, so that a request that comes late gets its first answer.
local function unlist(id, t)
  stop_waiting(id, t)
  redis.call('ZREM', LINE, t.queue .. '|' .. t.place .. '|' .. id)
  disown(t.owner, 'c', id)
  if t.call ~= '' and redis.call('HGET', CALLS, t.call) == 't|' .. id then redis.call('HDEL', CALLS, t.call) end
end

local function forget(id, t)
  unlist(id, t)
  save_ticket(id, nil)
end

local function finish_ticket(id, t, how)
  unlist(id, t)
  t.ended, t.offer = how, ''
  save_ticket(id, t)
  redis.call('ZADD', ENDED, now, id)
end

-- place lets a ticket wait where it belongs at this time, unless an agent is
-- idle: of the lowest tier that may serve it, the one idle longest.
local function place(id, t)
  local q = queue(t.queue)
  if not q then return forget(id, t) end
  local tier, skills, change = standing(t, q)
  for reached = math.min(tier, 1), paused() and -1 or tier do
    local first = head(IDLE, lane_of(t, reached, skills))
    if first then
      local aid = id_of(first)
      local a = agent(aid)
      not_idle(aid, a)
      return make(id, t, aid, a)
    end
  end
  t.lane = lane_of(t, tier, skills)
  redis.call('ZADD', WAIT, 0, t.lane .. '|' .. t.place .. '|' .. id)
  if change < math.huge then at(change, 's|' .. id) end
  save_ticket(id, t)
end

-- ready lets an agent without a reservation be what he is at this time: busy
-- with the caller who has waited longest, idle, or not there.
local function ready(id, a)
  local m = member(id)
  if not m and a.offer == '' then return save_agent(id, nil) end
  if a.offer ~= '' or a.wanted ~= 'available' or a.blocked == 1 then return save_agent(id, a) end
  if a.free > now then
    at(a.free, 'a|' .. id)
    return save_agent(id, a)
  end
  local first
  for _, name in ipairs(paused() and {} or lanes_of(id, m)) do
    local entry = head(WAIT, name)
    if entry and (not first or entry < first) then first = entry end
  end
  if not first then
    now_idle(id, a)
    return save_agent(id, a)
  end
  local tid = id_of(first)
  local t = ticket(tid)
  if not queue(t.queue) then -- the queue was deleted; look for another caller
    forget(tid, t)
    return ready(id, a)
  end
  stop_waiting(tid, t)
  make(tid, t, id, a)
end

-- enrol keeps the list of who is logged in at each queue.
local function enrol(id, m, a)
  for name in string.gmatch(m.queues, '(%S+):') do
    if a.wanted == 'logged-out' then
      redis.call('ZREM', STAFF, name .. '|' .. id)
    else
      redis.call('ZADD', STAFF, 0, name .. '|' .. id)
    end
  end
end

local function unreserve(a)
  a.offer, a.phase, a.since = '', '', now
end

local function close(id, o)
  disown(o.owner, o.phase == 'talking' and 't' or 'o', id)
  redis.call('ZREM', DUE, 'o|' .. id)
  save_offer(id, nil)
end

-- park keeps the place of a caller whose instance is dead: no agent rings for
-- nobody, and the instance that takes the call over puts it back.
local function park(id, t)
  stop_waiting(id, t)
  disown(t.owner, 'c', id)
  t.owner = ''
  save_ticket(id, t)
  at(now + PARK, 'p|' .. id)
end

-- withdraw takes a ringing offer back: nobody is to blame, the agent keeps
-- his score and the caller his place.
local function withdraw(id, o)
  close(id, o)
  local t, a = ticket(o.ticket), agent(o.agent)
  if t and t.offer == id then
    t.offer = ''
    if alive(t.owner) then place(o.ticket, t) else park(o.ticket, t) end
  end
  if a and a.offer == id then
    unreserve(a)
    ready(o.agent, a)
  end
end

-- leave ends a ticket, and the ringing for it.
local function leave(id, t, how)
  local oid, o = t.offer, t.offer ~= '' and offer(t.offer)
  finish_ticket(id, t, how)
  if o then withdraw(oid, o) end
end

-- finish ends a talk: wrap-up begins, and the agent's idle time counts from
-- the end of the talk.
local function finish(id, o, ended)
  local a, q = agent(o.agent), queue(o.queue)
  ended = math.min(now, math.max(ended, o.answered))
  close(id, o)
  if o.call ~= '' and redis.call('HGET', CALLS, o.call) == 'o|' .. id then redis.call('HDEL', CALLS, o.call) end
  tally(o.queue, 'talks')
  tally(o.queue, 'talked', ended - o.answered)
  if not a or a.offer ~= id then return end
  unreserve(a)
  a.score, a.last, a.since = ended, id, ended
  a.free, a.why = ended + (q and q.wrap or 0), 'wrap-up'
  ready(o.agent, a)
end

-- adopt gives a ticket, and the offer it may have, to the instance that has
-- the caller now.
local function adopt(id, t, owner)
  if t.owner == owner then return end
  local parked, o = t.owner == '', t.offer ~= '' and offer(t.offer)
  if not parked then disown(t.owner, 'c', id) end
  own(owner, 'c', id)
  t.owner = owner
  if o then
    disown(o.owner, 'o', t.offer)
    own(owner, 'o', t.offer)
    o.owner = owner
    save_offer(t.offer, o)
  end
  if parked then place(id, t) else save_ticket(id, t) end
end

-- state is what an agent is, and since when. It is derived, never set.
local function state(a)
  if a.offer ~= '' then return a.phase, a.since end
  if a.wanted == 'break' then return 'break', a.since end
  if a.wanted ~= 'available' then return 'offline', a.since end
  if a.blocked == 1 then return 'not-answering', a.since end
  if a.free > now then return a.why, a.since end
  return 'idle', math.max(a.since, a.free)
end

-- known_agent is an agent's state, new for one who has none yet or whose
-- state was lost with Redis: what was set last still stands.
local function known_agent(id)
  local a = agent(id)
  if a then return a end
  local wanted, reason = string.match(redis.call('HGET', WANTED, id) or '', '^([^\31]*)\31(.*)$')
  return {wanted = wanted or 'logged-out', reason = reason or '', since = now, offer = '', phase = '', free = 0,
    why = '', score = wanted == 'available' and now or 0, streak = 0, blocked = 0, idle = 0, last = ''}
end

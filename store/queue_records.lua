-- What the scripts on a site's queues share, first part: keys, clock, records,
-- and how changes are written. All of it stands in one table: Redis makes every
-- function anew at each run, and one that refers to a single local is made fast.
-- ARGV[1] ms added to the clock, by tests only
-- ARGV[2] first 24 characters of the ids of new offers
local site = {
  LEASE = 6000,        -- ms an instance may be silent before it counts as dead
  SETTLE = 8000,       -- ms that instances have to put back what a restarted Redis lost
  SAME_RUN = 10,       -- ms in which no Redis ends and another has taken its place
  PARK = 60000,        -- ms a ticket of a dead instance is kept for the next one
  TAKEOVER = 4000,     -- ms that others have to look after the ringing of a dead instance
  ORPHAN = 10000,      -- ms a talk of a dead instance is kept for the next one
  SLACK = 5000,        -- ms an offer outlives its ring time: set-up, and the report's way
  LOSSES = 3,          -- offers in a row that nobody reported; then the ticket is a ghost
  SLICE = 100,         -- items that one run handles where there may be many
  -- Every script declares all keys of the site (keys.go).
  SETS = {w = KEYS[1], i = KEYS[2], l = KEYS[3], s = KEYS[4]}, RINGS = KEYS[5],
  DUE = KEYS[6], ENDED = KEYS[7], LIVE = KEYS[8], TALLY = KEYS[9],
  ROSTER = KEYS[10], QUEUES = KEYS[11], WANTED = KEYS[12],
  -- What this run has read, and what it is going to write.
  seen = {}, members = {}, queues = {}, changed = {}, recalled = {}, entries = {}, heads = {w = {}, i = {}},
  times = {}, rings = {}, ended = {}, counted = {}, lanes = {}, made = 0, ahead = 3,
}
local clock = redis.call('TIME')
site.micros = clock[1] * 1000000 + clock[2] -- of Redis itself
site.ms = math.floor(site.micros / 1000)
site.micros = site.micros + ARGV[1] * 1000
site.now = math.floor(site.micros / 1000)

-- Records. One is its fields joined by US (0x1f), the only control character in
-- it. The first field is the version of the schema. A later version adds
-- fields at the end, where this one does not look, and reads this one's by their
-- number. Fields are texts; numbers are made of them where one counts. Times are of
-- 13 digits, or 0, and compare as texts.
-- To take a text apart costs by the character ([^\31] half of what %C does), so
-- what changes or is asked for at each step stands in front, and the caller, whom
-- tickets and offers hand on as he is, behind all of it.
function site.fields(n) return '^[^\31]*' .. string.rep('\31([^\31]*)', n) end
site.TICKET, site.OFFER, site.AGENT = site.fields(7) .. '\31(.*)', site.fields(8) .. '\31(.*)', site.fields(11)
site.CALLER, site.MEMBER, site.QUEUE = '^([^\31]*)' .. string.rep('\31([^\31]*)', 6), site.fields(3), site.fields(16)

function site.number(text) return tonumber(text) or 0 end
function site.text(number) return string.format('%d', number) end -- the shortest way for Redis
site.time = site.text(site.now)

function site.read_ticket(text)
  local ended, offer, place, queue, lane, losses, owner, caller = string.match(text, site.TICKET)
  return {ended = ended, offer = offer, place = place, queue = queue, lane = lane, losses = losses, owner = owner,
    caller = caller, write = site.write_ticket}
end

function site.write_ticket(t)
  return '1\31' .. t.ended .. '\31' .. t.offer .. '\31' .. t.place .. '\31' .. t.queue .. '\31' .. t.lane ..
    '\31' .. t.losses .. '\31' .. t.owner .. '\31' .. t.caller
end

-- of_caller takes the caller of a ticket or an offer apart: call, joined, skills,
-- preferred agent and until when, number, name.
function site.of_caller(x)
  return string.match(x.caller, site.CALLER)
end

-- call_of is the first of these, call and joined.
function site.call_of(x) return string.match(x.caller, '^([^\31]*)\31([^\31]*)') end

-- write_served is a ticket that an agent has answered: nobody asks for more of it.
function site.write_served() return '1\31served' .. string.rep('\31', 13) end

function site.read_offer(text)
  local phase, owner, answered, agent, queue, ticket, place, ends, caller = string.match(text, site.OFFER)
  return {phase = phase, owner = owner, answered = answered, agent = agent, queue = queue, ticket = ticket, place = place,
    ends = ends, caller = caller, write = site.write_offer}
end

-- write_offer puts the caller at the end, and behind him how the agent is dialled:
-- contact, ring time and key to accept.
function site.write_offer(o)
  return '1\31' .. o.phase .. '\31' .. o.owner .. '\31' .. o.answered .. '\31' .. o.agent .. '\31' .. o.queue ..
    '\31' .. o.ticket .. '\31' .. o.place .. '\31' .. o.ends .. '\31' .. o.caller
end

function site.read_agent(text)
  local wanted, reason, since, offer, free, why, score, streak, blocked, idle, last = string.match(text, site.AGENT)
  return {wanted = wanted, reason = reason, since = since, offer = offer, free = free, why = why, score = score,
    streak = streak, blocked = blocked, idle = idle, last = last, write = site.write_agent}
end

function site.write_agent(a)
  return '1\31' .. a.wanted .. '\31' .. a.reason .. '\31' .. a.since .. '\31' .. a.offer .. '\31' .. a.free ..
    '\31' .. a.why .. '\31' .. a.score .. '\31' .. a.streak .. '\31' .. a.blocked .. '\31' .. a.idle ..
    '\31' .. a.last
end

function site.read_member(text) -- of the roster; Go writes it
  local contact, queues, skills = string.match(text, site.MEMBER)
  return {contact = contact, queues = queues, skills = skills}
end

function site.read_queue(text) -- Go writes it
  local ring, wrap, accept, within, max, staffed, streak, noanswer, busy, rejected, notregistered, unreachable,
    longest, open, widen, sets = string.match(text, site.QUEUE)
  return {ring = ring, wrap = site.number(wrap), accept = accept, within = within, max = max, staffed = staffed,
    streak = streak, longest = longest, open = open, widen = widen, sets = sets,
    delays = {['no-answer'] = noanswer, busy = busy, rejected = rejected, ['not-registered'] = notregistered,
      unreachable = unreachable}}
end

-- load hands out the same table each time, so that two moves of one run never
-- work on two copies; nil where there is none.
function site.load(name, read)
  local value = site.seen[name]
  if value == nil then value = redis.call('HGET', site.LIVE, name) end
  if value and not value.name then -- a text
    value = read(value)
    value.name = name
  end
  site.seen[name] = value
  return value or nil
end

-- fetch reads what is going to be asked for into where it is looked for, in one
-- command.
function site.fetch(key, fields, seen)
  if #fields == 0 then return end
  local found = redis.call('HMGET', key, unpack(fields))
  for i = 1, #fields do seen[fields[i]] = found[i] end
end

-- save changes a record of LIVE, nil ends it; commit writes it.
function site.save(kind, id, value)
  local name = value and value.name or kind .. id
  local last = value or site.seen[name]
  if value then
    value.name = name
    if value.gone then value.gone = false end
  else
    if not last or not last.name then last = {name = name} end
    last.gone = true
  end
  site.seen[name] = value or false
  if not last.changed then
    last.changed = true
    site.changed[#site.changed + 1] = last
  end
end

-- defined loads what Go writes, in a hash of its own; define changes it, "" for none.
function site.defined(key, seen, id, read)
  local value = seen[id]
  if value == nil then value = redis.call('HGET', key, id) end
  if value and not value.read then -- a text
    value = read(value)
    value.read = true
  end
  seen[id] = value
  return value or nil
end

function site.define(key, seen, id, text)
  if text == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, text) end
  seen[id], site.lanes = nil, {}
end

function site.ticket(id) return site.load('t|' .. id, site.read_ticket) end
function site.offer(id) return site.load('o|' .. id, site.read_offer) end
function site.agent(id) return site.load('a|' .. id, site.read_agent) end
function site.member(id) return site.defined(site.ROSTER, site.members, id, site.read_member) end
function site.queue(id) return site.defined(site.QUEUES, site.queues, id, site.read_queue) end
function site.save_ticket(id, t) site.save('t|', id, t) end
function site.save_offer(id, o) site.save('o|', id, o) end
function site.save_agent(id, a) site.save('a|', id, a) end

-- call is the ticket that a call waits with; save_call notes it, nil for none.
function site.call(call)
  local name = 'c|' .. call
  local id = site.seen[name]
  if id == nil then
    id = redis.call('HGET', site.LIVE, name)
    site.seen[name] = id
  end
  return id or nil
end

function site.save_call(call, id)
  local name = 'c|' .. call
  site.seen[name], site.recalled[name] = id or false, true
end

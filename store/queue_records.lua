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
  SETS = {w = KEYS[1], i = KEYS[2], l = KEYS[3], s = KEYS[4], o = KEYS[5]},
  DUE = KEYS[6], ENDED = KEYS[7], LIVE = KEYS[8], TALLY = KEYS[9],
  ROSTER = KEYS[10], QUEUES = KEYS[11], WANTED = KEYS[12],
  -- One record is its fields joined by US (0x1f), the only control character in it.
  FIELDS = '(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?' ..
    '(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)%c?(%C*)',
  -- What this run has read, and what it is going to write.
  seen = {}, changed = {}, entries = {}, times = {}, ended = {}, counted = {}, lanes = {}, made = 0,
}
local clock = redis.call('TIME')
site.micros = clock[1] * 1000000 + clock[2] -- of Redis itself
site.ms = math.floor(site.micros / 1000)
site.micros = site.micros + ARGV[1] * 1000
site.now = math.floor(site.micros / 1000)

-- Records. The first field is the version of the schema. A later version adds
-- fields at the end, where this one does not look, and reads this one's by their
-- number. Fields are texts; numbers are made of them where one counts.
function site.number(text) return tonumber(text) or 0 end
function site.text(number) return string.format('%d', number) end -- the shortest way for Redis
site.time = site.text(site.now)

function site.read_ticket(text)
  local _, queue, call, owner, place, joined, skills, prefer, alone, lane, offer, losses, ended, number, name =
    string.match(text, site.FIELDS)
  return {queue = queue, call = call, owner = owner, place = place, joined = joined, skills = skills,
    prefer = prefer, alone = alone, lane = lane, offer = offer, losses = losses, ended = ended,
    number = number, name = name}
end

function site.write_ticket(t)
  return '1\31' .. t.queue .. '\31' .. t.call .. '\31' .. t.owner .. '\31' .. t.place .. '\31' .. t.joined ..
    '\31' .. t.skills .. '\31' .. t.prefer .. '\31' .. t.alone .. '\31' .. t.lane .. '\31' .. t.offer ..
    '\31' .. t.losses .. '\31' .. t.ended .. '\31' .. t.number .. '\31' .. t.name
end

function site.read_offer(text)
  local _, ticket, queue, agent, owner, call, phase, contact, ring, accept, made, ends, joined, answered, number, name =
    string.match(text, site.FIELDS)
  return {ticket = ticket, queue = queue, agent = agent, owner = owner, call = call, phase = phase,
    contact = contact, ring = ring, accept = accept, made = made, ends = ends, joined = joined,
    answered = answered, number = number, name = name}
end

function site.write_offer(o)
  return '1\31' .. o.ticket .. '\31' .. o.queue .. '\31' .. o.agent .. '\31' .. o.owner .. '\31' .. o.call ..
    '\31' .. o.phase .. '\31' .. o.contact .. '\31' .. o.ring .. '\31' .. o.accept .. '\31' .. o.made ..
    '\31' .. o.ends .. '\31' .. o.joined .. '\31' .. o.answered .. '\31' .. o.number .. '\31' .. o.name
end

function site.read_agent(text)
  local _, wanted, reason, since, offer, phase, free, why, score, streak, blocked, idle, last =
    string.match(text, site.FIELDS)
  return {wanted = wanted, reason = reason, since = since, offer = offer, phase = phase, free = free,
    why = why, score = score, streak = streak, blocked = blocked, idle = idle, last = last}
end

function site.write_agent(a)
  return '1\31' .. a.wanted .. '\31' .. a.reason .. '\31' .. a.since .. '\31' .. a.offer .. '\31' .. a.phase ..
    '\31' .. a.free .. '\31' .. a.why .. '\31' .. a.score .. '\31' .. a.streak .. '\31' .. a.blocked ..
    '\31' .. a.idle .. '\31' .. a.last
end

function site.read_member(text) -- of the roster; Go writes it
  local _, contact, queues, skills = string.match(text, site.FIELDS)
  return {contact = contact, queues = queues, skills = skills}
end

function site.read_queue(text) -- Go writes it
  local _, ring, wrap, accept, within, max, staffed, streak, noanswer, busy, rejected, notregistered, unreachable,
    longest, open, widen, sets = string.match(text, site.FIELDS)
  return {ring = ring, wrap = wrap, accept = accept, within = within, max = max, staffed = staffed,
    streak = streak, longest = longest, open = open, widen = widen, sets = sets,
    delays = {['no-answer'] = noanswer, busy = busy, rejected = rejected, ['not-registered'] = notregistered,
      unreachable = unreachable}}
end

function site.read_call(text) return text end -- t| and its ticket, or o| and its talk

-- load hands out the same table each time, so that two moves of one run never
-- work on two copies; nil where there is none.
function site.load(key, name, field, read)
  local value = site.seen[name]
  if value == nil then
    local text = redis.call('HGET', key, field)
    value = text and read(text)
    site.seen[name] = value
  end
  return value or nil
end

-- save changes a record of LIVE, nil ends it; commit writes it.
function site.save(name, value, write)
  site.seen[name] = value or false
  site.changed[name] = write
end

-- define takes a record as Go writes it, "" for none.
function site.define(key, mark, id, text)
  if text == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, text) end
  site.seen[mark .. id], site.lanes = nil, {}
end

function site.ticket(id) return site.load(site.LIVE, 't|' .. id, 't|' .. id, site.read_ticket) end
function site.offer(id) return site.load(site.LIVE, 'o|' .. id, 'o|' .. id, site.read_offer) end
function site.agent(id) return site.load(site.LIVE, 'a|' .. id, 'a|' .. id, site.read_agent) end
function site.call(id) return site.load(site.LIVE, 'c|' .. id, 'c|' .. id, site.read_call) end
function site.member(id) return site.load(site.ROSTER, 'm|' .. id, id, site.read_member) end
function site.queue(id) return site.load(site.QUEUES, 'q|' .. id, id, site.read_queue) end
function site.save_ticket(id, t) site.save('t|' .. id, t, site.write_ticket) end
function site.save_offer(id, o) site.save('o|' .. id, o, site.write_offer) end
function site.save_agent(id, a) site.save('a|' .. id, a, site.write_agent) end
function site.save_call(id, what) site.save('c|' .. id, what, site.read_call) end

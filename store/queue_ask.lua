-- ARGV[3…] questions, each as its name, the number of its arguments, and these
-- Returns the answers, in the same order. A question that fails leaves the others theirs.
local names, staff, i = {}, {}, 3
while i <= #ARGV do -- what they will ask for
  local name, first = ARGV[i], ARGV[i + 2]
  if name == 'report' then
    names[#names + 1] = 'o|' .. first
    if ARGV[i + 5] ~= '0' then -- the end of a talk: who is next for the agent?
      names[#names + 1] = 'a|' .. ARGV[i + 9]
      staff[#staff + 1] = ARGV[i + 9]
    end
  elseif first then
    names[#names + 1] = 't|' .. first
    if name == 'join' and ARGV[i + 4] ~= '' then names[#names + 1] = 'c|' .. ARGV[i + 4] end
  end
  i = i + 2 + ARGV[i + 1]
end
site.fetch(site.LIVE, names, site.seen)
site.fetch(site.ROSTER, staff, site.members)
site.ahead = 2 + math.ceil(#staff / 2) -- of a list, in all likelihood

local answers
answers, i = {}, 3
while i <= #ARGV do
  local last = i + 1 + ARGV[i + 1]
  local done, answer = pcall(questions[ARGV[i]], {ARGV[1], ARGV[2], unpack(ARGV, i + 2, last)})
  answers[#answers + 1] = done and answer or site.failure(answer)
  site.told = nil
  site.micros = site.micros + 1 -- who asks first came first
  i = last + 1
end
return answers

-- ARGV[3…] questions, each as its name, the number of its arguments, and these
-- Returns the answers, in the same order. A question that fails leaves the others theirs.
local answers, i = {}, 3
while i <= #ARGV do
  local last = i + 1 + ARGV[i + 1]
  local done, answer = pcall(questions[ARGV[i]], {ARGV[1], ARGV[2], unpack(ARGV, i + 2, last)})
  answers[#answers + 1] = done and answer or site.failure(answer)
  site.told = nil
  site.micros = site.micros + 1 -- who asks first came first
  i = last + 1
end
return answers

# What GitLab and Discourse run on a reply: the gem mail, then email_reply_trimmer, on each file of a
# directory, in one process. Prints the seconds of the loop, without the start of the interpreter.
require 'mail'
require 'email_reply_trimmer'

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

$trim = 0.0

def reply(path)
  mail = Mail.new(File.binread(path))
  part = mail.multipart? ? (mail.text_part || mail.html_part) : mail
  text = part.decoded
  begin_at = now
  EmailReplyTrimmer.trim(text).tap { $trim += now - begin_at }
end

files = Dir[File.join(ARGV[0], '*')].sort
files.first(20).each { |path| reply(path) }
$trim = 0.0
cpu_at = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
begin_at = now
empty = files.count { |path| reply(path).to_s.empty? }
puts "processor #{Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - cpu_at}"
puts "seconds #{now - begin_at}", "trim #{$trim}", "empty #{empty}"

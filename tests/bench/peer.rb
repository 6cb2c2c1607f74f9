# What GitLab and Discourse run on a reply: the gem mail, then email_reply_trimmer, on each file of a
# directory, in one process. Prints the seconds of the loop, without the start of the interpreter; and
# what email_reply_parser, the other well-known one, takes for the same texts.
require 'mail'
require 'email_reply_trimmer'
require 'email_reply_parser'

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

$trim = 0.0
$texts = []

def reply(path)
  mail = Mail.new(File.binread(path))
  part = mail.multipart? ? (mail.text_part || mail.html_part) : mail
  text = part.decoded
  $texts << text
  begin_at = now
  EmailReplyTrimmer.trim(text).tap { $trim += now - begin_at }
end

files = Dir[File.join(ARGV[0], '*')].sort
files.first(20).each { |path| reply(path) }
$texts.each { |text| EmailReplyParser.parse_reply(text) }
$trim = 0.0
$texts.clear
cpu_at = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
begin_at = now
empty = files.count { |path| reply(path).to_s.empty? }
puts "processor #{Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - cpu_at}"
puts "seconds #{now - begin_at}", "trim #{$trim}", "empty #{empty}"
begin_at = now
$texts.each { |text| EmailReplyParser.parse_reply(text) }
puts "parser #{now - begin_at}"

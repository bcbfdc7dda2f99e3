complete -c snpp-send -s s -l server -d 'Gateway to send through; further ones are tried in order [env: SNPP_SERVER, separated by commas]' -r
complete -c snpp-send -l login -d 'Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for' -r
complete -c snpp-send -l password-file -d 'File whose first line is the password' -r -F
complete -c snpp-send -l pin-file -d 'File whose first line is the pager\'s PIN' -r -F
complete -c snpp-send -l level -d 'Service level, 0 to 11; 1 is normal' -r
complete -c snpp-send -l alert -d 'Override the alert: 0 silent, 1 alert' -r
complete -c snpp-send -l coverage -d 'Coverage area' -r
complete -c snpp-send -l caller -d 'Who calls' -r
complete -c snpp-send -l subject -d 'What about' -r
complete -c snpp-send -l hold -d 'Deliver later: after a duration, or at a time of RFC 3339' -r
complete -c snpp-send -l expire -d 'Drop the page if it is still queued after that' -r
complete -c snpp-send -l reply -d 'Ask for a reply of this kind' -r -f -a "none\t''
yesno\t''
simreply\t''
multichoice\t''
text\t''"
complete -c snpp-send -l choice -d 'One answer of a multiple choice: 1 to 4 hexadecimal digits and a text' -r
complete -c snpp-send -l wait-reply -d 'Wait for the final status and print the reply; exit 1 if none came in time' -r
complete -c snpp-send -l status -d 'Ask for the status of an earlier page; - reads TAG/PASS lines' -r
complete -c snpp-send -l forget -d 'Let the gateway forget an earlier page; - reads TAG/PASS lines' -r
complete -c snpp-send -l body -d 'How the message is handed over: auto is DATA for several lines, MESS otherwise' -r -f -a "auto\t''
mess\t''
data\t''"
complete -c snpp-send -s m -l message -d 'The message; - reads standard input' -r
complete -c snpp-send -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c snpp-send -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c snpp-send -l max-parts -d 'Most parts of a split message' -r
complete -c snpp-send -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c snpp-send -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c snpp-send -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c snpp-send -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c snpp-send -l jobs -d 'Connections to send over' -r
complete -c snpp-send -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c snpp-send -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c snpp-send -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c snpp-send -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c snpp-send -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c snpp-send -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c snpp-send -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c snpp-send -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c snpp-send -l strict -d 'Send nothing where the gateway refuses any option'
complete -c snpp-send -l one-send -d 'Send to all pagers with one SEND: they share one fate'
complete -c snpp-send -l two-way -d 'Two-way transaction; prints TAG/PASS. Implied by the options below'
complete -c snpp-send -l no-queue -d 'Deliver now or not at all'
complete -c snpp-send -l ack -d 'Ask for a read acknowledgment'
complete -c snpp-send -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c snpp-send -l tone -d 'Page without a text'
complete -c snpp-send -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c snpp-send -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c snpp-send -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c snpp-send -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c snpp-send -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c snpp-send -l json -d 'Print results as JSON, one object a line'
complete -c snpp-send -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c snpp-send -s h -l help -d 'Print help (see more with \'--help\')'
complete -c snpp-send -s V -l version -d 'Print version'

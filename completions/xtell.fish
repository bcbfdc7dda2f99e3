complete -c xtell -l host -d 'Host of targets that name none; further ones are tried in order [default: localhost]' -r
complete -c xtell -l from -d 'Who sends it [default: the login name]' -r
complete -c xtell -s m -l message -d 'The message; - reads standard input' -r
complete -c xtell -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c xtell -l max-parts -d 'Most parts of a split message' -r
complete -c xtell -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c xtell -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c xtell -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c xtell -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c xtell -l jobs -d 'Connections to send over' -r
complete -c xtell -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c xtell -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c xtell -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c xtell -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c xtell -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c xtell -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c xtell -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c xtell -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c xtell -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c xtell -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c xtell -l tone -d 'Page without a text'
complete -c xtell -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c xtell -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c xtell -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c xtell -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c xtell -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c xtell -l json -d 'Print results as JSON, one object a line'
complete -c xtell -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c xtell -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xtell -s V -l version -d 'Print version'

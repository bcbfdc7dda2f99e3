complete -c page -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c page -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c page -l wait -d 'Wait for at most so long: until the gateway is up, or the fate of the page is final' -r
complete -c page -l job -d 'Queue a whole job, headers and all; - reads standard input' -r -F
complete -c page -l allow -d 'Serve these networks and no others' -r
complete -c page -l level -d 'Service level, 0 to 11; 1 is normal' -r
complete -c page -l alert -d 'Override the alert: 0 silent, 1 alert' -r
complete -c page -l coverage -d 'Coverage area' -r
complete -c page -l caller -d 'Who calls' -r
complete -c page -l subject -d 'What about' -r
complete -c page -l at -d 'Begin to deliver then: after a duration, or at a time of RFC 3339' -r
complete -c page -l expire -d 'Drop the page if it is still queued after that' -r
complete -c page -l dedup -d 'Do not send it where the same text went to, or waits for, the same name within that time' -r
complete -c page -l pin-file -d 'File whose first line is the pager\'s PIN' -r -F
complete -c page -s m -l message -d 'The message; - reads standard input' -r
complete -c page -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c page -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c page -l max-parts -d 'Most parts of a split message' -r
complete -c page -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c page -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c page -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c page -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c page -l jobs -d 'Connections to send over' -r
complete -c page -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c page -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c page -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c page -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c page -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c page -l tone -d 'Page without a text'
complete -c page -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c page -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c page -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c page -l json -d 'Print results as JSON, one object a line'
complete -c page -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c page -s h -l help -d 'Print help (see more with \'--help\')'
complete -c page -s V -l version -d 'Print version'

complete -c ixo-send -l device -d 'Serial line' -r -F
complete -c ixo-send -l baud -d 'Speed of the serial line, in bits per second' -r
complete -c ixo-send -l framing -d 'Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity [default: 7e1]' -r -f -a "7e1\t'7 bits, even parity, as TAP has it'
8n1\t'8 bits, no parity'
8n1-even\t'8 bits, the highest an even parity that we make'"
complete -c ixo-send -l connect -d 'Central, or serial server in front of it' -r
complete -c ixo-send -l dial -d 'There is a modem: let it dial this number' -r
complete -c ixo-send -l init -d 'Say this to the modem first; may be given several times [default: ATZ]' -r
complete -c ixo-send -l dial-command -d 'What stands in front of the number' -r
complete -c ixo-send -l dial-timeout -d 'Limit for the far end to answer the telephone' -r
complete -c ixo-send -l password-file -d 'File whose first line is the password' -r -F
complete -c ixo-send -l service -d 'Service and terminal type of the logon' -r
complete -c ixo-send -l pages-per-call -d 'Pages of one call; the next call takes the rest [default: as many as the central takes]' -r
complete -c ixo-send -l escape -d 'Escape control characters: auto does it where the central says that it speaks TAP 1.6 or later' -r -f -a "auto\t''
on\t''
off\t''"
complete -c ixo-send -l id-timeout -d 'Limit for ID= to appear' -r
complete -c ixo-send -l logon-timeout -d 'Limit for the answer to a logon; there are three' -r
complete -c ixo-send -l goahead-timeout -d 'Limit for the word to begin, after the logon' -r
complete -c ixo-send -l logoff-timeout -d 'Limit for the central to end the call' -r
complete -c ixo-send -l pace -d 'Pause between two characters, for slow centrals' -r
complete -c ixo-send -l pause -d 'Pause before the first character and before the logon, for slow centrals' -r
complete -c ixo-send -s w -l warning -d 'WARNING when the greeting takes longer' -r
complete -c ixo-send -s c -l critical -d 'CRITICAL when the greeting takes longer' -r
complete -c ixo-send -s m -l message -d 'The message; - reads standard input' -r
complete -c ixo-send -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c ixo-send -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c ixo-send -l max-parts -d 'Most parts of a split message' -r
complete -c ixo-send -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c ixo-send -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c ixo-send -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c ixo-send -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c ixo-send -l jobs -d 'Connections to send over' -r
complete -c ixo-send -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c ixo-send -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c ixo-send -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c ixo-send -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c ixo-send -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c ixo-send -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c ixo-send -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c ixo-send -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c ixo-send -l telnet -d 'The connection is one of telnet'
complete -c ixo-send -l rfc2217 -d 'The connection is one of telnet, and sets speed, framing and DTR of the far serial line'
complete -c ixo-send -l multiblock -d 'Send long messages in several blocks, and each of their lines as a field'
complete -c ixo-send -l no-goahead -d 'Send the page also where the central does not say that it may come'
complete -c ixo-send -l probe -d 'Log on and off and page nobody: is the central there, and what does it speak?'
complete -c ixo-send -l nagios -d 'Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN'
complete -c ixo-send -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c ixo-send -l tone -d 'Page without a text'
complete -c ixo-send -l numeric -d 'Take only digits, blanks, and - * #: the pagers show no letters'
complete -c ixo-send -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c ixo-send -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c ixo-send -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c ixo-send -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c ixo-send -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c ixo-send -l json -d 'Print results as JSON, one object a line'
complete -c ixo-send -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c ixo-send -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ixo-send -s V -l version -d 'Print version'

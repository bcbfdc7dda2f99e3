complete -c snpp-probe -l pager -d 'Would it take a page for this pager? Exit 1: no' -r
complete -c snpp-probe -l ping -d 'Where is this two-way pager? Exit 1: not reachable' -r
complete -c snpp-probe -l login -d 'Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for' -r
complete -c snpp-probe -l password-file -d 'File whose first line is the password' -r -F
complete -c snpp-probe -s w -l warning -d 'WARNING when the greeting takes longer' -r
complete -c snpp-probe -s c -l critical -d 'CRITICAL when the greeting takes longer' -r
complete -c snpp-probe -l wait -d 'Wait for at most so long: until the gateway is up, or the fate of the page is final' -r
complete -c snpp-probe -l quit-after -d 'Say goodbye after this step' -r -f -a "BANNER\t'The greeting'
LOGI\t'The login'
HELP\t'HELP'
PAGE\t'PAGE'"
complete -c snpp-probe -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c snpp-probe -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c snpp-probe -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c snpp-probe -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c snpp-probe -l features -d 'Which levels and commands does it know? Asks HELP, and else tries'
complete -c snpp-probe -l nagios -d 'Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN'
complete -c snpp-probe -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c snpp-probe -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c snpp-probe -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c snpp-probe -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c snpp-probe -l json -d 'Print results as JSON, one object a line'
complete -c snpp-probe -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c snpp-probe -s h -l help -d 'Print help (see more with \'--help\')'
complete -c snpp-probe -s V -l version -d 'Print version'

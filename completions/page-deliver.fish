complete -c page-deliver -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c page-deliver -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c page-deliver -l route -d 'Only what goes by this route' -r
complete -c page-deliver -l command-timeout -d 'Longest run of the command' -r
complete -c page-deliver -l once -d 'Deliver what is due, and end; this is what is done anyway'
complete -c page-deliver -l watch -d 'Deliver what comes and what comes due, until stopped'
complete -c page-deliver -l check -d 'Say what a page to each name would do now, and what cannot work'
complete -c page-deliver -l each -d 'Be a route: run the command once for each page of a CSV on standard input'
complete -c page-deliver -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c page-deliver -s h -l help -d 'Print help'
complete -c page-deliver -s V -l version -d 'Print version'

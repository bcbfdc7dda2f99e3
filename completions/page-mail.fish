complete -c page-mail -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c page-mail -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c page-mail -l max-parts -d 'Most parts of a split message [default: the configuration\'s, else 9]' -r
complete -c page-mail -s h -l help -d 'Print help'
complete -c page-mail -s V -l version -d 'Print version'

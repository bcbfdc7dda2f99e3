complete -c page-cgi -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c page-cgi -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c page-cgi -s h -l help -d 'Print help'
complete -c page-cgi -s V -l version -d 'Print version'

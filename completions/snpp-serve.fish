complete -c snpp-serve -l spool -d 'Directory that accepted pages go into' -r -F
complete -c snpp-serve -l hostname -d 'Name in the greeting [default: this host\'s]' -r
complete -c snpp-serve -l max-message -d 'Longest message, in bytes' -r
complete -c snpp-serve -l max-recipients -d 'Most pagers of one message' -r
complete -c snpp-serve -l max-errors -d 'Unknown commands before the session is ended' -r
complete -c snpp-serve -l idle-timeout -d 'Longest silence of a client' -r
complete -c snpp-serve -l session-timeout -d 'Longest session' -r
complete -c snpp-serve -l log-text -d 'Log the text of messages'
complete -c snpp-serve -s h -l help -d 'Print help'
complete -c snpp-serve -s V -l version -d 'Print version'

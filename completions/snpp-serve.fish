complete -c snpp-serve -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c snpp-serve -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c snpp-serve -l command-timeout -d 'Longest run of the command' -r
complete -c snpp-serve -l allow -d 'Serve these networks and no others' -r
complete -c snpp-serve -l min-free -d 'Bytes of the spool\'s file system that stay free' -r
complete -c snpp-serve -l max-queue -d 'Most jobs that may wait in the spool for a deliverer' -r
complete -c snpp-serve -l hostname -d 'Name in the greeting [default: this host\'s]' -r
complete -c snpp-serve -l max-message -d 'Longest message, in bytes' -r
complete -c snpp-serve -l max-recipients -d 'Most pagers of one message [default: 50; with a command 1, and no more]' -r
complete -c snpp-serve -l max-errors -d 'Errors before the session is ended; refused pagers in a row: ten times as many' -r
complete -c snpp-serve -l idle-timeout -d 'Longest silence of a client' -r
complete -c snpp-serve -l session-timeout -d 'Longest session' -r
complete -c snpp-serve -l hold-zone -d 'Time zone of a HOLD without offset [default: this machine\'s]' -r
complete -c snpp-serve -l users -d 'File of logins, as htpasswd -B writes it' -r -F
complete -c snpp-serve -l log-text -d 'Log the text of messages'
complete -c snpp-serve -l require-login -d 'Take nothing from a client before its login'
complete -c snpp-serve -s h -l help -d 'Print help'
complete -c snpp-serve -s V -l version -d 'Print version'

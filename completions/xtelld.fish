complete -c xtelld -l utmp -d 'File of logins [default: /run/utmp or /var/run/utmp, if there is one]' -r -F
complete -c xtelld -l sessions -d 'Directory of systemd-logind\'s sessions' -r -F
complete -c xtelld -l dev -d 'Directory of the terminals\' devices' -r -F
complete -c xtelld -l ident -d 'Ask the sender\'s machine who the sender is' -r -f -a "off\t'Nobody is asked, and every sender is marked'
try\t'Whoever is not confirmed is marked'
require\t'Whoever is not confirmed is refused'"
complete -c xtelld -l ident-port -d 'Port that is asked' -r
complete -c xtelld -l idle-timeout -d 'Longest silence of a client' -r
complete -c xtelld -l session-timeout -d 'Longest session' -r
complete -c xtelld -l max-messages -d 'Most messages of one session' -r
complete -c xtelld -l allow -d 'Serve these networks and no others' -r
complete -c xtelld -l log-text -d 'Log the text of messages'
complete -c xtelld -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xtelld -s V -l version -d 'Print version'

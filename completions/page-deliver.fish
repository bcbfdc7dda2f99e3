complete -c page-deliver -l command-timeout -d 'Longest run of the command' -r
complete -c page-deliver -l each -d 'Be a route: run the command once for each page of a CSV on standard input'
complete -c page-deliver -s h -l help -d 'Print help'
complete -c page-deliver -s V -l version -d 'Print version'

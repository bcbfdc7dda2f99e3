complete -c ixo-serve -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c ixo-serve -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c ixo-serve -l command-timeout -d 'Longest run of the command' -r
complete -c ixo-serve -l min-free -d 'Bytes of the spool\'s file system that stay free' -r
complete -c ixo-serve -l max-queue -d 'Most jobs that may wait in the spool for a deliverer' -r
complete -c ixo-serve -l device -d 'Serial line' -r -F
complete -c ixo-serve -l baud -d 'Speed of the serial line, in bits per second' -r
complete -c ixo-serve -l framing -d 'Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity [default: 7e1]' -r -f -a "7e1\t'7 bits, even parity, as TAP has it'
8n1\t'8 bits, no parity'
8n1-even\t'8 bits, the highest an even parity that we make'"
complete -c ixo-serve -l password-file -d 'File whose first line is the password' -r -F
complete -c ixo-serve -l tap-version -d 'Version of TAP to speak' -r -f -a "1.8\t'Each reply has its code and text'
none\t'No codes, as before 1.6'"
complete -c ixo-serve -l max-pages -d 'Most pages of one session' -r
complete -c ixo-serve -l max-length -d 'Longest message, in characters as sent' -r
complete -c ixo-serve -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Take nothing'
truncate\t'Take the beginning'"
complete -c ixo-serve -l session-timeout -d 'Longest session' -r
complete -c ixo-serve -l allow -d 'Serve these networks and no others' -r
complete -c ixo-serve -l log-text -d 'Log the text of messages'
complete -c ixo-serve -l no-login -d 'Take blocks without a logon too'
complete -c ixo-serve -l no-checksum -d 'Take blocks whatever their checksum'
complete -c ixo-serve -l numeric -d 'Take only digits, blanks, and - * #: the pagers show no letters'
complete -c ixo-serve -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ixo-serve -s V -l version -d 'Print version'

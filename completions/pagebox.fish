# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pagebox_global_optspecs
    string join \n list h/help V/version
end

function __fish_pagebox_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pagebox_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pagebox_using_subcommand
    set -l cmd (__fish_pagebox_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pagebox -n "__fish_pagebox_needs_command" -l list -d 'Name the applets'
complete -c pagebox -n "__fish_pagebox_needs_command" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_needs_command" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "ixo-send" -d 'Send pages to a TAP paging central'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "ixo-serve" -d 'Be a paging central (TAP, IXO) on standard input and output or a serial line'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "page" -d 'Queue a page for a pager or a group'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "page-cgi" -d 'Queue pages from the web: one CGI request'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "page-deliver" -d 'Deliver the pages in the spool'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "page-mail" -d 'Queue the page that a mail on standard input asks for'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "pageq" -d 'Look at queued pages, and hold, release, retry or remove them'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "snpp-probe" -d 'Ask an SNPP gateway whether it is up and what it can do'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "snpp-send" -d 'Send pages through an SNPP gateway'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "snpp-serve" -d 'Serve one SNPP session on standard input and output'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "xtell" -d 'Send a message to a user\'s terminal on another machine'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "xtelld" -d 'Show messages from other machines on the terminals of this one'
complete -c pagebox -n "__fish_pagebox_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l device -d 'Serial line' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l baud -d 'Speed of the serial line, in bits per second' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l framing -d 'Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity [default: 7e1]' -r -f -a "7e1\t'7 bits, even parity, as TAP has it'
8n1\t'8 bits, no parity'
8n1-even\t'8 bits, the highest an even parity that we make'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l connect -d 'Central, or serial server in front of it' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l dial -d 'There is a modem: let it dial this number' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l init -d 'Say this to the modem first; may be given several times [default: ATZ]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l dial-command -d 'What stands in front of the number' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l dial-timeout -d 'Limit for the far end to answer the telephone' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l password-file -d 'File whose first line is the password' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l service -d 'Service and terminal type of the logon' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l pages-per-call -d 'Pages of one call; the next call takes the rest [default: as many as the central takes]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l escape -d 'Escape control characters: auto does it where the central says that it speaks TAP 1.6 or later' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l id-timeout -d 'Limit for ID= to appear' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l logon-timeout -d 'Limit for the answer to a logon; there are three' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l goahead-timeout -d 'Limit for the word to begin, after the logon' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l logoff-timeout -d 'Limit for the central to end the call' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l pace -d 'Pause between two characters, for slow centrals' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l pause -d 'Pause before the first character and before the logon, for slow centrals' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s w -l warning -d 'WARNING when the greeting takes longer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s c -l critical -d 'CRITICAL when the greeting takes longer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s m -l message -d 'The message; - reads standard input' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l max-parts -d 'Most parts of a split message' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l jobs -d 'Connections to send over' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l telnet -d 'The connection is one of telnet'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l rfc2217 -d 'The connection is one of telnet, and sets speed, framing and DTR of the far serial line'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l multiblock -d 'Send long messages in several blocks, and each of their lines as a field'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l no-goahead -d 'Send the page also where the central does not say that it may come'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l probe -d 'Log on and off and page nobody: is the central there, and what does it speak?'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l nagios -d 'Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l tone -d 'Page without a text'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l numeric -d 'Take only digits, blanks, and - * #: the pagers show no letters'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-send" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l command-timeout -d 'Longest run of the command' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l min-free -d 'Bytes of the spool\'s file system that stay free' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l max-queue -d 'Most jobs that may wait in the spool for a deliverer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l device -d 'Serial line' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l baud -d 'Speed of the serial line, in bits per second' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l framing -d 'Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity [default: 7e1]' -r -f -a "7e1\t'7 bits, even parity, as TAP has it'
8n1\t'8 bits, no parity'
8n1-even\t'8 bits, the highest an even parity that we make'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l password-file -d 'File whose first line is the password' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l tap-version -d 'Version of TAP to speak' -r -f -a "1.8\t'Each reply has its code and text'
none\t'No codes, as before 1.6'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l max-pages -d 'Most pages of one session' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l max-length -d 'Longest message, in characters as sent' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Take nothing'
truncate\t'Take the beginning'"
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l session-timeout -d 'Longest session' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l allow -d 'Serve these networks and no others' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l log-text -d 'Log the text of messages'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l no-login -d 'Take blocks without a logon too'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l no-checksum -d 'Take blocks whatever their checksum'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -l numeric -d 'Take only digits, blanks, and - * #: the pagers show no letters'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand ixo-serve" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l wait -d 'Wait for at most so long: until the gateway is up, or the fate of the page is final' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l job -d 'Queue a whole job, headers and all; - reads standard input' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l allow -d 'Serve these networks and no others' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l level -d 'Service level, 0 to 11; 1 is normal' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l alert -d 'Override the alert: 0 silent, 1 alert' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l coverage -d 'Coverage area' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l caller -d 'Who calls' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l subject -d 'What about' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l at -d 'Begin to deliver then: after a duration, or at a time of RFC 3339' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l expire -d 'Drop the page if it is still queued after that' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l dedup -d 'Do not send it where the same text went to, or waits for, the same name within that time' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l pin-file -d 'File whose first line is the pager\'s PIN' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -s m -l message -d 'The message; - reads standard input' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l max-parts -d 'Most parts of a split message' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l jobs -d 'Connections to send over' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l tone -d 'Page without a text'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand page" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-cgi" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-cgi" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-cgi" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-cgi" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l route -d 'Only what goes by this route' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l command-timeout -d 'Longest run of the command' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l once -d 'Deliver what is due, and end; this is what is done anyway'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l watch -d 'Deliver what comes and what comes due, until stopped'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l check -d 'Say what a page to each name would do now, and what cannot work'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -l each -d 'Be a route: run the command once for each page of a CSV on standard input'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-deliver" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-mail" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-mail" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand page-mail" -l max-parts -d 'Most parts of a split message [default: the configuration\'s, else 9]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand page-mail" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand page-mail" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "list" -d 'Name the jobs, the most urgent first'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "show" -d 'Tell everything about a job'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "hold" -d 'Stop jobs until they are released'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "release" -d 'Let go jobs that are held'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "retry" -d 'Try jobs again now, also when they have failed'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "remove" -d 'Remove jobs for good'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and not __fish_seen_subcommand_from list show hold release retry remove reply" -f -a "reply" -d 'Tell what the pager\'s user answered'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from hold" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pagebox -n "__fish_pagebox_using_subcommand pageq; and __fish_seen_subcommand_from reply" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l pager -d 'Would it take a page for this pager? Exit 1: no' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l ping -d 'Where is this two-way pager? Exit 1: not reachable' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l login -d 'Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l password-file -d 'File whose first line is the password' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s w -l warning -d 'WARNING when the greeting takes longer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s c -l critical -d 'CRITICAL when the greeting takes longer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l wait -d 'Wait for at most so long: until the gateway is up, or the fate of the page is final' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l quit-after -d 'Say goodbye after this step' -r -f -a "BANNER\t'The greeting'
LOGI\t'The login'
HELP\t'HELP'
PAGE\t'PAGE'"
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l features -d 'Which levels and commands does it know? Asks HELP, and else tries'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l nagios -d 'Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-probe" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s s -l server -d 'Gateway to send through; further ones are tried in order [env: SNPP_SERVER, separated by commas]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l login -d 'Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l password-file -d 'File whose first line is the password' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l pin-file -d 'File whose first line is the pager\'s PIN' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l level -d 'Service level, 0 to 11; 1 is normal' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l alert -d 'Override the alert: 0 silent, 1 alert' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l coverage -d 'Coverage area' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l caller -d 'Who calls' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l subject -d 'What about' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l hold -d 'Deliver later: after a duration, or at a time of RFC 3339' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l expire -d 'Drop the page if it is still queued after that' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l reply -d 'Ask for a reply of this kind' -r -f -a "none\t''
yesno\t''
simreply\t''
multichoice\t''
text\t''"
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l choice -d 'One answer of a multiple choice: 1 to 4 hexadecimal digits and a text' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l wait-reply -d 'Wait for the final status and print the reply; exit 1 if none came in time' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l status -d 'Ask for the status of an earlier page; - reads TAG/PASS lines' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l forget -d 'Let the gateway forget an earlier page; - reads TAG/PASS lines' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l body -d 'How the message is handed over: auto is DATA for several lines, MESS otherwise' -r -f -a "auto\t''
mess\t''
data\t''"
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s m -l message -d 'The message; - reads standard input' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l max-parts -d 'Most parts of a split message' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l jobs -d 'Connections to send over' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l strict -d 'Send nothing where the gateway refuses any option'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l one-send -d 'Send to all pagers with one SEND: they share one fate'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l two-way -d 'Two-way transaction; prints TAG/PASS. Implied by the options below'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l no-queue -d 'Deliver now or not at all'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l ack -d 'Ask for a read acknowledgment'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l tone -d 'Page without a text'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-send" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l command-timeout -d 'Longest run of the command' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l allow -d 'Serve these networks and no others' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l min-free -d 'Bytes of the spool\'s file system that stay free' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l max-queue -d 'Most jobs that may wait in the spool for a deliverer' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l hostname -d 'Name in the greeting [default: this host\'s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l max-message -d 'Longest message, in bytes' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l max-recipients -d 'Most pagers of one message [default: 50; with a command 1, and no more]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l max-errors -d 'Errors before the session is ended; refused pagers in a row: ten times as many' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l idle-timeout -d 'Longest silence of a client' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l session-timeout -d 'Longest session' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l hold-zone -d 'Time zone of a HOLD without offset [default: this machine\'s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l users -d 'File of logins, as htpasswd -B writes it' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l log-text -d 'Log the text of messages'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -l require-login -d 'Take nothing from a client before its login'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -s h -l help -d 'Print help'
complete -c pagebox -n "__fish_pagebox_using_subcommand snpp-serve" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l host -d 'Host of targets that name none; further ones are tried in order [default: localhost]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l from -d 'Who sends it [default: the login name]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s m -l message -d 'The message; - reads standard input' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l max-length -d 'Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l max-parts -d 'Most parts of a split message' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l charset -d 'Characters of the message: ascii transliterates [default: TAP ascii; others utf8]' -r -f -a "utf8\t'As it is'
ascii\t'Transliterated, for networks that carry nothing else'"
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l csv -d 'Send one page for each row; - reads standard input' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l delimiter -d 'Character between two columns; \\t is a tab' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l journal -d 'Make the run resumable: what went out is not sent again' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l jobs -d 'Connections to send over' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l window -d 'Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l retry -d 'Try a page that was not taken, or not tried, this many times more' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l retry-delay -d 'Pause before the first retry; each further one is twice as long' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l retry-max-time -d 'Begin no retry later than this after the first try' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l connect-timeout -d 'Limit for name lookup and connection' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l timeout -d 'Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l verdict-timeout -d 'Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l proxy-command -d 'Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l overflow -d 'What to do with a longer one' -r -f -a "reject\t'Send nothing'
truncate\t'Send the beginning'
split\t'Send parts, marked (1/3)'"
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l envelope -d 'Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l tone -d 'Page without a text'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l retry-unknown -d 'Try again also what may be out already: it may arrive twice'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s 4 -l ipv4 -d 'Use IPv4 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s 6 -l ipv6 -d 'Use IPv6 only'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s v -l verbose -d 'Say more: dialogues, secrets masked, and what becomes of each page'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s q -l quiet -d 'Print nothing; the exit status tells'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l json -d 'Print results as JSON, one object a line'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -l dry-run -d 'Say what would be sent, and connect to nothing'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtell" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l utmp -d 'File of logins [default: /run/utmp or /var/run/utmp, if there is one]' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l sessions -d 'Directory of systemd-logind\'s sessions' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l dev -d 'Directory of the terminals\' devices' -r -F
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l ident -d 'Ask the sender\'s machine who the sender is' -r -f -a "off\t'Nobody is asked, and every sender is marked'
try\t'Whoever is not confirmed is marked'
require\t'Whoever is not confirmed is refused'"
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l ident-port -d 'Port that is asked' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l idle-timeout -d 'Longest silence of a client' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l session-timeout -d 'Longest session' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l max-messages -d 'Most messages of one session' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l allow -d 'Serve these networks and no others' -r
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -l log-text -d 'Log the text of messages'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pagebox -n "__fish_pagebox_using_subcommand xtelld" -s V -l version -d 'Print version'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "ixo-send" -d 'Send pages to a TAP paging central'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "ixo-serve" -d 'Be a paging central (TAP, IXO) on standard input and output or a serial line'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "page" -d 'Queue a page for a pager or a group'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "page-cgi" -d 'Queue pages from the web: one CGI request'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "page-deliver" -d 'Deliver the pages in the spool'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "page-mail" -d 'Queue the page that a mail on standard input asks for'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "pageq" -d 'Look at queued pages, and hold, release, retry or remove them'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "snpp-probe" -d 'Ask an SNPP gateway whether it is up and what it can do'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "snpp-send" -d 'Send pages through an SNPP gateway'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "snpp-serve" -d 'Serve one SNPP session on standard input and output'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "xtell" -d 'Send a message to a user\'s terminal on another machine'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "xtelld" -d 'Show messages from other machines on the terminals of this one'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and not __fish_seen_subcommand_from ixo-send ixo-serve page page-cgi page-deliver page-mail pageq snpp-probe snpp-send snpp-serve xtell xtelld help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "list" -d 'Name the jobs, the most urgent first'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "show" -d 'Tell everything about a job'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "hold" -d 'Stop jobs until they are released'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "release" -d 'Let go jobs that are held'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "retry" -d 'Try jobs again now, also when they have failed'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "remove" -d 'Remove jobs for good'
complete -c pagebox -n "__fish_pagebox_using_subcommand help; and __fish_seen_subcommand_from pageq" -f -a "reply" -d 'Tell what the pager\'s user answered'

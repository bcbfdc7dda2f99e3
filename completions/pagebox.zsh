#compdef pagebox

autoload -U is-at-least

_pagebox() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--list[Name the applets]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_pagebox_commands" \
"*::: :->pagebox" \
&& ret=0
    case $state in
    (pagebox)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pagebox-command-$line[1]:"
        case $line[1] in
            (ixo-send)
_arguments "${_arguments_options[@]}" : \
'--device=[Serial line]:PATH:_files' \
'--baud=[Speed of the serial line, in bits per second]:N:_default' \
'--framing=[Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity \[default\: 7e1\]]:FRAMING:((7e1\:"7 bits, even parity, as TAP has it"
8n1\:"8 bits, no parity"
8n1-even\:"8 bits, the highest an even parity that we make"))' \
'(--device)--connect=[Central, or serial server in front of it]:HOST:PORT:_default' \
'--dial=[There is a modem\: let it dial this number]:NUMBER:_default' \
'*--init=[Say this to the modem first; may be given several times \[default\: ATZ\]]:STRING:_default' \
'--dial-command=[What stands in front of the number]:STRING:_default' \
'--dial-timeout=[Limit for the far end to answer the telephone]:DUR:_default' \
'--password-file=[File whose first line is the password]:FILE:_files' \
'--service=[Service and terminal type of the logon]:WORD:_default' \
'--pages-per-call=[Pages of one call; the next call takes the rest \[default\: as many as the central takes\]]:N:_default' \
'--escape=[Escape control characters\: auto does it where the central says that it speaks TAP 1.6 or later]:ESCAPE:(auto on off)' \
'--id-timeout=[Limit for ID= to appear]:DUR:_default' \
'--logon-timeout=[Limit for the answer to a logon; there are three]:DUR:_default' \
'--goahead-timeout=[Limit for the word to begin, after the logon]:DUR:_default' \
'--logoff-timeout=[Limit for the central to end the call]:DUR:_default' \
'--pace=[Pause between two characters, for slow centrals]:DUR:_default' \
'--pause=[Pause before the first character and before the logon, for slow centrals]:DUR:_default' \
'-w+[WARNING when the greeting takes longer]:DUR:_default' \
'--warning=[WARNING when the greeting takes longer]:DUR:_default' \
'-c+[CRITICAL when the greeting takes longer]:DUR:_default' \
'--critical=[CRITICAL when the greeting takes longer]:DUR:_default' \
'-m+[The message; - reads standard input]:TEXT:_default' \
'--message=[The message; - reads standard input]:TEXT:_default' \
'--max-length=[Longest message, in characters as sent \[default\: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none\]]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Send nothing"
truncate\:"Send the beginning"
split\:"Send parts, marked (1/3)"))' \
'--max-parts=[Most parts of a split message]:N:_default' \
'--charset=[Characters of the message\: ascii transliterates \[default\: TAP ascii; others utf8\]]:CHARSET:((utf8\:"As it is"
ascii\:"Transliterated, for networks that carry nothing else"))' \
'(-m --message)--csv=[Send one page for each row; - reads standard input]:FILE|-:_files' \
'--delimiter=[Character between two columns; \\t is a tab]:C:_default' \
'--journal=[Make the run resumable\: what went out is not sent again]:FILE:_files' \
'--jobs=[Connections to send over]:N:_default' \
'--window=[Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING]:N:_default' \
'--retry=[Try a page that was not taken, or not tried, this many times more]:N:_default' \
'--retry-delay=[Pause before the first retry; each further one is twice as long]:DUR:_default' \
'--retry-max-time=[Begin no retry later than this after the first try]:DUR:_default' \
'--connect-timeout=[Limit for name lookup and connection]:DUR:_default' \
'--timeout=[Limit for everything up to the page itself \[default\: SNPP and xtell 15s, a probe 10s; TAP has limits for each step\]]:DUR:_default' \
'--verdict-timeout=[Limit for the verdict on a page \[default\: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s\]]:DUR:_default' \
'--proxy-command=[Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port]:CMD:_default' \
'(--device --rfc2217)--telnet[The connection is one of telnet]' \
'(--device)--rfc2217[The connection is one of telnet, and sets speed, framing and DTR of the far serial line]' \
'--multiblock[Send long messages in several blocks, and each of their lines as a field]' \
'--no-goahead[Send the page also where the central does not say that it may come]' \
'(--csv -m --message --tone)--probe[Log on and off and page nobody\: is the central there, and what does it speak?]' \
'(--json --dry-run)--nagios[Speak and exit like a monitoring plugin\: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN]' \
'(--csv -m --message --tone --probe)--envelope[Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them]' \
'(-m --message)--tone[Page without a text]' \
'--numeric[Take only digits, blanks, and - * #\: the pagers show no letters]' \
'--retry-unknown[Try again also what may be out already\: it may arrive twice]' \
'-4[Use IPv4 only]' \
'--ipv4[Use IPv4 only]' \
'(-4 --ipv4)-6[Use IPv6 only]' \
'(-4 --ipv4)--ipv6[Use IPv6 only]' \
'-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(-v --verbose)-q[Print nothing; the exit status tells]' \
'(-v --verbose)--quiet[Print nothing; the exit status tells]' \
'--json[Print results as JSON, one object a line]' \
'--dry-run[Say what would be sent, and connect to nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::target -- Pager ID, or several separated by commas:_default' \
'*::words -- The message:_default' \
&& ret=0
;;
(ixo-serve)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--command-timeout=[Longest run of the command]:DUR:_default' \
'--min-free=[Bytes of the spool'\''s file system that stay free]:BYTES:_default' \
'--max-queue=[Most jobs that may wait in the spool for a deliverer]:N:_default' \
'--device=[Serial line]:PATH:_files' \
'--baud=[Speed of the serial line, in bits per second]:N:_default' \
'--framing=[Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity \[default\: 7e1\]]:FRAMING:((7e1\:"7 bits, even parity, as TAP has it"
8n1\:"8 bits, no parity"
8n1-even\:"8 bits, the highest an even parity that we make"))' \
'(--no-login)--password-file=[File whose first line is the password]:FILE:_files' \
'--tap-version=[Version of TAP to speak]:VERSION:((1.8\:"Each reply has its code and text"
none\:"No codes, as before 1.6"))' \
'--max-pages=[Most pages of one session]:N:_default' \
'--max-length=[Longest message, in characters as sent]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Take nothing"
truncate\:"Take the beginning"))' \
'--session-timeout=[Longest session]:DUR:_default' \
'(--device)*--allow=[Serve these networks and no others]:CIDR:_default' \
'--log-text[Log the text of messages]' \
'--no-login[Take blocks without a logon too]' \
'--no-checksum[Take blocks whatever their checksum]' \
'--numeric[Take only digits, blanks, and - * #\: the pagers show no letters]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers each page, instead of the spool:_default' \
&& ret=0
;;
(page)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'(--csv --dry-run)--wait=[Wait for at most so long\: until the gateway is up, or the fate of the page is final]:DUR:_default' \
'(--csv --envelope -m --message --tone --max-length --overflow --max-parts --charset --level --alert --coverage --caller --subject --at --expire --dedup --pin-file)--job=[Queue a whole job, headers and all; - reads standard input]:FILE|-:_files' \
'*--allow=[Serve these networks and no others]:CIDR:_default' \
'--level=[Service level, 0 to 11; 1 is normal]:N:_default' \
'--alert=[Override the alert\: 0 silent, 1 alert]:0|1:_default' \
'--coverage=[Coverage area]:AREA:_default' \
'--caller=[Who calls]:TEXT:_default' \
'--subject=[What about]:TEXT:_default' \
'--at=[Begin to deliver then\: after a duration, or at a time of RFC 3339]:DUR|TIME:_default' \
'--expire=[Drop the page if it is still queued after that]:DUR:_default' \
'--dedup=[Do not send it where the same text went to, or waits for, the same name within that time]:DUR:_default' \
'(--csv)--pin-file=[File whose first line is the pager'\''s PIN]:FILE:_files' \
'-m+[The message; - reads standard input]:TEXT:_default' \
'--message=[The message; - reads standard input]:TEXT:_default' \
'--max-length=[Longest message, in characters as sent \[default\: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none\]]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Send nothing"
truncate\:"Send the beginning"
split\:"Send parts, marked (1/3)"))' \
'--max-parts=[Most parts of a split message]:N:_default' \
'--charset=[Characters of the message\: ascii transliterates \[default\: TAP ascii; others utf8\]]:CHARSET:((utf8\:"As it is"
ascii\:"Transliterated, for networks that carry nothing else"))' \
'(-m --message)--csv=[Send one page for each row; - reads standard input]:FILE|-:_files' \
'--delimiter=[Character between two columns; \\t is a tab]:C:_default' \
'--journal=[Make the run resumable\: what went out is not sent again]:FILE:_files' \
'--jobs=[Connections to send over]:N:_default' \
'--window=[Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING]:N:_default' \
'--retry=[Try a page that was not taken, or not tried, this many times more]:N:_default' \
'--retry-delay=[Pause before the first retry; each further one is twice as long]:DUR:_default' \
'--retry-max-time=[Begin no retry later than this after the first try]:DUR:_default' \
'(--csv -m --message --tone --pin-file)--envelope[Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them]' \
'(-m --message)--tone[Page without a text]' \
'--retry-unknown[Try again also what may be out already\: it may arrive twice]' \
'-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(-v --verbose)-q[Print nothing; the exit status tells]' \
'(-v --verbose)--quiet[Print nothing; the exit status tells]' \
'--json[Print results as JSON, one object a line]' \
'--dry-run[Say what would be sent, and connect to nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::target -- Name of a pager or a group, or several separated by commas:_default' \
'*::words -- The message:_default' \
&& ret=0
;;
(page-cgi)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(page-deliver)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'(--each --check)--route=[Only what goes by this route]:NAME:_default' \
'--command-timeout=[Longest run of the command]:DUR:_default' \
'(--watch --each --check)--once[Deliver what is due, and end; this is what is done anyway]' \
'(--each --check)--watch[Deliver what comes and what comes due, until stopped]' \
'(--each)--check[Say what a page to each name would do now, and what cannot work]' \
'--each[Be a route\: run the command once for each page of a CSV on standard input]' \
'(--each --check)-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(--each --check)--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers a page:_default' \
&& ret=0
;;
(page-mail)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--max-parts=[Most parts of a split message \[default\: the configuration'\''s, else 9\]]:N:_default' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::names -- Names of pagers or groups, or addresses page+NAME@...:_default' \
&& ret=0
;;
(pageq)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_pagebox__subcmd__pageq_commands" \
"*::: :->pageq" \
&& ret=0

    case $state in
    (pageq)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pagebox-pageq-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
':id -- A job, by its ID or the beginning of it:_default' \
&& ret=0
;;
(hold)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(release)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(retry)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(reply)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
':id -- A job, by its ID or the beginning of it:_default' \
':text -- The answer\: the code or the text of a choice, or anything:_default' \
&& ret=0
;;
        esac
    ;;
esac
;;
(snpp-probe)
_arguments "${_arguments_options[@]}" : \
'--pager=[Would it take a page for this pager? Exit 1\: no]:ID:_default' \
'--ping=[Where is this two-way pager? Exit 1\: not reachable]:ID:_default' \
'--login=[Log in with this name; the password is in --password-file, in \$SNPP_PASSWORD, or asked for]:USER:_default' \
'--password-file=[File whose first line is the password]:FILE:_files' \
'-w+[WARNING when the greeting takes longer]:DUR:_default' \
'--warning=[WARNING when the greeting takes longer]:DUR:_default' \
'-c+[CRITICAL when the greeting takes longer]:DUR:_default' \
'--critical=[CRITICAL when the greeting takes longer]:DUR:_default' \
'--wait=[Wait for at most so long\: until the gateway is up, or the fate of the page is final]:DUR:_default' \
'--quit-after=[Say goodbye after this step]:STEP:((BANNER\:"The greeting"
LOGI\:"The login"
HELP\:"HELP"
PAGE\:"PAGE"))' \
'--connect-timeout=[Limit for name lookup and connection]:DUR:_default' \
'--timeout=[Limit for everything up to the page itself \[default\: SNPP and xtell 15s, a probe 10s; TAP has limits for each step\]]:DUR:_default' \
'--verdict-timeout=[Limit for the verdict on a page \[default\: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s\]]:DUR:_default' \
'--proxy-command=[Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port]:CMD:_default' \
'--features[Which levels and commands does it know? Asks HELP, and else tries]' \
'(--json --dry-run)--nagios[Speak and exit like a monitoring plugin\: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN]' \
'-4[Use IPv4 only]' \
'--ipv4[Use IPv4 only]' \
'(-4 --ipv4)-6[Use IPv6 only]' \
'(-4 --ipv4)--ipv6[Use IPv6 only]' \
'-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(-v --verbose)-q[Print nothing; the exit status tells]' \
'(-v --verbose)--quiet[Print nothing; the exit status tells]' \
'--json[Print results as JSON, one object a line]' \
'--dry-run[Say what would be sent, and connect to nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::hosts -- Gateway to ask \[default port\: 444; default\: $SNPP_SERVER\]:_default' \
&& ret=0
;;
(snpp-send)
_arguments "${_arguments_options[@]}" : \
'*-s+[Gateway to send through; further ones are tried in order \[env\: SNPP_SERVER, separated by commas\]]:HOST[:PORT]:_default' \
'*--server=[Gateway to send through; further ones are tried in order \[env\: SNPP_SERVER, separated by commas\]]:HOST[:PORT]:_default' \
'--login=[Log in with this name; the password is in --password-file, in \$SNPP_PASSWORD, or asked for]:USER:_default' \
'--password-file=[File whose first line is the password]:FILE:_files' \
'(--csv)--pin-file=[File whose first line is the pager'\''s PIN]:FILE:_files' \
'--level=[Service level, 0 to 11; 1 is normal]:N:_default' \
'--alert=[Override the alert\: 0 silent, 1 alert]:0|1:_default' \
'--coverage=[Coverage area]:AREA:_default' \
'--caller=[Who calls]:TEXT:_default' \
'--subject=[What about]:TEXT:_default' \
'--hold=[Deliver later\: after a duration, or at a time of RFC 3339]:DUR|TIME:_default' \
'--expire=[Drop the page if it is still queued after that]:DUR:_default' \
'--reply=[Ask for a reply of this kind]:KIND:(none yesno simreply multichoice text)' \
'*--choice=[One answer of a multiple choice\: 1 to 4 hexadecimal digits and a text]:CODE=TEXT:_default' \
'(--csv)--wait-reply=[Wait for the final status and print the reply; exit 1 if none came in time]:DUR:_default' \
'(--csv --forget -m --message --tone --envelope --one-send --pin-file --level --alert --coverage --hold --caller --subject --two-way --no-queue --expire --ack --reply --choice)--status=[Ask for the status of an earlier page; - reads TAG/PASS lines]:TAG/PASS|-:_default' \
'(--csv -m --message --tone --envelope --one-send --pin-file --level --alert --coverage --hold --caller --subject --two-way --no-queue --expire --ack --reply --choice --wait-reply)--forget=[Let the gateway forget an earlier page; - reads TAG/PASS lines]:TAG/PASS|-:_default' \
'--body=[How the message is handed over\: auto is DATA for several lines, MESS otherwise]:HOW:(auto mess data)' \
'-m+[The message; - reads standard input]:TEXT:_default' \
'--message=[The message; - reads standard input]:TEXT:_default' \
'--max-length=[Longest message, in characters as sent \[default\: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none\]]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Send nothing"
truncate\:"Send the beginning"
split\:"Send parts, marked (1/3)"))' \
'--max-parts=[Most parts of a split message]:N:_default' \
'--charset=[Characters of the message\: ascii transliterates \[default\: TAP ascii; others utf8\]]:CHARSET:((utf8\:"As it is"
ascii\:"Transliterated, for networks that carry nothing else"))' \
'(-m --message)--csv=[Send one page for each row; - reads standard input]:FILE|-:_files' \
'--delimiter=[Character between two columns; \\t is a tab]:C:_default' \
'--journal=[Make the run resumable\: what went out is not sent again]:FILE:_files' \
'--jobs=[Connections to send over]:N:_default' \
'--window=[Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING]:N:_default' \
'--retry=[Try a page that was not taken, or not tried, this many times more]:N:_default' \
'--retry-delay=[Pause before the first retry; each further one is twice as long]:DUR:_default' \
'--retry-max-time=[Begin no retry later than this after the first try]:DUR:_default' \
'--connect-timeout=[Limit for name lookup and connection]:DUR:_default' \
'--timeout=[Limit for everything up to the page itself \[default\: SNPP and xtell 15s, a probe 10s; TAP has limits for each step\]]:DUR:_default' \
'--verdict-timeout=[Limit for the verdict on a page \[default\: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s\]]:DUR:_default' \
'--proxy-command=[Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port]:CMD:_default' \
'--strict[Send nothing where the gateway refuses any option]' \
'(--csv)--one-send[Send to all pagers with one SEND\: they share one fate]' \
'--two-way[Two-way transaction; prints TAG/PASS. Implied by the options below]' \
'--no-queue[Deliver now or not at all]' \
'--ack[Ask for a read acknowledgment]' \
'(--csv --status --forget -m --message --tone --pin-file)--envelope[Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them]' \
'(-m --message)--tone[Page without a text]' \
'--retry-unknown[Try again also what may be out already\: it may arrive twice]' \
'-4[Use IPv4 only]' \
'--ipv4[Use IPv4 only]' \
'(-4 --ipv4)-6[Use IPv6 only]' \
'(-4 --ipv4)--ipv6[Use IPv6 only]' \
'-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(-v --verbose)-q[Print nothing; the exit status tells]' \
'(-v --verbose)--quiet[Print nothing; the exit status tells]' \
'--json[Print results as JSON, one object a line]' \
'--dry-run[Say what would be sent, and connect to nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::target -- Pager ID, or several separated by commas:_default' \
'*::words -- The message:_default' \
&& ret=0
;;
(snpp-serve)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--command-timeout=[Longest run of the command]:DUR:_default' \
'*--allow=[Serve these networks and no others]:CIDR:_default' \
'--min-free=[Bytes of the spool'\''s file system that stay free]:BYTES:_default' \
'--max-queue=[Most jobs that may wait in the spool for a deliverer]:N:_default' \
'--hostname=[Name in the greeting \[default\: this host'\''s\]]:NAME:_default' \
'--max-message=[Longest message, in bytes]:N:_default' \
'--max-recipients=[Most pagers of one message \[default\: 50; with a command 1, and no more\]]:N:_default' \
'--max-errors=[Errors before the session is ended; refused pagers in a row\: ten times as many]:N:_default' \
'--idle-timeout=[Longest silence of a client]:DUR:_default' \
'--session-timeout=[Longest session]:DUR:_default' \
'--hold-zone=[Time zone of a HOLD without offset \[default\: this machine'\''s\]]:ZONE:_default' \
'--users=[File of logins, as htpasswd -B writes it]:FILE:_files' \
'--log-text[Log the text of messages]' \
'--require-login[Take nothing from a client before its login]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers each page, instead of the spool:_default' \
&& ret=0
;;
(xtell)
_arguments "${_arguments_options[@]}" : \
'*--host=[Host of targets that name none; further ones are tried in order \[default\: localhost\]]:HOST[:PORT]:_default' \
'--from=[Who sends it \[default\: the login name\]]:NAME:_default' \
'-m+[The message; - reads standard input]:TEXT:_default' \
'--message=[The message; - reads standard input]:TEXT:_default' \
'--max-length=[Longest message, in characters as sent \[default\: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none\]]:N:_default' \
'--max-parts=[Most parts of a split message]:N:_default' \
'--charset=[Characters of the message\: ascii transliterates \[default\: TAP ascii; others utf8\]]:CHARSET:((utf8\:"As it is"
ascii\:"Transliterated, for networks that carry nothing else"))' \
'(-m --message)--csv=[Send one page for each row; - reads standard input]:FILE|-:_files' \
'--delimiter=[Character between two columns; \\t is a tab]:C:_default' \
'--journal=[Make the run resumable\: what went out is not sent again]:FILE:_files' \
'--jobs=[Connections to send over]:N:_default' \
'--window=[Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING]:N:_default' \
'--retry=[Try a page that was not taken, or not tried, this many times more]:N:_default' \
'--retry-delay=[Pause before the first retry; each further one is twice as long]:DUR:_default' \
'--retry-max-time=[Begin no retry later than this after the first try]:DUR:_default' \
'--connect-timeout=[Limit for name lookup and connection]:DUR:_default' \
'--timeout=[Limit for everything up to the page itself \[default\: SNPP and xtell 15s, a probe 10s; TAP has limits for each step\]]:DUR:_default' \
'--verdict-timeout=[Limit for the verdict on a page \[default\: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s\]]:DUR:_default' \
'--proxy-command=[Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port]:CMD:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Send nothing"
truncate\:"Send the beginning"
split\:"Send parts, marked (1/3)"))' \
'(--csv -m --message --tone)--envelope[Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them]' \
'(-m --message)--tone[Page without a text]' \
'--retry-unknown[Try again also what may be out already\: it may arrive twice]' \
'-4[Use IPv4 only]' \
'--ipv4[Use IPv4 only]' \
'(-4 --ipv4)-6[Use IPv6 only]' \
'(-4 --ipv4)--ipv6[Use IPv6 only]' \
'-v[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'--verbose[Say more\: dialogues, secrets masked, and what becomes of each page]' \
'(-v --verbose)-q[Print nothing; the exit status tells]' \
'(-v --verbose)--quiet[Print nothing; the exit status tells]' \
'--json[Print results as JSON, one object a line]' \
'--dry-run[Say what would be sent, and connect to nothing]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::target -- User to be told, or several separated by commas; asked for where a person can be:_default' \
'*::words -- The message; without it each line of standard input is sent as it comes:_default' \
&& ret=0
;;
(xtelld)
_arguments "${_arguments_options[@]}" : \
'--utmp=[File of logins \[default\: /run/utmp or /var/run/utmp, if there is one\]]:FILE:_files' \
'--sessions=[Directory of systemd-logind'\''s sessions]:DIR:_files' \
'--dev=[Directory of the terminals'\'' devices]:DIR:_files' \
'--ident=[Ask the sender'\''s machine who the sender is]:WHEN:((off\:"Nobody is asked, and every sender is marked"
try\:"Whoever is not confirmed is marked"
require\:"Whoever is not confirmed is refused"))' \
'--ident-port=[Port that is asked]:N:_default' \
'--idle-timeout=[Longest silence of a client]:DUR:_default' \
'--session-timeout=[Longest session]:DUR:_default' \
'--max-messages=[Most messages of one session]:N:_default' \
'*--allow=[Serve these networks and no others]:CIDR:_default' \
'--log-text[Log the text of messages]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_pagebox__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pagebox-help-command-$line[1]:"
        case $line[1] in
            (ixo-send)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ixo-serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(page)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(page-cgi)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(page-deliver)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(page-mail)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(pageq)
_arguments "${_arguments_options[@]}" : \
":: :_pagebox__subcmd__help__subcmd__pageq_commands" \
"*::: :->pageq" \
&& ret=0

    case $state in
    (pageq)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pagebox-help-pageq-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(hold)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(release)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(retry)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(reply)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(snpp-probe)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(snpp-send)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(snpp-serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(xtell)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(xtelld)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_pagebox_commands] )) ||
_pagebox_commands() {
    local commands; commands=(
'ixo-send:Send pages to a TAP paging central' \
'ixo-serve:Be a paging central (TAP, IXO) on standard input and output or a serial line' \
'page:Queue a page for a pager or a group' \
'page-cgi:Queue pages from the web\: one CGI request' \
'page-deliver:Deliver the pages in the spool' \
'page-mail:Queue the page that a mail on standard input asks for' \
'pageq:Look at queued pages, and hold, release, retry or remove them' \
'snpp-probe:Ask an SNPP gateway whether it is up and what it can do' \
'snpp-send:Send pages through an SNPP gateway' \
'snpp-serve:Serve one SNPP session on standard input and output' \
'xtell:Send a message to a user'\''s terminal on another machine' \
'xtelld:Show messages from other machines on the terminals of this one' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pagebox commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help_commands] )) ||
_pagebox__subcmd__help_commands() {
    local commands; commands=(
'ixo-send:Send pages to a TAP paging central' \
'ixo-serve:Be a paging central (TAP, IXO) on standard input and output or a serial line' \
'page:Queue a page for a pager or a group' \
'page-cgi:Queue pages from the web\: one CGI request' \
'page-deliver:Deliver the pages in the spool' \
'page-mail:Queue the page that a mail on standard input asks for' \
'pageq:Look at queued pages, and hold, release, retry or remove them' \
'snpp-probe:Ask an SNPP gateway whether it is up and what it can do' \
'snpp-send:Send pages through an SNPP gateway' \
'snpp-serve:Serve one SNPP session on standard input and output' \
'xtell:Send a message to a user'\''s terminal on another machine' \
'xtelld:Show messages from other machines on the terminals of this one' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'pagebox help commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__help_commands] )) ||
_pagebox__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help help commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__ixo-send_commands] )) ||
_pagebox__subcmd__help__subcmd__ixo-send_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help ixo-send commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__ixo-serve_commands] )) ||
_pagebox__subcmd__help__subcmd__ixo-serve_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help ixo-serve commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__page_commands] )) ||
_pagebox__subcmd__help__subcmd__page_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help page commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__page-cgi_commands] )) ||
_pagebox__subcmd__help__subcmd__page-cgi_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help page-cgi commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__page-deliver_commands] )) ||
_pagebox__subcmd__help__subcmd__page-deliver_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help page-deliver commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__page-mail_commands] )) ||
_pagebox__subcmd__help__subcmd__page-mail_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help page-mail commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq_commands() {
    local commands; commands=(
'list:Name the jobs, the most urgent first' \
'show:Tell everything about a job' \
'hold:Stop jobs until they are released' \
'release:Let go jobs that are held' \
'retry:Try jobs again now, also when they have failed' \
'remove:Remove jobs for good' \
'reply:Tell what the pager'\''s user answered' \
    )
    _describe -t commands 'pagebox help pageq commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__hold_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__hold_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq hold commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__list_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq list commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__release_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__release_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq release commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__remove_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq remove commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__reply_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__reply_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq reply commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__retry_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__retry_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq retry commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__pageq__subcmd__show_commands] )) ||
_pagebox__subcmd__help__subcmd__pageq__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help pageq show commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__snpp-probe_commands] )) ||
_pagebox__subcmd__help__subcmd__snpp-probe_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help snpp-probe commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__snpp-send_commands] )) ||
_pagebox__subcmd__help__subcmd__snpp-send_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help snpp-send commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__snpp-serve_commands] )) ||
_pagebox__subcmd__help__subcmd__snpp-serve_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help snpp-serve commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__xtell_commands] )) ||
_pagebox__subcmd__help__subcmd__xtell_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help xtell commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__help__subcmd__xtelld_commands] )) ||
_pagebox__subcmd__help__subcmd__xtelld_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox help xtelld commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__ixo-send_commands] )) ||
_pagebox__subcmd__ixo-send_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox ixo-send commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__ixo-serve_commands] )) ||
_pagebox__subcmd__ixo-serve_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox ixo-serve commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__page_commands] )) ||
_pagebox__subcmd__page_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox page commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__page-cgi_commands] )) ||
_pagebox__subcmd__page-cgi_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox page-cgi commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__page-deliver_commands] )) ||
_pagebox__subcmd__page-deliver_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox page-deliver commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__page-mail_commands] )) ||
_pagebox__subcmd__page-mail_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox page-mail commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq_commands] )) ||
_pagebox__subcmd__pageq_commands() {
    local commands; commands=(
'list:Name the jobs, the most urgent first' \
'show:Tell everything about a job' \
'hold:Stop jobs until they are released' \
'release:Let go jobs that are held' \
'retry:Try jobs again now, also when they have failed' \
'remove:Remove jobs for good' \
'reply:Tell what the pager'\''s user answered' \
    )
    _describe -t commands 'pagebox pageq commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__hold_commands] )) ||
_pagebox__subcmd__pageq__subcmd__hold_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq hold commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__list_commands] )) ||
_pagebox__subcmd__pageq__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq list commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__release_commands] )) ||
_pagebox__subcmd__pageq__subcmd__release_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq release commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__remove_commands] )) ||
_pagebox__subcmd__pageq__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq remove commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__reply_commands] )) ||
_pagebox__subcmd__pageq__subcmd__reply_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq reply commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__retry_commands] )) ||
_pagebox__subcmd__pageq__subcmd__retry_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq retry commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__pageq__subcmd__show_commands] )) ||
_pagebox__subcmd__pageq__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox pageq show commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__snpp-probe_commands] )) ||
_pagebox__subcmd__snpp-probe_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox snpp-probe commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__snpp-send_commands] )) ||
_pagebox__subcmd__snpp-send_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox snpp-send commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__snpp-serve_commands] )) ||
_pagebox__subcmd__snpp-serve_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox snpp-serve commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__xtell_commands] )) ||
_pagebox__subcmd__xtell_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox xtell commands' commands "$@"
}
(( $+functions[_pagebox__subcmd__xtelld_commands] )) ||
_pagebox__subcmd__xtelld_commands() {
    local commands; commands=()
    _describe -t commands 'pagebox xtelld commands' commands "$@"
}

if [ "$funcstack[1]" = "_pagebox" ]; then
    _pagebox "$@"
else
    compdef _pagebox pagebox
fi

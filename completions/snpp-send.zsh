#compdef snpp-send

autoload -U is-at-least

_snpp-send() {
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
}

(( $+functions[_snpp-send_commands] )) ||
_snpp-send_commands() {
    local commands; commands=()
    _describe -t commands 'snpp-send commands' commands "$@"
}

if [ "$funcstack[1]" = "_snpp-send" ]; then
    _snpp-send "$@"
else
    compdef _snpp-send snpp-send
fi

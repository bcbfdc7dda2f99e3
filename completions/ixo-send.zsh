#compdef ixo-send

autoload -U is-at-least

_ixo-send() {
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
}

(( $+functions[_ixo-send_commands] )) ||
_ixo-send_commands() {
    local commands; commands=()
    _describe -t commands 'ixo-send commands' commands "$@"
}

if [ "$funcstack[1]" = "_ixo-send" ]; then
    _ixo-send "$@"
else
    compdef _ixo-send ixo-send
fi

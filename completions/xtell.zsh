#compdef xtell

autoload -U is-at-least

_xtell() {
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
}

(( $+functions[_xtell_commands] )) ||
_xtell_commands() {
    local commands; commands=()
    _describe -t commands 'xtell commands' commands "$@"
}

if [ "$funcstack[1]" = "_xtell" ]; then
    _xtell "$@"
else
    compdef _xtell xtell
fi

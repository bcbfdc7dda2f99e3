#compdef snpp-probe

autoload -U is-at-least

_snpp-probe() {
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
}

(( $+functions[_snpp-probe_commands] )) ||
_snpp-probe_commands() {
    local commands; commands=()
    _describe -t commands 'snpp-probe commands' commands "$@"
}

if [ "$funcstack[1]" = "_snpp-probe" ]; then
    _snpp-probe "$@"
else
    compdef _snpp-probe snpp-probe
fi

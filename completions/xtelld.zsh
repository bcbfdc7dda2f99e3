#compdef xtelld

autoload -U is-at-least

_xtelld() {
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
}

(( $+functions[_xtelld_commands] )) ||
_xtelld_commands() {
    local commands; commands=()
    _describe -t commands 'xtelld commands' commands "$@"
}

if [ "$funcstack[1]" = "_xtelld" ]; then
    _xtelld "$@"
else
    compdef _xtelld xtelld
fi

#compdef snpp-serve

autoload -U is-at-least

_snpp-serve() {
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
'--spool=[Directory that accepted pages go into]:DIR:_files' \
'--hostname=[Name in the greeting \[default\: this host'\''s\]]:NAME:_default' \
'--max-message=[Longest message, in bytes]:N:_default' \
'--max-recipients=[Most pagers of one message]:N:_default' \
'--max-errors=[Unknown commands before the session is ended]:N:_default' \
'--idle-timeout=[Longest silence of a client]:DUR:_default' \
'--session-timeout=[Longest session]:DUR:_default' \
'--log-text[Log the text of messages]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
}

(( $+functions[_snpp-serve_commands] )) ||
_snpp-serve_commands() {
    local commands; commands=()
    _describe -t commands 'snpp-serve commands' commands "$@"
}

if [ "$funcstack[1]" = "_snpp-serve" ]; then
    _snpp-serve "$@"
else
    compdef _snpp-serve snpp-serve
fi

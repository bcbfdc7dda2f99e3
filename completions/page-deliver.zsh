#compdef page-deliver

autoload -U is-at-least

_page-deliver() {
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
'--command-timeout=[Longest run of the command]:DUR:_default' \
'--each[Be a route\: run the command once for each page of a CSV on standard input]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers a page:_default' \
&& ret=0
}

(( $+functions[_page-deliver_commands] )) ||
_page-deliver_commands() {
    local commands; commands=()
    _describe -t commands 'page-deliver commands' commands "$@"
}

if [ "$funcstack[1]" = "_page-deliver" ]; then
    _page-deliver "$@"
else
    compdef _page-deliver page-deliver
fi

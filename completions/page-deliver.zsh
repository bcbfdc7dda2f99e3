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

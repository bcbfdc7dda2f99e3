#compdef page-cgi

autoload -U is-at-least

_page-cgi() {
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
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
}

(( $+functions[_page-cgi_commands] )) ||
_page-cgi_commands() {
    local commands; commands=()
    _describe -t commands 'page-cgi commands' commands "$@"
}

if [ "$funcstack[1]" = "_page-cgi" ]; then
    _page-cgi "$@"
else
    compdef _page-cgi page-cgi
fi

#compdef page-mail

autoload -U is-at-least

_page-mail() {
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
'--max-parts=[Most parts of a split message \[default\: the configuration'\''s, else 9\]]:N:_default' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::names -- Names of pagers or groups, or addresses page+NAME@...:_default' \
&& ret=0
}

(( $+functions[_page-mail_commands] )) ||
_page-mail_commands() {
    local commands; commands=()
    _describe -t commands 'page-mail commands' commands "$@"
}

if [ "$funcstack[1]" = "_page-mail" ]; then
    _page-mail "$@"
else
    compdef _page-mail page-mail
fi

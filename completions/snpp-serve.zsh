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
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--command-timeout=[Longest run of the command]:DUR:_default' \
'*--allow=[Serve these networks and no others]:CIDR:_default' \
'--min-free=[Bytes of the spool'\''s file system that stay free]:BYTES:_default' \
'--max-queue=[Most jobs that may wait in the spool for a deliverer]:N:_default' \
'--hostname=[Name in the greeting \[default\: this host'\''s\]]:NAME:_default' \
'--max-message=[Longest message, in bytes]:N:_default' \
'--max-recipients=[Most pagers of one message \[default\: 50; with a command 1, and no more\]]:N:_default' \
'--max-errors=[Errors before the session is ended; refused pagers in a row\: ten times as many]:N:_default' \
'--idle-timeout=[Longest silence of a client]:DUR:_default' \
'--session-timeout=[Longest session]:DUR:_default' \
'--hold-zone=[Time zone of a HOLD without offset \[default\: this machine'\''s\]]:ZONE:_default' \
'--users=[File of logins, as htpasswd -B writes it]:FILE:_files' \
'--log-text[Log the text of messages]' \
'--require-login[Take nothing from a client before its login]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers each page, instead of the spool:_default' \
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

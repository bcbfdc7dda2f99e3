#compdef ixo-serve

autoload -U is-at-least

_ixo-serve() {
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
'--min-free=[Bytes of the spool'\''s file system that stay free]:BYTES:_default' \
'--max-queue=[Most jobs that may wait in the spool for a deliverer]:N:_default' \
'--device=[Serial line]:PATH:_files' \
'--baud=[Speed of the serial line, in bits per second]:N:_default' \
'--framing=[Bits and parity; 8n1-even is for lines that carry 8 bits to a central that wants parity \[default\: 7e1\]]:FRAMING:((7e1\:"7 bits, even parity, as TAP has it"
8n1\:"8 bits, no parity"
8n1-even\:"8 bits, the highest an even parity that we make"))' \
'(--no-login)--password-file=[File whose first line is the password]:FILE:_files' \
'--tap-version=[Version of TAP to speak]:VERSION:((1.8\:"Each reply has its code and text"
none\:"No codes, as before 1.6"))' \
'--max-pages=[Most pages of one session]:N:_default' \
'--max-length=[Longest message, in characters as sent]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Take nothing"
truncate\:"Take the beginning"))' \
'--session-timeout=[Longest session]:DUR:_default' \
'(--device)*--allow=[Serve these networks and no others]:CIDR:_default' \
'--log-text[Log the text of messages]' \
'--no-login[Take blocks without a logon too]' \
'--no-checksum[Take blocks whatever their checksum]' \
'--numeric[Take only digits, blanks, and - * #\: the pagers show no letters]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'*::command -- Command that delivers each page, instead of the spool:_default' \
&& ret=0
}

(( $+functions[_ixo-serve_commands] )) ||
_ixo-serve_commands() {
    local commands; commands=()
    _describe -t commands 'ixo-serve commands' commands "$@"
}

if [ "$funcstack[1]" = "_ixo-serve" ]; then
    _ixo-serve "$@"
else
    compdef _ixo-serve ixo-serve
fi

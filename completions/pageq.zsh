#compdef pageq

autoload -U is-at-least

_pageq() {
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
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_pageq_commands" \
"*::: :->pageq" \
&& ret=0
    case $state in
    (pageq)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:pageq-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
':id -- A job, by its ID or the beginning of it:_default' \
&& ret=0
;;
(hold)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(release)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(retry)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(remove)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
'*::ids -- Jobs, by their IDs or the beginnings of them:_default' \
&& ret=0
;;
(reply)
_arguments "${_arguments_options[@]}" : \
'--spool=[Directory that accepted pages go into \[default\: \$PAGEBOX_SPOOL, else the configuration'\''s, else /var/spool/pagebox\]]:DIR:_files' \
'--config=[Configuration\: the pagers there are \[default\: \$PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there\]]:FILE:_files' \
'--json[Print results as JSON, one object a line]' \
'--failed[List pages that have failed, with what happened to them]' \
'--sent[List receipts of pages that were sent; with --failed, list everything]' \
'-h[Print help]' \
'--help[Print help]' \
':id -- A job, by its ID or the beginning of it:_default' \
':text -- The answer\: the code or the text of a choice, or anything:_default' \
&& ret=0
;;
        esac
    ;;
esac
}

(( $+functions[_pageq_commands] )) ||
_pageq_commands() {
    local commands; commands=(
'list:Name the jobs, the most urgent first' \
'show:Tell everything about a job' \
'hold:Stop jobs until they are released' \
'release:Let go jobs that are held' \
'retry:Try jobs again now, also when they have failed' \
'remove:Remove jobs for good' \
'reply:Tell what the pager'\''s user answered' \
    )
    _describe -t commands 'pageq commands' commands "$@"
}
(( $+functions[_pageq__subcmd__hold_commands] )) ||
_pageq__subcmd__hold_commands() {
    local commands; commands=()
    _describe -t commands 'pageq hold commands' commands "$@"
}
(( $+functions[_pageq__subcmd__list_commands] )) ||
_pageq__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'pageq list commands' commands "$@"
}
(( $+functions[_pageq__subcmd__release_commands] )) ||
_pageq__subcmd__release_commands() {
    local commands; commands=()
    _describe -t commands 'pageq release commands' commands "$@"
}
(( $+functions[_pageq__subcmd__remove_commands] )) ||
_pageq__subcmd__remove_commands() {
    local commands; commands=()
    _describe -t commands 'pageq remove commands' commands "$@"
}
(( $+functions[_pageq__subcmd__reply_commands] )) ||
_pageq__subcmd__reply_commands() {
    local commands; commands=()
    _describe -t commands 'pageq reply commands' commands "$@"
}
(( $+functions[_pageq__subcmd__retry_commands] )) ||
_pageq__subcmd__retry_commands() {
    local commands; commands=()
    _describe -t commands 'pageq retry commands' commands "$@"
}
(( $+functions[_pageq__subcmd__show_commands] )) ||
_pageq__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'pageq show commands' commands "$@"
}

if [ "$funcstack[1]" = "_pageq" ]; then
    _pageq "$@"
else
    compdef _pageq pageq
fi

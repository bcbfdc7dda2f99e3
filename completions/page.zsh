#compdef page

autoload -U is-at-least

_page() {
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
'(--csv --dry-run)--wait=[Wait for at most so long\: until the gateway is up, or the fate of the page is final]:DUR:_default' \
'(--csv --envelope -m --message --tone --max-length --overflow --max-parts --charset --level --alert --coverage --caller --subject --at --expire --dedup --pin-file)--job=[Queue a whole job, headers and all; - reads standard input]:FILE|-:_files' \
'*--allow=[Serve these networks and no others]:CIDR:_default' \
'--level=[Service level, 0 to 11; 1 is normal]:N:_default' \
'--alert=[Override the alert\: 0 silent, 1 alert]:0|1:_default' \
'--coverage=[Coverage area]:AREA:_default' \
'--caller=[Who calls]:TEXT:_default' \
'--subject=[What about]:TEXT:_default' \
'--at=[Begin to deliver then\: after a duration, or at a time of RFC 3339]:DUR|TIME:_default' \
'--expire=[Drop the page if it is still queued after that]:DUR:_default' \
'--dedup=[Do not send it where the same text went to, or waits for, the same name within that time]:DUR:_default' \
'(--csv)--pin-file=[File whose first line is the pager'\''s PIN]:FILE:_files' \
'-m+[The message; - reads standard input]:TEXT:_default' \
'--message=[The message; - reads standard input]:TEXT:_default' \
'--max-length=[Longest message, in characters as sent \[default\: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none\]]:N:_default' \
'--overflow=[What to do with a longer one]:OVERFLOW:((reject\:"Send nothing"
truncate\:"Send the beginning"
split\:"Send parts, marked (1/3)"))' \
'--max-parts=[Most parts of a split message]:N:_default' \
'--charset=[Characters of the message\: ascii transliterates \[default\: TAP ascii; others utf8\]]:CHARSET:((utf8\:"As it is"
ascii\:"Transliterated, for networks that carry nothing else"))' \
'(-m --message)--csv=[Send one page for each row; - reads standard input]:FILE|-:_files' \
'--delimiter=[Character between two columns; \\t is a tab]:C:_default' \
'--journal=[Make the run resumable\: what went out is not sent again]:FILE:_files' \
'--jobs=[Connections to send over]:N:_default' \
'--window=[Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING]:N:_default' \
'--retry=[Try a page that was not taken, or not tried, this many times more]:N:_default' \
'--retry-delay=[Pause before the first retry; each further one is twice as long]:DUR:_default' \
'--retry-max-time=[Begin no retry later than this after the first try]:DUR:_default' \
'(--csv -m --message --tone --pin-file)--envelope[Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them]' \
'(-m --message)--tone[Page without a text]' \
'--retry-unknown[Try again also what may be out already\: it may arrive twice]' \
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
'::target -- Name of a pager or a group, or several separated by commas:_default' \
'*::words -- The message:_default' \
&& ret=0
}

(( $+functions[_page_commands] )) ||
_page_commands() {
    local commands; commands=()
    _describe -t commands 'page commands' commands "$@"
}

if [ "$funcstack[1]" = "_page" ]; then
    _page "$@"
else
    compdef _page page
fi

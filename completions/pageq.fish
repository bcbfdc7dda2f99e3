# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pageq_global_optspecs
    string join \n spool= config= json failed sent h/help V/version
end

function __fish_pageq_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pageq_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pageq_using_subcommand
    set -l cmd (__fish_pageq_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pageq -n "__fish_pageq_needs_command" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_needs_command" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_needs_command" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_needs_command" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_needs_command" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_needs_command" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_needs_command" -s V -l version -d 'Print version'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "list" -d 'Name the jobs, the most urgent first'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "show" -d 'Tell everything about a job'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "hold" -d 'Stop jobs until they are released'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "release" -d 'Let go jobs that are held'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "retry" -d 'Try jobs again now, also when they have failed'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "remove" -d 'Remove jobs for good'
complete -c pageq -n "__fish_pageq_needs_command" -f -a "reply" -d 'Tell what the pager\'s user answered'
complete -c pageq -n "__fish_pageq_using_subcommand list" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand list" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand list" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand list" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand list" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand list" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand show" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand show" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand show" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand show" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand show" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand show" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand hold" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand hold" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand hold" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand hold" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand hold" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand hold" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand release" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand release" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand release" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand release" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand release" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand release" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand retry" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand retry" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand retry" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand retry" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand retry" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand retry" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand remove" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand remove" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand remove" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand remove" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand remove" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand remove" -s h -l help -d 'Print help'
complete -c pageq -n "__fish_pageq_using_subcommand reply" -l spool -d 'Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration\'s, else /var/spool/pagebox]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand reply" -l config -d 'Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if it is there]' -r -F
complete -c pageq -n "__fish_pageq_using_subcommand reply" -l json -d 'Print results as JSON, one object a line'
complete -c pageq -n "__fish_pageq_using_subcommand reply" -l failed -d 'List pages that have failed, with what happened to them'
complete -c pageq -n "__fish_pageq_using_subcommand reply" -l sent -d 'List receipts of pages that were sent; with --failed, list everything'
complete -c pageq -n "__fish_pageq_using_subcommand reply" -s h -l help -d 'Print help'

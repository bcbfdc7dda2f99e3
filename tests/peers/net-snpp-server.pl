# A gateway made of Net::SNPP::Server, for the tests.
#
# usage: perl net-snpp-server.pl RECORD
#
# It listens on a free port of 127.0.0.1 and says which. Pager ids have seven
# digits or more; pages for ids that begin with 554 fail. Of every other one a
# line of NAME=VALUE fields goes to RECORD, separated by tabs, before the reply.
use strict;
use warnings;
use Net::SNPP::Server;
use Socket;

my $record = shift or die "usage: net-snpp-server.pl RECORD\n";

sub field {
    my ($name, $value) = @_;
    my %escape = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
    $value =~ s/([\\\t\n\r])/$escape{$1}/g;
    return "$name=$value";
}

my $server = Net::SNPP::Server->new(Port => 0, BindTo => '127.0.0.1');
$server->callback('validate_pager_id', sub {
    my $id = shift;
    return defined $id && $id =~ /^\d{7,}$/ ? $id : undef;
});
# What this returns must be true, and "0" is a PIN.
$server->callback('validate_pager_pin', sub { defined $_[1] ? "pin $_[1]" : 'none' });
$server->callback('write_log', sub { });
$server->callback('process_page', sub {
    my ($pager, $page, $results) = @_;
    my ($id, $pin) = @$pager;
    return 0 if $id =~ /^554/;
    my @fields = (field('pager', $id));
    push @fields, field('pin', $1) if $pin =~ /^pin (.*)/s;
    for my $key (grep { !ref $page->{$_} } sort keys %$page) {
        push @fields, field($key, $page->{$key});
    }
    my $responses = $page->{responses} || {};
    for my $code (sort keys %$responses) {
        # The library keeps the code in front of its text.
        (my $text = $responses->{$code}) =~ s/^\Q$code\E //;
        push @fields, field("response $code", $text);
    }
    open my $out, '>>', $record or die "$record: $!\n";
    syswrite $out, join("\t", @fields) . "\n";
    close $out;
    return 1;
});

# A process for each client: an end of file inside DATA ends the whole server.
$SIG{CHLD} = 'IGNORE';
$| = 1;
print +(sockaddr_in(getsockname($server->socket())))[0], "\n";
while (1) {
    my $client = $server->client();
    my $pid = fork();
    if (defined $pid && !$pid) {
        $server->handle_client($client);
        exit 0;
    }
    close $client;
}

# perl net-snpp-session.pl DIR: one session of Net::SNPP::Server on standard
# input and output, for scripts/bench. Each page becomes a file that is written
# in DIR/tmp and renamed to DIR/new.
use strict;
use warnings;
use IO::Handle;
use Net::SNPP::Server;

my $dir = shift or die "usage: net-snpp-session.pl DIR\n";
# It wants to listen, too.
my $server = Net::SNPP::Server->new(Port => 0, BindTo => '127.0.0.1');
$server->callback('write_log', sub { });
$server->callback('process_page', sub {
    my ($pager, $page) = @_;
    my $name = time . "-$$";
    open my $job, '>', "$dir/tmp/$name" or return 0;
    print $job "To: $pager->[0]\n\n$page->{mess}\n" or return 0;
    close $job or return 0;
    return rename "$dir/tmp/$name", "$dir/new/$name";
});
my $client = IO::Handle->new;
open $client, '+<&=', 0 or die "standard input: $!\n";
$server->handle_client(bless $client, 'Net::SNPP::Server');

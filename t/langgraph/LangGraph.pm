package LangGraph;

# A LangGraph server for a test file: installed below build/, started, and ended
# with the test.  Adds what looks at the server to the steps of conversations:
#
#   state THREAD JSON   its thread has these messages, as [type, content]
#   runs THREAD STATUS… waits until its runs, oldest first, have come to these
#   asks THREAD JSON    it waits for answers to these questions, by values, whose
#                       ids are $LangGraph::Id[0] and so on from here on
#
# The thread is the id that the server knows it by.

use strict;
use warnings;

use File::Temp ();
use Cpanel::JSON::XS ();

use ThreadWS::Client;
use ThreadWS::Command;
use ThreadWS::Dialogue;

my $JSON = Cpanel::JSON::XS->new->utf8->canonical;
my ($pid, $dir, $in);

sub import {
    if (!grep { -x "$_/npm" } split /:/, $ENV{PATH}) {
        print "1..0 # SKIP there is no npm to install a LangGraph server by\n";
        exit 0;
    }

    # what it is made of comes over the network
    local $ThreadWS::Command::Deadline = 600;

    my $node = ThreadWS::Command::said('t/langgraph/install',
        'build/langgraph');
    die "no LangGraph server could be installed\n" if $?;
    chomp $node;

    # it leaves when its standard input ends, so with this process at the latest
    $dir = File::Temp->newdir;
    open my $out, '+>', undef or die "no temporary file: $!\n";
    pipe my $its, $in or die "no pipe: $!\n";

    $pid = ThreadWS::Command::started(sub {
        open STDIN, '<&', $its;
        open STDOUT, '>&', $out;
    }, $node, 'build/langgraph/server.mjs', "$dir");

    ($ENV{TEST_NGINX_LANGGRAPH_PORT}) = ThreadWS::Command::wrote($pid, $out,
        qr/^port (\d+)$/m) =~ /^port (\d+)$/m;
}

END {
    if ($pid) {
        my $status = $?;
        close $in;
        kill 'TERM', $pid;
        ThreadWS::Command::ended($pid, 60);
        $? = $status;
    }
}

sub ask {
    my ($dialogue, $target) = @_;

    my $client = ThreadWS::Client->new($dialogue->{loop}, plain => 1,
        port => $ENV{TEST_NGINX_LANGGRAPH_PORT});
    $client->request("GET $target HTTP/1.1", [['', 'Connection', 'close']]);
    $dialogue->until(sub { $client->complete }, 'the LangGraph server');

    die "GET $target: HTTP $client->{status}\n" if $client->{status} != 200;
    return $JSON->decode($client->content);
}

sub ThreadWS::Dialogue::do_state {
    my ($self, $rest) = @_;

    my ($thread, $want) = split ' ', $rest, 2;
    my $state = ask($self, "/threads/$thread/state");
    my $got = [map { [@$_{qw(type content)}] } @{ $state->{values}{messages} }];

    $self->expect(ThreadWS::Dialogue::match($got, $JSON->decode($want)), $got);
}

our @Id;

sub ThreadWS::Dialogue::do_asks {
    my ($self, $rest) = @_;

    my ($thread, $want) = split ' ', $rest, 2;
    my @got = map { @{ $_->{interrupts} } }
        @{ ask($self, "/threads/$thread/state")->{tasks} };

    @Id = map { $_->{id} } @got;
    my $got = [map { $_->{value} } @got];

    $self->expect(ThreadWS::Dialogue::match($got, $JSON->decode($want)), $got);
}

sub ThreadWS::Dialogue::do_runs {
    my ($self, $rest) = @_;

    my ($thread, @want) = split ' ', $rest;
    my $got = '';
    my $ok = eval {
        $self->until(sub {
            my $runs = ask($self, "/threads/$thread/runs");
            $got = join ' ', map { $_->{status} }
                sort { $a->{created_at} cmp $b->{created_at} } @$runs;
            return $got eq "@want";
        }, 'it');
        1;
    };

    $self->expect($ok, $got || $@);
}

1;

package ThreadWS::Steps::Send;

# What clients send: "name> verb ...".  socket_VERB does something to the
# connection as it is, send_VERB sends once its handshake is done.

use strict;
use warnings;

*JSON = \$ThreadWS::Dialogue::JSON;
our $JSON;

sub sends {
    my ($self, $name, $verb, $rest, @more) = @_;

    my $client = $self->client($name);

    if (my $method = $self->can("socket_$verb")) {
        return $self->$method($client, $rest);
    }

    # what goes together with the request cannot wait for its answer
    $self->opened($name) if !$client->{stream}{corked};

    if ($verb =~ /^\{/) {
        return $self->send_json($client, $rest eq '' ? $verb : "$verb $rest");
    }

    my $method = $self->can("send_$verb") or die "unknown: $verb\n";
    $self->$method($client, $rest);
}

sub socket_cork     { $_[1]{stream}->set(corked => 1) }
sub socket_uncork   { $_[1]{stream}->set(corked => 0) }
sub socket_slowly   { $_[1]{slowly} = 1 }
sub socket_pause    { $_[1]{stream}->set(paused => 1) }
sub socket_resume   { $_[1]{stream}->resume }
sub socket_shutdown { $_[1]{stream}->shutdown }
sub socket_reset    { $_[1]{stream}->reset }
sub socket_drop     { $_[1]{stream}->close }

# pings are frames to be expected from now on

sub socket_mute { $_[1]{autopong} = 0 }

sub socket_pings {
    my ($self, $client, $number) = @_;

    # "+2": two more
    $number += $client->{pings} // 0 if $number =~ /^\+/;

    $self->until(sub { ($client->{pings} // 0) >= $number }, 'pings');
    $self->expect(1);
}

sub send_message {
    my ($self, $client, $rest) = @_;

    my ($id, $content) = $rest =~ /^(\S+) (.*)/s or die "no content\n";

    $self->command($client, { type => 'message', requestId => $id,
        threadId => $client->{thread}, content => $self->decoded($content) });
}

sub send_cancel {
    my ($self, $client, $id) = @_;
    $self->command($client, { type => 'cancel', requestId => $id });
}

sub send_ping {
    my ($self, $client, $t) = @_;

    $self->command($client, { type => 'ping',
        $t eq '' ? () : (t => $JSON->decode($t)) });
}

sub send_json {
    my ($self, $client, $text) = @_;

    my $command = eval { $JSON->decode($text) };
    $self->note($client, $command) if $command;
    $client->frame('text', $text);
}

# a message that goes out in parts

sub send_note {
    my ($self, $client, $id) = @_;
    $self->note($client, { type => 'message', requestId => $id });
}

sub send_text {
    my ($self, $client, $rest) = @_;
    $client->frame('text', $self->text($rest));
}

sub send_binary {
    my ($self, $client, $rest) = @_;
    $client->frame('binary', pack 'H*', $rest =~ s/\s//gr);
}

sub send_follow {
    my ($self, $client, $rest) = @_;

    my ($id, $after) = ($rest // '') =~ /^(\S+)?(?: (\S+))?$/ or die "bad: $rest\n";

    if (defined $after) {
        $after = $self->{places}{$id} // die "$id was not followed\n"
            if $after eq 'after';
        $client->{after} = 0 + $after;
    }

    $client->{asked_follow} = 1;

    $self->command($client, { type => 'follow',
        (defined $id ? (requestId => $id) : ()),
        (defined $after ? (after => 0 + $after) : ()) });
}

sub send_hex {
    my ($self, $client, $rest) = @_;
    $client->bytes(pack 'H*', $rest =~ s/\s//gr);
}

sub send_raw {
    my ($self, $client, $rest) = @_;
    $client->bytes($self->text($rest));
}

sub send_close {
    my ($self, $client, $rest) = @_;

    my ($code, $reason) = split ' ', $rest, 2;

    $client->frame('close', defined $code
        ? pack('n', $code) . $self->text($reason // '') : '');
}

sub send_frame {
    my ($self, $client, $rest) = @_;

    my %options;
    $options{$1} = $2 while $rest =~ s/^(\w+)=(\w+) ?//;

    $client->frame($options{type} // 'text', $self->text($rest), %options);
}

sub command {
    my ($self, $client, $command) = @_;
    $self->note($client, $command);
    $client->frame('text', $JSON->encode($command));
}

# What is sent now may be answered: all other events are wrong.  An id can be
# used again once its run has ended.

sub note {
    my ($self, $client, $command) = @_;

    return if ref $command ne 'HASH' || ($command->{type} // '') ne 'message';

    my $id = $command->{requestId};
    return if !defined $id || ref $id;

    my $run = $client->{runs}{$id};
    $client->{runs}{$id} = { text => '' } if !$run || $run->{ended};
}

1;

package ThreadWS::Where;

# A test that is told to end says where it was, and leaves by its own door: what
# it has started is stopped by whoever started it.

use strict;
use warnings;

use POSIX ();

# what is being done: a block of Test::Nginx and the step of its dialogue
our $At = '';

my $Process = $$;

sub told {
    my ($name) = @_;

    POSIX::_exit(1) if $$ != $Process;

    print STDERR "\n# $0: SIG$name while at: ", $At || 'no step', "\n";

    for (my $i = 0; my (undef, $file, $line) = caller $i; $i++) {
        print STDERR "#   $file line $line\n" if $file =~ m{\bt/};
    }

    exit 1;
}

$SIG{$_} = \&told for qw(INT TERM HUP);

1;

# What agents send, byte for byte, and what the client is told of it.
#
# CASES=DIR takes the cases of another directory: NAME.http, the bytes of a
# response, and NAME.want beside it (t/README.md).

use strict;
use warnings;

use ThreadWS::Cases;
use ThreadWS::Test;

my $n = 0;

Test::Base::spec_string(join "\n", map {
    ('=== TEST ' . ++$n . ": $_->[0]", '--- config', '$TEST_CASES_CONFIG', '--- chat', $_->[1], '')
} ThreadWS::Cases::blocks($ENV{CASES} // 't/cases'));

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value('config', ThreadWS::Cases::config());
});

run_tests();

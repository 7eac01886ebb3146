# What agents send, cut up and changed by chance: each run ends once, and no other
# connection is disturbed.  THREAD_WS_FULL=1 for ten thousand of them, or
# MUTATIONS=N for so many; SEED=N for those of that seed again.

use ThreadWS::Test;
use ThreadWS::Cases;
use ThreadWS::Steps::Mutations;

our $Number = $ENV{MUTATIONS} || ($ENV{THREAD_WS_FULL} ? 10_000 : 60);
our $Seed = $ENV{SEED} || int rand 1_000_000_000;

log_level('warn');

add_block_preprocessor(sub {
    $_[0]->set_value('config', ThreadWS::Cases::config());
});

run_tests();

__DATA__

=== TEST 1: one end each
--- config
$TEST_CASES_CONFIG
--- chat
mutations {{ $main::Number }} {{ $main::Seed }}
--- timeout: 600

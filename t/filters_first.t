# The same as t/filters.t, with our module loaded before the others.

use ThreadWS::Modules first => qw(lua js subs_filter);
use ThreadWS::Test;

Test::Base::spec_file('t/filters.t');

run_tests();

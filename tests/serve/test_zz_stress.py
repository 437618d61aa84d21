from hypothesis import settings, given, strategies as st, HealthCheck
import tests.serve.test_text as t, tests.test_sentence_ends as e, tests.test_repetition as r
from tests.serve.test_text import shared, TEXTS, TEXT_LISTS
big = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
def again(f, *s):
    return big(given(*s)(f.hypothesis.inner_test))
test_a = again(t.test_white_space_outside_sentences_is_unchanged, TEXTS)
test_b = again(t.test_a_text_is_its_sentences_each_alone, TEXTS)
test_c = again(t.test_a_batch_is_each_text_alone, TEXT_LISTS)
test_d = again(e.test_ends_are_offsets_in_order, TEXTS, e.LANGUAGES | st.none())
test_f = again(e.test_where_a_rule_is_unsure_there_is_no_end, TEXTS, e.LANGUAGES)
test_g = again(r.test_cutting_twice_cuts_no_more, r.IDS, r.IDS)
test_h = again(r.test_what_stays_is_in_order_and_nothing_is_lost, r.IDS, r.IDS)
test_i = again(r.test_a_target_equal_to_its_source_is_never_cut, r.IDS)

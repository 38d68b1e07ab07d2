//! The table: every fault, what must happen, and the tests that hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct Row {
    /// Its number in the project's list of faults; 0 for one that is not in it.
    number: u32,
    fault: &'static str,
    must: &'static str,
    tests: &'static [&'static str],
}

const fn row(number: u32, fault: &'static str, must: &'static str, tests: &'static [&'static str]) -> Row {
    Row { number, fault, must, tests }
}

const MATRIX: &[Row] = &[
    row(
        1,
        "429, Retry-After: 1",
        "wait at least 1 s, then again; within the call's time",
        &[
            "row_01_the_wait_that_is_asked_for_is_kept_by_reads_and_writes",
            "row_01_waiting_ends_with_the_calls_own_limit",
        ],
    ),
    row(
        2,
        "429, Retry-After: 2.128 or 31,120",
        "wait so long, to the millisecond",
        &["row_02_a_decimal_wait_is_kept_to_the_millisecond", "waits_of_all_forms_are_kept_over_the_wire"],
    ),
    row(
        3,
        "429, Retry-After as a date, future or past",
        "wait till then, by the answer's own Date",
        &[
            "row_03_a_date_counts_from_the_answers_own_date",
            "row_06_to_come_back_at_once_is_not_taken_at_its_word",
            "waits_of_all_forms_are_kept_over_the_wire",
        ],
    ),
    row(
        4,
        "429 without Retry-After, or with it only in Intune's inner message",
        "growing waits with jitter; the inner wait",
        &[
            "row_04_without_a_wait_the_client_backs_off_by_itself",
            "row_04_more_than_three_are_survived",
            "row_04_intunes_wait_inside_the_message_serves_without_a_header",
            "backoff_doubles_up_to_its_maximum_with_half_jitter",
        ],
    ),
    row(
        5,
        "429, Retry-After: 99999",
        "end at once with the wait in the error",
        &[
            "row_05_a_wait_that_does_not_fit_is_returned_and_not_slept",
            "row_05_a_call_to_a_workload_that_is_to_be_left_alone_for_too_long_ends_at_once_unsent",
            "waits_of_all_forms_are_kept_over_the_wire",
        ],
    ),
    row(
        6,
        "429, Retry-After negative or senseless",
        "as if there were none",
        &["row_06_a_senseless_wait_counts_as_none", "every_observed_form_is_parsed"],
    ),
    row(
        7,
        "429 on a later page",
        "that page again; nothing lost, nothing twice",
        &[
            "row_07_a_throttled_page_is_fetched_again_and_nothing_is_lost_or_repeated",
            "row_07_a_429_on_page_7_of_20_costs_one_more_request",
        ],
    ),
    row(
        8,
        "429 on one workload while others run",
        "all calls to that workload hold, others go on; batches too",
        &[
            "row_08_all_calls_to_a_throttled_workload_hold_and_others_do_not",
            "row_08_every_sign_of_throttling_holds_the_workload_and_batches_too",
            "row_08_a_shorter_wait_that_comes_later_does_not_shorten_the_longer_one",
            "rows_08_52_a_429_inside_a_batch_holds_other_calls_to_that_workload_back",
        ],
    ),
    row(
        9,
        "503 with Retry-After",
        "as 429 for reads, on a new connection",
        &[
            "row_09_after_503_the_next_try_waits_and_asks_for_a_new_connection",
            "after_a_503_the_next_try_comes_on_a_new_connection",
            "rows_09_18_every_status_of_an_outage_with_and_without_a_wait_is_survived_by_reads",
        ],
    ),
    row(
        10,
        "504 on a read",
        "again, with growing waits",
        &[
            "rows_10_11_13_14_a_read_is_tried_again_with_growing_waits",
            "a_read_recovers_from_every_passing_fault_of_the_wire",
        ],
    ),
    row(
        11,
        "500 or 502 on a read",
        "again, a few times, then a typed error that says how often",
        &[
            "rows_10_11_13_14_a_read_is_tried_again_with_growing_waits",
            "rows_10_11_tries_end_and_the_error_says_how_many_there_were",
        ],
    ),
    row(
        12,
        "502 with a body of HTML",
        "again; the error keeps status and a cleaned excerpt",
        &[
            "row_12_a_page_of_html_is_tried_again_and_then_shown_cleaned",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path",
        ],
    ),
    row(
        13,
        "reset before any answer, read",
        "again",
        &[
            "rows_10_11_13_14_a_read_is_tried_again_with_growing_waits",
            "a_read_recovers_from_every_passing_fault_of_the_wire",
            "what_breaks_after_the_request_may_have_taken_effect",
        ],
    ),
    row(
        14,
        "reset in mid-body, or a body shorter than announced, read",
        "the whole request again",
        &[
            "a_read_recovers_from_every_passing_fault_of_the_wire",
            "what_breaks_after_the_request_may_have_taken_effect",
        ],
    ),
    row(
        15,
        "JSON cut short with a right length",
        "a read once more, a write not; the error names the place",
        &[
            "row_15_json_that_is_cut_short_is_fetched_once_more_by_a_read",
            "row_15_a_write_whose_answer_is_cut_short_is_not_sent_again_and_says_that_it_may_be_done",
        ],
    ),
    row(
        16,
        "garbage for gzip",
        "a typed error, not fetched again",
        &[
            "rows_16_17_a_body_that_cannot_be_used_is_not_fetched_again",
            "a_body_that_is_not_what_its_encoding_says_is_unusable",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_under_tls_too",
        ],
    ),
    row(
        17,
        "bomb of 256 MiB in gzip, endless body",
        "stop at the limit on the decoded body",
        &[
            "a_body_is_read_no_further_than_the_limit",
            "decompression_stops_at_the_limit",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path",
        ],
    ),
    row(
        18,
        "headers or body that trickle, silence",
        "limits on silence, on the exchange, on the try, on the call",
        &[
            "silence_ends_at_the_read_timeout",
            "a_trickle_ends_at_the_timeout_for_the_whole",
            "row_18_a_try_that_never_ends_is_cut_off_and_tried_again",
            "row_18_a_call_ends_within_its_limit_whatever_the_service_does",
            "row_18_no_call_outlives_its_deadline_whatever_happens",
        ],
    ),
    row(
        19,
        "200 with a page of HTML",
        "a typed error, for writes too",
        &[
            "row_19_a_captive_portals_page_is_no_answer",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path",
        ],
    ),
    row(
        20,
        "403 in HTML from a proxy",
        "a typed error with an excerpt",
        &[
            "row_20_a_proxys_refusal_is_shown_as_what_it_is",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path",
        ],
    ),
    row(
        21,
        "403 in JSON on page 2",
        "an error with code and request id; what was read is not the whole",
        &["row_21_a_refusal_on_a_later_page_ends_the_list_with_an_error"],
    ),
    row(
        22,
        "401 with a claims challenge, 403 with one",
        "one new token with the claims, one more try",
        &[
            "row_22_demanded_claims_go_into_one_new_token_and_one_more_try",
            "row_22_a_403_that_names_missing_claims_is_answered_and_any_other_403_is_not",
            "row_22_a_token_that_cannot_be_renewed_says_so",
        ],
    ),
    row(
        23,
        "401 for a token that was revoked",
        "one new token, one more try, then an error",
        &[
            "row_23_a_revoked_token_is_replaced_once_and_writes_are_sent_once_more",
            "row_23_a_second_refusal_is_the_end",
            "row_23_a_refused_token_is_not_sent_again_even_if_no_new_one_was_to_be_had",
        ],
    ),
    row(
        24,
        "a token that ends between pages",
        "a token for each page",
        &["row_24_a_token_that_expires_while_a_list_is_read_is_renewed_between_pages"],
    ),
    row(
        25,
        "many calls without a token, or whose token ends",
        "one sign-in; early; the old token as long as it lives; one failure for all",
        &[
            "row_25_ten_thousand_calls_cause_one_token_request",
            "row_25_many_calls_whose_token_is_refused_share_one_renewal",
            "row_25_a_token_is_renewed_five_minutes_before_its_end_and_not_sooner",
            "row_25_an_early_renewal_that_fails_keeps_the_old_token_while_it_lives",
            "row_25_a_sign_in_that_fails_fails_once_for_all_who_wait_for_it",
            "a_call_with_little_time_does_not_spoil_the_sign_in_of_one_with_more",
        ],
    ),
    row(
        26,
        "next link to another host, collection or version",
        "an error, no request",
        &[
            "rows_26_27_28_a_link_that_leads_elsewhere_is_refused_and_no_request_leaves",
            "row_26_a_link_to_another_collection_or_version_is_refused",
            "the_token_goes_to_no_host_that_an_answer_names",
        ],
    ),
    row(
        27,
        "next link with user information",
        "an error, no request",
        &["rows_26_27_28_a_link_that_leads_elsewhere_is_refused_and_no_request_leaves"],
    ),
    row(
        28,
        "next link to plain http",
        "an error, no request",
        &["rows_26_27_28_a_link_that_leads_elsewhere_is_refused_and_no_request_leaves"],
    ),
    row(
        29,
        "relative next link",
        "taken as one of this host",
        &[
            "row_29_a_link_without_a_host_is_meant_for_this_one",
            "row_29_a_relative_link_counts_from_the_address_of_the_list",
        ],
    ),
    row(
        30,
        "next link that repeats, circle of three",
        "an error at the first repeat, each page once",
        &["row_30_a_link_that_repeats_ends_the_list_with_an_error_after_what_was_read"],
    ),
    row(31, "empty page with a link", "go on", &["row_31_empty_pages_are_gone_over"]),
    row(32, "the same id on two pages", "both are given", &["row_32_an_object_on_two_pages_is_given_twice"]),
    row(
        33,
        "redirect to another host, or to itself",
        "not followed",
        &[
            "rows_33_34_a_redirect_is_an_error_and_is_not_followed",
            "a_redirect_is_an_answer_and_is_not_followed",
            "the_token_goes_to_no_host_that_an_answer_names",
        ],
    ),
    row(
        34,
        "redirect to plain http",
        "not followed",
        &[
            "rows_33_34_a_redirect_is_an_error_and_is_not_followed",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_under_tls_too",
        ],
    ),
    row(35, "unknown enum member", "kept as text", &["row_35_an_enum_member_that_is_not_known_is_kept"]),
    row(
        36,
        "unknown properties",
        "no error",
        &["rows_36_37_unknown_fields_and_nulls_are_no_errors", "what_is_odd_and_yet_whole_is_read"],
    ),
    row(
        37,
        "null where none should be",
        "accepted; a null id fails its item alone",
        &[
            "rows_36_37_unknown_fields_and_nulls_are_no_errors",
            "rows_37_38_one_item_that_is_not_understood_fails_alone_and_says_where",
        ],
    ),
    row(
        38,
        "a wrong type in one item of 1,000",
        "that item fails, with its place; the others come",
        &["rows_37_38_one_item_that_is_not_understood_fails_alone_and_says_where"],
    ),
    row(39, "a date that is none", "the page stays", &["row_39_a_date_that_is_none_does_not_spoil_its_page"]),
    row(
        40,
        "no value, or null, for a list",
        "an error, not an empty list",
        &[
            "row_40_what_is_no_list_is_an_error_and_not_an_empty_list",
            "every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path",
        ],
    ),
    row(
        41,
        "200 with an empty body",
        "an error where something was asked for",
        &["row_41_success_with_an_empty_body_is_an_error_where_something_was_asked_for"],
    ),
    row(42, "invalid UTF-8", "an error with its place", &["row_42_invalid_utf_8_is_an_error_with_its_place"]),
    row(
        43,
        "byte order mark",
        "skipped",
        &["row_43_a_byte_order_mark_is_skipped", "what_is_odd_and_yet_whole_is_read"],
    ),
    row(
        44,
        "the same property twice",
        "the last counts",
        &["row_44_of_two_properties_with_one_name_the_last_counts"],
    ),
    row(
        45,
        "JSON that nests 200,000 deep",
        "an error",
        &["row_45_json_that_nests_without_end_is_an_error_and_not_the_end_of_the_stack"],
    ),
    row(
        46,
        "504 on a write that must not happen twice",
        "not sent again; unknown outcome; import and create look before they go on",
        &[
            "rows_46_47_a_write_that_may_have_taken_effect_is_not_sent_again_and_says_so",
            "a_write_is_never_sent_twice_once_it_has_left",
            "devices_whose_answer_is_lost_are_looked_for_and_sent_again_only_if_they_never_arrived",
        ],
    ),
    row(
        47,
        "reset after such a write",
        "the same",
        &[
            "rows_46_47_a_write_that_may_have_taken_effect_is_not_sent_again_and_says_so",
            "each_object_is_made_once_although_every_answer_to_a_write_is_lost_once",
        ],
    ),
    row(
        48,
        "409, or 404 on a deletion, after a try of our own",
        "a deletion was ours; a conflict is a conflict",
        &[
            "row_48_a_deletion_that_finds_nothing_after_an_unclear_try_was_its_own",
            "row_48_a_conflict_on_a_write_that_was_never_sent_before_is_a_conflict",
        ],
    ),
    row(49, "412", "typed, not tried again", &["row_49_a_failed_precondition_is_told_and_not_tried_again"]),
    row(
        50,
        "404 right after a create",
        "waited for where the caller asks for it, until a deadline",
        &["row_50_what_was_just_made_can_be_waited_for_until_a_deadline"],
    ),
    row(
        51,
        "some parts of a batch fail, in any order",
        "an outcome for each",
        &[
            "row_51_each_part_has_its_own_outcome_in_whatever_order_they_come",
            "row_51_more_than_twenty_go_twenty_at_a_time",
        ],
    ),
    row(
        52,
        "429 inside a batch",
        "only those again, after the largest wait",
        &[
            "row_52_only_what_was_throttled_is_sent_again_after_the_largest_wait",
            "row_52_a_part_whose_wait_does_not_fit_keeps_it_in_its_error",
        ],
    ),
    row(
        53,
        "424, missing, doubled and unknown parts, outage of the batch",
        "distinct outcomes, none dropped, no write twice",
        &[
            "row_53_failed_dependencies_missing_doubled_and_unknown_parts_are_each_told",
            "row_53_a_write_without_a_part_in_the_answer_is_of_unknown_outcome_and_not_sent_again",
            "row_53_a_write_with_two_parts_or_a_5xx_in_the_answer_is_of_unknown_outcome_and_not_sent_again",
            "row_53_an_outage_of_the_batch_itself_leaves_writes_unknown_and_is_retried_for_reads",
        ],
    ),
    row(
        54,
        "a wrong local clock",
        "changes no wait and no token",
        &[
            "row_54_a_wrong_local_clock_changes_no_wait",
            "row_54_tokens_are_dated_by_their_lifetime_and_not_by_the_time_of_day",
            "row_54_a_clock_that_is_ten_minutes_off_changes_nothing",
        ],
    ),
    row(
        55,
        "secrets, tokens, hashes, names of people",
        "nowhere",
        &[
            "row_55_no_secret_is_in_a_log_an_error_or_a_debug_output",
            "row_55_a_whole_run_shows_no_secret_no_hash_and_nobodys_name",
        ],
    ),
    row(
        56,
        "an error for support",
        "request id, own id, date and server in every one",
        &[
            "row_56_every_error_names_what_support_asks_for",
            "row_56_the_clients_own_id_is_the_same_on_every_try_and_another_on_every_call",
            "row_56_errors_of_items_and_links_name_the_answer_that_they_are_about",
        ],
    ),
    row(
        57,
        "a call that is dropped",
        "its waits end, nothing is sent, nothing stays locked",
        &[
            "row_57_a_dropped_call_waits_no_longer_and_sends_no_more",
            "row_57_a_call_that_is_dropped_at_any_await_leaves_nothing_running_or_locked",
            "a_dropped_exchange_closes_its_connection",
            "row_58_a_call_that_is_dropped_gives_up_its_place",
        ],
    ),
    row(
        58,
        "a thousand calls to a dead service; ten thousand writes at once",
        "one budget of retries; a pace below Intune's limits, for which none fails",
        &[
            "row_58_a_thousand_calls_to_a_dead_service_share_one_budget_of_retries",
            "row_58_throttling_takes_nothing_from_the_budget_of_retries",
            "row_58_writes_to_intune_are_paced_below_its_limit",
            "row_58_the_parts_of_batches_count_against_intunes_limits",
            "row_58_ten_thousand_writes_at_once_are_held_back_and_none_fails_for_it",
            "row_58_a_limit_of_the_callers_own_holds_while_the_client_holds_the_call_back",
        ],
    ),
    row(
        59,
        "an error page of many MiB of <script>",
        "cut first, in linear time",
        &[
            "rows_59_60_an_error_of_many_mebibytes_costs_what_its_beginning_costs",
            "rows_59_60_a_small_answer_that_unpacks_to_a_large_page_is_shown_in_part",
            "a_page_is_cut_first_and_its_markup_folded",
        ],
    ),
    row(
        60,
        "error.message of 60 MB",
        "at most 1 KiB is kept or shown",
        &[
            "rows_59_60_an_error_of_many_mebibytes_costs_what_its_beginning_costs",
            "a_text_of_many_mebibytes_is_read_at_its_beginning",
            "rows_59_60_a_small_answer_that_unpacks_to_a_large_page_is_shown_in_part",
            "rows_59_60_no_page_and_no_message_is_kept_beyond_1_kib",
        ],
    ),
    row(
        61,
        "429, 503, 401, 403 whose body is unusable",
        "act by status and headers; only the excerpt is lost",
        &[
            "row_61_status_and_headers_count_where_the_body_is_unusable",
            "row_61_a_success_whose_body_is_unusable_is_an_error_with_its_status_and_ids",
        ],
    ),
    row(
        62,
        "400 or 429 to a write, body cut",
        "refused, not of unknown outcome",
        &["row_62_a_write_that_was_refused_is_refused_whatever_its_body"],
    ),
    row(
        63,
        "Retry-After in an obsolete form, with a wrong weekday, or in ISO 8601",
        "wait till then",
        &[
            "row_63_every_form_of_a_date_is_waited_for",
            "row_63_every_form_of_a_date_is_waited_for_over_the_wire",
            "every_observed_form_is_parsed",
            "a_year_of_two_digits_is_at_most_50_years_ahead",
        ],
    ),
    row(
        64,
        "Retry-After of years",
        "that call ends with the wait; the workload is tried again after 15 minutes",
        &[
            "row_64_a_wait_of_years_closes_a_workload_for_minutes",
            "row_64_a_wait_of_years_closes_a_workload_for_minutes_over_the_wire",
            "an_overflowing_wait_never_ends",
        ],
    ),
    row(
        65,
        "a part of a batch with an odd id, status or header; a stray part",
        "that part fails alone",
        &[
            "row_65_an_odd_part_of_a_batch_fails_alone",
            "row_65_an_odd_part_of_a_batch_fails_alone_over_the_wire",
            "row_65_a_refused_part_is_refused_whatever_its_headers",
        ],
    ),
    row(
        66,
        "401 in a part of a batch",
        "one new token, that part again",
        &[
            "row_66_a_401_in_a_part_renews_the_token_once_and_sends_that_part_again",
            "row_66_a_part_that_is_refused_again_or_whose_token_cannot_be_renewed_fails",
        ],
    ),
    row(
        67,
        "one part in twenty of a batch of 5,000 answers 503",
        "all end right; an error for want of budget says so",
        &[
            "row_67_a_batch_of_5000_with_one_fault_in_twenty_ends_with_5000_right_answers",
            "row_67_good_parts_earn_the_budget_that_bad_ones_spend",
            "row_67_an_error_for_want_of_budget_says_so_and_what_to_do",
            "row_67_attempts_of_a_part_are_those_of_that_part",
        ],
    ),
    row(
        68,
        "token, secret, assertion, hash or user echoed, in any form",
        "never shown",
        &[
            "row_68_what_a_request_carried_is_in_no_error_cause_or_log",
            "row_68_what_a_sign_in_carried_is_in_no_error",
            "rows_68_69_what_was_sent_is_in_no_error_whatever_repeats_it_over_the_wire",
            "row_68_a_secret_that_the_sign_in_host_repeats_is_in_no_error_over_the_wire",
            "an_exchange_shows_nothing_of_what_it_carried",
            "a_failed_or_redirected_exchange_shows_nothing_of_what_it_carried",
            "the_parts_of_a_batch_show_nothing_of_what_it_carried",
            "a_sign_in_shows_nothing_of_its_secret",
            "a_link_an_item_and_a_membership_show_nothing_of_what_their_request_carried",
            "an_import_shows_nothing_of_its_devices",
            "a_watch_shows_nothing_of_what_services_repeat_on_any_page",
            "every_object_of_a_service_gives_what_its_row_says",
            "no_piece_of_a_requests_values_is_in_any_text",
            "hashes_tokens_and_addresses_of_nobody_in_particular_are_seen_by_their_shape",
        ],
    ),
    row(
        69,
        "names of people with any legal character, DOMAIN\\user, display names in JSON",
        "never shown",
        &[
            "names_of_people_are_not_shown_whatever_is_in_them",
            "row_69_names_of_people_are_in_no_error",
            "rows_68_69_what_was_sent_is_in_no_error_whatever_repeats_it_over_the_wire",
        ],
    ),
    row(
        70,
        "control characters and bidi overrides in any name",
        "escaped wherever text is printed",
        &[
            "row_70_names_are_escaped_in_plans_findings_and_outcomes",
            "what_acts_on_a_terminal_or_on_the_direction_of_text_is_escaped",
        ],
    ),
    row(
        71,
        "HTTP/2 REFUSED_STREAM, GOAWAY below the stream",
        "again within budget and backoff, on a new connection; never of unknown outcome",
        &[
            "row_71_what_an_http_2_server_did_not_process_is_sent_again_on_a_new_connection",
            "row_71_a_server_that_processes_nothing_leaves_no_outcome_unknown",
            "row_71_a_stream_that_may_have_been_processed_is_of_unknown_outcome",
        ],
    ),
    row(
        72,
        "timeout on a stalled HTTP/2 connection",
        "the next attempt takes a new one",
        &["row_72_after_a_timeout_on_a_stalled_connection_the_next_attempt_takes_a_new_one"],
    ),
    row(
        73,
        "a refused CONNECT",
        "names the proxy; 407 is told apart and tried once",
        &[
            "row_73_a_refused_tunnel_names_the_proxy_and_a_407_is_tried_once",
            "row_73_a_proxy_that_cannot_be_reached_is_named",
        ],
    ),
    row(
        74,
        "a proxy's address that cannot be read; NO_PROXY=*",
        "a configuration error; no proxy",
        &[
            "row_74_a_proxy_of_the_environment_that_cannot_be_read_is_a_configuration_error",
            "row_74_no_proxy_of_a_star_means_no_proxy",
            "errors_about_the_proxy_hide_its_password",
            "an_invalid_proxy_in_the_environment_is_an_error",
        ],
    ),
    row(
        75,
        "TLS: wrong name, unknown issuer, version",
        "one attempt; what was offered and what was wanted",
        &["row_75_tls_that_cannot_succeed_is_tried_once_and_says_what_was_wanted"],
    ),
    row(
        76,
        "a redirect",
        "says where to and what to do; 303 after a write leaves the outcome unknown",
        &[
            "row_76_a_redirect_says_where_to_and_what_to_do",
            "row_76_a_redirect_says_where_it_leads_and_is_not_followed_over_the_wire",
            "row_76_a_303_leaves_the_outcome_of_a_write_unknown",
        ],
    ),
    row(
        77,
        "next link with the default port or another case of the host",
        "the same host",
        &[
            "row_77_the_default_port_and_the_case_of_the_host_make_no_other_host",
            "rows_77_78_79_links_are_followed_to_the_same_host_and_collection_alone_over_the_wire",
            "row_77_a_cloud_with_a_port_follows_links_to_that_port_alone",
        ],
    ),
    row(
        78,
        "next link with a raw space, quote or brace in its query",
        "encoded and followed",
        &[
            "row_78_what_no_address_may_hold_is_encoded_in_the_query_of_a_link",
            "rows_77_78_79_links_are_followed_to_the_same_host_and_collection_alone_over_the_wire",
        ],
    ),
    row(
        79,
        "next link to another path that ends in the same segment",
        "refused",
        &[
            "row_79_the_whole_path_of_a_link_decides_its_collection",
            "rows_77_78_79_links_are_followed_to_the_same_host_and_collection_alone_over_the_wire",
        ],
    ),
    row(
        80,
        "an upload that takes longer than the read timeout",
        "goes on while it makes progress",
        &[
            "row_80_an_upload_that_makes_progress_goes_on_past_the_read_timeout",
            "row_80_a_large_body_arrives_as_it_was_with_its_length",
        ],
    ),
    row(
        81,
        "one client on two runtimes, of which one is not driven",
        "works",
        &[
            "row_81_one_client_serves_two_runtimes_of_which_one_is_not_driven",
            "row_81_without_a_runtime_a_request_fails_at_once",
        ],
    ),
    row(
        82,
        "a token of another tenant than the configured one",
        "refused, both named",
        &[
            "row_82_a_token_of_another_tenant_is_refused_and_both_are_named",
            "row_82_a_token_of_another_tenant_is_refused_over_the_wire",
        ],
    ),
    row(
        83,
        "a journal's path that holds something else, a link, or the journal of another process",
        "refused, untouched",
        &[
            "a_file_that_is_no_journal_is_refused_and_left_untouched",
            "anything_but_a_plain_file_is_refused",
            "one_run_at_a_time_has_a_journal",
            "row_83_another_process_does_not_get_the_journal_of_a_run",
            "row_83_a_run_refuses_what_is_no_journal_and_sends_nothing",
        ],
    ),
    row(
        84,
        "an Accept that does not fit",
        "not sent; the simulated tenant refuses it",
        &[
            "row_84_what_is_plain_text_is_not_asked_for_as_json",
            "an_accept_header_that_does_not_fit_the_answer_is_refused_and_nothing_is_done",
        ],
    ),
    row(
        0,
        "a refused connection",
        "any method again; never sent",
        &[
            "row_46_a_write_that_never_left_is_sent_again",
            "a_refused_connection_was_never_sent_and_is_tried_again_by_writes_too",
            "a_refused_connection_was_never_sent",
        ],
    ),
    row(
        0,
        "a server that is not trusted, or another's certificate",
        "never sent, and what to do is said",
        &[
            "a_private_authority_is_trusted_when_it_is_given_and_only_then",
            "a_certificate_for_another_name_was_never_sent",
        ],
    ),
    row(
        0,
        "410, or resync",
        "a kind of its own: start again",
        &["a_change_token_that_is_no_longer_valid_says_to_start_again"],
    ),
    row(0, "PATCH with nothing in it", "never sent", &["an_update_without_a_difference_sends_nothing"]),
    row(
        0,
        "a token endpoint that answers HTML",
        "a failed sign-in that shows the page",
        &[
            "a_token_endpoint_that_answers_html_is_told_as_what_it_is",
            "a_response_without_a_usable_token_is_an_error",
        ],
    ),
    row(
        0,
        "wrong tenant, wrong cloud, expired secret or certificate",
        "typed, with what to do",
        &[
            "wrong_tenants_clouds_and_secrets_are_told_with_what_to_do",
            "an_expired_certificate_is_refused_before_sending",
        ],
    ),
    row(
        0,
        "sign-in that is asked to wait longer than the call may take",
        "an end at once",
        &[
            "sign_in_gives_up_at_once_when_the_wait_it_is_asked_for_does_not_fit_the_calls_time",
            "row_18_the_time_of_sign_in_is_time_of_the_call",
        ],
    ),
    row(
        0,
        "200,000 calls from 64 tasks with 20 % faults",
        "each ends right or typed; memory stays flat; virtual time",
        &["every_call_of_a_long_run_with_faults_ends_right_or_with_a_typed_error"],
    ),
];

/// Every test function of the crate, with the number of its definitions.
fn test_functions(folder: &Path, found: &mut BTreeMap<String, u32>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            test_functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut marked = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    marked = true;
                } else if line.starts_with("#[ignore") {
                    marked = false;
                } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
                    let name: String =
                        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    *found.entry(name).or_default() += 1;
                    marked = false;
                }
            }
        }
    }
}

#[test]
fn every_row_of_the_table_has_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeMap::new();
    test_functions(&root.join("src"), &mut tests);
    test_functions(&root.join("tests"), &mut tests);
    let mut missing = Vec::new();
    for Row { number, fault, must, tests: names } in MATRIX {
        assert!(!fault.is_empty() && !must.is_empty() && !names.is_empty(), "{number} {fault}");
        missing.extend(
            names.iter().filter(|name| !tests.contains_key(**name)).map(|name| format!("{number}: {name}")),
        );
    }
    assert!(missing.is_empty(), "rows without their test:\n{}", missing.join("\n"));
    let numbers: Vec<u32> = MATRIX.iter().map(|row| row.number).filter(|number| *number > 0).collect();
    let all: Vec<u32> = (1..=84).collect();
    assert_eq!(numbers, all, "each row of the lists once, in order");
}

#[test]
fn the_table_has_every_row_of_the_list_of_faults() {
    let facts = std::env::var_os("WINDOWS_AUTOPILOT_FACTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), Into::into);
    let read = |file: &str| std::fs::read_to_string(facts.join(file));
    let (Ok(first), Ok(second)) = (read("faults.md"), read("faults-2.md")) else {
        assert!(
            !std::env::var("CI").is_ok_and(|ci| ci == "true"),
            "no list of faults in {}",
            facts.display()
        );
        return std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no list of faults\n").unwrap();
    };
    let number = |line: &str| line.strip_prefix("| ")?.split(" | ").next()?.trim().parse::<u32>().ok();
    let listed: BTreeSet<u32> = first.lines().chain(second.lines()).filter_map(number).collect();
    let rows = MATRIX.iter().map(|row| row.number).filter(|number| *number > 0);
    assert_eq!(listed, rows.collect());
}
